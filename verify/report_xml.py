"""A verdict as a validation report after ETSI TS 119 102-2, for systems that read those.

One report a signature, in the schema's order. The schema has no place for what a register says, so each report ends
with an element of ours that repeats the verdict on the file as a whole.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from verify.verdict import (
    Indication,
    Level,
    Reason,
    SealDataReport,
    SignatureKind,
    SignatureReport,
    SubIndication,
    Verdict,
    main_reason,
    worst,
)

VR: Final = "http://uri.etsi.org/19102/v1.2.1#"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
OURS: Final = "urn:yinzheng:validation-report:1"
for _prefix, _uri in (("vr", VR), ("ds", DS), ("yz", OURS)):
    ElementTree.register_namespace(_prefix, _uri)

_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_URN: Final = "urn:etsi:019102"
_PROCESS: Final = {Level.B_T: "LTVM", Level.B_LT: "LTVM", Level.B_LTA: "LTA"}
_MAIN: Final = {
    Indication.TOTAL_PASSED: "passed",
    Indication.TOTAL_FAILED: "failed",
    Indication.INDETERMINATE: "indeterminate",
}
_ALGORITHMS: Final = {
    "ed25519": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    **{f"ecdsa-sha{bits}": f"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha{bits}" for bits in (256, 384, 512)},
    **{f"ecdsa-sha3_{bits}": f"http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-{bits}" for bits in (256, 384, 512)},
    **{f"rsa-sha{bits}": f"http://www.w3.org/2001/04/xmldsig-more#rsa-sha{bits}" for bits in (256, 384, 512)},
    **{f"rsa-pss-sha{bits}": f"http://www.w3.org/2007/05/xmldsig-more#sha{bits}-rsa-MGF1" for bits in (256, 384, 512)},
    **{
        f"rsa-pss-sha3_{bits}": f"http://www.w3.org/2007/05/xmldsig-more#sha3-{bits}-rsa-MGF1"
        for bits in (256, 384, 512)
    },
}
"""By our names of them (RFC 9231); PKCS #1 with SHA-3 has none."""
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report_xml(verdict: Verdict) -> bytes:
    """The ETSI validation report of a check, as XML in UTF-8.

    A file that bears no signature to report on gets one report that names none. What speaks against the file as a
    whole (a broken page tree, changes that nobody signed for) counts against each signature but time stamps, so that
    nobody who reads the indications alone takes a file for good that is not.
    """
    root = Element(_name("ValidationReport"))
    of_file = _of_file(verdict)
    for number, signature in enumerate(verdict.signatures, 1):
        _add_signature(root, verdict, signature, number, of_file)
    if not verdict.signatures:
        _add_unsigned(root, verdict)
    _add_certificates(root, verdict.signatures)
    ElementTree.indent(root)
    out = io.BytesIO()
    ElementTree.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue()


def main_urn(indication: Indication) -> str:
    """The URN of the main indication of a signature (TS 119 102-2, 4.3.4.2)."""
    total = "" if indication is Indication.INDETERMINATE else "total-"
    return f"{_URN}:mainindication:{total}{_MAIN[indication]}"


def sub_urn(indication: SubIndication) -> str:
    """The URN of a sub-indication (TS 119 102-2, 4.3.4.3)."""
    return f"{_URN}:subindication:{indication.value}"


def _of_file(verdict: Verdict) -> tuple[Reason, ...]:
    """What the PDF itself gives against it beyond its signatures."""
    known = {reason for signature in verdict.signatures for reason in signature.reasons}
    return tuple(
        reason
        for reason in verdict.reasons
        if reason.rests_on == "pdf" and reason not in known and reason.indication is not Indication.TOTAL_PASSED
    )


