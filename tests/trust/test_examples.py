"""Every example is issued, found by each of its holders, and passes a check."""

from __future__ import annotations

from tests.house import ISSUERS, House
from trust import HolderIndex


def test_every_example_is_issued_and_passes_a_check(house: House) -> None:
    issuable = {each.slug for each in house.services.catalogue if not each.reference_only}
    assert issuable == set(ISSUERS)
    for slug in sorted(issuable):
        licence = house.issue(slug)
        verdict = house.services.checker.check_pdf(house.pdf(licence))
        assert verdict.passed, (slug, [reason.code for reason in verdict.reasons])


def test_each_spouse_and_each_co_owner_finds_the_licence_in_the_wallet(house: House) -> None:
    for slug in ("marriage_certificate", "real_estate_certificate"):
        licence = house.issue(slug)
        assert len(licence.co_holders) == 1
        vault = house.services.keys.vault
        for holder in (licence.holder, *licence.co_holders):
            index = HolderIndex.of(vault, holder.code_type, holder.code)
            held = [each.identifier for each in house.services.wallets.licences(index)]
            assert held == [licence.identifier]
            shown = house.services.presentations.present(index, licence.identifier, purpose="办理贷款")
            assert house.services.checker.check_presentation(shown.token, by="11370200990100288Y").verdict.passed
