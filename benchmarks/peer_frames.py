"""A peer's WebSocket client reading the same frames, in its environment: `python peer_frames.py PORT` prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import msgspec


class Tick(msgspec.Struct, gc=False):
    """What is read of a frame."""

    s: str
    b: str
    B: str
    a: str
    A: str
    u: int
    T: int


async def read(port: int) -> dict[str, float]:
    """Returns the messages per second of CPU that `websockets` receives and msgspec reads into a type."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    decode, count = msgspec.json.Decoder(Tick).decode, 0
    begun = time.process_time()
    async with connect(f"ws://127.0.0.1:{port}/", compression=None, ping_interval=None) as socket:
        try:
            while True:
                decode(await socket.recv(decode=False))
                count += 1
        except ConnectionClosed:
            pass
    return {"rate": count / (time.process_time() - begun), "count": count}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read(int(sys.argv[1])))))