def _add_signature(
    root: Element, verdict: Verdict, signature: SignatureReport, number: int, of_file: tuple[Reason, ...]
) -> None:
    report = _add(root, "SignatureValidationReport")
    identifier = _add(report, "SignatureIdentifier", id=f"S-{number}")
    _text(identifier, "HashOnly", "false")
    _text(identifier, "DocHashOnly", "false")
    _text(identifier, "DAIdentifier", f"{verdict.document_digest or ''}#{signature.field_name}")
    reasons = signature.reasons if signature.kind is SignatureKind.TIMESTAMP else (*signature.reasons, *of_file)
    _add_constraints(report, reasons)
    _add_times(report, verdict.checked_at, signature.proven_time)
    _add_document(report, verdict)
    _add_attributes(report, signature)
    if signature.signer_sha256:
        signer = _add(report, "SignerInformation")
        _add(signer, "SignerCertificate", VOReference=_certificate_id(signature))
        _text(signer, "Signer", signature.signer_subject or "")
    process = _PROCESS.get(signature.level, "Basic") if signature.level else "Basic"
    _add_process(report, process)
    status = _add_status(report, worst(item.indication for item in reasons), reasons)
    _add_status_data(status, signature, number, reasons)
    if signature.seal_data:
        _add_seal_data(report, signature.seal_data)
    _add_verdict(report, verdict)


def _add_unsigned(root: Element, verdict: Verdict) -> None:
    report = _add(root, "SignatureValidationReport")
    _add_constraints(report, verdict.reasons)
    _add_times(report, verdict.checked_at, None)
    _add_document(report, verdict)
    _add_process(report, "Basic")
    _add_status(report, verdict.indication, verdict.reasons)
    _add_verdict(report, verdict)


def _add_constraints(report: Element, reasons: Iterable[Reason]) -> None:
    """Each reason as a constraint that was applied, with what it came to and our words for it."""
    evaluation = _add(report, "ValidationConstraintsEvaluationReport")
    for reason in reasons:
        constraint = _add(evaluation, "ValidationConstraint")
        _text(constraint, "ValidationConstraintIdentifier", f"urn:yinzheng:reason:{reason.code}")
        _text(_add(constraint, "ConstraintStatus"), "Status", f"{_URN}:constraintStatus:applied")
        status = _add(constraint, "ValidationStatus")
        _text(status, "MainIndication", f"{_URN}:mainindication:{_MAIN[reason.indication]}")
        if reason.sub_indication:
            _text(status, "SubIndication", sub_urn(reason.sub_indication))
        _add_messages(_add(constraint, "Indications"), reason)


def _add_times(report: Element, checked_at: datetime, proven: datetime | None) -> None:
    times = _add(report, "ValidationTimeInfo")
    _text(times, "ValidationTime", _utc(checked_at))
    best = _add(times, "BestSignatureTime")
    _text(best, "POETime", _utc(proven or checked_at))
    _text(best, "TypeOfProof", f"{_URN}:poetype:validation")


def _add_document(report: Element, verdict: Verdict) -> None:
    if verdict.document_digest:
        _add_digest(_add(report, "SignersDocument"), verdict.document_digest)


def _add_attributes(report: Element, signature: SignatureReport) -> None:
    attributes = Element(_name("SignatureAttributes"))
    if signature.claimed_time:
        _text(_add(attributes, "SigningTime"), "Time", _utc(signature.claimed_time))
    if signature.proven_time:
        kind = "DocTimeStamp" if signature.kind is SignatureKind.TIMESTAMP else "SignatureTimeStamp"
        _text(_add(attributes, kind), "TimeStampValue", _utc(signature.proven_time))
    if signature.subfilter:
        _text(_add(attributes, "SubFilter"), "SubFilterElement", signature.subfilter)
    if len(attributes):
        report.append(attributes)


def _add_process(report: Element, process: str) -> None:
    element = _add(report, "SignatureValidationProcess")
    _text(element, "SignatureValidationProcessID", f"{_URN}:validationprocess:{process}")


def _add_status(report: Element, indication: Indication, reasons: Iterable[Reason]) -> Element:
    status = _add(report, "SignatureValidationStatus")
    _text(status, "MainIndication", main_urn(indication))
    chief = main_reason(reasons)
    if chief and chief.sub_indication:
        _text(status, "SubIndication", sub_urn(chief.sub_indication))
    return status


