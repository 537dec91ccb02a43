"""What ``yinzheng`` and ``python -m api`` start."""

from __future__ import annotations

import gc
import multiprocessing
import sys
from multiprocessing import forkserver

_JUDGE = "verify.pdf"
"""What judges files, in a process of its own; see :mod:`store.isolation`."""


def main() -> None:
    """Load the program and run the command.

    Loading makes some hundred thousand objects, and all of them stay: a collector that went through them again and
    again meanwhile would take a seventh of the time to the first line. The process that judges files loads the same
    once more: where the command wants it, it begins at the same time.
    """
    gc.disable()
    if sys.argv[1:2] == ["verify"] and "forkserver" in multiprocessing.get_all_start_methods():
        multiprocessing.get_context("forkserver").set_forkserver_preload([_JUDGE])
        forkserver.ensure_running()
    from api import cli  # noqa: PLC0415  what is loaded is what the collector stays away from

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
