"""The wheel, and that it needs nothing of the repository: templates, migrations, types and examples are in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.test_frame import ROOT


@pytest.fixture(scope="module")
def unpacked() -> Iterator[Path]:
    """The wheel, made from the source distribution, unpacked where nothing else is."""
    with TemporaryDirectory(prefix="yinzheng-wheel-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # the embedded database runs as another account
        build = [sys.executable, "-m", "hatchling", "build"]
        subprocess.run([*build, "-t", "sdist", "-d", name], cwd=ROOT, check=True, capture_output=True, timeout=120)
        (source,) = directory.glob("*.tar.gz")
        subprocess.run(["tar", "xzf", source.name], cwd=directory, check=True, timeout=60)
        (tree,) = (each for each in directory.iterdir() if each.is_dir())
        subprocess.run([*build, "-t", "wheel", "-d", name], cwd=tree, check=True, capture_output=True, timeout=120)
        (wheel,) = directory.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(directory / "installed")
        yield directory


def test_the_demo_runs_from_the_wheel(unpacked: Path) -> None:
    installed = unpacked / "installed"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")}
    environment |= {"PYTHONPATH": str(installed), "YINZHENG_VAR": str(unpacked / "var")}
    where = subprocess.run(
        [sys.executable, "-c", "import api; print(api.__file__)"],
        cwd=unpacked,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert Path(where.stdout.strip()).is_relative_to(installed)
    done = subprocess.run(
        [sys.executable, "-m", "api", "demo"],
        cwd=unpacked,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (unpacked / "var" / "demo" / "business_licence.pdf").is_file()


def test_the_wheel_brings_what_is_no_python(unpacked: Path) -> None:
    installed = unpacked / "installed"
    for package in ("api", "trust", "verify", "migrations", "seal"):
        kept = [
            each.relative_to(ROOT)
            for each in (ROOT / package).rglob("*")
            if each.is_file() and each.suffix != ".pyc" and "_examples" not in each.parts
        ]
        missing = [str(each) for each in kept if not (installed / each).is_file()]
        assert missing == []
    assert not (installed / "tests").exists()
