"""Candles that monitors begin with: the newest ones of each venue, asked for once at the start.

Without them a monitor would know its market only after as many candles as it averages, and stop its owners long before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aiohttp
import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.rest import rest_until
from flatbook.engine.rules import Rules
from flatbook.market.candles import Candles
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import AccountSection, BinanceAccount, BybitAccount, PaperExchangeAccount
from flatbook.risk.monitor import MonitorRules
from flatbook.services.live_binance import binance_hosts
from flatbook.services.live_exchanges import urls_of
from flatbook.services.paper_exchanges import watched_account
from flatbook.values.instants import later
from flatbook.values.instruments import Instrument, Product
from flatbook.venues.binance import candles as binance
from flatbook.venues.bybit import candles as bybit
from flatbook.venues.http import Reply, SessionHttp, tls_connector
from flatbook.venues.past_candles import PastCandles

Connect = Callable[[], aiohttp.BaseConnector]

TRIES_MAX = 6
BEGIN_S = 1
ANSWER_S = 10


def past_candles_of(account: AccountSection, product: Product) -> PastCandles | None:
    """Returns how the newest candles at an account are asked for; None where nothing of ours reads them."""
    if isinstance(account, PaperExchangeAccount):
        stands = watched_account(account)
        return None if stands is None else past_candles_of(stands, product)
    is_spot = product is Product.SPOT
    if isinstance(account, BinanceAccount):
        found = binance.SPOT if is_spot else binance.USD_M
        return msgspec.structs.replace(found, host=binance_hosts(account).rest)
    if isinstance(account, BybitAccount):
        return msgspec.structs.replace(bybit.SPOT if is_spot else bybit.LINEAR, host=urls_of(account)[0])
    return None


def warming(monitors: Mapping[str, MonitorRules], candles: Candles) -> list[dict[str, object]]:
    """Returns which monitors do not know an instrument yet, and when they will if candles come by themselves."""
    return [
        {
            "monitor": name,
            "instrument": instrument,
            "closed": closed,
            "window": monitor.window,
            "full_in_s": (monitor.window - closed) * monitor.interval_s,
        }
        for name, monitor in monitors.items()
        for instrument in monitor.instruments
        if (closed := candles.closed(name, instrument)) < monitor.window
    ]


async def warm_candles(
    loaded: Loaded, rules: Rules, candles: Candles, clock: Clock, connect: Connect = tls_connector
) -> None:
    """Asks for the newest candles of all that monitors watch, each a few times until it has them."""
    await clock.sleep_until(later(clock.now(), seconds=BEGIN_S))
    for monitor in rules.monitors.values():
        for name in monitor.instruments:
            instrument = rules.instruments[name]
            past = past_candles_of(loaded.config.accounts[instrument.account], instrument.product)
            if past is not None and monitor.interval_s in past.words:
                await warm_one(past, monitor, instrument, candles, (clock, connect))


async def warm_one(
    past: PastCandles, monitor: MonitorRules, instrument: Instrument, candles: Candles, ways: tuple[Clock, Connect]
) -> None:
    """Asks for the newest candles of an instrument a few times, until it has them. `ways` make the connection."""
    clock, connect = ways
    http = SessionHttp(past.host, clock, connect=connect)
    request = past.request(instrument.symbol, past.words[monitor.interval_s], monitor.window + 2)
    try:
        for tries in range(TRIES_MAX):
            reply = await http.send(request, later(clock.now(), seconds=ANSWER_S))
            found = past.read(reply.body) if isinstance(reply, Reply) and reply.status == 200 else None
            if found is not None:
                candles.backfill(instrument.id, monitor.interval_s, found, clock.now())
                return
            await clock.sleep_until(rest_until(clock.now(), 2**tries, "candles", instrument.symbol))
    finally:
        await http.close()
