"""What a certificate may be used for (key usage, extended key usage, RFC 5280, 4.2.1.3 and 4.2.1.12)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from verify.certificates import load_certificate

_E = TypeVar("_E", bound=x509.ExtensionType)

_DOCUMENT_PURPOSES: Final = frozenset(
    x509.ObjectIdentifier(dotted)
    for dotted in (
        "1.3.6.1.5.5.7.3.36",  # documentSigning, RFC 9336
        "1.3.6.1.5.5.7.3.4",  # emailProtection, what document certificates had before
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft document signing
        "1.2.840.113583.1.1.5",  # Adobe authentic documents trust
    )
)
_OTHER_PURPOSES: Final = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    }
)
"""A certificate with these and no others is not for documents; what else authorities allot is not known here."""


@lru_cache(maxsize=1024)
def may_sign_documents(encoded: bytes, *, strict: bool) -> bool:
    """Whether a certificate may sign documents.

    :param strict: it has to say so itself, and be no authority's; otherwise what it leaves open is allowed.
    """
    try:
        extensions = load_certificate(encoded).extensions
    except ValueError:
        return False
    usage = _find(extensions, x509.KeyUsage)
    purposes = _find(extensions, x509.ExtendedKeyUsage)
    constraints = _find(extensions, x509.BasicConstraints)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return False
    if strict:
        authority = constraints is not None and constraints.ca
        stated = purposes is not None and not _DOCUMENT_PURPOSES.isdisjoint(purposes)
        return usage is not None and stated and not authority
    return purposes is None or not set(purposes) <= _OTHER_PURPOSES


@lru_cache(maxsize=1024)
def may_stamp_time(encoded: bytes) -> bool:
    """Whether a certificate may sign time stamps and nothing else (RFC 3161, 2.3)."""
    try:
        extensions = load_certificate(encoded).extensions
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (ValueError, x509.ExtensionNotFound):
        return False
    usage = _find(extensions, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return False
    return purposes.critical and list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _find(extensions: x509.Extensions, kind: type[_E]) -> _E | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
