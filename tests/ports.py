"""Ports for servers of tests that must say theirs before they listen."""

from __future__ import annotations

import random
import socket

PORTS = range(20_000, 32_000)
"""Below those that Linux gives to connections that go out, which would take one between its choice and its use."""
TRIES_MAX = 100


def free_port() -> int:
    """Returns a port of this machine on which nobody listens; drawn, so that two processes at once choose two."""
    for port in random.sample(PORTS, TRIES_MAX):
        with socket.socket() as trying:
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
