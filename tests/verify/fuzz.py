"""Damage sealed files at random and hold the checker to three things: no exception but its own errors, no pass for
changed bytes, an answer in time.

The suite runs a few hundred cases. For longer: ``python -m tests.verify.fuzz --minutes 5 --seed 1``. Signatures differ
from run to run, so a case is kept as a file, in the directory that ``--keep`` names, where it fails.
"""

from __future__ import annotations

import argparse
import io
import logging
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import FrameType

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from api.services import Services
from api.settings import Settings
from store.clock import FixedClock
from tests.house import House
from tests.verify import files
from tests.verify.mutations import MUTATIONS
from tests.verify.pki import NOW, make_pki
from tests.verify.signing import seal_signer, time_stamp, tsa_signer
from tests.verify.test_general_policy import fillable, signed_by_pyhanko
from verify.anchors import TrustAnchors
from verify.errors import VerifyError
from verify.isolation import SECONDS
from verify.pdf import Policy, inspect_pdf


@dataclass(frozen=True)
class Subject:
    """A file that holds, and what its signers lead to."""

    name: str
    data: bytes
    anchors: TrustAnchors
    now: datetime


@dataclass
class Figures:
    """What a run came to."""

    cases: int = 0
    checks: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    caught: int = 0
    """Exceptions from libraries that the checker turned into a verdict."""
    slowest: float = 0.0
    slowest_case: str = ""
    same: int = 0
    """Mutations that left the bytes as they were, or gave an earlier revision of the file."""
    failures: list[str] = field(default_factory=list)


class _TooLongError(BaseException):
    """Not to be caught by what is on trial."""


class _Caught(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


def made_by_hand() -> list[Subject]:
    """Files of the tests' own authority: a licence, one made to last, and one that only a general checker takes."""
    pki = make_pki()
    licence = files.sealed(seal_signer(pki).cms)
    lasting = files.with_document_time_stamp(
        files.with_validation_data(licence, [pki.root.der]),
        lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True),
        first=files.SIZE + 2,
    )
    foreign = files.sealed(seal_signer(pki).cms, level=None, subfilter=b"adbe.pkcs7.detached", upper=True)
    library = signed_by_pyhanko(pki, signed_by_pyhanko(pki, files.whole()), field_name="Signature2")
    made = {
        "hand B-T": licence,
        "hand B-LTA": lasting,
        "hand foreign": foreign,
        "pyHanko's foreign, two": library,
        "pyHanko's foreign, encrypted": signed_by_pyhanko(pki, _encrypted(files.whole()), password=""),
        "hand foreign form": fillable(pki, 2),
    }
    return [Subject(name, data, pki.anchors, NOW) for name, data in made.items()]


def _encrypted(data: bytes) -> bytes:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(data)))
    writer.encrypt(owner_pass="owner", user_pass="")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def of_house(house: House) -> list[Subject]:
    """Licences as they are issued here."""
    now = house.services.clock.now()
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    return [
        Subject(f"house {slug}", house.pdf(house.issue(slug)), anchors, now)
        for slug in ("business_licence", "physician_practice_certificate")
    ]


def run(subjects: Sequence[Subject], seed: int, numbers: Iterator[int], *, keep: Path | None = None) -> Figures:
    """Try the cases with these numbers; what a number does to a file depends on the seed alone."""
    figures, caught = Figures(), _Caught()
    logger = logging.getLogger("verify")
    logger.addHandler(caught)
    try:
        for at in numbers:
            _case(subjects, seed, at, figures, keep)
    finally:
        logger.removeHandler(caught)
        figures.caught = caught.count
    return figures


def _case(subjects: Sequence[Subject], seed: int, at: int, figures: Figures, keep: Path | None) -> None:
    chance = random.Random(f"{seed}:{at}")
    subject = subjects[at % len(subjects)]
    kind = chance.choice(list(MUTATIONS))
    data = MUTATIONS[kind](subject.data, [item.data for item in subjects], chance)
    figures.cases += 1
    figures.by_kind[kind] += 1
    if is_as_it_was(subject.data, data):
        figures.same += 1
        return
    for policy in Policy:
        case = f"seed {seed} case {at}: {kind} of {subject.name}, {policy.value} policy"
        started = time.perf_counter()
        found = outcome(subject, data, policy)
        took = time.perf_counter() - started
        if took > figures.slowest:
            figures.slowest, figures.slowest_case = took, case
        figures.checks += 1
        figures.outcomes[f"{policy.value}: {found}"] += 1
        bad = found == "TOTAL_PASSED" and not _is_outside_of_what_is_signed(subject.data, data, policy)
        if bad or found.startswith("exception") or took > SECONDS:
            figures.failures.append(f"{case}: {found}, {took:.2f} s")
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{at}-{kind}.pdf").write_bytes(data)
                (keep / f"{seed}-{at}-original.pdf").write_bytes(subject.data)


