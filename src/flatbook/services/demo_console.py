"""The console of the demo: its API in a process of its own, on a free port, and the link that opens it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from flatbook.ops.config_api import PORT
from flatbook.ops.home import CONFIG_FILE
from flatbook.services.beside import serve_command

HOST = "127.0.0.1"
BUNDLE = ("static", "index.html")
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
END_S = 10


@contextmanager
def console_of(home: Path, say: Callable[[str], None]) -> Iterator[str | None]:
    """Serves the console of a home meanwhile, says its link, and opens it where there is a display.

    Gives: the link, None where there is no console to be opened.
    """
    with _serving(home) as first:
        if first:
            yield _told(first, say)
            return
    with _serving(home) as second:  # another may have taken the port between the look and the listening
        yield _told(second, say)


@contextmanager
def _serving(home: Path) -> Iterator[str]:
    """Runs the process that serves, on a port that is free now, and gives its link; an empty one where it ended."""
    command = serve_command(home, home / CONFIG_FILE, free_port())
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield process.stdout.readline().decode().strip() if process.stdout is not None else ""
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _told(link: str, say: Callable[[str], None]) -> str | None:
    """Says what there is to be opened, and returns it."""
    if not link:
        say("the console could not be served: what its process said stands above")
        return None
    if not is_built():
        say(f"the API answers at {link.partition('#')[0]}; the console was not built: make console, where Node is\n")
        return None
    say(f"console  {link}\n")
    if sys.platform == "darwin" or any(os.environ.get(name) for name in DISPLAYS):
        webbrowser.open(link)
    return link


def is_built() -> bool:
    """Returns whether the console's files are there."""
    return files("flatbook.api").joinpath(*BUNDLE).is_file()


def free_port() -> int:
    """Returns the usual port, or where somebody listens on that one, another that is free."""
    for port in (PORT, 0):
        with socket.socket() as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trying.bind((HOST, port))
            except OSError:
                continue
            return int(trying.getsockname()[1])
    return PORT
