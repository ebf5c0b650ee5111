"""Quotes that are asked for, in virtual time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from random import Random

from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.market.quotes import Market, Quote
from flatbook.services.prices import Asked, follow_quotes
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import NS_PER_S, later
from flatbook.values.money import Price
from tests.desk import COIN, OPEN

Answer = tuple[tuple[Underlying, Quote], ...] | Unknown | NotSent


class Scripted:
    """A source of quotes that answers one thing after the other, and the last one for ever."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers

    @property
    def source(self) -> SourceId:
        return SourceId("quotes")

    async def quotes(self) -> Answer:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def quoted(price: str) -> tuple[Underlying, Quote]:
    return COIN, Quote(price=Price(Decimal(price)), happened_at=OPEN, seen_at=OPEN)


def prices_after(answers: list[Answer], seconds: int) -> tuple[list[int], Decimal | None]:
    """Returns at which seconds a price was observed, and which one stands at the end."""
    loop = VirtualLoop(OPEN, order=Random(0))
    clock, market, seen = LoopClock(loop), Market(), list[int]()

    def observe(underlying: Underlying, source: SourceId, quote: Quote) -> bool:
        kept = market.write(underlying, source, quote)
        seen.append((clock.now() - OPEN) // NS_PER_S)
        return kept

    async def scene() -> None:
        following = asyncio.create_task(follow_quotes(Asked(source=Scripted(answers), poll_s=2), observe, clock))
        await clock.sleep_until(later(OPEN, seconds=seconds))
        assert not following.done()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    loop.run_until_complete(loop.create_task(scene()))
    loop.close()
    held = market.quote(COIN, SourceId("quotes"))
    return seen, None if held is None else held.price


def test_quotes_are_asked_for_at_their_pace_and_the_newest_stands() -> None:
    assert prices_after([(quoted("250"),), (quoted("251"),)], 5) == ([0, 2, 4], Decimal(251))


def test_a_source_that_does_not_answer_is_asked_again() -> None:
    silent = (Unknown(reason=UnknownReason.TIMED_OUT), NotSent(reason=NotSentReason.NO_CONNECTION))
    assert prices_after([*silent, (quoted("250"),)], 5) == ([4], Decimal(250))


def test_a_price_that_cannot_be_one_is_passed_over_and_hides_no_other() -> None:
    assert prices_after([(quoted("0"), quoted("250"))], 1) == ([0], Decimal(250))
