"""Loading certificates that anyone may have made."""

from __future__ import annotations

import warnings
from functools import lru_cache

from cryptography import x509

# X.520 counts the characters of a name, the library bytes of UTF-8: Chinese names of more than 21 would be warned of
warnings.filterwarnings("ignore", message="Attribute's length must be", category=UserWarning)


@lru_cache(maxsize=1024)
def load_certificate(encoded: bytes) -> x509.Certificate:
    """A certificate all parts of which can be read.

    :raises ValueError: there is none, or a part of it is broken.
    """
    try:
        certificate = x509.load_der_x509_certificate(encoded)
        # these are read late, and would otherwise fail where nobody expects it
        certificate.subject.rfc4514_string()
        certificate.issuer.rfc4514_string()
        _ = certificate.extensions, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception as error:  # the library has many kinds of errors for broken certificates
        raise ValueError("no certificate that can be read") from error
    return certificate


@lru_cache(maxsize=1024)
def subject_of(encoded: bytes) -> str:
    """Distinguished name of a certificate's subject (RFC 4514).

    :raises ValueError: it cannot be read.
    """
    return load_certificate(encoded).subject.rfc4514_string()
