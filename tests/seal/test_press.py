"""The seal press: levels, and documents of any size."""

from __future__ import annotations

import io
import re
import resource
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from seal import Placement, Seal, SealLevel
from tests.house import House
from tests.pdfs import blank_pdf, write_large_pdf
from verify import Policy, TrustAnchors, inspect_pdf
from verify.verdict import Level

LARGE = 130_000_000


def pressed(house: House, source: io.BufferedIOBase, target: io.BufferedIOBase, level: SealLevel) -> None:
    seal: Seal = house.seal()
    assert seal.key_id is not None
    assert seal.certificate_id is not None
    house.services.press.press(
        source,  # type: ignore[arg-type]  # binary files of both kinds
        target,  # type: ignore[arg-type]
        artwork=house.services.seals.artwork(seal),
        name=seal.name,
        key_id=seal.key_id,
        certificate_id=seal.certificate_id,
        placement=Placement(1, 100, 200),
        reason="用印",
        at=house.services.clock.now(),
        level=level,
    )


@pytest.mark.parametrize("level", [SealLevel.B_T, SealLevel.B_LT, SealLevel.B_LTA])
def test_a_seal_reaches_the_level_that_was_ordered(house: House, level: SealLevel) -> None:
    target = io.BytesIO()
    pressed(house, io.BytesIO(blank_pdf()), target, level)
    evidence = inspect_pdf(
        target.getvalue(),
        TrustAnchors.of([house.services.keys.authority.root]),
        policy=Policy.LICENCE,
        now=house.services.clock.now(),
    )
    assert evidence.passed, evidence.reasons
    assert evidence.signatures[0].level is Level(level.value)


def test_a_b_lta_document_is_extended_again_and_again(house: House) -> None:
    document = io.BytesIO()
    pressed(house, io.BytesIO(blank_pdf()), document, SealLevel.B_LTA)
    sizes = [len(document.getvalue())]
    for _ in range(3):
        house.services.press.extend(document, at=house.services.clock.now())
        sizes.append(len(document.getvalue()))
    evidence = inspect_pdf(
        document.getvalue(),
        TrustAnchors.of([house.services.keys.authority.root]),
        policy=Policy.LICENCE,
        now=house.services.clock.now(),
    )
    assert evidence.passed, evidence.reasons
    assert len(evidence.signatures) == 5
    growth = [after - before for before, after in pairwise(sizes)]
    assert max(growth) < 40_000


@pytest.mark.needs("pdfsig")
def test_byte_ranges_past_a_hundred_million_stay_right_in_little_memory(house: House, tmp_path: Path) -> None:
    source, target = tmp_path / "large.pdf", tmp_path / "sealed.pdf"
    write_large_pdf(source, LARGE)
    pressed(house, io.BytesIO(blank_pdf()), io.BytesIO(), SealLevel.B_LTA)  # what is loaded once is loaded
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with source.open("rb") as document, target.open("w+b") as sealed:
        pressed(house, document, sealed, SealLevel.B_LTA)  # type: ignore[arg-type]
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 40_000
    said = subprocess.run(["pdfsig", target], check=True, capture_output=True, text=True).stdout
    assert "Signature is Valid" in said
    end = re.search(r"\[0 - (\d+)\]", said)
    assert end is not None
    assert int(end[1]) > LARGE
