"""The catalogue of reasons: every code that a verdict can give, what it says, what it rests on and what it makes of the
verdict.

One place, so that a code is never worded twice and an integrator can read what there is. Texts are templates for
:meth:`str.format`; their parameters must not hold personal data.
"""

from __future__ import annotations

from string import Formatter
from types import MappingProxyType
from typing import Final

from verify.verdict import Indication, Parameter, Reason, ReasonKind, SubIndication, Text

__all__ = ["CATALOGUE", "Text", "reason"]

_PASSED = Indication.TOTAL_PASSED
_FAILED = Indication.TOTAL_FAILED
_UNSURE = Indication.INDETERMINATE
_Sub = SubIndication


def reason(code: str, /, **parameters: Parameter) -> Reason:
    """The reason with this code, and what its texts are filled in with.

    :raises KeyError: there is no such code, or a parameter of its texts is missing.
    """
    if not _PARAMETERS[code] <= parameters.keys():
        raise KeyError(code, *sorted(_PARAMETERS[code] - parameters.keys()))
    return Reason(code, CATALOGUE[code], tuple(parameters.items()))


_FILE: dict[str, ReasonKind] = {
    "structure.malformed": ReasonKind(
        "文件结构不符合 PDF 规范（{detail}），无法可靠核验。请向持证人索取原文件。",
        "The file is not well-formed PDF ({detail}) and cannot be checked reliably. Ask for the original file.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.prefix": ReasonKind(
        "文件在 PDF 开头之前含有其他内容，不是签发时的文件。",
        "The file has other content before the PDF begins; it is not the file that was issued.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.trailing_data": ReasonKind(
        "文件末尾附加了印章未覆盖的内容。",
        "Content that the seal does not cover was appended to the end of the file.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.page_tree": ReasonKind(
        "页面目录存在循环或残缺，文件无法可靠显示。",
        "The page tree loops or is broken; the file cannot be shown reliably.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.byte_range": ReasonKind(
        "签名的覆盖范围（ByteRange）不合规：{detail}。",
        "The range of bytes that the signature covers (ByteRange) is not acceptable: {detail}.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.contents": ReasonKind(
        "签名数据（Contents）的写法不规范：{detail}。签名以外的字节可能被改动过。",
        "The signature's data (Contents) is not in canonical form: {detail}. Bytes outside it may have been changed.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.changed_after_seal": ReasonKind(
        "文件加盖印章后被改动：{detail}。",
        "The file was changed after it was sealed: {detail}.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.form_changed": ReasonKind(
        "文件签名后表单内容被改动，而签名不允许这种改动。",
        "Form content was changed after signing, which the signature does not permit.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.annotated": ReasonKind(
        "文件签名后被添加或改动批注，而签名不允许这种改动。",
        "Annotations were added or changed after signing, which the signature does not permit.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.changed_after_signing": ReasonKind(
        "文件签名后内容被改动。",
        "The content was changed after signing.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.signature_removed": ReasonKind(
        "文件中有签名的痕迹，但签名已被移除或无法找到。",
        "There are traces of a signature in the file, but it was taken out or cannot be found.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "structure.not_compared": ReasonKind(
        "签名之后的改动过于复杂，无法判断是否影响文件内容。",
        "What came after the signature is too complex to say whether it changes the content.",
        "pdf",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "structure.filled_in": ReasonKind(
        "认证签名允许填写表单；此后表单域被填写，填写的内容没有人签名。",
        "The certification permits that forms are filled in; fields were, and nobody signed for what they hold now.",
        "pdf",
        _PASSED,
    ),
    "structure.unsigned_changes": ReasonKind(
        "最后一个签名之后还有未经签名的改动，无法认定是谁所为。",
        "There are changes after the last signature that nobody signed for.",
        "pdf",
        _UNSURE,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
}

_SEAL: dict[str, ReasonKind] = {
    "seal.valid": ReasonKind(
        "电子印章有效，文件自加盖印章以来未被改动。",
        "The seal is valid, and the file is as it was when it was sealed.",
        "pdf",
        _PASSED,
    ),
    "seal.missing": ReasonKind(
        "文件中没有认证签名（电子印章）。",
        "The file bears no certifying signature (seal).",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "seal.field_changed": ReasonKind(
        "印章所在的签名域与加盖时不一致。",
        "The seal's signature field is not as it was when it was sealed.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "seal.not_certifying": ReasonKind(
        "签名未将文件锁定为不可修改（DocMDP 1 级），不是本平台签发的证照。",
        "The signature does not lock the document against changes (DocMDP level 1), so it is no licence issued here.",
        "pdf",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "seal.several": ReasonKind(
        "文件中有 {count} 个签名，既不是单一电子印章，也不符合联合发证的用印规则。",
        "The file bears {count} signatures: neither one seal, nor the seals of a licence of several departments.",
        "pdf",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "seal.wrong_format": ReasonKind(
        "签名格式为 {subfilter}，证照印章应为 ETSI.CAdES.detached。",
        "The signature's format is {subfilter}; a licence's seal is ETSI.CAdES.detached.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "seal.time_stamp_missing": ReasonKind(
        "电子印章没有可信时间戳，无法证明用印时间。",
        "The seal has no time stamp, so the time of sealing is not proven.",
        "pdf",
        _UNSURE,
        _Sub.NO_POE,
    ),
}

_SES: dict[str, ReasonKind] = {
    "ses.valid": ReasonKind(
        "国密电子签章（GB/T 38540）有效，所签内容自签章（{at}）以来未被改动。",
        "The seal signature of GB/T 38540 is valid, and what it covers is as it was when it was made ({at}).",
        "pdf",
        _PASSED,
    ),
    "ses.missing": ReasonKind(
        "此类证照应有国密电子签章（GB/T 38540），而文件中没有。",
        "A licence of this type has a seal signature of GB/T 38540, and there is none in the file.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "ses.several": ReasonKind(
        "文件中有 {count} 个国密电子签章，最多只应有一个。",
        "The file bears {count} seal signatures of GB/T 38540; there is one at most.",
        "pdf",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "ses.malformed": ReasonKind(
        "国密电子签章数据无法解析或不合规：{detail}。",
        "The seal signature of GB/T 38540 cannot be read or is not acceptable: {detail}.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "ses.hash_mismatch": ReasonKind(
        "国密电子签章所签的不是这一文件，或文件已被改动。",
        "The seal signature of GB/T 38540 was made over something else, or the file has been changed.",
        "pdf",
        _FAILED,
        _Sub.HASH_FAILURE,
    ),
    "ses.invalid": ReasonKind(
        "国密电子签章的签名值验证不通过。",
        "The signature in the seal signature of GB/T 38540 does not verify.",
        "pdf",
        _FAILED,
        _Sub.SIG_CRYPTO_FAILURE,
    ),
    "ses.seal_invalid": ReasonKind(
        "国密印章的制章者签名验证不通过，印章或印模已被改动。",
        "The maker's signature over the GB/T 38540 seal does not verify: the seal or its picture was changed.",
        "pdf",
        _FAILED,
        _Sub.SIG_CRYPTO_FAILURE,
    ),
    "ses.seal_expired": ReasonKind(
        "签章时国密印章不在有效期内。",
        "The GB/T 38540 seal was not valid when it was used.",
        "pdf",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "ses.signer_not_listed": ReasonKind(
        "签章者证书不在国密印章的证书列表中，无权使用该印章。",
        "The signer is not among those who may use the GB/T 38540 seal.",
        "pdf",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "ses.other_field": ReasonKind(
        "国密电子签章是为另一签名域制作的。",
        "The seal signature of GB/T 38540 was made for another signature field.",
        "pdf",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "ses.other_seal": ReasonKind(
        "国密电子签章与外层电子印章不属于同一印章。",
        "The seal signature of GB/T 38540 and the seal over it are not those of the same seal.",
        "pdf",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "ses.unsupported": ReasonKind(
        "国密电子签章使用了 SM2 以外的算法，无法核验。",
        "The seal signature of GB/T 38540 uses an algorithm other than SM2 and cannot be checked.",
        "pdf",
        _UNSURE,
        _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    "ses.untrusted": ReasonKind(
        "签章者证书不能追溯到受信任的国密根证书。",
        "The signer's certificate does not lead to a trusted SM2 root.",
        "pdf",
        _UNSURE,
        _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    ),
    "ses.maker_untrusted": ReasonKind(
        "制章者证书不能追溯到受信任的国密根证书，印章来源不明。",
        "The seal maker's certificate does not lead to a trusted SM2 root; nobody knows who made the seal.",
        "pdf",
        _UNSURE,
        _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    ),
    "ses.wrong_usage": ReasonKind(
        "制章者或签章者证书的用途不符。",
        "The certificate of the seal's maker or signer may not be used for this.",
        "pdf",
        _UNSURE,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "ses.certificate_out_of_bounds": ReasonKind(
        "签章者证书在签章时不在有效期内，或现已过期而没有时间证明。",
        "The signer's certificate was not valid when it signed, or has ended and nothing proves the time.",
        "pdf",
        _UNSURE,
        _Sub.OUT_OF_BOUNDS_NO_POE,
    ),
    "ses.revoked": ReasonKind(
        "制章者或签章者证书（或其上级证书）自 {at} 起被吊销，不能证明签章早于该时间。",
        "The certificate of the seal's maker or signer, or one above it, was revoked as of {at}, "
        "and nothing proves that the signature is older.",
        "pdf",
        _FAILED,
        _Sub.REVOKED,
    ),
    "ses.revocation_unknown": ReasonKind(
        "暂时无法确定制章者或签章者证书是否已被吊销，请稍后再核验。",
        "Whether the certificate of the seal's maker or signer was revoked cannot be told; check again later.",
        "pdf",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "ses.time": ReasonKind(
        "国密电子签章的时间与可证明的用印时间不符。",
        "The time in the seal signature of GB/T 38540 does not agree with the time of sealing that is proven.",
        "pdf",
        _UNSURE,
        _Sub.TIMESTAMP_ORDER_FAILURE,
    ),
}

_SIGNATURE: dict[str, ReasonKind] = {
    "signature.valid": ReasonKind(
        "签名有效，文件自签名以来未被改动。",
        "The signature is valid, and what it covers is as it was when it was signed.",
        "pdf",
        _PASSED,
    ),
    "signature.hash_mismatch": ReasonKind(
        "文件内容与签名时不一致，文件已被改动。",
        "The content is not what was signed; the file has been changed.",
        "pdf",
        _FAILED,
        _Sub.HASH_FAILURE,
    ),
    "signature.invalid": ReasonKind(
        "签名值不是由签名证书对应的私钥作出的。",
        "The signature was not made with the key of the signer's certificate.",
        "pdf",
        _FAILED,
        _Sub.SIG_CRYPTO_FAILURE,
    ),
    "signature.malformed": ReasonKind(
        "签名数据无法解析：{detail}。",
        "The signature's data cannot be read: {detail}.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "signature.not_canonical": ReasonKind(
        "签名数据中有不受签名保护的内容或不规范的编码：{detail}。",
        "The signature's data holds content that it does not protect, or is not canonically encoded: {detail}.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "signature.several_signers": ReasonKind(
        "一个签名中有 {count} 个签名者，只允许一个。",
        "One signature names {count} signers; only one is allowed.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "signature.attributes": ReasonKind(
        "签名属性不合规：{detail}。",
        "The signed attributes are not acceptable: {detail}.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "signature.certificate_missing": ReasonKind(
        "签名中没有签名者的证书。",
        "The signer's certificate is not in the signature.",
        "pdf",
        _UNSURE,
        _Sub.NO_SIGNING_CERTIFICATE_FOUND,
    ),
    "signature.certificate_swapped": ReasonKind(
        "签名中的证书不是签名时所声明的证书。",
        "The certificate in the signature is not the one that was signed for.",
        "pdf",
        _FAILED,
        _Sub.SIG_CRYPTO_FAILURE,
    ),
    "signature.weak_algorithm": ReasonKind(
        "签名使用了不安全或不允许的算法：{algorithm}。",
        "The signature uses an algorithm that is weak or not allowed: {algorithm}.",
        "pdf",
        _UNSURE,
        _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    "signature.weak_key": ReasonKind(
        "签名者的密钥强度不足或类型不允许：{key}。",
        "The signer's key is too weak or of a kind that is not allowed: {key}.",
        "pdf",
        _UNSURE,
        _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    "signature.unknown_content": ReasonKind(
        "签名中附带了不受签名保护且无法核验的内容：{detail}。",
        "The signature carries content that it does not protect and that cannot be checked: {detail}.",
        "pdf",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "signature.unsupported": ReasonKind(
        "无法核验此种签名：{subfilter}。",
        "Signatures of this kind cannot be checked here: {subfilter}.",
        "pdf",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "signature.error": ReasonKind(
        "核验签名时遇到无法处理的数据（{detail}），按不通过处理。",
        "The signature holds data that cannot be processed ({detail}); it is taken as not valid.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
}

_CERTIFICATE: dict[str, ReasonKind] = {
    "certificate.untrusted": ReasonKind(
        "签名证书不能追溯到受信任的根证书，无法认定签名者身份。",
        "The signer's certificate does not lead to a trusted root, so it is not known whose it is.",
        "pdf",
        _UNSURE,
        _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    ),
    "certificate.anchor_not_trusted_then": ReasonKind(
        "签名时，其根证书（{anchor}）不在受信任期间内。",
        "The root ({anchor}) that the signer's certificate leads to was not trusted when it was used.",
        "pdf",
        _UNSURE,
        _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    ),
    "certificate.chain_invalid": ReasonKind(
        "签名证书的证书链不合规：{detail}。",
        "The chain of the signer's certificate does not hold: {detail}.",
        "pdf",
        _UNSURE,
        _Sub.CHAIN_CONSTRAINTS_FAILURE,
    ),
    "certificate.chain_weak": ReasonKind(
        "证书链中使用了不安全的算法或密钥：{algorithm}。",
        "The certificate chain uses a weak algorithm or key: {algorithm}.",
        "pdf",
        _UNSURE,
        _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    "certificate.wrong_usage": ReasonKind(
        "签名证书不得用于文件签名（密钥用途不符）。",
        "The signer's certificate may not be used to sign documents (key usage).",
        "pdf",
        _UNSURE,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "certificate.expired": ReasonKind(
        "签名时证书已过期（有效期至 {until}）。",
        "The certificate had expired (on {until}) when it was used.",
        "pdf",
        _UNSURE,
        _Sub.OUT_OF_BOUNDS_NO_POE,
    ),
    "certificate.not_yet_valid": ReasonKind(
        "签名时证书尚未生效（{since} 起有效）。",
        "The certificate was not yet valid (until {since}) when it was used.",
        "pdf",
        _UNSURE,
        _Sub.OUT_OF_BOUNDS_NO_POE,
    ),
    "certificate.revoked": ReasonKind(
        "签名证书或其上级证书自 {at} 起被吊销，签名在此之后作出。",
        "The signer's certificate, or one above it, was revoked as of {at}, and the signature is not older.",
        "pdf",
        _FAILED,
        _Sub.REVOKED,
    ),
    "certificate.revoked_no_proof": ReasonKind(
        "签名证书或其上级证书自 {at} 起被吊销，且没有时间戳能证明签名早于该时间。",
        "The signer's certificate, or one above it, was revoked as of {at}, "
        "and nothing proves that the signature is older.",
        "pdf",
        _UNSURE,
        _Sub.REVOKED_NO_POE,
    ),
    "certificate.revoked_later": ReasonKind(
        "签名证书或其上级证书自 {at} 起被吊销；时间戳证明签名早于该时间，签名仍然有效。",
        "The signer's certificate, or one above it, was revoked as of {at}; "
        "a time stamp proves that the signature is older, so it stays valid.",
        "pdf",
        _PASSED,
    ),
    "certificate.not_revoked": ReasonKind(
        "签名证书及其上级证书在签名时均未被吊销。",
        "Neither the signer's certificate nor one above it was revoked when it was used.",
        "pdf",
        _PASSED,
    ),
    "certificate.on_hold": ReasonKind(
        "签名证书或其上级证书自 {at} 起被暂停使用，请稍后再核验。",
        "The signer's certificate, or one above it, has been on hold since {at}; check again later.",
        "pdf",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "certificate.status_unknown": ReasonKind(
        "签发机构表示不知道签名证书或其上级证书。",
        "The authority says that it does not know the signer's certificate, or one above it.",
        "pdf",
        _UNSURE,
        _Sub.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    ),
    "certificate.revocation_unknown": ReasonKind(
        "没有签名证书或其上级证书在签名时是否已被吊销的有效信息，请稍后再核验。",
        "There is no word that counts on whether the signer's certificate, or one above it, was revoked "
        "when it was used; check again later.",
        "pdf",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "certificate.revocation_unavailable": ReasonKind(
        "暂时无法取得本平台的证书吊销信息，请稍后再核验。",
        "What has been revoked here cannot be told right now; check again later.",
        "register",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
}

_TIME_STAMP: dict[str, ReasonKind] = {
    "timestamp.valid": ReasonKind(
        "时间戳有效，证明文件在 {at} 之前已经存在。",
        "The time stamp is valid and proves that the document existed at {at}.",
        "pdf",
        _PASSED,
    ),
    "timestamp.not_trusted": ReasonKind(
        "签名附有时间戳，但无法认定其签发机构可信，签名时间未得到证明。",
        "The signature carries a time stamp whose authority cannot be relied on; the time of signing is not proven.",
        "pdf",
        _PASSED,
    ),
    "timestamp.untrusted": ReasonKind(
        "时间戳的签发机构不受信任。",
        "The authority that gave the time stamp is not trusted.",
        "pdf",
        _UNSURE,
        _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    ),
    "timestamp.malformed": ReasonKind(
        "时间戳无法解析或不规范：{detail}。",
        "The time stamp cannot be read or is not canonical: {detail}.",
        "pdf",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "timestamp.other_data": ReasonKind(
        "时间戳不是为这个签名签发的。",
        "The time stamp was given for something else.",
        "pdf",
        _FAILED,
        _Sub.HASH_FAILURE,
    ),
    "timestamp.invalid": ReasonKind(
        "时间戳的签名无效。",
        "The time stamp's own signature is not valid.",
        "pdf",
        _FAILED,
        _Sub.SIG_CRYPTO_FAILURE,
    ),
    "timestamp.weak": ReasonKind(
        "时间戳使用了不安全的算法或密钥：{algorithm}。",
        "The time stamp uses a weak algorithm or key: {algorithm}.",
        "pdf",
        _UNSURE,
        _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    "timestamp.wrong_usage": ReasonKind(
        "时间戳证书不得用于签发时间戳（扩展密钥用途不符）。",
        "The time stamp's certificate may not be used for time stamps (extended key usage).",
        "pdf",
        _UNSURE,
        _Sub.CHAIN_CONSTRAINTS_FAILURE,
    ),
    "timestamp.certificate_out_of_bounds": ReasonKind(
        "时间戳证书不在有效期内，时间已无法证明。",
        "The time stamp's certificate is outside its validity; it proves nothing any more.",
        "pdf",
        _UNSURE,
        _Sub.OUT_OF_BOUNDS_NO_POE,
    ),
    "timestamp.revoked": ReasonKind(
        "时间戳证书或其上级证书自 {at} 起被吊销，时间戳不再能证明时间。",
        "The time stamp's certificate, or one above it, was revoked as of {at}; it proves nothing any more.",
        "pdf",
        _UNSURE,
        _Sub.REVOKED_NO_POE,
    ),
    "timestamp.revoked_later": ReasonKind(
        "时间戳证书或其上级证书自 {at} 起被吊销，时间戳早于该时间，仍然有效。",
        "The time stamp's certificate, or one above it, was revoked as of {at}; the stamp is older and stays valid.",
        "pdf",
        _PASSED,
    ),
    "timestamp.on_hold": ReasonKind(
        "时间戳证书或其上级证书自 {at} 起被暂停使用，请稍后再核验。",
        "The time stamp's certificate, or one above it, has been on hold since {at}; check again later.",
        "pdf",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "timestamp.status_unknown": ReasonKind(
        "签发机构表示不知道时间戳证书或其上级证书。",
        "The authority says that it does not know the time stamp's certificate, or one above it.",
        "pdf",
        _UNSURE,
        _Sub.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    ),
    "timestamp.revocation_unknown": ReasonKind(
        "没有时间戳证书或其上级证书是否已被吊销的有效信息，请稍后再核验。",
        "There is no word that counts on whether the time stamp's certificate, or one above it, was revoked; "
        "check again later.",
        "pdf",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "timestamp.in_the_future": ReasonKind(
        "时间戳的时间（{at}）晚于当前时间。",
        "The time stamp's time ({at}) lies in the future.",
        "pdf",
        _UNSURE,
        _Sub.TIMESTAMP_ORDER_FAILURE,
    ),
    "timestamp.order": ReasonKind(
        "后加的时间戳早于先加的时间戳。",
        "A later time stamp gives an earlier time.",
        "pdf",
        _UNSURE,
        _Sub.TIMESTAMP_ORDER_FAILURE,
    ),
}

_REGISTER: dict[str, ReasonKind] = {
    "register.valid": ReasonKind(
        "登记簿显示该证照当前有效。",
        "The register shows that the licence is in force.",
        "register",
        _PASSED,
    ),
    "register.unknown": ReasonKind(
        "登记簿中没有该证照。请核对标识，或向发证机关查询。",
        "There is no such licence in the register. Check the identifier or ask the issuer.",
        "register",
        _FAILED,
        _Sub.GENERIC,
    ),
    "register.imported": ReasonKind(
        "该证照由历史数据归集，未加盖电子印章；结论仅依据登记簿。",
        "The licence was taken over from an archive and bears no e-seal; the verdict rests on the register alone.",
        "register",
        _PASSED,
    ),
    "register.imported_sealed": ReasonKind(
        "该证照由历史数据归集，归集后加盖了电子印章。",
        "The licence was taken over from an archive and sealed afterwards.",
        "register",
        _PASSED,
    ),
    "register.revoked": ReasonKind(
        "该证照已被吊销。",
        "The licence has been revoked.",
        "register",
        _FAILED,
        _Sub.REVOKED,
    ),
    "register.cancelled": ReasonKind(
        "该证照已注销。",
        "The licence has been cancelled.",
        "register",
        _FAILED,
        _Sub.REVOKED,
    ),
    "register.suspended": ReasonKind(
        "该证照已被暂停使用，暂不能采信。",
        "The licence is suspended and cannot be relied on for now.",
        "register",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "register.superseded": ReasonKind(
        "该证照已换发新版本，请持证人出示最新版本。",
        "The licence has been replaced by a newer version; ask the holder to show that one.",
        "register",
        _FAILED,
        _Sub.GENERIC,
    ),
    "register.expired": ReasonKind(
        "该证照的有效期已于 {until} 届满。",
        "The licence ran out on {until}.",
        "register",
        _FAILED,
        _Sub.EXPIRED,
    ),
    "register.not_yet_valid": ReasonKind(
        "该证照自 {since} 起生效，目前尚未生效。",
        "The licence is not in force before {since}.",
        "register",
        _FAILED,
        _Sub.NOT_YET_VALID,
    ),
    "register.identifier_missing": ReasonKind(
        "文件中没有证照数据，无法与登记簿核对。",
        "The file holds no licence data to look up in the register.",
        "register",
        _UNSURE,
        _Sub.SIGNED_DATA_NOT_FOUND,
    ),
    "register.other_document": ReasonKind(
        "该文件与登记簿中登记的文件不一致。",
        "The file is not the one that the register holds for this licence.",
        "register",
        _FAILED,
        _Sub.HASH_FAILURE,
    ),
    "register.other_seal": ReasonKind(
        "加盖的印章不是登记簿中该证照发证机关的印章。",
        "The seal is not that of the licence's issuer in the register.",
        "register",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
}

_PRESENTATION: dict[str, ReasonKind] = {
    "presentation.valid": ReasonKind(
        "亮证码有效，由持证人授权出示。",
        "The presentation is valid and was authorised by the holder.",
        "presentation",
        _PASSED,
    ),
    "presentation.invalid": ReasonKind(
        "亮证码不是本平台生成的，或已被改动。",
        "The presentation was not made here, or has been changed.",
        "presentation",
        _FAILED,
        _Sub.SIG_CRYPTO_FAILURE,
    ),
    "presentation.expired": ReasonKind(
        "亮证码已过期，请持证人重新出示。",
        "The presentation has run out; ask the holder to show a new one.",
        "presentation",
        _FAILED,
        _Sub.EXPIRED,
    ),
    "presentation.already_used": ReasonKind(
        "亮证码已被使用过，每个亮证码只能核验一次。请持证人重新出示。",
        "The presentation has been used already; each can be redeemed once. Ask the holder to show a new one.",
        "presentation",
        _FAILED,
        _Sub.GENERIC,
    ),
    "presentation.wrong_audience": ReasonKind(
        "亮证码是向其他机构或为其他用途出示的。",
        "The presentation was made for another body or purpose.",
        "presentation",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
}

_OFFLINE: dict[str, ReasonKind] = {
    "offline.valid": ReasonKind(
        "离线亮证码由发证系统签名，{until} 前有效。它可以被转发：请将出示人与所列姓名、证件号码首尾核对。",
        "The offline presentation is signed by the issuing service and holds until {until}. It can be passed on: "
        "compare the person before you with the name and the ends of the number that it shows.",
        "presentation",
        _PASSED,
    ),
    "offline.status_not_checked": ReasonKind(
        "未另行核对证照现状：{at} 生成亮证码时登记簿显示有效，此后的变化未知。",
        "The status was not checked: when the presentation was made, at {at}, the register had the licence in force; "
        "what happened since is not known.",
        "presentation",
        _PASSED,
    ),
    "offline.unreadable": ReasonKind(
        "这不是本系统的离线亮证码，或已损坏（{detail}）。",
        "This is no offline presentation of this service, or it is damaged ({detail}).",
        "presentation",
        _FAILED,
        _Sub.FORMAT_FAILURE,
    ),
    "offline.wrong_certificate": ReasonKind(
        "签名所用证书不是离线亮证专用证书，不予采信。",
        "It is signed with a certificate that is not for offline presentations, and cannot be relied on.",
        "presentation",
        _FAILED,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "offline.untrusted": ReasonKind(
        "签发该亮证码的证书不能追溯到所信任的根证书，或不在有效期内，无法认定由谁签发。",
        "The certificate that signed the presentation does not lead to a trusted root, or is out of date, so it is not "
        "known whose it is.",
        "presentation",
        _UNSURE,
        _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    ),
    "offline.certificate_revoked": ReasonKind(
        "签发该亮证码的证书已被吊销，不予采信。请持证人重新生成。",
        "The certificate that signed the presentation has been revoked; have the holder make a new one.",
        "presentation",
        _FAILED,
        _Sub.REVOKED,
    ),
    "offline.forged": ReasonKind(
        "离线亮证码的签名无效，内容是伪造的或已被改动。",
        "The signature of the offline presentation is not valid: it is forged, or has been changed.",
        "presentation",
        _FAILED,
        _Sub.SIG_CRYPTO_FAILURE,
    ),
    "offline.not_yet_valid": ReasonKind(
        "离线亮证码的生成时间晚于现在，请核对本机时钟。",
        "The offline presentation was made later than now; check the clock of this device.",
        "presentation",
        _UNSURE,
        _Sub.NOT_YET_VALID,
    ),
    "offline.expired": ReasonKind(
        "离线亮证码已于 {at} 过期（可能是截屏），请持证人当面重新生成。",
        "The offline presentation ran out at {at} and may be a screenshot; have the holder make a new one before you.",
        "presentation",
        _FAILED,
        _Sub.EXPIRED,
    ),
    "offline.licence_over": ReasonKind(
        "证照今日不在有效期内。", "The licence is not in force today.", "presentation", _FAILED, _Sub.EXPIRED
    ),
}

_CONSENT: dict[str, ReasonKind] = {
    "consent.unknown": ReasonKind(
        "没有这份授权，或它不是给本单位的。请核对授权编号。",
        "There is no such consent, or it was not given to this body. Compare its number.",
        "consent",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "consent.wrong_item": ReasonKind(
        "该授权是为其他事项给出的，不能用于此事项。",
        "The consent was given for another service item.",
        "consent",
        _UNSURE,
        _Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "consent.withdrawn": ReasonKind(
        "持证人已撤回该授权。",
        "The holder has withdrawn the consent.",
        "consent",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "consent.expired": ReasonKind(
        "该授权已过期，请重新申请授权。",
        "The consent has expired; ask the holder for a new one.",
        "consent",
        _UNSURE,
        _Sub.EXPIRED,
    ),
    "consent.used_up": ReasonKind(
        "该授权的使用次数已用完，请重新申请授权。",
        "The consent has been used as often as was agreed; ask the holder for a new one.",
        "consent",
        _UNSURE,
        _Sub.GENERIC,
    ),
}

_STATUS_LIST: dict[str, ReasonKind] = {
    "status.valid": ReasonKind(
        "截至 {at} 的状态列表显示该证照有效。",
        "The status list of {at} shows that the licence is in force.",
        "status_list",
        _PASSED,
    ),
    "status.invalid": ReasonKind(
        "截至 {at} 的状态列表显示该证照已被吊销或注销。",
        "The status list of {at} shows that the licence has been revoked or cancelled.",
        "status_list",
        _FAILED,
        _Sub.REVOKED,
    ),
    "status.suspended": ReasonKind(
        "截至 {at} 的状态列表显示该证照已被暂停使用，暂不能采信。",
        "The status list of {at} shows that the licence is suspended and cannot be relied on for now.",
        "status_list",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "status.over": ReasonKind(
        "截至 {at} 的状态列表显示该证照不在有效期内，或已换发新版本。",
        "The status list of {at} shows that the licence has expired, is not in force yet, or has been replaced.",
        "status_list",
        _FAILED,
        _Sub.EXPIRED,
    ),
    "status.stale": ReasonKind(
        "状态列表已于 {until} 过期，请重新下载。",
        "The status list ran out at {until}; fetch it anew.",
        "status_list",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "status.missing": ReasonKind(
        "未提供状态列表，无法确认证照现状。请从 {uri} 下载。",
        "Without a status list it is not known whether the licence is still in force. Fetch it from {uri}.",
        "status_list",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "status.other": ReasonKind(
        "所提供的不是该证照所在的状态列表，应为 {uri}。",
        "The status list is not the one that the licence names, which is {uri}.",
        "status_list",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "status.none_named": ReasonKind(
        "文件未写明状态列表，无法离线确认证照现状，请联网核验。",
        "The file names no status list, so its status cannot be told offline; check it online.",
        "status_list",
        _UNSURE,
        _Sub.TRY_LATER,
    ),
    "status.untrusted": ReasonKind(
        "状态列表的签名无效，或其证书不被信任，不予采用。",
        "The status list's signature is not valid, or its certificate is not trusted; it was not used.",
        "status_list",
        _UNSURE,
        _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    ),
    "status.malformed": ReasonKind(
        "状态列表无法读取（{detail}），请重新下载。",
        "The status list cannot be read ({detail}); fetch it anew.",
        "status_list",
        _UNSURE,
        _Sub.FORMAT_FAILURE,
    ),
}

_LOG: dict[str, ReasonKind] = {
    "log.included": ReasonKind(
        "该记录已载入透明日志（第 {position} 条，检查点共 {size} 条）。",
        "The record stands in the transparency log (leaf {position} of a log of {size}).",
        "log",
        _PASSED,
    ),
    "log.differs": ReasonKind(
        "登记簿与透明日志的记录不一致，请向发证机关查询。",
        "The register says something else than the transparency log; ask the issuer.",
        "log",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "log.not_proven": ReasonKind(
        "日志证明无效（{detail}），不能证明该文件载入透明日志。",
        "The proof does not show that the file stands in the transparency log ({detail}).",
        "log",
        _UNSURE,
        _Sub.GENERIC,
    ),
}

_MATERIALS: dict[str, ReasonKind] = {
    "materials.complete": ReasonKind(
        "必需的材料均有有效证照，无需申请人提交。",
        "Every required material is there as a licence in force; nothing needs to be handed in.",
        "register",
        _PASSED,
    ),
    "materials.unclear": ReasonKind(
        "部分材料存疑，请按逐项说明核实。",
        "Some materials are doubtful; clear them up one by one as they say.",
        "register",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "materials.incomplete": ReasonKind(
        "部分材料缺少有效证照，请申请人补充。",
        "Some materials are missing or have run out; ask the applicant for those.",
        "register",
        _FAILED,
        _Sub.GENERIC,
    ),
    "materials.satisfied": ReasonKind(
        "有有效证照满足要求。", "A licence in force satisfies this.", "register", _PASSED
    ),
    "materials.missing": ReasonKind(
        "未找到可用的证照。", "There is no licence that could be used.", "register", _FAILED, _Sub.SIGNED_DATA_NOT_FOUND
    ),
    "materials.over": ReasonKind(
        "证照已失效（{state}），不能使用。",
        "The licence is {state} and cannot be used.",
        "register",
        _FAILED,
        _Sub.GENERIC,
    ),
    "materials.expired": ReasonKind(
        "证照的有效期于 {until} 届满，在 {day} 无效。",
        "The licence ran out on {until} and does not hold on {day}.",
        "register",
        _FAILED,
        _Sub.EXPIRED,
    ),
    "materials.not_in_force": ReasonKind(
        "证照在 {day} 的状态为“{state}”。", "The licence is {state} on {day}.", "register", _UNSURE, _Sub.GENERIC
    ),
    "materials.differs": ReasonKind(
        "证照的“{field}”与申请内容不一致。",
        "{field} of the licence does not agree with the application.",
        "register",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "materials.date_missing": ReasonKind(
        "申请中没有日期“{field}”，无法判断证照届时是否有效。",
        "The application has no date {field!r}, so whether the licence holds then cannot be said.",
        "register",
        _UNSURE,
        _Sub.GENERIC,
    ),
    "batch.answered": ReasonKind(
        "批量核验已逐条答复，共 {count} 条。",
        "{count} checks of a batch were answered, each by itself.",
        "register",
        _PASSED,
    ),
    "query.answered": ReasonKind(
        "已答复查询，可见的证照共 {count} 份。",
        "The query was answered: {count} licences may be seen.",
        "register",
        _PASSED,
    ),
    "materials.not_permitted": ReasonKind(
        "该客户端无权核验此类证照。",
        "This client may not check licences of this type.",
        "register",
        _UNSURE,
        _Sub.GENERIC,
    ),
}

CATALOGUE = MappingProxyType(
    _FILE
    | _SEAL
    | _SES
    | _SIGNATURE
    | _CERTIFICATE
    | _TIME_STAMP
    | _REGISTER
    | _PRESENTATION
    | _OFFLINE
    | _CONSENT
    | _STATUS_LIST
    | _LOG
    | _MATERIALS
)
"""Every reason by its code."""

_PARAMETERS: Final = {
    code: frozenset(name for _, name, _, _ in Formatter().parse(kind.zh) if name) for code, kind in CATALOGUE.items()
}
