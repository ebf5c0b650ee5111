"""A stream that is closed is opened anew, once it is closed; what ends or fails by itself stays over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from flatbook.engine.kept_stream import KeptStream

PASSES = 5


def listening(story: list[str]) -> Callable[[], Coroutine[Any, Any, None]]:
    """Returns what listens for ever, and takes a while to close."""

    async def keep() -> None:
        story.append("opened")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            story.append("closed")

    return keep


async def passes() -> None:
    for _ in range(PASSES):
        await asyncio.sleep(0)


def test_a_stream_is_opened_anew_once_it_is_closed() -> None:
    story: list[str] = []

    async def told() -> None:
        stream = KeptStream(listening(story))
        stream.reconnect()  # nobody listens yet
        following = asyncio.create_task(stream.follow())
        await passes()
        stream.reconnect()
        await passes()
        stream.reconnect()
        await passes()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert following.cancelled()

    asyncio.run(told())
    assert story == ["opened", "closed", "opened", "closed", "opened", "closed"]


def test_whoever_ends_it_ends_it_for_good_although_it_was_to_be_opened_anew() -> None:
    story: list[str] = []

    async def told() -> None:
        stream = KeptStream(listening(story))
        following = asyncio.create_task(stream.follow())
        await passes()
        stream.reconnect()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert following.cancelled()

    asyncio.run(told())
    assert story == ["opened", "closed"]


def test_a_stream_that_ends_or_fails_by_itself_is_over() -> None:
    async def ends() -> None:
        return

    async def fails() -> None:
        raise RuntimeError("unread")

    async def told() -> None:
        stream = KeptStream(ends)
        await stream.follow()
        stream.reconnect()
        with pytest.raises(RuntimeError, match="unread"):
            await KeptStream(fails).follow()

    asyncio.run(told())
