"""Funding of paper perpetuals that was due while no desk ran: asked for at the next start, and booked once.

It is asked for before the exchange in the process answers anybody, so that whoever reads its ledger finds all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import aiohttp
import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.rest import rest_until
from flatbook.ops.config_accounts import (
    AccountSection,
    BinanceAccount,
    BybitAccount,
    PaperExchangeAccount,
    WatchedExchange,
)
from flatbook.ops.telemetry import Log
from flatbook.services.live_binance import binance_hosts
from flatbook.services.live_exchanges import urls_of
from flatbook.services.paper_exchanges import watched_account
from flatbook.sim.exchange.paper import Due, Owing, PaperExchange
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.money import NumberRefused, parse_number
from flatbook.venues.binance import past_funding as binance
from flatbook.venues.bitget import past_funding as bitget
from flatbook.venues.bybit import past_funding as bybit
from flatbook.venues.gate import past_funding as gate
from flatbook.venues.http import Http, Reply, Request, SessionHttp, tls_connector
from flatbook.venues.okx import past_funding as okx
from flatbook.venues.past_funding import PastFunding, Settlement, Turn

Connect = Callable[[], aiohttp.BaseConnector]

Said = TypeVar("Said")

PAST: Mapping[WatchedExchange, PastFunding] = {
    WatchedExchange.BITGET: bitget.USDT_FUTURES,
    WatchedExchange.OKX: okx.SWAP,
    WatchedExchange.GATE: gate.USDT,
}
TRIES_MAX = 3
PAGES_MAX = 20
ANSWER_S = 10
HTTP_OK = 200


def past_funding_of(account: PaperExchangeAccount) -> PastFunding | None:
    """Returns how the settlements of a market are asked for; None where no perpetual is traded on paper."""
    stands = watched_account(account)
    if isinstance(stands, BinanceAccount):
        return msgspec.structs.replace(binance.USD_M, host=binance_hosts(stands).rest)
    if isinstance(stands, BybitAccount):
        return msgspec.structs.replace(bybit.LINEAR, host=urls_of(stands)[0])
    past = PAST.get(account.exchange)
    return None if past is None else msgspec.structs.replace(past, host=account.base_url or past.host)


async def pay_missed(
    papers: Mapping[str, PaperExchange],
    accounts: Mapping[str, AccountSection],
    clock: Clock,
    log: Log,
    connect: Connect = tls_connector,
) -> None:
    """Books what funding each position kept on paper is owed, or owes. What nobody tells is logged, and not booked."""
    for name, paper in papers.items():
        account = accounts[name]
        past = past_funding_of(account) if isinstance(account, PaperExchangeAccount) else None
        owing = paper.owing()
        if past is None or not owing:
            continue
        http = SessionHttp(past.host, clock, connect=connect)
        try:
            for each in owing:
                paid = await _pay(paper, each, (past, http), clock)
                if paid is None:
                    log.warning("paper_funding_unknown", account=name, name=each.market)
                else:
                    log.info("paper_funding_caught_up", account=name, name=each.market, count=paid)
        finally:
            await http.close()


async def _pay(paper: PaperExchange, owing: Owing, ways: tuple[PastFunding, Http], clock: Clock) -> int | None:
    """Books the settlements of one position. Returns how many, None where one of them cannot be known."""
    settled = await settled_since(owing, ways, clock)
    if settled is None:
        return None
    dues = [await _due(each, owing.symbol, ways, clock) for each in settled]
    known = [due for due in dues if due is not None]
    if len(known) < len(dues):
        return None
    for due in known:
        paper.pay(owing.market, due)
    return len(known)


async def settled_since(owing: Owing, ways: tuple[PastFunding, Http], clock: Clock) -> list[Settlement] | None:
    """Returns the settlements since a position is owing, oldest first; None where they are not all to be had."""
    past, http = ways
    since, until, found = owing.since, clock.now(), dict[Instant, Settlement]()
    for page in range(1, PAGES_MAX + 1):
        settled = await _asked(http, past.request(owing.symbol, since, until, page), past.read, clock)
        if settled is None:
            return None
        found |= {each.at: each for each in settled if each.at > owing.since}
        if len(settled) < past.limit or (past.turn is not Turn.FORTH and settled[0].at <= owing.since):
            return [found[at] for at in sorted(found)]
        if past.turn is Turn.BACK:
            until = Instant(settled[0].at - 1)
        elif past.turn is Turn.FORTH:
            since = Instant(settled[-1].at + NS_PER_MS)
    return None


async def _due(settled: Settlement, symbol: str, ways: tuple[PastFunding, Http], clock: Clock) -> Due | None:
    past, http = ways
    mark = settled.mark or await _asked(http, past.request_mark(symbol, settled.at), past.read_mark, clock)
    try:
        return Due(at=settled.at, rate=parse_number(settled.rate), mark=parse_number(mark or ""))
    except NumberRefused:
        return None


async def _asked(http: Http, request: Request, read: Callable[[bytes], Said | None], clock: Clock) -> Said | None:
    """Returns what an answer says, asked for a few times; None where none can be read."""
    for tries in range(TRIES_MAX):
        reply = await http.send(request, later(clock.now(), seconds=ANSWER_S))
        said = read(reply.body) if isinstance(reply, Reply) and reply.status == HTTP_OK else None
        if said is not None:
            return said
        await clock.sleep_until(rest_until(clock.now(), 2**tries, "funding", request.path))
    return None
