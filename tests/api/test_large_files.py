"""Documents past a hundred million bytes: sealed, checked and refused, in little memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from api.cli import app
from api.uploads import _IN_MEMORY
from seal import Placement, SealingOrder, SealLevel
from seal.errors import DocumentUnsealableError
from tests.api.conftest import CASE, Front
from tests.house import House
from tests.pdfs import blank_pdf, write_large_pdf
from verify import Policy, TrustAnchors, inspect_pdf

LARGE = 105_000_000
HEADROOM = 64_000_000
"""Bytes of memory of its own that a check may take; not half of the file."""

CHECK = f"""
import re, resource, sys
from datetime import datetime
from pathlib import Path
from verify import Policy, TrustAnchors, inspect_pdf
data = 1024 * int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
resource.setrlimit(resource.RLIMIT_DATA, (data + {HEADROOM}, data + {HEADROOM}))
anchors, now = TrustAnchors.from_bytes(Path(sys.argv[2]).read_bytes()), datetime.fromisoformat(sys.argv[3])
for policy in Policy:
    found = inspect_pdf(Path(sys.argv[1]), anchors, policy=policy, now=now)
    print(found.indication.value, found.signatures[0].level.value, found.signatures[0].coverage.value)
"""


def order(house: House) -> SealingOrder:
    return SealingOrder(
        seal_number=house.seal().number,
        caller="tests",
        document_type="business_licence",
        document_identifier="1.2.3",
        placement=Placement(1, 100, 200),
        reason="用印",
        level=SealLevel.B_LTA,
    )


@pytest.fixture
def sealed(house: House, tmp_path: Path) -> Path:
    source, path = tmp_path / "source.pdf", tmp_path / "sealed.pdf"
    write_large_pdf(source, LARGE)
    with source.open("rb") as document, path.open("w+b") as target:
        done = house.services.sealer.seal_file(document, target, order(house))
    (use,) = house.services.sealer.uses(house.seal().number)
    assert use.sealed_digest == done.digest
    (tmp_path / "root.pem").write_bytes(house.services.keys.authority.root.public_bytes(Encoding.PEM))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="bounds a process's own memory")
def test_a_check_takes_less_memory_than_the_file(house: House, sealed: Path) -> None:
    now = house.services.clock.now()
    words = [sys.executable, "-c", CHECK, sealed, sealed.with_name("root.pem"), now.isoformat()]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:-1] == ["TOTAL_PASSED B-LTA whole_file_before_ltv"] * 2, done.stdout + done.stderr


def test_the_command_checks_it_in_a_process_of_its_own(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = sealed.with_name("root.pem")
    monkeypatch.setenv("YINZHENG_VAR", str(sealed.with_name("var")))
    done = CliRunner().invoke(app, ["verify", str(sealed), "--trust", str(root), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["verdict"] == "TOTAL_PASSED"
    with sealed.open("r+b") as file:
        file.seek(LARGE // 2)
        file.write(b"!")
    done = CliRunner().invoke(app, ["verify", str(sealed), "--trust", str(root), "--json"])
    assert done.exit_code == 1
    assert "signature.hash_mismatch" in [each["code"] for each in json.loads(done.output)["reasons"]]


def test_a_large_stream_put_in_the_place_of_another_of_its_size_is_found(house: House, sealed: Path) -> None:
    """The comparison of revisions never holds a large stream whole."""
    data = sealed.read_bytes()
    offset = data.index(b"1 0 obj")
    last = int(data[data.rindex(b"startxref") + 9 : data.rindex(b"%%EOF")])
    size = 17_000_000
    with sealed.open("ab") as file:
        start = file.tell()
        file.write(b"1 0 obj\n<</Length %d>>\nstream\n" % size + bytes(size) + b"\nendstream\nendobj\n")
        table = file.tell()
        file.write(b"xref\n1 1\n%010d 00000 n \n" % start)
        file.write(b"trailer\n<</Size 500/Root 4 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (last, table))
    assert offset < start
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    for policy in Policy:
        found = inspect_pdf(sealed, anchors, policy=policy, now=house.services.clock.now())
        assert not found.passed


def test_a_document_that_changes_while_it_is_sealed_is_not_sealed(house: House) -> None:
    class Changing(io.BytesIO):
        """Says something else when it is read again."""

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if not data:
                self.getbuffer()[100:101] = b"X"
            return data

    with pytest.raises(DocumentUnsealableError):
        house.services.sealer.seal_file(Changing(blank_pdf()), io.BytesIO(), order(house))
    (use,) = house.services.sealer.uses(house.seal().number)
    assert (use.result, use.reason_code) == ("failed", "seal.document_unsealable")


def test_a_large_upload_is_checked_from_disk_and_leaves_nothing_there(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    sealed = front.house.pdf(front.licence)
    longer = sealed + b"\0" * (_IN_MEMORY + 1)
    for body, verdict in ((sealed, "TOTAL_PASSED"), (longer, "TOTAL_FAILED")):
        answer = front.http.post("/v1/checks/pdf", params=CASE, content=body, headers=front.checker)
        assert answer.json()["verdict"] == verdict, answer.text
        page = front.http.post("/check", files={"file": ("licence.pdf", body, "application/pdf")})
        assert page.status_code == 200
        assert verdict in page.text
    assert list((tmp_path / "uploads").iterdir()) == []
