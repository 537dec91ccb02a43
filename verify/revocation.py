"""Was a certificate revoked before it was used? (EN 319 102-1, 5.2.5, 5.2.6 and 5.6.2)

A statement that a certificate *was revoked* is believed whenever who may make it made it: revocation is for good. A
statement that it *stands* proves little and is held to more:

- it has to be fresh for the moment that counts, the proven time of the signature or now. One that was made after that
  moment is; an older one is while its own next update has not come, and for no longer than :data:`FRESH_FOR_SIGNERS` or
  :data:`FRESH_FOR_AUTHORITIES`. What was true long before the key was used proves nothing of its use;
- who signed it had a valid certificate when the statement is known to have existed: when a document time stamp over it
  was made, or now;
- the certificate had not ended when it was made, unless it says that it speaks of ended ones too.

A revocation counts from its date or, where the key was in other hands before, from that one. A signature that a time
stamp proves to be older stays valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from verify.certificates import load_certificate
from verify.chains import Chain
from verify.crl import statement_in
from verify.ocsp import is_about, read_answer, responder_of, statement_about
from verify.reasons import reason
from verify.statements import CERTIFICATE_HOLD, ORDERLY, Statement, Status
from verify.verdict import Reason, RevocationUse

FRESH_FOR_SIGNERS: Final = timedelta(days=7)
"""How long before the moment that counts a statement on a signer's certificate may have been made, at most."""

FRESH_FOR_AUTHORITIES: Final = timedelta(days=400)
"""The same for an authority's certificate: many roots publish once a year."""

FRESH_WITHOUT_END: Final = timedelta(hours=1)
"""The same for a status answer without a next update, which says that a newer one can be had at any time."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far the clocks of authorities may be apart from each other."""

MOST: Final = 64
"""Status answers that are looked at, and lists."""

MOST_BYTES: Final = 64_000_000
"""Of all that is looked at."""


@dataclass(frozen=True, slots=True)
class RevocationData:
    """Status answers (OCSPResponse) and revocation lists, DER, as they were fetched or are kept; can be pickled."""

    ocsp_answers: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __add__(self, other: RevocationData) -> RevocationData:
        """Both, each thing once."""
        return RevocationData(
            tuple(dict.fromkeys(self.ocsp_answers + other.ocsp_answers)),
            tuple(dict.fromkeys(self.crls + other.crls)),
        )


NOTHING_KNOWN: Final = RevocationData()


@dataclass(frozen=True, slots=True)
class Held:
    """A piece of evidence, and what is known about when it existed."""

    source: Literal["ocsp", "crl"]
    encoded: bytes
    end: int | None = None
    """Where it ends in the file, if it stands there for itself."""
    since: datetime | None = None
    """When it existed at the latest, if something else than its place proves that."""

    @property
    def in_file(self) -> bool:
        """Whether the file brings it along."""
        return self.end is not None or self.since is not None


class Use(NamedTuple):
    """How a chain is used."""

    moment: datetime
    """When the signature is proven to have existed; now where nothing proves it."""
    proven: bool
    made: datetime
    """When it was made, as far as can be told: for the question whether the file's own data is complete."""
    stamp: bool = False
    """It is a time stamp's."""


@dataclass(frozen=True, slots=True)
class RevocationFinding:
    """What is known about the revocation of a chain's certificates."""

    faults: tuple[Reason, ...] = ()
    in_favour: tuple[Reason, ...] = ()
    uses: tuple[RevocationUse, ...] = ()
    stored_until: int | None = None
    """Where the data ends in the file that speaks for all of the chain; nothing where the file has not got all."""


