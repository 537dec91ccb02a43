"""The client's certificate of a mutual-TLS connection, as the proxy in front hands it on (RFC 8705, 6.1; RFC 9440)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote

from cryptography import x509
from fastapi import Request

from api.errors import ClientUnknownError

_LARGEST = 16 * 1024


def certificate_of(request: Request, header: str | None) -> x509.Certificate | None:
    """The certificate that the client showed; None where it showed none, or no header is set up.

    :param header: the setting ``client_certificate_header``.
    :raises ClientUnknownError: the header holds something else, or stands twice.
    """
    if header is None:
        return None
    values = request.headers.getlist(header)
    if not values or values == [""]:
        return None
    if len(values) > 1 or len(values[0]) > _LARGEST:
        raise ClientUnknownError
    value = values[0].strip()
    try:
        if len(value) > 2 and value.startswith(":") and value.endswith(":"):
            return x509.load_der_x509_certificate(base64.b64decode(value[1:-1], validate=True))
        return x509.load_pem_x509_certificate(unquote(value).encode("ascii"))
    except (ValueError, binascii.Error) as error:
        raise ClientUnknownError from error
