"""Prices as Schwab quotes them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import UnknownReason
from flatbook.market.quotes import Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import Price
from flatbook.venues.http import Reply
from flatbook.venues.quote_gates import QuoteGates
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.quotes import SchwabQuotes, quotes_answer
from tests.unit.venues.schwab.sample import HTML, REGULAR, Scene, reply

GATES = QuoteGates(age_ms_max=5_000, spread_bps_max=50)
UNDERLYINGS = {"GME": Underlying("GME"), "BRK/B": Underlying("BRK.B")}
MS = REGULAR // NS_PER_MS


def quoted(symbol: str = "GME", *, realtime: Any = True, **changes: Any) -> dict[str, Any]:
    quote = {"bidPrice": 22.72, "askPrice": 22.75, "quoteTime": MS - 1_000, "securityStatus": "Normal"}
    return {symbol: {"assetMainType": "EQUITY", "realtime": realtime, "symbol": symbol, "quote": quote | changes}}


def answer(content: Any, now: Instant = REGULAR) -> Any:
    return quotes_answer(reply(content), underlyings=UNDERLYINGS, gates=GATES, now=now)


def test_the_price_is_the_middle_as_of_when_the_quote_was_made() -> None:
    assert answer(quoted()) == (
        (
            Underlying("GME"),
            Quote(price=Price(Decimal("22.735")), happened_at=Instant((MS - 1_000) * NS_PER_MS), seen_at=REGULAR),
        ),
    )


@pytest.mark.parametrize(
    "flaw",
    [
        {"realtime": False},
        {"realtime": "yes"},
        {"quoteTime": MS - 5_001},
        {"quoteTime": 0},
        {"quoteTime": -1},
        {"quoteTime": "soon"},
        {"bidPrice": 0},
        {"bidPrice": 22.76},
        {"bidPrice": -1},
        {"askPrice": 0},
        {"askPrice": 22.84},
        {"askPrice": "NaN"},
        {"askPrice": 1e300},
        {"bidPrice": 0.0000000000000000001},
        {"securityStatus": "Halted"},
        {"securityStatus": "Closed"},
        {"securityStatus": ""},
    ],
)
def test_a_quote_that_is_not_sound_is_no_price(flaw: dict[str, Any]) -> None:
    assert answer(quoted(**flaw)) == ()


def test_at_the_gates_a_quote_is_sound() -> None:
    assert len(answer(quoted(quoteTime=MS - 5_000))) == 1
    assert len(answer(quoted(bidPrice=99.75, askPrice=100.25))) == 1
    assert answer(quoted(bidPrice=99.74, askPrice=100.25)) == ()


def test_one_that_cannot_be_read_hides_no_other_and_what_was_not_asked_for_is_nothing() -> None:
    content = {**quoted(), "BRK/B": 7, "TSLA": quoted("TSLA")["TSLA"], "errors": {"invalidSymbols": ["X"]}}
    assert [underlying for underlying, _ in answer(content)] == ["GME"]
    assert [underlying for underlying, _ in answer({**quoted(), **quoted("BRK/B")})] == ["GME", "BRK.B"]


def test_a_reply_that_is_no_list_of_quotes_is_unknown() -> None:
    for bad in (HTML, reply([]), reply({}, 401), Reply(status=200, headers=HTML.headers, body=b"{")):
        found = quotes_answer(bad, underlyings=UNDERLYINGS, gates=GATES, now=REGULAR)
        assert found == Unknown(reason=UnknownReason.UNREADABLE)
    down = quotes_answer(reply({}, 503), underlyings=UNDERLYINGS, gates=GATES, now=REGULAR)
    assert down == Unknown(reason=UnknownReason.SERVER_FAULT)


def test_quotes_are_asked_for_on_the_line_of_the_login() -> None:
    def source(scene: Scene) -> SchwabQuotes:
        line = SchwabLine(scene.carrier, scene.login, scene.clock)
        return SchwabQuotes(line, scene.clock, source=SourceId("schwab"), underlyings=UNDERLYINGS, gates=GATES)

    scene = Scene(reply(quoted()))
    quotes = source(scene)
    found = asyncio.run(quotes.quotes())
    assert quotes.source == "schwab"
    assert isinstance(found, tuple)
    assert [price.price for _, price in found] == [Decimal("22.735")]
    (asked,) = scene.carrier.requests
    assert (asked.path, asked.query) == ("/marketdata/v1/quotes", (("symbols", "GME,BRK/B"), ("fields", "quote")))
    assert isinstance(asyncio.run(source(Scene(tokens=None)).quotes()), NotSent)


def test_gates_and_symbols_have_bounds() -> None:
    with pytest.raises(ValueError, match="gates"):
        QuoteGates(age_ms_max=0, spread_bps_max=1)
    scene = Scene()
    line = SchwabLine(scene.carrier, scene.login, scene.clock)
    with pytest.raises(ValueError, match="symbols"):
        SchwabQuotes(line, scene.clock, source=SourceId("s"), underlyings={}, gates=GATES)
