"""Laying out with templates that an administrator wrote: in a process of its own, bounded in time and memory.

Typst itself reads nothing outside of the directory with the version's files and runs no programs. What is left are
loops, floods of memory, and packages, which Typst would fetch from the network: the process has no way out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from seal.fonts import FontLibrary
from store.isolation import IsolatedWorkers
from trust.content import LicenceContent
from trust.errors import TemplateCrashedError, TemplateTooSlowError
from trust.licence_type import TypeOrigin
from trust.rendering import Renderer
from trust.specimens import SpecimenForm, draw_specimen

SECONDS: Final = 20.0
MEMORY_BYTES: Final = 3 * 1024**3
SPECIMEN_PPI: Final = 110.0
_NOWHERE: Final = "http://127.0.0.1:1"
"""Nobody listens there; Typst goes by these variables for everything that it fetches."""


class ConfinedRenderer(Renderer):
    """Lays out types of the program in this process, and those of administrators in another."""

    def __init__(self, fonts: FontLibrary, font_paths: Sequence[Path] = (), *, seconds: float = SECONDS) -> None:
        """:param font_paths: the directories that ``fonts`` was made with."""
        super().__init__(fonts)
        self._font_paths = tuple(font_paths)
        self._workers = IsolatedWorkers(
            _work,
            too_slow=TemplateTooSlowError,
            crashed=TemplateCrashedError,
            seconds=seconds,
            memory_bytes=MEMORY_BYTES,
        )

    def render_pages(self, content: LicenceContent, *, at: datetime) -> tuple[bytes, int]:
        """Like :meth:`Renderer.render_pages`.

        :raises TemplateTooSlowError: an administrator's template takes too long.
        :raises TemplateCrashedError: it brought its process down, or takes too much memory.
        """
        if content.type.origin is TypeOrigin.PACKAGE:
            return super().render_pages(content, at=at)
        drawn: tuple[bytes, int] = self._workers.call(self._font_paths, content, at, None)
        return drawn

    def specimen(self, content: LicenceContent, *, at: datetime, form: SpecimenForm = "pdf") -> bytes:
        """The pages with 样本 across them; never in this process, whoever wrote the template. Raises like
        :meth:`render_pages`.
        """
        drawn: bytes = self._workers.call(self._font_paths, content, at, form)
        return drawn

    def close(self) -> None:
        """End the processes and take away what was laid out for the compiler."""
        self._workers.close()
        super().close()


def _work(font_paths: tuple[Path, ...], content: LicenceContent, at: datetime, form: SpecimenForm | None) -> Any:
    """What the other process does: a licence's pages, or with a form a specimen."""
    fonts, renderer = _parts(font_paths)
    if form is None:
        return renderer.render_pages(content, at=at)
    return draw_specimen(renderer, fonts, content, at=at, form=form, ppi=SPECIMEN_PPI)


@cache
def _parts(font_paths: tuple[Path, ...]) -> tuple[FontLibrary, Renderer]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = _NOWHERE
    for name in ("no_proxy", "NO_PROXY"):
        os.environ.pop(name, None)
    os.environ["RUST_BACKTRACE"] = "0"  # tracing back takes seconds when there is no memory left
    fonts = FontLibrary(font_paths)
    return fonts, Renderer(fonts)
