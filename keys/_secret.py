"""What holds a secret."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Base of what holds a secret: it does not show it, and does not let itself be copied out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a secret and is not copied or serialised")
