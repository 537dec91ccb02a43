"""Reading encrypted PDFs that open without a password (ISO 32000-2, 7.6), with pyHanko's security handlers.

Such a file limits what its readers may do, and is signed as it stands: encrypted. What is read from it here is only
what shows where its signatures are and what came after them. A file that asks for a password stays closed.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus, CryptFilter, StandardSecurityHandler
from pyhanko.pdf_utils.misc import PdfError

from verify.errors import EncryptedError
from verify.objects import HexString, Name, PdfSyntaxError, Ref, Value

_LIBRARY_ERRORS: Final = (
    PdfError,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    OverflowError,
)
_DEPTH: Final = 8


class Decryption:
    """Decrypts the strings and streams of one file.

    :param settings: the file's encryption dictionary.
    :param file_id: the first part of the file's identifier, where it has one.
    :raises EncryptedError: it takes a password or a method that is not known here.
    """

    def __init__(self, settings: dict[str, Value], file_id: bytes | None) -> None:
        if settings.get("Filter") != "Standard":
            raise EncryptedError
        self._metadata = settings.get("EncryptMetadata", True) is not False
        try:
            self._handler = StandardSecurityHandler.instantiate_from_pdf_object(_library_dictionary(settings, 0))
            if self._handler.authenticate("", id1=file_id or b"").status is AuthStatus.FAILED:
                raise EncryptedError
            self._strings = self._handler.get_string_filter()
            self._streams = self._handler.get_stream_filter()
        except _LIBRARY_ERRORS:
            raise EncryptedError from None

    def value(self, owner: Ref, value: Value) -> Value:
        """An object with its strings decrypted, but for the value of a signature (7.6.2).

        :param owner: the indirect object that it is or stands in.
        :raises PdfSyntaxError: a string does not decrypt.
        """
        if isinstance(value, Name):
            return value
        if isinstance(value, bytes):
            return self._decrypted(self._strings, owner, value)
        if isinstance(value, dict):
            return self.dictionary(owner, value)
        if isinstance(value, list):
            return [self.value(owner, item) for item in value]
        return value

    def dictionary(self, owner: Ref, value: dict[str, Value]) -> dict[str, Value]:
        """Like :meth:`value`."""
        plain = {"Contents"} if "ByteRange" in value and isinstance(value.get("Contents"), HexString) else set()
        return {key: item if key in plain else self.value(owner, item) for key, item in value.items()}

    def stream(self, owner: Ref, kind: Value, data: bytes) -> bytes:
        """The data of a stream, decrypted and still packed.

        :param kind: ``Type`` of the stream.
        :raises PdfSyntaxError: it does not decrypt.
        """
        if kind == "XRef" or (kind == "Metadata" and not self._metadata):
            return data
        return self._decrypted(self._streams, owner, data)

    def _decrypted(self, by: CryptFilter, owner: Ref, data: bytes) -> bytes:
        if not data:
            return data
        try:
            return bytes(by.decrypt(by.derive_object_key(owner.number, owner.generation), data))
        except _LIBRARY_ERRORS:
            raise PdfSyntaxError("encrypted data that does not decrypt") from None


def _library_dictionary(value: dict[str, Value], depth: int) -> generic.DictionaryObject:
    return generic.DictionaryObject(
        {generic.NameObject(f"/{key}"): _library(each, depth) for key, each in value.items()}
    )


def _library(value: Value, depth: int) -> generic.PdfObject:
    """A value as the library has it."""
    if depth > _DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, Name):
        return generic.NameObject(f"/{value}")
    if isinstance(value, bytes):
        return generic.ByteStringObject(value)
    if isinstance(value, bool):
        return generic.BooleanObject(value)
    if isinstance(value, int):
        return generic.NumberObject(value)
    if isinstance(value, dict):
        return _library_dictionary(value, depth + 1)
    raise TypeError("nothing that an encryption dictionary holds")
