"""What people write in the areas of forms, where browsers end lines with CR LF (HTML Standard, 4.10.21.8)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from pydantic import AfterValidator


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


LinesForm = Annotated[str, Form(max_length=5000), AfterValidator(_lines)]
"""A text of several lines, with the line ends of everybody else."""
OneLineForm = Annotated[str, Form(max_length=5000), AfterValidator(_one_line)]
"""A text that goes on record in one line, however it was written."""
