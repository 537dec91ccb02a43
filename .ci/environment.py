"""Make .venv hold exactly what a lock file names, and this project; quick when it already does.

Runs on any Python 3, to say what is wrong when it is too old, and needs nothing but the standard library.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PIP = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
INSTALLER = ROOT / ".ci" / "installer.lock"
LOCKED = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r"]
PYTHON = (3, 11)


def main(arguments):
    if sys.version_info < PYTHON:
        sys.exit(
            "Python {}.{} or newer is needed, and this is {}.{}. Name one: make PYTHON=/path/to/python3".format(
                *PYTHON, *sys.version_info[:2]
            )
        )
    wants_dev = "--dev" in arguments
    if _is_made(wants_dev):
        return
    with _Alone():
        if not _is_made(wants_dev):
            _make(wants_dev)


def _is_made(dev):
    # What is installed for development holds all that is needed to run.
    made = _stamp(True).exists() or (not dev and _stamp(False).exists())
    return made and (VENV / "bin" / "python").exists()


def _stamp(dev):
    """A file in .venv that tells what it was made from: the lock file and the project's own description."""
    digest = hashlib.sha256()
    for path in (_lock_file(dev), ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return VENV / ".made-{}-{}".format("dev" if dev else "run", digest.hexdigest()[:16])


def _lock_file(dev):
    return ROOT / ("requirements-dev.lock" if dev else "requirements.lock")


def _make(dev):
    print(f"Preparing .venv from {_lock_file(dev).name} ...", flush=True)
    stamps = set(VENV.glob(".made-*"))
    # One that was made from another lock file would keep what this one no longer names.
    if not _usable() or stamps - {_stamp(False)}:
        _create()
    for stamp in stamps:
        stamp.unlink(missing_ok=True)
    # the lock file names everything, less what pyproject.toml leaves out
    if not _install_fast(_lock_file(dev)):
        _run(*PIP, "install", "--quiet", *LOCKED, str(_lock_file(dev)))
    _run(*PIP, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    _stamp(dev).touch()


def _install_fast(lock):
    """Install with uv, which needs seconds where pip needs a minute or two; whether that worked.

    It is put beside .venv, not into it, from a lock file of its own, asks the index that pip is set to, and installs
    the same files by the same hashes. Where it cannot be had or fails, for whatever reason, pip does it and says what
    is wrong.
    """
    settings = _pip_settings()
    if settings.get("no-index", "false").lower() not in {"false", "0", "no", "off"}:
        return False
    environment = dict(os.environ)
    if "index-url" in settings:
        environment.setdefault("UV_DEFAULT_INDEX", settings["index-url"])
    if "cert" in settings:
        environment.setdefault("SSL_CERT_FILE", settings["cert"])
    with tempfile.TemporaryDirectory() as tools:
        have = [*PIP, "install", "--quiet", "--target", tools, *LOCKED, str(INSTALLER)]
        use = [str(Path(tools) / "bin" / "uv"), "pip", "install", "--quiet", "--compile-bytecode", "--python", PIP[0]]
        return _silent(have) and _silent([*use, *LOCKED, str(lock)], env=environment)


def _pip_settings():
    """What pip is set to in its files and variables, by the names of its options; the last word counts, as for pip."""
    said = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    pairs = (line.partition("=") for line in said.splitlines())
    return {name.rpartition(".")[2]: value.strip("'") for name, _, value in pairs}


def _silent(command, env=None):
    try:
        return subprocess.run(command, cwd=str(ROOT), env=env, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _create():
    try:
        import ensurepip  # noqa: F401, PLC0415  asked for only to learn whether it is there
    except ImportError:
        version = "{}.{}".format(*sys.version_info[:2])
        sys.exit(
            "This Python cannot make a virtual environment: its module ensurepip is missing. "
            f"On Debian and Ubuntu: apt-get install python{version}-venv"
        )
    if VENV.exists():
        shutil.rmtree(VENV)
    _run(sys.executable, "-m", "venv", str(VENV))


def _usable():
    """Whether .venv has a Python that is new enough, with pip."""
    test = f"import pip, sys; sys.exit(sys.version_info < {PYTHON})"
    try:
        return subprocess.run([PIP[0], "-c", test], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def _run(*command):
    result = subprocess.run(command, cwd=str(ROOT), check=False)
    if result.returncode != 0:
        sys.exit("Preparing .venv failed; the lines above tell why. Nothing outside of .venv was changed.")


class _Alone:
    """Two makes at once must not both write to .venv."""

    def __enter__(self):
        try:
            import fcntl  # noqa: PLC0415
        except ImportError:
            sys.exit("make works on Linux, macOS and WSL; Windows itself has no such file locks.")
        self._file = (ROOT / "requirements.lock").open()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self._file.close()


if __name__ == "__main__":
    os.chdir(str(ROOT))
    main(sys.argv[1:])
