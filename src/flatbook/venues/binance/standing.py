"""How an account must stand before anything is sent there: what its key may do, its modes, its symbols, its clock.

A key that may move money out is refused: what steals it could do the same. Source: Wallet API, Get API Key Permission;
USD-M Get Current Position Mode, Get Current Multi-Assets Mode, Symbol Configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import ClockReading, NotSent, Unknown
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, Product
from flatbook.venues.binance import wire
from flatbook.venues.binance.line import BinanceLine, reading_of
from flatbook.venues.binance.market_rules import Listing, flaw_of_instrument, listing_answer
from flatbook.venues.binance.markets import Market
from flatbook.venues.binance.parse import read, time_answer
from flatbook.venues.binance.refusals import class_of_reply, said_by
from flatbook.venues.error_classes import ErrorClass
from flatbook.venues.http import Reply, Request
from flatbook.venues.rate_budget import Lane

LASTS_S = 3600
RIGHTS_WEIGHT = 1
MODE_WEIGHT = 30
SETTINGS_WEIGHT = 5


_Content = TypeVar("_Content")


class MarginMode(Enum):
    """Whether positions share the margin of their account."""

    CROSSED = "crossed"
    ISOLATED = "isolated"


class _Rights(msgspec.Struct, frozen=True, kw_only=True):
    reading: bool = msgspec.field(name="enableReading")
    withdrawals: bool = msgspec.field(name="enableWithdrawals")
    internal_transfer: bool = msgspec.field(name="enableInternalTransfer")
    spot: bool = msgspec.field(name="enableSpotAndMarginTrading")
    futures: bool = msgspec.field(name="enableFutures")
    ip_restrict: bool = msgspec.field(name="ipRestrict")


class _PositionMode(msgspec.Struct, frozen=True, kw_only=True):
    dual: bool = msgspec.field(name="dualSidePosition")


class _MarginAssets(msgspec.Struct, frozen=True, kw_only=True):
    several: bool = msgspec.field(name="multiAssetsMargin")


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str
    margin: str = msgspec.field(name="marginType")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands, and until when that counts.

    Nothing is sent there with a `flaw`, and nothing for the instruments that `reasons` names.
    """

    flaw: str | None = None
    reasons: dict[InstrumentId, str] = {}
    until: Instant = Instant(0)

    def is_known_at(self, now: Instant) -> bool:
        """Returns whether it was read, and not too long ago."""
        return now < self.until

    def allows(self, instrument: InstrumentId) -> bool:
        """Returns whether an instrument may be traded there; nothing may before it was read."""
        return self.until > 0 and self.flaw is None and instrument not in self.reasons


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """The lines to an account, and to where its key's rights are stated; None where nothing states them."""

    market: Market
    line: BinanceLine
    rights: BinanceLine | None


async def read_clock(ways: Ways, clock: Clock) -> ClockReading | Unknown | NotSent:
    """Asks what time it is at Binance; the key stamps its requests by it from then on."""
    asked_at = clock.now()
    reply = await ways.line.ask(wire.time_request(ways.market), Lane.READ, 1)
    if not isinstance(reply, Reply):
        return reply
    shown = time_answer(reply)
    if isinstance(shown, Unknown):
        return shown
    reading = reading_of(shown, asked_at=asked_at, answered_at=clock.now())
    ways.line.key.learn(reading)
    return reading


async def read_standing(
    ways: Ways, instruments: Sequence[Instrument], margin_mode: MarginMode, clock: Clock
) -> Standing | Unknown | NotSent:
    """Asks for all that must be as it should be. What cannot be had is no standing."""
    flaws = await _flaws_of_key(ways)
    if isinstance(flaws, (Unknown, NotSent)):
        return flaws
    listing = await read_listing(ways)
    if isinstance(listing, (Unknown, NotSent)):
        return listing
    ways.line.budget.learn(listing.limits, clock.now())
    reasons = {each.id: flaw for each in instruments if (flaw := flaw_of_instrument(each, listing)) is not None}
    if ways.market.product is not Product.SPOT:
        modes = await _flaws_of_modes(ways)
        if isinstance(modes, (Unknown, NotSent)):
            return modes
        flaws += modes
        for each in instruments:
            margin = await _flaw_of_margin(ways, each.symbol, margin_mode)
            if isinstance(margin, (Unknown, NotSent)):
                return margin
            if margin is not None:
                reasons.setdefault(each.id, margin)
    return Standing(flaw="; ".join(flaws) or None, reasons=reasons, until=later(clock.now(), seconds=LASTS_S))


async def read_listing(ways: Ways) -> Listing | Unknown | NotSent:
    """Asks for the symbols of the market with their rules."""
    reply = await ways.line.ask(wire.rules_request(ways.market), Lane.READ, ways.market.weights.rules)
    return listing_answer(reply) if isinstance(reply, Reply) else reply


async def _flaws_of_key(ways: Ways) -> tuple[str, ...] | Unknown | NotSent:
    if ways.rights is None:
        return ()
    reply = await ways.rights.ask(wire.rights_request(), Lane.READ, RIGHTS_WEIGHT)
    if not isinstance(reply, Reply):
        return reply
    if class_of_reply(reply) is ErrorClass.AUTH:
        return (f"the key is not taken there: {said_by(reply)}",)
    rights = read(reply, _Rights)
    if isinstance(rights, Unknown):
        return rights
    may_trade = rights.spot if ways.market.product is Product.SPOT else rights.futures
    wrong = (
        ("the key may withdraw", rights.withdrawals),
        ("the key may send money to other accounts", rights.internal_transfer),
        ("the key may not read", not rights.reading),
        (f"the key may not trade at {ways.market.name}", not may_trade),
    )
    return tuple(text for text, is_wrong in wrong if is_wrong)


async def _flaws_of_modes(ways: Ways) -> tuple[str, ...] | Unknown | NotSent:
    mode = await _asked(ways, wire.position_mode_request(), MODE_WEIGHT, _PositionMode)
    if not isinstance(mode, _PositionMode):
        return mode
    margin = await _asked(ways, wire.margin_assets_request(), MODE_WEIGHT, _MarginAssets)
    if not isinstance(margin, _MarginAssets):
        return margin
    wrong = (
        ("positions are in hedge mode, and not one-way", mode.dual),
        ("positions share the margin of several assets", margin.several),
    )
    return tuple(text for text, is_wrong in wrong if is_wrong)


async def _flaw_of_margin(ways: Ways, symbol: str, wanted: MarginMode) -> str | Unknown | NotSent | None:
    found = await _asked(ways, wire.symbol_settings_request(symbol), SETTINGS_WEIGHT, list[_Settings])
    if not isinstance(found, list):
        return found
    margin = next((each.margin for each in found if each.symbol == symbol), "unknown")
    return None if margin.lower() == wanted.value else f"{symbol}: its margin is {margin}, and not {wanted.value}"


async def _asked(ways: Ways, request: Request, weight: int, content: type[_Content]) -> _Content | Unknown | NotSent:
    reply = await ways.line.ask(request, Lane.READ, weight)
    return read(reply, content) if isinstance(reply, Reply) else reply
