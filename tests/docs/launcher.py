"""``yinzheng`` for scripts that call it many times: loaded once, and forked for each call.

Each call is a process of its own with the caller's words, directory, environment, input and output, as the installed
command is; only what takes longest, loading the program, is done before.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import typer.main
from sqlalchemy.orm import configure_mappers

_CALLER = f"""#!{sys.executable} -IS
import json, os, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({{path!r}})
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(connection, [len(call).to_bytes(4, "big")], [0, 1, 2])
connection.sendall(call)
sys.exit(connection.recv(1)[0])
"""


@contextmanager
def launcher(directory: Path) -> Iterator[Path]:
    """A directory with the command, for the length of the block.

    :param directory: a short and empty one.
    """
    address = directory / "calls"
    command = directory / "yinzheng"
    command.write_text(_CALLER.format(path=str(address)))
    command.chmod(0o755)
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.docs.launcher", address],
        stdout=subprocess.PIPE,
        start_new_session=True,  # without a terminal, as what calls it is
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        yield directory
    finally:
        program.terminate()
        program.communicate()


def _serve(address: str) -> None:
    from api import cli  # noqa: PLC0415  what takes long

    # the tree of commands and the tables are made once for all calls
    typer.main.get_command = cache(typer.main.get_command)
    typer.main.get_command(cli.app)
    configure_mappers()
    gc.disable()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _call(connection, cli.main)
            connection.close()
            _reap()


def _reap() -> None:
    """Let go of the calls that ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _call(connection: socket.socket, main: object) -> None:
    """Be the command: tell its status, and end."""
    length, descriptors, *_ = socket.recv_fds(connection, 4, 3)
    data = b""
    while len(data) < int.from_bytes(length, "big"):
        data += connection.recv(65536)
    words, directory, environment = json.loads(data)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["yinzheng", *words]
    status = 0
    try:
        main()  # type: ignore[operator]
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status]))
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
