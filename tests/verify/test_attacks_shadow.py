"""Shadow attacks (Mainka, Mladenov and Rohlmann, NDSS 2021): the forger prepares the document before it is sealed, and
what was waiting in it is shown by a revision that looks harmless afterwards."""

from __future__ import annotations

import pytest

from tests.verify import files
from tests.verify.claims import assert_refused
from tests.verify.conftest import Inspect
from tests.verify.files import CATALOGUE, CONTENT, FONT, PAGE, PAGE_KEYS, dictionary, stream
from tests.verify.pki import Pki
from tests.verify.signing import seal_signer

COVER, SHADOW, SHADOW_PAGE, SHADOW_TREE, SHADOW_ROOT = 20, 21, 22, 23, 24


def sealed(pki: Pki, prepared: dict[int, bytes]) -> bytes:
    """A file that was prepared and then sealed with the page as the sealer leaves it."""
    base = files.whole(files.base_objects() | prepared)
    return files.sealed(seal_signer(pki).cms, base=base)


def revision(data: bytes, entries: dict[int, bytes], *, root: bytes = b"1 0 R") -> bytes:
    """A revision that has no objects of its own: only a table that says where objects are, or that they are free."""
    lines = [b"xref\n0 1\n0000000000 65535 f \n"]
    lines += [b"%d 1\n%s \n" % (number, entry) for number, entry in sorted(entries.items())]
    trailer = b"trailer\n<< /Size 30 /Root %s /Info 9 0 R /Prev %d >>\n" % (root, files.last_table(data))
    return data + b"".join(lines) + trailer + b"startxref\n%d\n%%%%EOF\n" % len(data)


def at(data: bytes, number: int) -> bytes:
    """The entry that leads to an object that the file has already."""
    return b"%010d 00000 n" % (data.index(b"\n%d 0 obj\n" % number) + 1)


COVERED = {
    COVER: stream(b"1 1 1 rg 0 0 400 300 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 400 300]"),
    SHADOW: stream(b"BT /F1 18 Tf 40 200 Td (Licence of the forger) Tj ET"),
}
WAITING = {
    SHADOW: COVERED[SHADOW],
    SHADOW_PAGE: dictionary(PAGE_KEYS.replace(b"4 0 R", b"21 0 R").replace(b"/Parent 2", b"/Parent 23")),
    SHADOW_TREE: dictionary(b"/Type /Pages /Count 1 /Kids [22 0 R]"),
    SHADOW_ROOT: dictionary(files.SEALED_CATALOGUE.replace(b"/Pages 2 0 R", b"/Pages 23 0 R")),
}


@pytest.mark.parametrize("prepared", [COVERED, WAITING])
def test_what_was_prepared_holds_until_it_is_shown(
    pki: Pki, licence: Inspect, foreign: Inspect, prepared: dict[int, bytes]
) -> None:
    assert licence(sealed(pki, prepared)).passed
    assert foreign(sealed(pki, prepared)).passed


@pytest.mark.parametrize("entry", [b"0000000000 00001 f", b"0000000000 00000 n", b"0000000000 65535 f"])
@pytest.mark.parametrize("number", [COVER, CONTENT, FONT])
def test_hide_by_freeing_what_lies_over_the_text(
    pki: Pki, licence: Inspect, foreign: Inspect, number: int, entry: bytes
) -> None:
    attacked = revision(sealed(pki, COVERED), {number: entry})
    assert not licence(attacked).passed
    assert not foreign(attacked).passed


def test_hide_by_pointing_the_cover_at_something_empty(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    data = sealed(pki, COVERED)
    empty = {COVER: stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 1 1]")}
    assert_refused(licence(files.append(data, empty)), "structure.changed_after_seal")
    assert not foreign(files.append(data, empty)).passed


def test_replace_by_a_font_whose_letters_look_like_others(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    glyphs = b"/CharProcs << /L 21 0 R >> /Encoding << /Type /Encoding /Differences [76 /L] >>"
    font = {FONT: dictionary(b"/Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] " + glyphs)}
    attacked = files.append(sealed(pki, COVERED), font)
    assert_refused(licence(attacked), "structure.changed_after_seal")
    assert not foreign(attacked).passed


def test_replace_by_the_appearance_of_a_field(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """The value that counts stays, the one that shows is another."""
    looks = stream(b"BT /F1 18 Tf (1 000 000) Tj ET", b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]")
    attacked = files.append(sealed(pki, COVERED), {files.APPEARANCE: looks})
    assert_refused(licence(attacked), "structure.changed_after_seal")
    assert not foreign(attacked).passed


@pytest.mark.parametrize("number", [CATALOGUE, files.PAGES, PAGE, CONTENT])
def test_hide_and_replace_by_a_table_alone(pki: Pki, licence: Inspect, foreign: Inspect, number: int) -> None:
    """Nothing new is added: a number leads to another object of the same number that was sealed unseen."""
    shadow = {CATALOGUE: SHADOW_ROOT, files.PAGES: SHADOW_TREE, PAGE: SHADOW_PAGE, CONTENT: SHADOW}[number]
    data = sealed(pki, WAITING)
    attacked = revision(data, {number: at(data, shadow)})
    assert not licence(attacked).passed
    assert not foreign(attacked).passed


def test_hide_and_replace_by_another_root(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    attacked = revision(sealed(pki, WAITING), {}, root=b"24 0 R")
    assert not licence(attacked).passed
    assert not foreign(attacked).passed


def test_an_object_that_was_sealed_twice_under_one_number_is_refused(pki: Pki, licence: Inspect) -> None:
    """The raw material of hide and replace: two objects of one number in the sealed bytes."""
    base = files.whole()
    body, _ = files.write({CONTENT: COVERED[SHADOW]}, at=len(base))
    prepared = base + body
    lines = prepared + b"startxref\n%d\n%%%%EOF\n" % files.last_table(base)
    data = files.sealed(seal_signer(pki).cms, base=lines)
    second = data.index(b"\n4 0 obj\n", data.index(b"\n4 0 obj\n") + 1) + 1
    assert not licence(revision(data, {CONTENT: b"%010d 00000 n" % second})).passed