def _add_status_data(status: Element, signature: SignatureReport, number: int, reasons: Iterable[Reason]) -> None:
    data = Element(_name("AssociatedValidationReportData"))
    if signature.signer_sha256:
        chain = _add(data, "CertificateChain")
        _add(chain, "SigningCertificate", VOReference=_certificate_id(signature))
    algorithm = _ALGORITHMS.get(signature.signature_algorithm or "")
    if algorithm:
        weak = any(item.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE for item in reasons)
        crypto = _add(data, "CryptoInformation")
        _add(crypto, "ValidationObjectId", VOReference=f"S-{number}")
        _text(crypto, "Algorithm", algorithm)
        _text(crypto, "SecureAlgorithm", "false" if weak else "true")
    if len(data):
        status.append(data)


def _add_certificates(root: Element, signatures: Iterable[SignatureReport]) -> None:
    """The signers' certificates, each once, by digest."""
    by_id = {_certificate_id(item): item.signer_sha256 for item in signatures if item.signer_sha256}
    if not by_id:
        return
    objects = _add(root, "SignatureValidationObjects")
    for identifier, digest in by_id.items():
        element = _add(objects, "ValidationObject", id=identifier)
        _text(element, "ObjectType", f"{_URN}:validationObject:certificate")
        _add_digest(_add(element, "ValidationObjectRepresentation"), digest or "")


def _add_seal_data(report: Element, seal: SealDataReport) -> None:
    """The seal in a seal signature of GB/T 38540."""
    told = {"version": str(seal.version), "id": seal.id, "name": seal.name, "sm3": seal.document_digest}
    if seal.maker_subject:
        told["maker"] = seal.maker_subject
    attributes = {key: _clean(value) for key, value in told.items()}
    element = ElementTree.SubElement(report, f"{{{OURS}}}SealData", attributes)
    for code in seal.findings:
        ElementTree.SubElement(element, f"{{{OURS}}}Finding", {"code": code})


def _add_verdict(report: Element, verdict: Verdict) -> None:
    """The answer on the file as a whole, register included."""
    element = ElementTree.SubElement(report, f"{{{OURS}}}Verdict", {"indication": verdict.indication.value})
    if verdict.sub_indication:
        element.set("subIndication", verdict.sub_indication.value)
    if verdict.licence:
        element.set("licence", _clean(verdict.licence.identifier))
        element.set("status", verdict.licence.status)
    for reason in verdict.reasons:
        item = ElementTree.SubElement(
            element,
            f"{{{OURS}}}Reason",
            {"code": reason.code, "restsOn": reason.rests_on, "indication": reason.indication.value},
        )
        _add_messages(item, reason)


def _add_messages(parent: Element, reason: Reason) -> None:
    for language, message in (("zh", reason.message_zh), ("en", reason.message_en)):
        element = ElementTree.SubElement(parent, f"{{{OURS}}}Message", {"lang": language})
        element.text = _clean(message)


def _add_digest(parent: Element, digest: str) -> None:
    element = _add(parent, "DigestAlgAndValue")
    ElementTree.SubElement(element, f"{{{DS}}}DigestMethod", {"Algorithm": _SHA256})
    ElementTree.SubElement(element, f"{{{DS}}}DigestValue").text = base64.b64encode(bytes.fromhex(digest)).decode()


def _certificate_id(signature: SignatureReport) -> str:
    return f"C-{signature.signer_sha256}"


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return ElementTree.SubElement(parent, _name(name), attributes)


def _text(parent: Element, name: str, text: str) -> None:
    _add(parent, name).text = _clean(text)


def _name(name: str) -> str:
    return f"{{{VR}}}{name}"


def _clean(text: str) -> str:
    """Text as XML can hold it; what it cannot hold is visibly replaced."""
    return _NOT_IN_XML.sub("\ufffd", text)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