class _Found(NamedTuple):
    statement: Statement
    held: Held
    counts: bool
    """It may be relied upon for the moment that counts."""
    fitting: bool
    """It is fresh for the moment at which the signature was made."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """All the evidence on revocation that a check has.

    :param required: whether a certificate of which nothing is known fails the check.
    """

    held: tuple[Held, ...] = ()
    required: bool = False
    proofs: tuple[tuple[int, datetime], ...] = ()
    """Document time stamps that hold: where what they cover ends, and their time."""

    @classmethod
    def of(cls, data: RevocationData, *, required: bool = False) -> Revocations:
        """What a caller has at hand."""
        return cls((*_evidence("ocsp", data.ocsp_answers), *_evidence("crl", data.crls)), required)

    def with_more(self, held: Iterable[Held]) -> Revocations:
        """With what else was found."""
        return replace(self, held=self.held + tuple(held))

    def with_proof(self, end: int, at: datetime) -> Revocations:
        """With a document time stamp that shows that what stands before an offset existed at a time."""
        return replace(self, proofs=(*self.proofs, (end, at)))

    def check(self, chain: Chain, use: Use, *, now: datetime, pool: frozenset[bytes]) -> RevocationFinding:
        """Check all certificates of a chain but the anchor, from the top down.

        :param pool: certificates among which those of responders may be.
        """
        faults: list[Reason] = []
        later: list[Reason] = []
        uses: list[RevocationUse] = []
        ends: list[int | None] = []
        complete = True
        broken: datetime | None = None
        held = self._within_bounds()
        for index in range(len(chain.certificates) - 2, -1, -1):
            link = _Link(chain, index, use, now, broken)
            found = [item for each in held for item in link.statements(each, self._known(each, now), held, pool)]
            judged = link.judge(found, required=self.required)
            faults.extend(judged.faults)
            later.extend(judged.later)
            complete = complete and judged.chosen is not None
            broken = min((at for at in (broken, judged.broken) if at is not None), default=None)
            if judged.chosen is not None:
                uses.append(_use(chain.subjects[index], judged.chosen))
            stored = [item.held.end or 0 for item in found if item.fitting and item.held.in_file]
            ends.append(min(stored) if stored else None)
        in_favour = later or ([reason("certificate.not_revoked")] if complete and uses and not use.stamp else [])
        return RevocationFinding(
            tuple(faults),
            () if faults else tuple(in_favour),
            tuple(uses),
            max((end for end in ends if end is not None), default=None) if ends and None not in ends else None,
        )

    def _within_bounds(self) -> tuple[Held, ...]:
        left, counts, found = MOST_BYTES, {"ocsp": MOST, "crl": MOST}, []
        for each in dict.fromkeys(self.held):
            if counts[each.source] > 0 and len(each.encoded) <= left:
                counts[each.source] -= 1
                left -= len(each.encoded)
                found.append(each)
        return tuple(found)

    def _known(self, held: Held, now: datetime) -> datetime:
        """When a piece of evidence is known to have existed."""
        end = held.end
        proven = [at for covered, at in self.proofs if end is not None and end <= covered]
        return min([now, *proven, *([held.since] if held.since else [])])


class _Judged(NamedTuple):
    faults: tuple[Reason, ...] = ()
    later: tuple[Reason, ...] = ()
    chosen: _Found | None = None
    broken: datetime | None = None
    """From when on the certificate's own key counts for nothing."""


