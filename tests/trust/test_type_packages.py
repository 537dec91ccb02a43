"""The files of a licence type, as they come from a disk or from somebody's upload."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust.catalogue import packages_in, types_directory
from trust.errors import TypePackageError
from trust.type_package import MAX_BYTES, MAX_FILES, TypePackage

PACKAGES = dict(packages_in(types_directory()))


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("slug", PACKAGES)
def test_a_package_comes_back_from_its_zip_file_as_it_was(slug: str) -> None:
    package = PACKAGES[slug]
    data = package.to_zip()
    again = TypePackage.from_zip(data)
    assert (again.files, again.digest) == (package.files, package.digest)
    assert again.to_zip() == data


def test_the_digest_tells_every_change_of_content_or_name() -> None:
    files = {"type.json": b"{}", "template.typ": b"a", "assets/b.svg": b"b"}
    digests = {
        TypePackage(files).digest,
        TypePackage({**files, "template.typ": b"b"}).digest,
        TypePackage({**files, "assets/c.svg": b"b"}).digest,
        TypePackage({"type.json": b"{}", "template.typ": b"b", "assets/b.svg": b"a"}).digest,
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"template.typ": b""}, "no type.json"),
        ({"type.json": b"{}", "../template.typ": b""}, "name"),
        ({"type.json": b"{}", "/etc/passwd.typ": b""}, "name"),
        ({"type.json": b"{}", "a/../../b.typ": b""}, "name"),
        ({"type.json": b"{}", "a\\b.typ": b""}, "name"),
        ({"type.json": b"{}", "C:b.typ": b""}, "name"),
        ({"type.json": b"{}", "run.sh": b""}, "name"),
        ({"type.json": b"{}", "模板.typ": b""}, "name"),
        ({"type.json": b"{}", **{f"{n}.typ": b"" for n in range(MAX_FILES)}}, "too many"),
        ({"type.json": b"{}", "bomb.typ": bytes(MAX_BYTES + 1)}, "too large"),
    ],
)
def test_what_no_type_may_hold_is_refused(files: dict[str, bytes], says: str) -> None:
    with pytest.raises(TypePackageError, match=says):
        TypePackage.from_zip(zipped(files))


def test_two_files_of_the_same_name_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("type.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("type.json", "[]")
    with pytest.raises(TypePackageError, match="same name"):
        TypePackage.from_zip(out.getvalue())


@pytest.mark.parametrize("definition", [b"", b"[]", b"nothing", b"\xff", b'{"a":' * 100_000])
def test_a_definition_that_is_no_object_is_refused(definition: bytes) -> None:
    with pytest.raises(TypePackageError):
        _ = TypePackage({"type.json": definition}).definition


@given(st.data())
def test_a_damaged_zip_file_is_refused_or_says_what_it_said(data: st.DataObject) -> None:
    whole = PACKAGES["business_licence"].to_zip()
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    if data.draw(st.booleans()):
        damaged = damaged[:place]
    try:
        read = TypePackage.from_zip(damaged)
    except TypePackageError:
        return
    assert set(read.files.values()) == set(PACKAGES["business_licence"].files.values())


def test_a_directory_gives_what_lies_in_it_and_no_links_or_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "type.json").write_text(json.dumps({}))
    (tmp_path / "template.typ").write_text("x")
    (tmp_path / ".secret.typ").write_text("x")
    (tmp_path / "link.typ").symlink_to("/etc/passwd")
    assert set(TypePackage.from_directory(tmp_path).files) == {"type.json", "template.typ"}
    with pytest.raises(TypePackageError, match=r"type\.json"):
        TypePackage.from_directory(tmp_path / "nowhere")
