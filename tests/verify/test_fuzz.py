"""Files damaged at random, the same ones in each run: never an exception, never a pass, always an answer in time."""

from __future__ import annotations

import random

import pytest

from tests.house import House
from tests.verify.fuzz import is_as_it_was, made_by_hand, of_house, outcome, run
from tests.verify.mutations import MUTATIONS
from verify.pdf import Policy

SEED, CASES = 20261123, 1000


def test_nothing_that_was_damaged_passes_and_nothing_breaks_the_checker(house: House) -> None:
    subjects = [*made_by_hand(), *of_house(house)]
    figures = run(subjects, SEED, iter(range(CASES)))
    assert figures.failures == []
    assert figures.cases == CASES
    assert set(figures.by_kind) == set(MUTATIONS)
    assert figures.checks > CASES  # most mutations change something


def test_what_is_damaged_holds_before(house: House) -> None:
    for subject in [*made_by_hand(), *of_house(house)]:
        passed = [outcome(subject, subject.data, policy) == "TOTAL_PASSED" for policy in Policy]
        assert passed[-1], subject.name
        assert all(passed) or "foreign" in subject.name, subject.name


@pytest.mark.parametrize("kind", MUTATIONS)
def test_each_kind_of_damage_changes_files(kind: str) -> None:
    subjects = made_by_hand()
    data = subjects[0].data
    others = [item.data for item in subjects]
    changed = [MUTATIONS[kind](data, others, random.Random(number)) for number in range(20)]
    assert sum(not is_as_it_was(data, item) for item in changed) >= 10