class _Link:
    """One certificate of a chain, and how it is used."""

    def __init__(self, chain: Chain, index: int, use: Use, now: datetime, broken: datetime | None) -> None:
        self._certificate, self._issuer = chain.certificates[index : index + 2]
        self._below_anchor = index == len(chain.certificates) - 2
        self._use = use
        self._now = now
        self._broken = broken
        self._fresh = FRESH_FOR_SIGNERS if index == 0 else FRESH_FOR_AUTHORITIES

    def statements(
        self, held: Held, known: datetime, others: tuple[Held, ...], pool: frozenset[bytes]
    ) -> Iterator[_Found]:
        """What a piece of evidence says about the certificate."""
        statement, delegated, stands = None, False, True
        if held.source == "crl":
            statement = statement_in(held.encoded, self._certificate, self._issuer)
        else:
            answer = read_answer(held.encoded)
            if answer is not None and is_about(answer, self._certificate, self._issuer):
                responder = responder_of(held.encoded, self._issuer, pool)
                if responder is not None:
                    statement = statement_about(answer, self._certificate, self._issuer, responder)
                    delegated = responder.certificate != self._issuer
                    stands = not responder.needs_status or self._stands(responder.certificate, others)
        if statement is None or statement.this_update > self._now + TOLERANCE:
            return
        reliable = self._is_reliable(statement, known, delegated=delegated)
        yield _Found(
            statement,
            held,
            stands and reliable and self._is_fresh(statement, self._use.moment),
            stands and statement.status is not Status.UNKNOWN and self._is_fresh(statement, self._use.made),
        )

    def judge(self, found: list[_Found], *, required: bool) -> _Judged:
        """What all that was found comes to."""
        good = [item for item in found if item.counts and item.statement.status is Status.GOOD]
        newest = max((item.statement.this_update for item in good), default=None)
        against = [item for item in found if item.statement.status is Status.REVOKED and not _lifted(item, newest)]
        if against:
            return self._judge_revoked(against)
        if good:
            return _Judged(chosen=max(good, key=lambda item: item.statement.this_update))
        unknown = [item for item in found if item.counts and item.statement.status is Status.UNKNOWN]
        if unknown:
            return _Judged((self._reason("status_unknown"),), chosen=unknown[0])
        return _Judged((self._reason("revocation_unknown"),) if required else ())

    def _judge_revoked(self, against: list[_Found]) -> _Judged:
        worst = min(against, key=lambda item: item.statement.effective or self._now)
        at = worst.statement.effective or self._now
        orderly = all(item.statement.reason in ORDERLY for item in against)
        before = self._use.made if self._use.stamp and orderly else self._use.moment
        if before < at and (self._use.proven or self._use.stamp):
            return _Judged(later=(self._reason("revoked_later", at=at),), chosen=worst, broken=at)
        if all(item.statement.reason == CERTIFICATE_HOLD for item in against):
            return _Judged((self._reason("on_hold", at=at),), chosen=worst, broken=at)
        code = "revoked" if self._use.proven or self._use.stamp else "revoked_no_proof"
        return _Judged((self._reason(code, at=at),), chosen=worst, broken=at)

    def _reason(self, what: str, **parameters: datetime) -> Reason:
        return reason(f"{'timestamp' if self._use.stamp else 'certificate'}.{what}", **parameters)

    def _stands(self, responder: bytes, others: tuple[Held, ...]) -> bool:
        """Whether a list shows that a responder's certificate was not revoked."""
        lists = (statement_in(each.encoded, responder, self._issuer) for each in others if each.source == "crl")
        found = [each for each in lists if each is not None]
        revoked = any(each.status is Status.REVOKED for each in found)
        return not revoked and any(self._is_fresh(each, self._use.moment) for each in found)

    def _is_reliable(self, statement: Statement, known: datetime, *, delegated: bool) -> bool:
        """Whether nobody but the authority can have made it by the time at which it is known to have existed."""
        if self._broken is not None and known >= self._broken:
            return False
        if statement.produced_at > known + TOLERANCE:
            return False
        bound = delegated or not self._below_anchor  # what an anchor says of its own validity does not bind
        return not bound or statement.signer_from <= known <= statement.signer_until

    def _is_fresh(self, statement: Statement, moment: datetime) -> bool:
        ended = load_certificate(self._certificate).not_valid_after_utc
        if statement.this_update > ended and (statement.ended_since is None or statement.ended_since > ended):
            return False
        if statement.this_update >= moment:
            return True
        until = statement.next_update or statement.this_update + FRESH_WITHOUT_END
        return moment <= min(until, statement.this_update + self._fresh)


def _lifted(found: _Found, newest_good: datetime | None) -> bool:
    """Whether a hold was lifted (RFC 5280, 5.3.1); what else is revoked stays so."""
    on_hold = found.statement.reason == CERTIFICATE_HOLD
    return on_hold and newest_good is not None and newest_good > found.statement.this_update


def _use(subject: str, found: _Found) -> RevocationUse:
    statement = found.statement
    return RevocationUse(
        subject=subject,
        status=statement.status.value,
        source=statement.source,
        in_file=found.held.in_file,
        produced_at=statement.produced_at,
        this_update=statement.this_update,
        next_update=statement.next_update,
        revoked_at=statement.revoked_at,
        invalid_since=statement.invalid_since,
        reason=statement.reason_name,
    )


def _evidence(source: Literal["ocsp", "crl"], encoded: Iterable[bytes]) -> Iterator[Held]:
    return (Held(source, each) for each in encoded)
