"""Tokens of SoftHSM, a PKCS #11 token in software."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
SO_PIN = "76543210"


def find_module() -> Path:
    """The module, which distributions keep in different places."""
    found = next((Path(path) for path in _MODULES if Path(path).exists()), None)
    if found is None:
        found = next(Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"), None)
    assert found is not None, "softhsm2-util is there, its module is not"
    return found


@dataclass
class SoftHsm:
    """SoftHSM with its tokens in one directory, which can be taken away and put back."""

    directory: Path
    module: Path

    @classmethod
    def set_up(cls, directory: Path) -> SoftHsm:
        (directory / "tokens").mkdir(parents=True)
        (directory / "softhsm2.conf").write_text(
            f"directories.tokendir = {directory}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        return cls(directory, find_module())

    @property
    def config(self) -> Path:
        return self.directory / "softhsm2.conf"

    def make_token(self) -> HsmToken:
        """A new token with its PIN in a file."""
        label, pin = f"yinzheng-{secrets.token_hex(4)}", str(secrets.randbelow(10**8)).zfill(8)
        self.run("--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", pin)
        pin_file = self.directory / f"{label}.pin"
        pin_file.touch(0o600)
        pin_file.write_text(pin + "\n")
        return HsmToken(label, pin, pin_file)

    def run(self, *arguments: str) -> None:
        done = subprocess.run(["softhsm2-util", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def take_away(self) -> None:
        (self.directory / "tokens").rename(self.directory / "away")
        (self.directory / "tokens").mkdir()

    def put_back(self) -> None:
        if (self.directory / "away").exists():
            shutil.rmtree(self.directory / "tokens")
            (self.directory / "away").rename(self.directory / "tokens")


@dataclass
class HsmToken:
    """A token and how to log in to it."""

    label: str
    pin: str
    pin_file: Path
