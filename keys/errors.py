"""What can go wrong with keys, certificates, time stamps, tokens and encrypted fields."""

from __future__ import annotations

from store.errors import Kind, YinzhengError


class KeysError(YinzhengError):
    """Base of the errors of this package."""


class KekWrongError(KeysError):
    """The key-encryption key is not the one that the stored keys are wrapped with."""

    code = "keys.kek_wrong"
    kind = Kind.MISCONFIGURED
    zh = "密钥加密密钥与数据库中的不符，服务未启动，数据未改动。请核对口令或密钥文件后重试。"
    en = (
        "The key-encryption key is not the one this database was set up with; nothing was changed. "
        "Check the passphrase or the key file and start again."
    )


class KekLostError(KeysError):
    """The record of the key-encryption key is gone although keys wrapped with it exist."""

    code = "keys.kek_lost"
    kind = Kind.MISCONFIGURED
    zh = "数据库中存在已加密的密钥，但密钥加密密钥的参数记录缺失。请从备份恢复该表，切勿重新初始化。"
    en = (
        "The database holds wrapped keys but the record of the key-encryption key is missing. "
        "Restore that table from a backup; do not initialise again."
    )


class PassphraseTooShortError(KeysError):
    """A passphrase is too short to protect keys."""

    code = "keys.passphrase_too_short"
    kind = Kind.MISCONFIGURED
    zh = "密钥口令过短，至少需要 {minimum} 个字符。"
    en = "The passphrase is too short; use at least {minimum} characters."


class KekMalformedError(KeysError):
    """A raw key-encryption key is not 32 random bytes."""

    code = "keys.kek_malformed"
    kind = Kind.MISCONFIGURED
    zh = "密钥加密密钥格式不正确，应为 32 字节随机数，或 64 位十六进制字符。"
    en = "The key-encryption key must be 32 random bytes, or the same as 64 hexadecimal characters."


class KeyFileUnusableError(KeysError):
    """A key file cannot be read or can be changed by others."""

    code = "keys.key_file_unusable"
    kind = Kind.MISCONFIGURED
    zh = "密钥文件 {path} 不可用：{problem_zh}。"
    en = "The key file {path} cannot be used: {problem_en}."


class KeyUnknownError(KeysError):
    """There is no such key in this custody."""

    code = "keys.key_unknown"
    kind = Kind.NOT_FOUND
    zh = "密钥 {key_id} 不存在。"
    en = "There is no key {key_id}."


class KeyDamagedError(KeysError):
    """A stored private key does not unwrap, or is not what its record says."""

    code = "keys.key_damaged"
    kind = Kind.MISCONFIGURED
    zh = "密钥 {key_id} 的存储内容已损坏或被改动，无法使用。请从备份恢复。"
    en = "The stored key {key_id} is damaged or was tampered with and cannot be used. Restore it from a backup."


class Sm2KeyInvalidError(KeysError):
    """Bytes or numbers that are not an SM2 key."""

    code = "keys.sm2_key_invalid"
    kind = Kind.INVALID
    zh = "不是有效的 SM2 密钥：{problem_zh}。"
    en = "This is not a valid SM2 key: {problem_en}."


class Sm2UnavailableError(KeysError):
    """The SM2 library is not installed; it has no build for this platform."""

    code = "keys.sm2_unavailable"
    kind = Kind.UNAVAILABLE
    zh = "本平台未安装 SM2 密码库（tongsuopy），无法使用国密算法。请改用提供该库的平台（如 x86-64 Linux）。"
    en = (
        "The SM2 library (tongsuopy) is not installed on this platform, so SM2 cannot be used here. "
        "Use a platform that it is built for, such as Linux on x86-64."
    )


class Sm4UnavailableError(KeysError):
    """The cryptographic library has no SM4 in an authenticated mode."""

    code = "keys.sm4_unavailable"
    kind = Kind.MISCONFIGURED
    zh = "密码库不支持 SM4-GCM，不能按 YINZHENG_WRAPPING=sm4-gcm 加密密钥。请改用 aes-256-gcm，或更换 OpenSSL 版本。"
    en = (
        "The cryptographic library has no SM4-GCM, so keys cannot be wrapped as YINZHENG_WRAPPING=sm4-gcm says. "
        "Use aes-256-gcm, or another version of OpenSSL."
    )


