"""What can go wrong with keys that live in a hardware token (密码机、密码卡、UKey)."""

from __future__ import annotations

from keys.errors import KeysError
from store.errors import Kind


class HsmUnavailableError(KeysError):
    """The token cannot be reached, or does not do what it is asked."""

    code = "keys.token_unavailable"
    kind = Kind.UNAVAILABLE
    zh = "密码设备“{token}”暂时不可用（{problem}），本次未签名。请检查设备、连接与驱动后重试。"
    en = (
        "The PKCS #11 token '{token}' cannot be used at the moment ({problem}); nothing was signed. "
        "Check the device, its connection and its driver, then try again."
    )


class HsmPinRefusedError(KeysError):
    """The token does not accept the PIN; it is not offered again, since a token locks itself after a few wrong ones."""

    code = "keys.token_pin_refused"
    kind = Kind.MISCONFIGURED
    zh = "密码设备“{token}”拒绝登录（{problem}）。请更正 PIN 文件 {path}；在更正之前不会再次尝试，以免设备锁死。"
    en = (
        "The PKCS #11 token '{token}' refused the log-in ({problem}). Correct the PIN file {path}; "
        "until it changes no further attempt is made, so that the token does not lock itself."
    )


class HsmPinFileUnusableError(KeysError):
    """The file with the PIN cannot be read, is empty, or can be read or changed by others."""

    code = "keys.token_pin_file_unusable"
    kind = Kind.MISCONFIGURED
    zh = "密码设备的 PIN 文件 {path} 不可用：{problem_zh}。"
    en = "The PIN file {path} cannot be used: {problem_en}."


class HsmModuleUnusableError(KeysError):
    """The PKCS #11 module, the driver of the token, cannot be loaded."""

    code = "keys.token_module_unusable"
    kind = Kind.MISCONFIGURED
    zh = "无法加载 PKCS #11 模块 {path}（{problem}）。请检查 YINZHENG_PKCS11_MODULE 与驱动的安装。"
    en = (
        "The PKCS #11 module {path} cannot be loaded ({problem}). "
        "Check YINZHENG_PKCS11_MODULE and the installation of the driver."
    )


class HsmMechanismMissingError(KeysError):
    """The token has no mechanism for an algorithm."""

    code = "keys.token_mechanism_missing"
    kind = Kind.MISCONFIGURED
    zh = "密码设备“{token}”不支持算法 {algorithm}。请更换设备，或将该用途的密钥改为软件保管。"
    en = (
        "The PKCS #11 token '{token}' has no mechanism for {algorithm}. "
        "Use another token, or keep keys for this purpose in soft custody."
    )


class HsmKeyMissingError(KeysError):
    """The token is there but the key is not in it."""

    code = "keys.token_key_missing"
    kind = Kind.MISCONFIGURED
    zh = "密码设备“{token}”中没有密钥 {key_id}（CKA_ID {object_id}）。请确认设备无误，或从设备备份恢复。"
    en = (
        "The PKCS #11 token '{token}' does not hold key {key_id} (CKA_ID {object_id}). "
        "Make sure that it is the right token, or restore it from its backup."
    )


class HsmNotConfiguredError(KeysError):
    """A key lives in a token that this process was not told about."""

    code = "keys.token_not_configured"
    kind = Kind.MISCONFIGURED
    zh = "密钥 {key_id} 保存在密码设备“{token}”中，而本进程未配置该设备。请设置 YINZHENG_PKCS11_MODULE 等参数。"
    en = (
        "Key {key_id} lives in the PKCS #11 token '{token}', which this process is not set up for. "
        "Set YINZHENG_PKCS11_MODULE and the settings beside it."
    )


class HsmObjectInUseError(KeysError):
    """An object of the token is asked to be destroyed that is no orphan."""

    code = "keys.token_object_in_use"
    kind = Kind.CONFLICT
    zh = "密码设备中的对象 {object_id} 不是无主密钥，或生成不足一小时，未删除。"
    en = "The object {object_id} of the token is no orphan, or less than an hour old; it was not destroyed."