def outcome(subject: Subject, data: bytes, policy: Policy) -> str:
    """What a check of some bytes in a subject's place comes to: an indication, an error's code or an exception."""
    try:
        with _alarm():
            found = inspect_pdf(data, subject.anchors, policy=policy, now=subject.now)
    except VerifyError as error:
        return error.code
    except _TooLongError:
        return "exception: no answer in time"
    except Exception as error:
        return f"exception: {error!r}"
    return found.indication.value


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(_: int, __: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS + 2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_as_it_was(original: bytes, data: bytes) -> bool:
    """Whether a file is the original, or the original before its last revisions: what was sealed once holds still."""
    return data == original or (original.startswith(data) and data.rstrip().endswith(b"%%EOF"))


def _is_outside_of_what_is_signed(original: bytes, data: bytes, policy: Policy) -> bool:
    """Whether only the container of a signature is other: digits in another case, padding, fields that nobody signs.

    The general policy has to take that, as signers differ in it. The strict one takes a whole container in the other
    case and nothing more.
    """
    if policy is Policy.LICENCE:
        return _in_one_case(data) == _in_one_case(original)
    if len(data) != len(original):
        return data.rstrip(b"\r\n") == original.rstrip(b"\r\n")
    spans = _containers(original)
    differing = (at for at, (old, new) in enumerate(zip(original, data, strict=True)) if old != new)
    return all(any(start <= at < end for start, end in spans) for at in differing)


def _containers(data: bytes) -> list[tuple[int, int]]:
    """Where the containers of signatures stand, brackets excluded."""
    found, at = [], 0
    while (at := data.find(b"/Contents", at)) >= 0:
        start = data.find(b"<", at)
        end = data.find(b">", start)
        if end - start > 64 and data[at + 9 : start].strip() == b"":
            found.append((start + 1, end))
        at += 9
    return found


def _in_one_case(data: bytes) -> bytes:
    """A file with all capitals in its signatures' digits, where they are of one case."""
    found = bytearray(data)
    for start, end in _containers(data):
        digits = data[start:end]
        if digits in (digits.lower(), digits.upper()):
            found[start:end] = digits.upper()
    return bytes(found)


def _until(end: float) -> Iterator[int]:
    for number in count():
        if time.monotonic() > end:
            return
        yield number


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"))
    chosen = parser.parse_args()
    logging.getLogger("verify").propagate = False
    with tempfile.TemporaryDirectory(prefix="yinzheng-fuzz-") as directory:
        settings = Settings(var=Path(directory), isolate_checks=False)
        with Services(settings, FixedClock(NOW)) as services:
            subjects = [*made_by_hand(), *of_house(House(services))]
    for subject in subjects:
        accepted = [policy.value for policy in Policy if outcome(subject, subject.data, policy) == "TOTAL_PASSED"]
        sys.stdout.write(f"{subject.name}: {len(subject.data)} bytes, passes {' and '.join(accepted)}\n")
    figures = run(subjects, chosen.seed, _until(time.monotonic() + 60 * chosen.minutes), keep=chosen.keep)
    _print(figures, chosen.seed)
    return 1 if figures.failures else 0


def _print(figures: Figures, seed: int) -> None:
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, seed {seed}: {figures.cases} cases, {figures.checks} checks",
        f"{figures.same} as before, {figures.caught} exceptions of libraries caught",
        f"slowest {figures.slowest:.3f} s ({figures.slowest_case})",
        *(f"  {kind}: {number}" for kind, number in sorted(figures.by_kind.items())),
        *(f"  {outcome}: {number}" for outcome, number in sorted(figures.outcomes.items())),
        f"{len(figures.failures)} failures",
        *(f"  {failure}" for failure in figures.failures),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
