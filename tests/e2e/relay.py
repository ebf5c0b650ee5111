"""A way for bytes to a port on this machine that can fall silent while both ends believe that it is open."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65_536


class Relay:
    """Carries connections. While it is `mute`, what comes from the far end is swallowed."""

    def __init__(self, port: int) -> None:
        self.is_mute = False
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []

    def serve(self) -> None:
        """Takes connections until it is closed."""
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._open += [near, far]
                for source, sink, can_mute in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._carry, args=(source, sink, can_mute), daemon=True).start()

    def close(self) -> None:
        """Ends all connections."""
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _carry(self, source: socket.socket, sink: socket.socket, can_mute: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                if not (can_mute and self.is_mute):
                    sink.sendall(chunk)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def running_relay(port: int) -> Iterator[Relay]:
    """Starts a relay to a port."""
    relay = Relay(port)
    serving = threading.Thread(target=relay.serve, daemon=True)
    serving.start()
    try:
        yield relay
    finally:
        relay.close()
        serving.join()
