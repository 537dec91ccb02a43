"""Fixtures of the tests of checking."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.verify import files
from tests.verify.pki import NOW, Pki, make_pki
from tests.verify.signing import seal_signer
from verify.pdf import PdfEvidence, Policy, inspect_pdf

Inspect = Callable[[bytes], PdfEvidence]


@pytest.fixture(scope="session")
def pki() -> Pki:
    return make_pki()


@pytest.fixture(scope="session")
def sealed_pdf(pki: Pki) -> bytes:
    """A licence, sealed as it should be."""
    return files.sealed(seal_signer(pki).cms)


@pytest.fixture
def licence(pki: Pki) -> Inspect:
    """Checks by the strict policy."""
    return lambda data: inspect_pdf(data, pki.anchors, policy=Policy.LICENCE, now=NOW)


@pytest.fixture
def foreign(pki: Pki) -> Inspect:
    """Checks by the general policy."""
    return lambda data: inspect_pdf(data, pki.anchors, policy=Policy.GENERAL, now=NOW)
