"""The production engine over the production adapter of Binance, against the simulated Binance, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from flatbook.engine.ports import OrderVenue
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.faults import ScriptedExchange
from flatbook.sim.exchange.injected import InjectedExchange
from flatbook.sim.exchange.terms import ExchangeTerms, Kind, Market, OpeningAccount
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.link import LinkFaults
from flatbook.sim.network.wire_faults import InjectedLink
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AssetId, InstrumentId
from flatbook.values.instruments import Instrument, Product, TradingRules
from flatbook.values.money import Price
from flatbook.venues.binance import markets
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.binance.venue import BINANCE_CARD, BinanceAccount, BinanceFuturesVenue, BinanceVenue
from flatbook.venues.http import SessionHttp
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.websocket import SessionSocket
from tests.desk import COIN, HEDGE, OPEN, PAPER, Setting, desk_of
from tests.sim.engine_desk import PRICE, EngineDesk

HOST = "exchange.example"
USDT = AssetId("USDT")
D = Decimal
TRADED = {
    Product.LINEAR_PERP: Market(
        kind=Kind.PERP, symbol="COINUSDT", coin="COIN", quote="USDT", tick=D("0.01"), lot=D("0.01"), qty_min=D("0.01")
    ),
    Product.SPOT: Market(
        kind=Kind.SPOT, symbol="COINUSDT", coin="COIN", quote="USDT", tick=D("0.01"), lot=D("0.01"), qty_min=D("0.01")
    ),
}
ACCOUNT = OpeningAccount(
    name="main",
    key="key",
    secret="word",
    spot={"USDT": D(1_000_000), "COIN": D(1_000)},
    margin={"USDT": D(1_000_000)},
)
TERMS = ExchangeTerms(
    markets=tuple(TRADED.values()),
    accounts=(ACCOUNT,),
    forced_ids={"liquidation": "autoclose-", "adl": "adl_autoclose", "settlement": "settlement_autoclose-"},
)


def coin_at(product: Product) -> Instrument:
    """Returns the share as it is traded at the exchange."""
    market = TRADED[product]
    return Instrument(
        id=InstrumentId("COIN/USDT"),
        account=PAPER,
        symbol=market.symbol,
        underlying=COIN,
        quote=USDT,
        product=product,
        rules=TradingRules(tick=market.tick, lot=market.lot, qty_min=market.qty_min, notional_min=market.notional_min),
    )


class ExchangeDesk(EngineDesk):
    """What outlives the processes of a desk: the exchange, the chain, time, and the journal's store."""

    terms, serving, card = TERMS, staticmethod(binance_server), BINANCE_CARD

    def __init__(
        self,
        script: Sequence[ScriptedBlocks],
        product: Product,
        *,
        seed: int = 0,
        strengths: dict[str, int] | None = None,
    ) -> None:
        self.product, self.instrument = product, coin_at(product)
        rules = desk_of(Setting(hedge=msgspec.structs.replace(HEDGE, shorting=product is not Product.SPOT)), ()).rules
        ((key, hedge),) = rules.hedges.items()
        rules = msgspec.structs.replace(
            rules,
            hedges={key: msgspec.structs.replace(hedge, instrument=self.instrument)},
            instruments={self.instrument.id: self.instrument},
            cards={PAPER: self.card},
            marks={**rules.marks, USDT: Price(D(1))},
        )
        super().__init__(script, rules, seed=seed, start=OPEN)
        self.strikes: list[str] = []
        self._seed, self._is_calm = str(seed), strengths is None
        self.injection = Injection(self._seed, strengths or {}, lambda fault, _where: self.strikes.append(fault))
        self._links: dict[str, LinkFaults] = {}
        self.faults = ScriptedExchange()
        injected = InjectedExchange("binance", self.loop, self.injection)
        self.exchange = Exchange(self.terms, now=OPEN, faults=self.faults if strengths is None else injected)
        self.market = next(market for market in self.terms.markets if market.kind is TRADED[product].kind)
        for market in self.terms.markets:
            bids, asks = ([(PRICE + sign * D("0.01") * each, D(500)) for each in range(1, 6)] for sign in (-1, 1))
            self.exchange.quote(market, bids, asks)
        self.server = self.serving(self.exchange, now=self.now, rest=self.rest)
        self.serve(self.server, HOST)

    def link(self, process: str, host: str) -> LinkFaults:
        """Returns the way between two: a calm one where no faults are wanted."""
        if self._is_calm:
            return super().link(process, host)
        name = f"{process}-{host}"
        return self._links.setdefault(name, InjectedLink(name, self._seed, self.loop, self.injection))

    def connect(self, clock: LoopClock) -> tuple[OrderVenue, tuple[SessionHttp, ...]]:
        """Returns the adapter of a new process, and what it must close."""
        key = BinanceKey(clock, lambda: (ACCOUNT.key, ACCOUNT.secret))
        http = SessionHttp(f"https://{HOST}", clock, connect=SimulatedConnector, authorize=key.headers, sign=key.sign)
        at = markets.SPOT if self.product is Product.SPOT else markets.USD_M
        line = BinanceLine(http, clock, key, RateBudget(at.gauges))
        ways = Ways(market=at, line=line, rights=line)
        socket = SessionSocket(f"wss://{HOST}", clock, connect=SimulatedConnector)
        account = BinanceAccount(account=PAPER, instruments=(self.instrument,))
        if self.product is Product.SPOT:
            return BinanceVenue(ways, clock, account=account, updates=SpotUpdates(socket, line)), (http,)
        updates = FuturesUpdates(socket, line, clock)
        return BinanceFuturesVenue(ways, clock, account=account, updates=updates), (http,)

    def close(self) -> None:
        """Lets go of what the processes left behind."""
        self.server.close()
        super().close()

    def opened(self) -> Decimal:
        """Returns what the account held when it was opened."""
        return ACCOUNT.spot["COIN"] if self.product is Product.SPOT else D(0)

    def position(self) -> Decimal:
        """Returns what the exchange holds for the account beyond what it opened with."""
        account = self.exchange.accounts["main"]
        if self.product is Product.SPOT:
            return account.wallet(self.market).total("COIN") - self.opened()
        return account.position(self.market).qty
