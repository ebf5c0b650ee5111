"""A server that says one text over a WebSocket again and again, as fast as it is read.

`python frame_server.py TEXT COUNT` prints its port, takes one client, shakes hands, sends COUNT frames of TEXT, and
goes. It is not what is measured: it needs no library, and runs in a process of its own.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import sys

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
FRAMES_AT_ONCE = 512
NORMAL_CLOSE = b"\x88\x02\x03\xe8"


def frame_of(text: bytes) -> bytes:
    """Returns a text as one frame of a server."""
    if len(text) < 126:
        return bytes((0x81, len(text))) + text
    return b"\x81\x7e" + struct.pack(">H", len(text)) + text


def shake_hands(client: socket.socket) -> None:
    """Answers the request that opens a WebSocket."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += client.recv(4096)
    key = next(line[18:].strip() for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accepted = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    client.sendall(head + b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n")


def main() -> None:
    """Serves one client."""
    frame, count = frame_of(sys.argv[1].encode()), int(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        client, _ = server.accept()
        with client:
            shake_hands(client)
            many = frame * FRAMES_AT_ONCE
            for _ in range(count // FRAMES_AT_ONCE):
                client.sendall(many)
            client.sendall(NORMAL_CLOSE)
            client.recv(4096)


if __name__ == "__main__":
    main()