class Sm2SigningFaultyError(KeysError):
    """The SM2 library made several signatures in a row that do not verify."""

    code = "keys.sm2_signing_faulty"
    kind = Kind.UNAVAILABLE
    zh = "SM2 运算结果连续多次未通过自检，本次未签名。请检查密码库与处理器后重试。"
    en = (
        "SM2 signatures failed their own check several times in a row; nothing was signed. "
        "Check the cryptographic library and the processor, then try again."
    )


class CertificateUnreadableError(KeysError):
    """Bytes that are not an X.509 certificate that can be checked."""

    code = "keys.certificate_unreadable"
    kind = Kind.INVALID
    zh = "证书无法解析。"
    en = "The certificate cannot be read."


class PurposeMismatchError(KeysError):
    """A key is asked to serve a purpose that it was not made for."""

    code = "keys.purpose_mismatch"
    kind = Kind.INVALID
    zh = "密钥 {key_id} 的用途为 {purpose}，不能用于 {wanted}。"
    en = "Key {key_id} was made for the purpose {purpose} and cannot serve {wanted}."


class SubjectInvalidError(KeysError):
    """A certificate subject breaks a rule of X.520 or RFC 5280."""

    code = "keys.subject_invalid"
    kind = Kind.INVALID
    zh = "证书主体的字段 {field} 无效：{problem_zh}。"
    en = "The certificate subject's {field} is not valid: {problem_en}."


class CertificateUnknownError(KeysError):
    """There is no such certificate, or it was not issued here."""

    code = "keys.certificate_unknown"
    kind = Kind.NOT_FOUND
    zh = "证书不存在，或不是由本系统签发。"
    en = "There is no such certificate, or it was not issued here."


class AnchorFixedError(KeysError):
    """Revoking or renewing a certificate that no authority here stands above, as nobody's list could name it."""

    code = "keys.anchor_fixed"
    kind = Kind.CONFLICT
    zh = "根证书没有上级，不能撤销，也不能更新。请另建根证书，并通知依赖方更换信任锚。"
    en = (
        "No authority here stands above this certificate, so it is neither revoked nor renewed. "
        "Set up another root, and have relying parties change their trust anchors."
    )


class AlreadyRevokedError(KeysError):
    """The certificate was revoked before; its first record stands."""

    code = "keys.already_revoked"
    kind = Kind.CONFLICT
    zh = "该证书此前已撤销，原撤销记录保持不变。"
    en = "The certificate was revoked before; that record stands."


class CertificateRevokedError(KeysError):
    """Something was to be done with a certificate that was revoked."""

    code = "keys.certificate_revoked"
    kind = Kind.CONFLICT
    zh = "该证书已撤销，不能继续使用。请更换密钥和证书。"
    en = "The certificate was revoked and cannot be used; replace the key and the certificate."


class CertificateRetiredError(KeysError):
    """Something was to be done with a certificate that has a successor."""

    code = "keys.certificate_retired"
    kind = Kind.CONFLICT
    zh = "该证书已被新证书替换，仅用于验证既有签名。请使用新证书。"
    en = "The certificate has been replaced and only serves to verify what it signed; use the new one."


class InvalidSinceError(KeysError):
    """The date from which a key is held to be compromised makes no sense."""

    code = "keys.invalid_since"
    kind = Kind.INVALID
    zh = "失效起始时间仅用于密钥泄露，且应在证书生效之后、撤销之前。"
    en = (
        "A date since which the key was invalid goes with a compromise only, "
        "and lies between the start of the certificate and its revocation."
    )


class AuthorityNotReadyError(KeysError):
    """The certificate authority or a service certificate has not been set up yet."""

    code = "keys.authority_not_ready"
    kind = Kind.MISCONFIGURED
    zh = "证书机构尚未初始化，请先完成系统初始化。"
    en = "The certificate authority has not been set up; initialise the system first."


class ServiceKeyMissingError(AuthorityNotReadyError):
    """No key of a purpose has been made yet."""

    code = "keys.service_key_missing"
    kind = Kind.NOT_FOUND
    zh = "尚无用途为 {purpose} 的密钥，首次使用时自动生成。"
    en = "There is no key for {purpose} yet; the first use makes one."


class IssuerExpiredError(KeysError):
    """The issuing certificate has run out, so nothing can be issued under it."""

    code = "keys.issuer_expired"
    kind = Kind.CONFLICT
    zh = "签发机构证书不在有效期内，无法签发新证书。请先更新签发机构证书。"
    en = "The issuing certificate is not within its validity; renew it before issuing."


