"""The exchange of a desk on bytes: production adapters, and a simulated exchange behind a faulty network."""

from __future__ import annotations

import random
from decimal import Decimal

from flatbook.engine.ports import LoginClock, OrderVenue
from flatbook.sim.chance import stream
from flatbook.sim.exchange import margin
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.injected import InjectedExchange
from flatbook.sim.exchange.orders import Forced, Placing
from flatbook.sim.exchange.terms import Kind, Life, cut_to
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.cut_http import CutHttp
from flatbook.sim.network.wire_network import WireNetwork
from flatbook.sim.runs.scenario import Broker, Scenario
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.recorded_exchange import BY_HAND, RecordedExchange, binance_naming, bybit_naming
from flatbook.sim.world.seat import DEAD_MAN_S, KEY, SEAT_ACCOUNT, WORD, exchange_terms, grid_of, instrument_of
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Instrument, Product
from flatbook.venues.binance import markets
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.binance.venue import BinanceAccount, BinanceFuturesVenue, BinanceVenue
from flatbook.venues.bybit.pacing import new_budget
from flatbook.venues.bybit.stream import PING, STREAM_PATIENCE, PrivateStream
from flatbook.venues.bybit.venue import BybitAccount, BybitVenue, BybitWay
from flatbook.venues.bybit.wire import Ahead, signer
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.websocket import SessionSocket

HOST = "exchange.example"
SERVER = "exchange"
LEVELS = 4
WALL, WALL_AT = Decimal(1_000), 60
WHOLE_BPS = 10_000
WHY = (Forced.LIQUIDATION, Forced.ADL)
HOLDINGS = (
    "GET /api/v3/account",
    "GET /fapi/v3/positionRisk",
    "GET /fapi/v3/balance",
    "GET /v5/position/list",
    "GET /v5/account/wallet-balance",
)
MEDDLED_MAX, MEDDLED_LOTS = 3, (1, 30)


