"""``python -m benchmarks [NAME ...]``: all benchmarks, or those named."""

from __future__ import annotations

import importlib
import sys

NAMES = (
    "sealing",
    "sm2",
    "register",
    "rendering",
    "batches",
    "transparency",
    "http_checks",
    "check_stream",
    "offline_qr",
    "pages",
    "doctor",
    "load",
)


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        print(f"\n## {name}\n")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
