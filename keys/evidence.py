"""What shows, inside a document and without us, that a certificate stood when it was used (PAdES B-LT)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.authority import CertificateAuthority
from keys.certificates import CertificateRecord
from keys.crl import RevocationLists
from keys.errors import CertificateRevokedError, CertificateUnknownError
from keys.ocsp import OcspResponder
from keys.revocation import any_revoked, statuses
from store.database import Database


@dataclass(frozen=True, slots=True)
class RevocationEvidence:
    """The certificates of a path, leaf first, and what was said about those that were issued here, all in DER."""

    certificates: tuple[bytes, ...]
    ocsp_answers: tuple[bytes, ...]
    crls: tuple[bytes, ...]


class PkiEvidence:
    """Gathers the evidence for certificates issued here. Safe to use from several threads."""

    def __init__(
        self, database: Database, authority: CertificateAuthority, lists: RevocationLists, responder: OcspResponder
    ) -> None:
        self._database = database
        self._authority = authority
        self._lists = lists
        self._responder = responder
        self._path = lru_cache(maxsize=1024)(self._find_path)

    def revocation_info(self, *certificates: x509.Certificate) -> RevocationEvidence:
        """OCSP answers for certificates and the lists of those above them, each good for most of a day at least.

        They may have been made before, up to an hour ago for the answers, so that they are there at the moment of a
        signature. An answer holds its responder's certificate, which needs no status. What authorities outside issued
        has its status with them; for it there is nothing here.

        :raises CertificateUnknownError: one was not issued here nor brought in, or is a root.
        :raises CertificateRevokedError: one, or an authority above it, was revoked.
        :raises store.errors.YinzhengError: an authority's key cannot be used now.
        """
        paths = [self._path(each) for each in certificates]
        leaves = {(path.issuers[0], path.serials[0]): None for path in paths if path.issuers}
        above = {each: None for path in paths for each in path.issuers[1:]}
        with self._database.transaction() as session:
            if any_revoked(session, {serial for path in paths for serial in path.serials}):
                raise CertificateRevokedError
            for issuer in {issuer for issuer, _ in leaves}:
                serials = [serial for each, serial in leaves if each == issuer]
                if len(statuses(session, issuer.id, serials)) != len(serials):
                    raise CertificateUnknownError
            kept = {each: self._lists.kept(session, each) for each in above}
        answers = [self._responder.good_status_of(*each).der for each in leaves]
        lists = [(kept[each] or self._lists.current(each)).der for each in above]
        encoded = dict.fromkeys(each for path in paths for each in path.encoded)
        return RevocationEvidence(tuple(encoded), tuple(answers), tuple(lists))

    def _find_path(self, certificate: x509.Certificate) -> _Path:
        chain = self._authority.chain(certificate)
        if len(chain) < 2:
            raise CertificateUnknownError
        records = {record.certificate: record for record in self._authority.authorities()}
        return _Path(
            tuple(each.public_bytes(Encoding.DER) for each in chain),
            tuple(each.serial_number for each in chain),
            tuple(records[each] for each in takewhile(records.__contains__, chain[1:])),
        )


@dataclass(frozen=True, slots=True)
class _Path:
    encoded: tuple[bytes, ...]
    serials: tuple[int, ...]
    # from the nearest up, as far as they are our own
    issuers: tuple[CertificateRecord, ...]
