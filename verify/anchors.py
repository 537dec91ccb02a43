"""Trust anchors (信任根): the certificates that a check starts from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from verify.certificates import load_certificate
from verify.errors import AnchorInvalidError

_MOST = 1000


class TrustPeriod(NamedTuple):
    """From when and until when an anchor is relied upon; what its certificate says of itself does not bind."""

    since: datetime | None = None
    until: datetime | None = None


ALWAYS = TrustPeriod()


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """Certificates that are trusted because someone decided so, in DER; a value that can be hashed and pickled."""

    encoded: tuple[bytes, ...]
    periods: tuple[tuple[bytes, TrustPeriod], ...] = ()
    """Of those that are not relied upon for ever: what was signed within its period, as is proven, stays good."""

    def period(self, encoded: bytes) -> TrustPeriod:
        """When an anchor is relied upon."""
        return next((period for anchor, period in self.periods if anchor == encoded), ALWAYS)

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The certificates."""
        return _load(self.encoded)

    @classmethod
    def of(cls, certificates: Iterable[x509.Certificate]) -> Self:
        """Anchors from certificates; each counts once.

        :raises AnchorInvalidError: there is none.
        """
        encoded = tuple(dict.fromkeys(item.public_bytes(Encoding.DER) for item in certificates))
        if not encoded:
            raise AnchorInvalidError(problem_zh="其中没有证书", problem_en="there is no certificate in them")
        try:
            _load(encoded)
        except ValueError:
            raise _no_certificate() from None
        return cls(encoded)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Anchors from one certificate in DER, or from any number in PEM.

        :raises AnchorInvalidError: the bytes are neither.
        """
        try:
            if b"-----BEGIN " in data:
                found = x509.load_pem_x509_certificates(data)
            else:
                found = [x509.load_der_x509_certificate(data)]
        except ValueError:
            raise _no_certificate() from None
        if len(found) > _MOST:
            raise AnchorInvalidError(problem_zh=f"证书多于 {_MOST} 个", problem_en=f"there are more than {_MOST}")
        return cls.of(found)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Anchors from a file.

        :raises AnchorInvalidError: it cannot be read, or holds no certificates.
        """
        try:
            data = path.read_bytes()
        except OSError:
            raise AnchorInvalidError(
                problem_zh=f"无法读取文件 {path}", problem_en=f"the file {path} cannot be read"
            ) from None
        return cls.from_bytes(data)

    def __add__(self, other: TrustAnchors) -> TrustAnchors:
        """Both; one that is in both is relied upon as the first has it."""
        periods = dict(self.periods)
        periods |= {anchor: period for anchor, period in other.periods if anchor not in self.encoded}
        return TrustAnchors(tuple(dict.fromkeys(self.encoded + other.encoded)), tuple(periods.items()))


NO_ANCHORS = TrustAnchors(())


@lru_cache(maxsize=64)
def _load(encoded: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    return tuple(load_certificate(item) for item in encoded)


def _no_certificate() -> AnchorInvalidError:
    return AnchorInvalidError(problem_zh="内容不是 X.509 证书", problem_en="the content is no X.509 certificate")