class TokenInvalidError(KeysError):
    """A token is not one of ours, was altered, or is meant for something else."""

    code = "keys.token_invalid"
    kind = Kind.UNAUTHENTICATED
    zh = "令牌无效（{reason}），请重新获取。"
    en = "The token is not valid ({reason}); obtain a new one."


class TokenExpiredError(KeysError):
    """A token was ours but its time is over."""

    code = "keys.token_expired"
    kind = Kind.UNAUTHENTICATED
    zh = "令牌已过期，请重新获取。"
    en = "The token has expired; obtain a new one."


class ProviderKeysError(KeysError):
    """The keys that a provider of identities publishes cannot be used."""

    code = "keys.provider_keys"
    kind = Kind.UNAVAILABLE
    zh = "身份提供方公布的公钥不可用（{problem}），暂时无法登录，请联系运维人员。"
    en = "The keys that the identity provider publishes cannot be used ({problem}); tell the operator."


class JwksInvalidError(KeysError):
    """What was handed to us as public keys is not a set of P-256 keys."""

    code = "keys.jwks_invalid"
    kind = Kind.INVALID
    zh = "公钥集（JWKS）不可用：{problem}。请提供只含 P-256 公钥的 JWKS（RFC 7517）。"
    en = "The key set cannot be used: {problem}. Give a JWKS (RFC 7517) of public P-256 keys."


class VaultDamagedError(KeysError):
    """An encrypted field does not decrypt: altered, moved from elsewhere, or of an unknown data key."""

    code = "keys.vault_damaged"
    kind = Kind.MISCONFIGURED
    zh = "加密字段无法解密，内容可能已损坏或被移动。请从备份恢复。"
    en = "An encrypted field does not decrypt; it is damaged or was moved. Restore it from a backup."


class DataKeyUnknownError(KeysError):
    """There is no data key of fields with this number."""

    code = "keys.data_key_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有编号为 {key_id} 的字段数据密钥，请用 yinzheng keys data list 查看编号。"
    en = "There is no data key of fields with number {key_id}; see yinzheng keys data list."


class DataKeyCurrentError(KeysError):
    """The data key that fields are encrypted under now was to be retired, or its successor is too young."""

    code = "keys.data_key_current"
    kind = Kind.CONFLICT
    zh = "数据密钥 {key_id} 仍可能用于加密，未停用。请先用 yinzheng keys data new 生成新密钥，一分钟后再试。"
    en = (
        "Data key {key_id} may still be encrypting and was not retired. Make a new one with yinzheng keys data new, "
        "and try again a minute later."
    )


class DataKeyInUseError(KeysError):
    """Fields are still encrypted under a data key that was to be retired."""

    code = "keys.data_key_in_use"
    kind = Kind.CONFLICT
    zh = "仍有 {count} 个字段由数据密钥 {key_id} 加密（{places}），未停用。请先运行 yinzheng keys data reencrypt。"
    en = (
        "{count} fields are still encrypted under data key {key_id} ({places}); it was not retired. "
        "Run yinzheng keys data reencrypt first."
    )


class NoteInvalidError(KeysError):
    """A signed note, a checkpoint or a key to check them with is not what it should be."""

    code = "keys.note_invalid"
    kind = Kind.INVALID
    zh = "日志检查点或其密钥无效（{reason}）。"
    en = "The checkpoint of the log, or the key for it, is not valid ({reason})."


class ArchiveKeyUnreadableError(KeysError):
    """What describes the key of an archive is no such description."""

    code = "keys.archive_key_unreadable"
    kind = Kind.INVALID
    zh = "备份目录中的 key.json 无法识别，可能已损坏。请从备份目录的另一份副本取回该文件。"
    en = "key.json of the backup is not understood and may be damaged; fetch it from another copy of the directory."


class ArchiveKeyWrongError(KeysError):
    """A passphrase does not open an archive."""

    code = "keys.archive_key_wrong"
    kind = Kind.FORBIDDEN
    zh = "备份口令与该备份不符，或 key.json 已被改动。请核对口令文件。"
    en = "The passphrase does not open this backup, or key.json was altered; check the passphrase file."


class ArchiveDamagedError(KeysError):
    """A file of an archive was cut, altered or swapped."""

    code = "keys.archive_damaged"
    kind = Kind.INVALID
    zh = "备份文件 {name} 不完整或已被改动，未予使用。请改用另一份备份。"
    en = "File {name} of the backup was cut or altered and is not used; take another copy of the backup."
