"""The files that one version of a licence type consists of, as a directory, as a ZIP file and as bytes in the database.

``type.json`` is the definition (:mod:`trust.type_definition`); ``template.typ`` and ``ornament.typ`` are the Typst
sources of a type that is issued; what they read lies beside them (``assets/``), the common sources under ``_shared/``.
A version holds all of it, so that a licence can be laid out again years later exactly as it was.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from trust.errors import TypePackageError

DEFINITION: Final = "type.json"
TEMPLATE: Final = "template.typ"
ORNAMENT: Final = "ornament.typ"
SHARED: Final = "_shared"
MAX_BYTES: Final = 2 * 1024 * 1024
"""All files of a package together, unpacked."""
MAX_FILES: Final = 40
_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}/){0,3}[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_SUFFIXES: Final = (".typ", ".json", ".svg", ".png", ".jpg", ".jpeg")
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE: Final = 0o100644 << 16


@dataclass(frozen=True)
class TypePackage:
    """The files of a version by path. Whatever came from outside was checked for size, number and names."""

    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        if DEFINITION not in self.files:
            raise _bad(f"没有 {DEFINITION}", f"it has no {DEFINITION}")
        if len(self.files) > MAX_FILES or sum(map(len, self.files.values())) > MAX_BYTES:
            raise _bad(
                f"超过 {MAX_FILES} 个文件或 {MAX_BYTES // 1024 // 1024} MB",
                f"it has more than {MAX_FILES} files or {MAX_BYTES // 1024 // 1024} MB",
            )
        for path in self.files:
            if not _PATH.fullmatch(path) or not path.endswith(_SUFFIXES):
                raise _bad(f"文件名不可用：{path[:80]}", f"a file cannot have this name: {path[:80]!r}")

    @classmethod
    def from_directory(cls, directory: Path) -> Self:
        """Read a directory; the common sources are taken from it or, failing that, from beside it.

        :raises TypePackageError: it is none, or holds more or other files than a type may.
        """
        files: dict[str, bytes] = {}
        try:
            shared = directory if (directory / SHARED).is_dir() else directory.parent
            found = [(path, directory) for path in sorted(directory.rglob("*"))]
            if shared is not directory and (directory / TEMPLATE).is_file():
                found += [(path, shared) for path in sorted((shared / SHARED).glob("*"))]
            for path, root in found:
                if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                    if len(files) > MAX_FILES or path.stat().st_size > MAX_BYTES:
                        break
                    files[path.relative_to(root).as_posix()] = path.read_bytes()
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise _bad(f"无法读取：{problem}", f"it cannot be read: {problem}") from error
        return cls(files)

    @classmethod
    def from_zip(cls, data: bytes) -> Self:
        """Read a ZIP file, such as :meth:`to_zip` writes.

        :raises TypePackageError: it is none, is damaged or encrypted, or holds more or other files than a type may.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                # The sizes that the directory of the archive tells are what reading it stops at.
                if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
                    raise _bad("文件过多或过大", "it has too many or too large files")
                if len({entry.filename for entry in entries}) != len(entries):
                    raise _bad("有重名文件", "two files have the same name")
                return cls({entry.filename: archive.read(entry) for entry in entries})
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
            ValueError,
            EOFError,
            OSError,
        ) as error:
            raise _bad("不是完整的 ZIP 文件", "it is not a whole ZIP file") from error

    def to_zip(self) -> bytes:
        """The package as a ZIP file: the same files are always the same bytes."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for path in sorted(self.files):
                entry = zipfile.ZipInfo(path, _ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = _REGULAR_FILE
                archive.writestr(entry, self.files[path])
        return out.getvalue()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the files, in hexadecimal; how they were packed does not matter."""
        listed = "\n".join(f"{hashlib.sha256(self.files[path]).hexdigest()} {path}" for path in sorted(self.files))
        return hashlib.sha256(listed.encode()).hexdigest()

    @property
    def definition(self) -> Mapping[str, Any]:
        """What ``type.json`` says.

        :raises TypePackageError: it is not a JSON object.
        """
        try:
            value = json.loads(self.files[DEFINITION].decode("utf-8"))
        except (ValueError, RecursionError) as error:
            said = str(error)[:120]
            raise _bad(f"{DEFINITION} 不是 JSON：{said}", f"{DEFINITION} is not JSON: {said}") from error
        if not isinstance(value, dict):
            raise _bad(f"{DEFINITION} 应为 JSON 对象", f"{DEFINITION} has to be a JSON object")
        return value

    def __repr__(self) -> str:
        return f"TypePackage({self.digest[:12]})"


def _bad(zh: str, en: str) -> TypePackageError:
    return TypePackageError(problem_zh=zh, problem_en=en)
