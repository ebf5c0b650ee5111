"""Downloads history over the public REST of Binance: bars and rates of funding, page by page, into a CSV file.

Source: developers.binance.com, "Kline/Candlestick Data" and "Get Funding Rate History": both return the oldest rows
from `startTime` on, so that the next page begins behind the last row.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

import msgspec

from flatbook.engine.ports import Clock
from flatbook.ops.clock import SystemClock
from flatbook.values.instants import NS_PER_MS, Instant, later, text_of_instant
from flatbook.venues.http import Http, Reply, Request, SessionHttp, tls_connector

PAGE_ROWS = 1_000
NEVER_ANSWERED_S = 20
"""How long a venue that never answered is asked: without a network nobody waits for longer."""
PAGES_MAX = 20_000
TRIES_MAX = 6
TIMEOUT_S = 15
WAIT_S = 2
BUSY = (418, 429, 500, 502, 503, 504)
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")


class DownloadFailed(RuntimeError):
    """A venue did not give what was asked for. Says what it answered."""


class Wanted(Enum):
    """What can be downloaded."""

    BARS = "bars"
    FUNDING = "funding"


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Where a market of Binance gives its history."""

    host: str
    bars: str
    funding: str | None


MARKETS = {
    "binance": Market(host="https://api.binance.com", bars="/api/v3/klines", funding=None),
    "binanceusdm": Market(host="https://fapi.binance.com", bars="/fapi/v1/klines", funding="/fapi/v1/fundingRate"),
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: `until` is not included."""

    market: Market
    wanted: Wanted
    symbol: str
    interval: str
    since: Instant
    until: Instant


class _Rate(msgspec.Struct):
    funding_time: int = msgspec.field(name="fundingTime")
    rate: str = msgspec.field(name="fundingRate")
    mark: str = msgspec.field(name="markPrice", default="")


Say = Callable[[str], None]
Bar = tuple[int, str, str, str, str, str, int, str, int, str, str, str]
Row = tuple[str, ...]

BARS_HEAD = ("ts", "symbol", "open", "high", "low", "close", "volume", "n_trades")
FUNDING_HEAD = ("ts", "symbol", "funding_rate", "mark_price")


async def download_all(asked: Asked, path: Path, say: Say, *, url: str | None = None) -> int:
    """Downloads by the machine's clock, from the venue or from another address, and says what is asked.

    Errors: DownloadFailed.
    """
    clock, host = SystemClock(), url or asked.market.host
    http = SessionHttp(host, clock, connect=tls_connector, authorize=dict)
    say(f"asking {host} for {asked.wanted.value} of {asked.symbol}")
    try:
        return await download(asked, http, clock, path, say)
    finally:
        await http.close()


async def download(asked: Asked, http: Http, clock: Clock, path: Path, say: Say) -> int:
    """Writes all rows of a stretch of time into a new CSV file and returns how many there are.

    Errors: DownloadFailed where the venue refuses, never answers for NEVER_ANSWERED_S, or then stops for TRIES_MAX;
    nothing is left then.
    """
    rows, is_whole = 0, False
    asking = _Asking(http, clock, say)
    try:
        with gzip.open(path, "xt", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(BARS_HEAD if asked.wanted is Wanted.BARS else FUNDING_HEAD)
            begin = asked.since
            for _ in range(PAGES_MAX):
                page = list(_rows(asked, await asking.page(asked, begin)))
                fresh = [row for at, row in page if begin <= at < asked.until]
                writer.writerows(fresh)
                rows += len(fresh)
                if len(page) < PAGE_ROWS or len(fresh) < len(page):
                    break
                begin = Instant(page[-1][0] + NS_PER_MS)
        is_whole = True
    finally:
        if not is_whole:
            _drop(path)
    return rows


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Asking:
    """Asks for one page after the other, and knows whether anything was ever answered."""

    def __init__(self, http: Http, clock: Clock, say: Say) -> None:
        self._http, self._clock, self._say = http, clock, say
        self._ends_at: Instant | None = later(clock.now(), seconds=NEVER_ANSWERED_S)

    async def page(self, asked: Asked, begin: Instant) -> bytes:
        """Returns a page. Errors: DownloadFailed."""
        request, said = _request(asked, begin), "no answer"
        for tries in range(TRIES_MAX):
            reply = await self._http.send(request, self._until(TIMEOUT_S))
            if isinstance(reply, Reply):
                self._ends_at = None
                if reply.status == 200:
                    return reply.body
                said = f"{reply.status} {reply.body[:200].decode('utf-8', 'replace')}"
                if reply.status not in BUSY:
                    break
            else:
                said = f"no answer ({reply.reason.value}): look at the network"
            next_at = later(self._clock.now(), seconds=WAIT_S * 2**tries)
            if self._ends_at is not None and next_at >= self._ends_at:
                break
            self._say(f"{said}; asking again in {WAIT_S * 2**tries} s")
            await self._clock.sleep_until(next_at)
        raise DownloadFailed(f"{request.path} of {asked.symbol} from {text_of_instant(begin)}: {said}")

    def _until(self, seconds: int) -> Instant:
        at = later(self._clock.now(), seconds=seconds)
        return at if self._ends_at is None else min(at, self._ends_at)


def _request(asked: Asked, begin: Instant) -> Request:
    span = (("startTime", str(-(-begin // NS_PER_MS))), ("endTime", str((asked.until - 1) // NS_PER_MS)))
    query = (("symbol", asked.symbol), *span, ("limit", str(PAGE_ROWS)))
    if asked.wanted is Wanted.BARS:
        return Request(method="GET", path=asked.market.bars, query=(*query, ("interval", asked.interval)))
    if asked.market.funding is None:
        raise DownloadFailed(f"{asked.symbol}: a spot market has no funding")
    return Request(method="GET", path=asked.market.funding, query=query)


def _rows(asked: Asked, body: bytes) -> Iterator[tuple[int, Row]]:
    """Yields rows with their instants.

    Errors: DownloadFailed where the answer is of another form.
    """
    try:
        if asked.wanted is Wanted.FUNDING:
            for rate in msgspec.json.decode(body, type=list[_Rate]):
                at = rate.funding_time * NS_PER_MS
                yield at, (text_of_instant(Instant(at)), asked.symbol, rate.rate, rate.mark)
            return
        for bar in msgspec.json.decode(body, type=list[Bar]):
            at = bar[0] * NS_PER_MS
            yield at, (text_of_instant(Instant(at)), asked.symbol, *bar[1:6], str(bar[8]))
    except msgspec.MsgspecError as error:
        raise DownloadFailed(f"{asked.symbol}: an answer of another form: {error}") from error
