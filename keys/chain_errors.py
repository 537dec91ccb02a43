"""Why a certificate chain from an authority outside is not taken in."""

from __future__ import annotations

from keys.errors import KeysError
from store.errors import Kind


class ChainRefusedError(KeysError):
    """Base of the reasons."""

    kind = Kind.INVALID


class ChainUnreadableError(ChainRefusedError):
    """The file holds no certificates, or more than a chain has."""

    code = "keys.chain_unreadable"
    zh = "文件中没有可读取的证书链（支持 PEM、DER 与 PKCS #7），或证书过多。"
    en = "The file holds no certificate chain that can be read (PEM, DER or PKCS #7), or too many certificates."


class ChainWrongKeyError(ChainRefusedError):
    """No certificate of the chain is for the key."""

    code = "keys.chain_wrong_key"
    zh = "证书链中没有密钥 {key_id} 的证书：公钥不一致。请确认它是针对该密钥的证书请求签发的。"
    en = (
        "No certificate of the chain is for key {key_id}: the public keys differ. "
        "Make sure that it was issued for this key's request."
    )


class ChainBrokenError(ChainRefusedError):
    """The certificates do not make one chain, or a signature in it is wrong."""

    code = "keys.chain_broken"
    zh = "证书不能连成一条链：第 {position} 张之上没有签发它的证书，或有多余的证书。请附上完整的上级证书。"
    en = (
        "The certificates do not make one chain: none issued number {position}, or there are some that do not belong. "
        "Supply the certificates of all authorities above."
    )


class ChainNotValidNowError(ChainRefusedError):
    """A certificate has ended or not begun."""

    code = "keys.chain_not_valid_now"
    zh = "链中第 {position} 张证书不在有效期内（{not_before} 至 {not_after}）。"
    en = "Certificate {position} of the chain is outside its validity, {not_before} to {not_after}."


class ChainNotAuthorityError(ChainRefusedError):
    """A certificate that issued another may not."""

    code = "keys.chain_not_authority"
    zh = "链中有证书无权签发其下的证书（基本约束、路径长度、密钥用法或名称约束）。"
    en = (
        "A certificate of the chain may not issue the one below it "
        "(basic constraints, path length, key usage or name constraints)."
    )


class ChainWeakError(ChainRefusedError):
    """A signature or key that is no longer safe."""

    code = "keys.chain_weak"
    zh = "链中第 {position} 张证书的签名算法或密钥长度不足（须为 SHA-256 以上、RSA 2048 位以上或 SM2/SM3）。"
    en = (
        "Certificate {position} of the chain has a signature or a key that is too weak "
        "(SHA-256 or better, RSA of 2048 bits or better, or SM2 with SM3)."
    )


class ChainUsageError(ChainRefusedError):
    """The certificate may not be used for what the key is for."""

    code = "keys.chain_usage"
    zh = "证书的用法不符合用途 {profile} 的要求：{problem_zh}。请要求签发机构按证书请求中的扩展签发。"
    en = (
        "The certificate does not fit the purpose {profile}: {problem_en}. "
        "Ask the authority to issue it with the extensions of the request."
    )


class ForeignIssuerError(KeysError):
    """A certificate of an authority outside cannot be renewed here."""

    code = "keys.foreign_issuer"
    kind = Kind.CONFLICT
    zh = "该证书由外部机构签发，不能由内置机构更新。请导出证书请求，由原机构签发后导入。"
    en = (
        "This certificate was issued by an authority outside and cannot be renewed by the embedded one. "
        "Export a request, have it certified there, and import the chain."
    )


class AuthorityKeyInUseError(KeysError):
    """A key under which certificates were issued here already is to be certified outside."""

    code = "keys.authority_key_in_use"
    kind = Kind.CONFLICT
    zh = "密钥 {key_id} 已是内置签发机构的密钥，不能改由外部机构签发。请为外部机构生成新的签发密钥。"
    en = (
        "Key {key_id} is that of an authority of ours already and cannot be certified by one outside. "
        "Make a new key for that."
    )
