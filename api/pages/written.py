"""What people write in the areas of forms, where browsers end lines with CR LF (HTML Standard, 4.10.21.8)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from pydantic import AfterValidator


def plain_lines(text: str) -> str:
    """A text as browsers send it, with the line ends of everybody else."""
    return text.replace("\r\n", "\n")


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


LinesForm = Annotated[str, Form(max_length=5000), AfterValidator(plain_lines)]
"""A text of several lines."""
OneLineForm = Annotated[str, Form(max_length=5000), AfterValidator(_one_line)]
"""A text that goes on record in one line, however it was written."""
