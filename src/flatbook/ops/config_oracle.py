"""The shape of an oracle on a chain: where it is asked what a share is worth, for information."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from flatbook.ops.config_fields import bps, said, seconds, text
from flatbook.ops.config_section import Address, Section, Ticker
from flatbook.values.sessions import SessionKind

FEED_TEXT = "0x[0-9a-f]{64}"
AGE_S_MAX = 60
CONFIDENCE_BPS_MAX = 50


class FeedSection(Section, frozen=True, kw_only=True):
    """The price of one share, or of a coin."""

    id: Annotated[str, text("The id of the feed: 0x and 64 lower-case hex digits.", FEED_TEXT)]
    sessions: Annotated[
        tuple[SessionKind, ...],
        said("The sessions in which it is published; an empty list: its market never closes."),
    ] = (SessionKind.REGULAR,)


class PythSection(Section, frozen=True, kw_only=True):
    """Pyth on a chain. What it says of fills is booked and shown; nothing is decided on it."""

    contract: Annotated[Address, said("The contract of Pyth.")]
    feeds: Annotated[dict[Ticker, FeedSection], said("Its feeds, by ticker.")]
    age_s_max: Annotated[
        int, seconds("An older price is called stale, by the time of the block.", least=1, most=86_400)
    ] = AGE_S_MAX
    confidence_bps_max: Annotated[int, bps("A price that is less certain is called wide.")] = CONFIDENCE_BPS_MAX


def flaws_of_pyth(chain: str, stated: PythSection | None) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree within the section of a chain: the key and what is wrong there."""
    ids: dict[str, str] = {}
    for ticker, feed in (stated.feeds if stated is not None else {}).items():
        if feed.id in ids:
            yield ("chains", chain, "pyth", "feeds", ticker, "id"), f"is the feed of {ids[feed.id]} too"
        ids[feed.id] = ticker
