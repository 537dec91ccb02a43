"""Making seal data (制章): a SESeal of version 4, signed by the seal maker (GB/T 38540-2020)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keys import der
from keys import strict_der as strict
from keys.sm2 import SM2_WITH_SM3
from seal._esl_der import IA5_STRING, Extension
from seal.esl import Esl, SealPicture, read_esl
from seal.esl_checks import SignatureState, verify
from seal.esl_errors import EslNotMadeError, EslTooLargeError, EslUnreadableError

VENDOR: Final = "Yinzheng"
VERSION: Final = 4
UNIT_SEAL: Final = 1
PERSONAL_SEAL: Final = 2


@dataclass(frozen=True, slots=True)
class SealDraft:
    """What a seal is to say.

    ``kind`` is 1 for a body's seal, 2 for a person's. ``certificates`` are those, in DER, whose keys may use the seal.
    ``id`` is its identifier in ASCII, the seal's public number.
    """

    id: str
    name: str
    kind: int
    certificates: tuple[bytes, ...]
    created_at: datetime
    valid_from: datetime
    valid_until: datetime
    picture: SealPicture
    extensions: tuple[Extension, ...] = ()
    vendor: str = VENDOR


def make_seal(draft: SealDraft, *, maker_certificate: bytes, sign: Callable[[bytes], bytes]) -> Esl:
    """Make a seal's data and have the maker sign them; they are read back and verified before they leave.

    :param maker_certificate: of the seal maker, in DER, with an SM2 key.
    :param sign: SM2-with-SM3 by the maker's key, in DER; such as ``partial(custody.sign, key_id)``.
    :raises EslNotMadeError: the draft cannot be written, or the signature is not of the certificate's key.
    """
    try:
        information = _information(draft)
    except (UnicodeEncodeError, ValueError, OverflowError) as error:
        raise EslNotMadeError(
            problem_zh="标识或厂商代码含有 ASCII 以外的字符，或时间超出范围",
            problem_en="a text has characters outside of its type, or a time is out of bounds",
        ) from error
    if draft.valid_until < draft.valid_from:
        raise EslNotMadeError(problem_zh="有效期起止颠倒", problem_en="it would end before it begins")
    encoded = der.sequence(
        information,
        der.octet_string(maker_certificate),
        der.oid(SM2_WITH_SM3),
        strict.bit_string(sign(information)),
    )
    try:
        esl = read_esl(encoded)
    except (EslUnreadableError, EslTooLargeError) as error:
        raise EslNotMadeError(problem_zh=error.message_zh, problem_en=error.message_en) from error
    state, _ = verify(esl.maker_certificate, esl.signature_algorithm, esl.signature, esl.signed_part)
    if state is not SignatureState.VALID:
        raise EslNotMadeError(
            problem_zh="制章者的签名与其证书不符",
            problem_en="the signature is not of the key in the maker's certificate",
        )
    return esl


def encode_extensions(extensions: Sequence[Extension]) -> bytes:
    """Extensions under the tag [0], or nothing where there are none."""
    if not extensions:
        return b""
    return der.explicit(
        0,
        der.sequence(
            *(
                der.sequence(
                    der.oid(each.oid), strict.boolean(True) if each.critical else b"", der.octet_string(each.value)
                )
                for each in extensions
            )
        ),
    )


def ia5_string(text: str) -> bytes:
    """An IA5String.

    :raises UnicodeEncodeError: it has characters outside of ASCII.
    """
    return der.tlv(IA5_STRING, text.encode("ascii"))


def _information(draft: SealDraft) -> bytes:
    """SES_SealInfo."""
    return der.sequence(
        der.sequence(ia5_string("ES"), der.integer(VERSION), ia5_string(draft.vendor)),
        ia5_string(draft.id),
        der.sequence(
            der.integer(draft.kind),
            strict.utf8_string(draft.name),
            der.integer(1),
            der.sequence(*(der.octet_string(certificate) for certificate in draft.certificates)),
            strict.generalized_time(draft.created_at),
            strict.generalized_time(draft.valid_from),
            strict.generalized_time(draft.valid_until),
        ),
        der.sequence(
            ia5_string(draft.picture.format),
            der.octet_string(draft.picture.data),
            der.integer(draft.picture.width_mm),
            der.integer(draft.picture.height_mm),
        ),
        encode_extensions(draft.extensions),
    )
