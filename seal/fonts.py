"""The fonts that licences and seals are set in: Song (宋体), Hei (黑体), Kai (楷体) and Fang Song (仿宋).

A fresh machine has the Noto faces of the installed wheels. An operator may add directories with the faces of
official documents; each role then prefers those.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import manimgx_fonts_cjk
import pylopdf_fonts_zh_cn
import typst

from seal.errors import FontMissingError, FontPathMissingError
from seal.outlines import Face

Role = Literal["song", "hei", "kai", "fang"]

_PREFERRED: dict[Role, tuple[str, ...]] = {
    "song": (
        "SimSun", "宋体", "NSimSun", "新宋体", "STSong", "华文宋体", "Songti SC", "FZXiaoBiaoSong-B05S",
        "FZXiaoBiaoSong-B05", "方正小标宋简体", "方正小标宋_GBK", "Source Han Serif SC", "Source Han Serif CN",
        "思源宋体", "Noto Serif CJK SC", "Noto Serif SC",
    ),
    "hei": (
        "SimHei", "黑体", "STHeiti", "华文黑体", "Microsoft YaHei", "Source Han Sans SC", "Source Han Sans CN",
        "思源黑体", "Noto Sans CJK SC", "Noto Sans SC",
    ),
    "kai": (
        "KaiTi", "楷体", "KaiTi_GB2312", "楷体_GB2312", "STKaiti", "华文楷体", "Kaiti SC", "FZKai-Z03S",
        "方正楷体简体", "AR PL UKai CN", "AR PL UKai", "AR PL KaitiM GB",
    ),
    "fang": (
        "FangSong", "仿宋", "FangSong_GB2312", "仿宋_GB2312", "STFangsong", "华文仿宋", "FZFangSong-Z02S",
        "方正仿宋简体",
    ),
}  # fmt: skip
"""Family names by role, the most official first; Windows, macOS, Founder and free faces."""


class FontLibrary:
    """All fonts of one service; make it once and share it between threads."""

    def __init__(self, extra_paths: Sequence[Path] = ()) -> None:
        """Find the fonts in ``extra_paths`` (directories, searched with all below them) and in the installed wheels.

        Raises FontPathMissingError for a path that is no directory, and FontMissingError when no Song type is found.
        """
        for path in extra_paths:
            if not path.is_dir():
                raise FontPathMissingError(path=path)
        wheels = [Path(str(package.__file__)).parent for package in (pylopdf_fonts_zh_cn, manimgx_fonts_cjk)]
        self._directories = list(dict.fromkeys([*extra_paths, *wheels]))
        self.typst_fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(directory) for directory in self._directories],
        )
        """The scanned fonts, for ``typst.Compiler(font_paths=...)``: spares a scan of some 50 ms a compilation."""
        self._faces: dict[str, list[typst.FontInfo]] = {}
        for info in self.typst_fonts.fonts():
            self._faces.setdefault(info.family.casefold(), []).append(info)
        if not self._present("song"):
            raise FontMissingError

    def directories(self) -> list[Path]:
        """The directories with fonts, the operator's first; for Typst's ``font_paths``."""
        return list(self._directories)

    def typst_families(self, role: Role) -> list[str]:
        """The families to set text of a role in, in order of preference, none that is not there.

        Kai and Fang Song fall back to Song, and all fall back to Hei, which has the most characters: a rare character
        of a name shall rather stand out than be missing.
        """
        return list(dict.fromkeys([*self._present(role), *self._present("song"), *self._present("hei")]))

    def missing_characters(self, text: str) -> set[str]:
        """The characters of a text (after NFC) that none of the fonts of licences has; white space is never missing.

        To be asked before issuing: a licence with an empty box in the holder's name must not be sealed.
        """
        characters = {c for c in unicodedata.normalize("NFC", text) if not c.isspace()}
        return {c for c in characters if not any(face.covers(c) for face in self._text_faces)}

    @cached_property
    def song(self) -> Face:
        """The Song face that seals are cut in."""
        return self._face(self._present("song")[0])

    @cached_property
    def kai(self) -> Face:
        """The Kai face of typed signatures, or Song where there is none."""
        present = self._present("kai")
        return self._face(present[0]) if present else self.song

    def _present(self, role: Role) -> list[str]:
        return [self._faces[name.casefold()][0].family for name in _PREFERRED[role] if name.casefold() in self._faces]

    @cached_property
    def _text_faces(self) -> list[Face]:
        roles: tuple[Role, ...] = ("song", "hei", "kai", "fang")
        families = dict.fromkeys(family for role in roles for family in self.typst_families(role))
        return [self.song, *(self._face(family) for family in families if family != self._present("song")[0])]

    def _face(self, family: str) -> Face:
        faces = self._faces[family.casefold()]
        best = min(faces, key=lambda info: (info.style != "normal", abs(info.weight - 400)))
        if best.path is None:
            raise FontMissingError
        return Face(Path(best.path), best.index)
