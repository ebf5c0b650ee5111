"""A simulated exchange: accounts trade with each other and with liquidity from outside, under a given clock.

It knows no protocol: fronts check who asks, translate, and write what happens in their exchange's words. What is due,
such as funding, countdowns and outside liquidity, happens when the exchange is told the time.

Source: Binance and Bybit documentation of order types, margin of linear perpetuals and self-trade prevention.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from flatbook.matcher.order_book import Match
from flatbook.sim.exchange import margin, settling
from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.checks import check_placing, lots_to_take
from flatbook.sim.exchange.faults import CalmExchange, ExchangeFaults
from flatbook.sim.exchange.orders import (
    BookedOrder,
    Change,
    Ending,
    Execution,
    Flow,
    Forced,
    Placing,
    Print,
    Refusal,
    Status,
    Watcher,
)
from flatbook.sim.exchange.pit import OUTSIDE, Pit
from flatbook.sim.exchange.terms import SPOT_WALLET, ExchangeTerms, Kind, Life, Market, Stp, cut_to
from flatbook.sim.exchange.watched import WatchedPit
from flatbook.values.instants import NS_PER_MS, Instant

Levels = Sequence[tuple[Decimal, Decimal]]
FIRST_ORDER_ID = 1_000_001
FIRST_TRADE_ID = 500_001
PRINTS_MAX = 1_000
COARSER = 10
HALF = Decimal("0.5")


class Exchange:
    """The books of one exchange. Units: as in orders.py. `meddles` may act before a request of a verb is answered."""

    def __init__(self, terms: ExchangeTerms, *, now: Instant, faults: ExchangeFaults | None = None) -> None:
        self.terms, self.now = terms, now
        self.faults: ExchangeFaults = faults or CalmExchange()
        self.markets = {market.name: market for market in terms.markets}
        self.pits: dict[str, Pit | WatchedPit] = {
            market.name: WatchedPit() if market.is_watched else Pit() for market in terms.markets
        }
        self.accounts = {opening.name: Account(opening, terms) for opening in terms.accounts}
        self.orders: dict[int, BookedOrder] = {}
        self.open: dict[int, BookedOrder] = {}
        self.by_client_id: dict[tuple[str, str, str], int] = {}
        self.marks: dict[str, Decimal] = {}
        self.prints: dict[str, list[Print]] = {market.name: [] for market in terms.markets}
        self.flows: list[Flow] = []
        self.funded: dict[str, Instant] = {}
        self.watchers: list[Watcher] = []
        self.due_watchers: list[Callable[[Instant], None]] = []
        self.meddles: Callable[[str], None] = _nobody
        self._due: list[tuple[Instant, int, Callable[[], None]]] = []
        self._scheduled = 0
        self._countdowns: dict[tuple[str, str], int] = {}
        self._order_id, self._trade_id = FIRST_ORDER_ID, FIRST_TRADE_ID

    # Time.

    def later(self, at: Instant, act: Callable[[], None]) -> None:
        """Lets something happen at an instant."""
        self._scheduled += 1
        heapq.heappush(self._due, (at, self._scheduled, act))
        for told in self.due_watchers:
            told(at)

    def next_due(self) -> Instant | None:
        """Returns the instant at which the next thing is due."""
        return self._due[0][0] if self._due else None

    def advance(self, now: Instant) -> None:
        """Lets happen what is due until an instant."""
        while self._due and self._due[0][0] <= now:
            at, _, act = heapq.heappop(self._due)
            self.now = max(self.now, at)
            act()
        self.now = max(self.now, now)

    # Orders.

    def place(self, asked: Placing, now: Instant) -> BookedOrder | Refusal:
        """Takes an order, or says why not. What it trades at once has happened when this returns."""
        self.advance(now)
        market = self.markets[asked.market.name]
        if self.faults.coarsens(market.symbol):
            coarse = market.lot * COARSER
            self.change_rules(msgspec.structs.replace(market, lot=coarse, qty_min=max(coarse, market.qty_min)))
        checked = check_placing(self, asked)
        if isinstance(checked, Refusal):
            return checked
        self._order_id += 1
        order = BookedOrder(self._order_id, asked, checked, self.now)
        self.orders[order.id] = self.open[order.id] = order
        self.by_client_id[(order.account, order.market.name, order.client_id)] = order.id
        settling.lock(self, order)
        hold_ms = self.faults.hold_ms(order.market.symbol)
        if hold_ms:
            self._tell(order, Change.NEW)
            self.later(Instant(self.now + hold_ms * NS_PER_MS), lambda: self._run(order))
        elif self._ends_at_once(order) is None:
            self._tell(order, Change.NEW)
            self._run(order)
        else:
            self._run(order)
        self._settle(order.market)
        return order

    def cancel(self, order: BookedOrder, now: Instant, ending: Ending = Ending.ASKED) -> Refusal | None:
        """Cancels an order, or says that it is not open any more."""
        self.advance(now)
        if not order.is_open:
            return Refusal.GONE
        late_ms = self.faults.late_fill_ms(order.market.symbol)
        left = order.left
        self._end(order, ending)
        if late_ms is not None:
            self.later(Instant(self.now + late_ms * NS_PER_MS), lambda: self._fill_late(order, left))
        self._settle(order.market)
        return None

    def amend(self, order: BookedOrder, price: Decimal | None, qty: Decimal | None, now: Instant) -> Refusal | None:
        """Changes the price or the whole quantity of a resting order, which goes behind others, or says why not."""
        self.advance(now)
        if not order.is_open or order.price is None:
            return Refusal.GONE
        wanted = (price or order.price, order.qty if qty is None else qty)
        if order.market.ticks(wanted[0]) is None:
            return Refusal.TICK
        if order.market.lots(wanted[1]) is None or wanted[1] <= order.filled:
            return Refusal.LOT
        ticks = order.market.ticks(order.price) or 0
        self.pits[order.market.name].cancel(str(order.id), order.sign, ticks)
        settling.unlock(self, order)
        order.price, order.qty = wanted
        order.updated_at = self.now
        settling.lock(self, order)
        self._tell(order, Change.AMENDED)
        self._run(order)
        self._settle(order.market)
        return None

    def count_down(self, account: str, market: Market, wait_ms: int) -> None:
        """Cancels the open orders of a market after a wait, unless called again before; 0 stops it. Units: ms."""
        key = (account, market.name)
        count = self._countdowns[key] = self._countdowns.get(key, 0) + 1

        def over() -> None:
            if self._countdowns[key] == count:
                for order in self.open_orders(account, market):
                    self.cancel(order, self.now, Ending.COUNTDOWN)

        if wait_ms:
            self.later(Instant(self.now + wait_ms * NS_PER_MS), over)

    def open_orders(self, account: str, market: Market | None = None) -> list[BookedOrder]:
        """Returns the open orders of an account, oldest first."""
        return [
            order
            for order in self.open.values()
            if order.account == account and (market is None or order.market.name == market.name)
        ]

    def order_of(self, account: str, market: Market, order_id: int | None, client_id: str) -> BookedOrder | None:
        """Returns the order of an account by its id, or the last one that had a client id."""
        if order_id is None:
            order_id = self.by_client_id.get((account, market.name, client_id))
        order = None if order_id is None else self.orders.get(order_id)
        return order if order is not None and order.account == account and order.market.name == market.name else None

    # What is kept in a file.

    def numbers(self) -> tuple[int, int]:
        """Returns the last numbers of orders and of trades."""
        return self._order_id, self._trade_id

    def resume(self, order_id: int, trade_id: int, orders: list[BookedOrder], flows: list[Flow]) -> None:
        """Goes on from orders and numbers that were kept; what was open rests again, behind all that is displayed."""
        self._order_id, self._trade_id = order_id, trade_id
        self.flows.extend(flows)
        for order in orders:
            self.orders[order.id] = order
            self.by_client_id[(order.account, order.market.name, order.client_id)] = order.id
            if order.is_open:
                self.open[order.id] = order
                lots, ticks = order.market.lots(order.left), self._ticks(order)
                if lots is None or ticks is None:
                    self._end(order, Ending.ASKED)
                else:
                    self.pits[order.market.name].rest(str(order.id), order.sign, ticks, lots)

    # The outside.

    def observe(self, market: Market, levels: dict[int, dict[int, int]]) -> None:
        """Takes the whole of what is displayed of a market, by sign and price. Units: ticks, lots."""
        for sign, match in self.pits[market.name].quote(levels):
            self._trade(market, sign, None, match)
        self._settle(market)

    def quote(self, market: Market, bids: Levels, asks: Levels, *, whole: bool = True) -> None:
        """Makes the liquidity from outside what is stated, best or not first; levels that are not stated stay
        unless what is stated is the whole book. Units: price and quantity.

        Needs: whole ticks and lots.
        """
        wanted = {
            sign: {market.ticks(price) or 0: market.lots(qty) or 0 for price, qty in side}
            for sign, side in ((1, bids), (-1, asks))
        }
        pit = self.pits[market.name]
        for sign, match in pit.quote(wanted) if whole else pit.change(wanted):
            self._trade(market, sign, None, match)
        self._settle(market)

    def trade_outside(self, market: Market, sign: int, qty: Decimal, limit: Decimal | None = None) -> Decimal:
        """Lets somebody outside take, +1 to buy, up to a limit. Returns how much orders here traded. Units: coins.

        At a market that is watched this is a trade that was seen there, at the limit or else at the touch.
        """
        pit, lots = self.pits[market.name], market.lots(qty) or 0
        if isinstance(pit, WatchedPit):
            ticks = pit.best(-sign) if limit is None else market.ticks(limit)
            matches = [] if ticks is None else pit.hit(sign, lots, ticks)
            if ticks is not None:
                self._print(market, sign, lots, ticks, self._next_trade_id())
        else:
            matches = pit.take(sign, lots, None if limit is None else market.ticks(limit))
        for match in matches:
            self._trade(market, sign, None, match)
        self._settle(market)
        return market.lot * sum(match.qty for match in matches)

    def set_mark(self, market: Market, price: Decimal) -> None:
        """Sets the mark of a market, which is the middle of its book otherwise."""
        self.marks[market.name] = price
        margin.liquidate_due(self)

    def change_rules(self, market: Market) -> None:
        """Lets other rules hold for a market of the same name from now on; resting orders stay as they are."""
        self.markets[market.name] = market

    def move_coins(self, account: str, coin: str, amount: Decimal) -> None:
        """Lets coins come into the spot wallet from outside, or leave it where the amount is below zero."""
        self.accounts[account].wallets[SPOT_WALLET].add(coin, amount)
        margin.book_flow(self, account, "DEPOSIT" if amount > 0 else "WITHDRAW", coin, amount)
        for watcher in self.watchers:
            watcher.account_changed(account, SPOT_WALLET, "DEPOSIT", (coin,), "")

    def force(self, account: str, market: Market, qty: Decimal, why: Forced, price: Decimal) -> BookedOrder:
        """Closes a part of a position against nobody, as the exchange does by itself. Units: coins, signed to trade."""
        self._order_id += 1
        client_id = self.terms.forced_ids.get(why.value, "")
        asked = Placing(
            account=account,
            market=market,
            client_id=f"{client_id}{self._order_id}" if client_id.endswith("-") else client_id,
            sign=1 if qty > 0 else -1,
            qty=abs(qty),
            life=Life.IOC,
            forced=why,
        )
        order = BookedOrder(self._order_id, asked, abs(qty), self.now)
        self.orders[order.id] = order
        settling.settle(self, order, abs(qty), price, trade_id=self._next_trade_id(), is_maker=False)
        self._settle(market)
        return order

    # Matching.

    def _ends_at_once(self, order: BookedOrder) -> Ending | None:
        pit, ticks = self.pits[order.market.name], self._ticks(order)
        if order.life is Life.MAKER and pit.within(order.sign, ticks):
            return Ending.WOULD_TAKE
        if order.life is Life.FOK and order.market.lot * pit.within(order.sign, ticks) < order.left:
            return Ending.NOT_WHOLE
        return None

    def _run(self, order: BookedOrder) -> None:
        """Lets an order take what it can, and then rest or end."""
        if not order.is_open:
            return
        if self.faults.rejects_late(order.market.symbol):
            self._end(order, Ending.REJECTED_LATE)
            return
        ending = self._ends_at_once(order) or self._take(order)
        if ending is not None:
            self._end(order, ending)
        elif order.is_open and order.price is not None and order.life in (Life.GTC, Life.MAKER):
            lots = order.market.lots(order.left) or 0
            self.pits[order.market.name].rest(str(order.id), order.sign, self._ticks(order) or 0, lots)
        elif order.is_open:
            self._end(order, Ending.NOTHING_LEFT)

    def _take(self, order: BookedOrder) -> Ending | None:
        """Takes what matches. Returns why the order must end, None when it may go on."""
        pit, ticks = self.pits[order.market.name], self._ticks(order)
        while order.left:
            first = pit.first(-order.sign)
            if first is None or (ticks is not None and order.sign * (first.price - ticks) > 0):
                return None
            lots = lots_to_take(self, order)
            if not lots:
                return Ending.REDUCE_ONLY if order.reduces else Ending.NOTHING_LEFT
            maker = None if first.maker.startswith(OUTSIDE) else self.orders[int(first.maker)]
            if maker is not None and maker.account == order.account and order.stp is not Stp.NONE:
                if order.stp is not Stp.EXPIRE_TAKER:
                    self._end(maker, Ending.OWN)
                if order.stp is not Stp.EXPIRE_MAKER:
                    return Ending.OWN
                continue
            for match in pit.take(order.sign, min(lots, first.qty), ticks):
                self._trade(order.market, order.sign, order, match)
        return None

    def _trade(self, market: Market, sign: int, taker: BookedOrder | None, match: Match) -> None:
        """Books one match for the accounts that are in it, the maker first: what may only reduce turns no position."""
        maker = None if match.maker.startswith(OUTSIDE) else self.orders[int(match.maker)]
        lots = match.qty if maker is None or not maker.reduces else min(match.qty, lots_to_take(self, maker))
        if lots:
            self._book(market, sign, (maker, taker), (lots, match.price))
        if lots < match.qty and maker is not None and maker.is_open:
            self._end(maker, Ending.REDUCE_ONLY)

    def _book(
        self, market: Market, sign: int, orders: tuple[BookedOrder | None, BookedOrder | None], traded: tuple[int, int]
    ) -> None:
        """Books a trade for maker and taker. Units: `traded` in lots, and ticks."""
        (maker, taker), (lots, ticks) = orders, traded
        qty, price, trade_id = market.lot * lots, market.tick * ticks, self._next_trade_id()
        for order, is_maker in ((maker, True), (taker, False)):
            if order is not None:
                settling.settle(self, order, qty, price, trade_id=trade_id, is_maker=is_maker)
                self._go_wrong(order, price, is_maker=is_maker)
        if not market.is_watched:
            self._print(market, sign, lots, ticks, trade_id)

    def _print(self, market: Market, sign: int, lots: int, ticks: int, trade_id: int) -> None:
        qty, price = market.lot * lots, market.tick * ticks
        trade = Print(trade_id=trade_id, at=self.now, sign=sign, qty=qty, price=price)
        prints = self.prints[market.name]
        prints.append(trade)
        del prints[:-PRINTS_MAX]
        for watcher in self.watchers:
            watcher.printed(market, trade)

    def _go_wrong(self, order: BookedOrder, price: Decimal, *, is_maker: bool) -> None:
        """Lets faults fill a lot too much, or close a part of the position, after a trade."""
        market, symbol = order.market, order.market.symbol
        if order.status is Status.FILLED and order.forced is None and self.faults.overfills(symbol):
            settling.settle(self, order, market.lot, price, trade_id=self._next_trade_id(), is_maker=is_maker)
        if market.kind is Kind.PERP and order.forced is None and self.faults.closes_by_force(symbol):
            self.later(self.now, lambda: self._force_part(order.account, market, price))

    def _force_part(self, account: str, market: Market, price: Decimal) -> None:
        """Closes half of what is held by now: what is closed by force turns no position round."""
        part = cut_to(self.accounts[account].position(market).qty * HALF, market.lot)
        if part:
            self.force(account, market, -part, Forced.ADL, price)

    def _end(self, order: BookedOrder, ending: Ending) -> None:
        ticks = self._ticks(order)
        if ticks is not None:
            self.pits[order.market.name].cancel(str(order.id), order.sign, ticks)
        settling.unlock(self, order)
        order.ending, order.updated_at = ending, self.now
        order.status, change = _ENDS.get(ending, (Status.EXPIRED, Change.EXPIRED))
        self.open.pop(order.id, None)
        self._tell(order, change)

    def _fill_late(self, order: BookedOrder, qty: Decimal) -> None:
        """Fills what a cancel had ended, as if the cancel had come too late."""
        price = order.price or margin.mark(self, order.market) or Decimal(0)
        settling.settle(self, order, qty, price, trade_id=self._next_trade_id(), is_maker=True)
        self._settle(order.market)

    def _settle(self, market: Market) -> None:
        """Does what follows from trades: orders that only reduce shrink, books are told, positions are liquidated."""
        for order in tuple(self.open_orders_that_reduce(market)):
            self._bound(order)
        told = self.pits[market.name].flush()
        if told is not None:
            for watcher in self.watchers:
                watcher.depth_changed(market, *told)
        if market.kind is Kind.PERP:
            margin.liquidate_due(self)

    def open_orders_that_reduce(self, market: Market) -> list[BookedOrder]:
        """Returns the resting orders of a market that may only reduce a position."""
        if market.kind is Kind.SPOT:
            return []
        pit = self.pits[market.name]
        return [order for order in self.open.values() if order.reduces and pit.left(str(order.id))]

    def _bound(self, order: BookedOrder) -> None:
        """Makes a resting order that only reduces no larger than the position."""
        held = self.accounts[order.account].position(order.market).qty
        most = max(-held * order.sign, Decimal(0))
        if not most:
            self._end(order, Ending.REDUCE_ONLY)
        elif order.left > most:
            pit, ticks = self.pits[order.market.name], self._ticks(order) or 0
            pit.cancel(str(order.id), order.sign, ticks)
            order.qty = order.filled + most
            pit.rest(str(order.id), order.sign, ticks, order.market.lots(most) or 0)

    def _tell(self, order: BookedOrder, change: Change, execution: Execution | None = None) -> None:
        for watcher in self.watchers:
            watcher.order_changed(order, change, execution)

    def _next_trade_id(self) -> int:
        self._trade_id += 1
        return self._trade_id

    @staticmethod
    def _ticks(order: BookedOrder) -> int | None:
        return None if order.price is None else order.market.ticks(order.price)


def _nobody(_verb: str) -> None:
    """Leaves the accounts alone."""


_ENDS = {
    Ending.ASKED: (Status.CANCELED, Change.CANCELED),
    Ending.COUNTDOWN: (Status.CANCELED, Change.CANCELED),
    Ending.OWN: (Status.EXPIRED_IN_MATCH, Change.PREVENTED),
    Ending.LIQUIDATION: (Status.CANCELED, Change.CANCELED),
    Ending.REJECTED_LATE: (Status.REJECTED, Change.REJECTED),
}
