"""Pictures within pages."""

from __future__ import annotations

from base64 import b64encode


def picture(png: bytes) -> str:
    """A picture as the address of an image."""
    return f"data:image/png;base64,{b64encode(png).decode()}"
