"""A simulated exchange in real time: its markets around stated prices that wander, and one account."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.injected import InjectedExchange
from flatbook.sim.exchange.liquidity import play, wandering
from flatbook.sim.exchange.recorded import Recording, grain_of
from flatbook.sim.exchange.server import ExchangeServer
from flatbook.sim.exchange.terms import ExchangeTerms, Kind, Market, OpeningAccount, Stp
from flatbook.sim.network.http_broker import Rest
from flatbook.sim.network.wire_faults import Timed
from flatbook.sim.world.injection import Injection
from flatbook.values.money import ZERO

QUOTES = ("USDT", "USDC")
BYBIT = "bybit"
FORCED_IDS = {"liquidation": "autoclose-", "adl": "adl_autoclose", "settlement": "settlement_autoclose-"}
TICK_DIGITS, LOT_DIGITS = 5, 1
SPOT_RATE = Decimal("0.001")
ONE = Decimal(1)


class ExchangePlay(msgspec.Struct, frozen=True, kw_only=True):
    """What is played: the protocol, the account, and where prices begin.

    A market such as `perp:BTCUSDT` may have a recording of Binance instead of prices that wander.
    Units: `coins` in each wallet.
    """

    protocol: str
    account: str
    key: str
    secret: str
    prices: Mapping[str, Decimal]
    coins: Mapping[str, Decimal]
    seed: str
    recordings: Mapping[str, Path] = {}


class RestingClock(Timed, Protocol):
    """Who knows the time and lets it pass."""

    async def rest(self, ms: int) -> None:
        """Lets time pass. Units: ms."""


def exchange_server(playing: ExchangePlay, timed: RestingClock, injection: Injection) -> ExchangeServer:
    """Returns what serves an exchange whose prices wander, or are those of recordings.

    Needs: symbols whose quote coin is known, and prices above zero.
    Errors: OSError for a recording that cannot be read.
    """
    markets = markets_of(playing)
    account = OpeningAccount(
        name=playing.account, key=playing.key, secret=playing.secret, spot=playing.coins, margin=_margin(playing)
    )
    terms = ExchangeTerms(
        markets=markets,
        accounts=(account,),
        unified=playing.protocol == BYBIT,
        ids_return=playing.protocol != BYBIT,
        stp=Stp.EXPIRE_MAKER if playing.protocol != BYBIT else Stp.NONE,
        fee_coin="" if playing.protocol == BYBIT else "BNB",
        forced_ids={} if playing.protocol == BYBIT else FORCED_IDS,
        seed=playing.seed,
    )
    start = timed.instant
    faults = InjectedExchange(playing.protocol, timed, injection)
    exchange = Exchange(terms, now=start, faults=faults)
    free = tuple(market for market in markets if not market.is_watched)
    play(exchange, wandering(free, playing.prices, start=start, seed=playing.seed))
    for market in markets:
        if market.is_watched:
            play(exchange, Recording(market, start).steps(lines_of(playing.recordings[market.name])))
    for market in markets:
        if market.kind is Kind.PERP:
            margin.keep_funding(exchange, market)
    exchange.advance(start)
    serve = bybit_server if playing.protocol == BYBIT else binance_server
    rest: Rest = timed.rest
    return serve(exchange, now=lambda: timed.instant, rest=rest)


def markets_of(playing: ExchangePlay) -> tuple[Market, ...]:
    """Returns a spot market and a perpetual contract for each symbol, with ticks and lots that suit its price."""
    at_once = playing.protocol != BYBIT
    made = []
    for symbol, price in playing.prices.items():
        quote = quote_of(symbol) or ""
        tick = ONE.scaleb(price.adjusted() - TICK_DIGITS)
        lot = min(ONE.scaleb(LOT_DIGITS - price.adjusted()), ONE)
        for kind in (Kind.SPOT, Kind.PERP):
            market = Market(
                kind=kind,
                symbol=symbol,
                coin=symbol.removesuffix(quote),
                quote=quote,
                tick=tick,
                lot=lot,
                qty_min=lot,
                refuses_taking_maker=at_once,
                refuses_partial_fok=at_once and kind is Kind.PERP,
            )
            spot = {"maker_rate": SPOT_RATE, "taker_rate": SPOT_RATE} if kind is Kind.SPOT else {}
            made.append(_watched(msgspec.structs.replace(market, **spot), playing.recordings))
    return tuple(made)


def lines_of(path: Path) -> Iterator[bytes]:
    """Yields the lines of a recording, packed with gzip where its name says so.

    Errors: OSError.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


def _watched(market: Market, recordings: Mapping[str, Path]) -> Market:
    """Returns a market as it is watched where it has a recording, with the ticks and lots of that."""
    path = recordings.get(market.name)
    grain = None if path is None else grain_of(lines_of(path))
    if grain is None:
        return market
    return msgspec.structs.replace(market, is_watched=True, tick=grain[0], lot=grain[1], qty_min=grain[1])


def quote_of(symbol: str) -> str | None:
    """Returns the quote coin of a symbol such as BTCUSDT, None where it has none that is known."""
    return next((each for each in QUOTES if symbol.endswith(each) and symbol != each), None)


def _margin(playing: ExchangePlay) -> dict[str, Decimal]:
    """Returns the margin of the account: at an exchange with one wallet there is no other."""
    if playing.protocol == BYBIT:
        return {}
    return {coin: amount for coin, amount in playing.coins.items() if coin in QUOTES and amount > ZERO}