class WireExchange:
    """One exchange with one account of a desk, reached over HTTP and WebSockets."""

    def __init__(self, scenario: Scenario, outside: Outside, network: WireNetwork) -> None:
        self._outside, self._network, self._grid = outside, network, grid_of(scenario)
        self._is_bybit = scenario.shape.broker is Broker.BYBIT
        self._depth = scenario.shape.depth
        self._takers: random.Random = stream(scenario.seed, "takers")
        self._by_hand = self._meddled = 0
        terms = exchange_terms(scenario)
        faults = InjectedExchange(SERVER, outside.loop, outside.injection)
        self.exchange = Exchange(terms, now=outside.now(), faults=faults)
        self.exchange.meddles = self._meddle
        self._market, self._instrument = terms.markets[0], instrument_of(scenario)
        serving = bybit_server if self._is_bybit else binance_server
        server = serving(self.exchange, now=outside.now, rest=network.rest)
        naming = bybit_naming(scenario.seed) if self._is_bybit else binance_naming()
        self._recorded = RecordedExchange(server, outside.record, naming, self._instrument.id, outside.now)
        if self._market.kind is Kind.PERP:
            margin.keep_funding(self.exchange, self._market)
        network.serve(server.runner, HOST, SERVER)

        async def stop() -> None:
            server.close()

        network.closing.append(stop)

    # What happens outside.

    def set_price(self, _symbol: str, price: int) -> None:
        """Quotes around a price, and lets somebody take."""
        self.exchange.advance(self._outside.now())
        middle, lot = cut_to(Decimal(price).scaleb(-4), self._market.tick), self._market.lot
        size, extra = max(lot, cut_to(Decimal(self._depth).scaleb(-9), lot)), lot * self._takers.randrange(9)
        bids, asks = (
            [(middle + sign * self._market.tick * (1 + 2 * place), size + extra) for place in range(LEVELS)]
            for sign in (-1, 1)
        )
        bids.append((middle - self._market.tick * WALL_AT, WALL))
        asks.append((middle + self._market.tick * WALL_AT, WALL))
        self.exchange.quote(self._market, bids, asks)
        if self._takers.randrange(WHOLE_BPS) < self._grid.takers_bps:
            most = max(1, self._grid.taker_qty // 10**7)
            qty = cut_to(Decimal(self._takers.randint(1, most)).scaleb(-2), lot) or lot
            self.exchange.trade_outside(self._market, self._takers.choice((-1, 1)), qty)

    def trade_of_others(self, _account: str, _symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on the account without an order of ours: by hand, or because the exchange closes a part of it."""
        self.exchange.advance(self._outside.now())
        wanted = cut_to(Decimal(qty).scaleb(-9), self._market.lot)
        if not forced:
            self._trade_by_hand(sign, wanted)
            return
        held = self.exchange.accounts[SEAT_ACCOUNT].position(self._market).qty
        part = min(wanted, abs(held))
        price = margin.mark(self.exchange, self._market)
        if part and price and self._market.kind is Kind.PERP:
            why = WHY[self._takers.randrange(len(WHY))]
            at = cut_to(price, self._market.tick)
            self.exchange.force(SEAT_ACCOUNT, self._market, part if held < 0 else -part, why, at)

    def _meddle(self, verb: str) -> None:
        """O4: a person trades at the very moment when the desk reads what the account holds."""
        injection = self._outside.injection
        if verb in HOLDINGS and self._meddled < MEDDLED_MAX and injection.hits("O4", SERVER):
            self._meddled += 1
            sign = 1 if injection.size("O4", SERVER, 0, 1) else -1
            self._trade_by_hand(sign, self._market.lot * injection.size("O4", SERVER, *MEDDLED_LOTS))

    def _trade_by_hand(self, sign: int, qty: Decimal) -> None:
        self._by_hand += 1
        placing = Placing(
            account=SEAT_ACCOUNT,
            market=self._market,
            client_id=f"{BY_HAND}{self._by_hand}",
            sign=sign,
            qty=qty,
            life=Life.IOC,
            words={"type": "MARKET"},
        )
        self.exchange.place(placing, self._outside.now())

    def end(self) -> None:
        """Records what the account holds at the end."""
        self.exchange.advance(self._outside.now())
        self._recorded.end()

    # What a life of the desk has.

    def of_life(self, caller: Caller, _instruments: tuple[Instrument, ...]) -> dict[AccountId, OrderVenue]:
        """Returns the account as one life of the desk reaches it, by connections of its own."""
        return {AccountId(SEAT_ACCOUNT): self._bybit(caller) if self._is_bybit else self._binance(caller)}

    def logins_of_life(self) -> dict[AccountId, LoginClock]:
        """None: who asks proves himself by a key."""
        return {}

    def are_quiet(self) -> bool:
        """Whether no order is open."""
        return not self.exchange.open

    def _binance(self, caller: Caller) -> OrderVenue:
        clock, instrument = caller.clock, self._instrument
        key = BinanceKey(clock, _reveal)
        http = CutHttp(self._network.http(HOST, clock, authorize=key.headers, sign=key.sign), caller.scissors)
        at = markets.SPOT if instrument.product is Product.SPOT else markets.USD_M
        line = BinanceLine(http, clock, key, RateBudget(at.gauges))
        ways = Ways(market=at, line=line, rights=line)
        socket = SessionSocket(f"wss://{HOST}", clock, connect=SimulatedConnector)
        account = BinanceAccount(account=instrument.account, instruments=(instrument,))
        if instrument.product is Product.SPOT:
            return BinanceVenue(ways, clock, account=account, updates=SpotUpdates(socket, line))
        return BinanceFuturesVenue(ways, clock, account=account, updates=FuturesUpdates(socket, line, clock))

    def _bybit(self, caller: Caller) -> OrderVenue:
        clock, instrument, ahead = caller.clock, self._instrument, Ahead()
        carried = self._network.http(HOST, clock, authorize=dict, sign=signer(_reveal, clock, ahead))
        socket = SessionSocket(f"wss://{HOST}", clock, connect=SimulatedConnector, patience=STREAM_PATIENCE, beat=PING)
        topic = "dcp.spot" if instrument.product is Product.SPOT else "dcp.future"
        return BybitVenue(
            BybitWay(http=CutHttp(carried, caller.scissors), ahead=ahead, budget=new_budget()),
            clock,
            account=BybitAccount(
                account=instrument.account, user_id="", instruments=(instrument,), dead_man_s=DEAD_MAN_S
            ),
            stream=PrivateStream(socket, _reveal, clock, topics=(topic,)),
        )


def _reveal() -> tuple[str, str]:
    return KEY, WORD
