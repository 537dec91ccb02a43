"""What ``yinzheng`` and ``python -m api`` start."""

from __future__ import annotations

import gc


def main() -> None:
    """Load the program and run the command.

    Loading makes some hundred thousand objects, and all of them stay: a collector that went through them again and
    again meanwhile would take a seventh of the time to the first line.
    """
    gc.disable()
    from api import cli  # noqa: PLC0415  what is loaded is what the collector stays away from

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
