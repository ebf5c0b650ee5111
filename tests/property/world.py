"""A desk of several nets on one account, and a broker that does what a script says: everything a strategy can meet.

The same script always gives the same world. With `every` each strategy is also asked after every input and every
observation, which must change nothing.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from flatbook.engine.decide_nets import decide_net, decide_touched
from flatbook.engine.effects import Cancel, Effect, Find, Place, find_of
from flatbook.engine.inputs import (
    CancelAnswered,
    Command,
    ExecutionsRead,
    FindAnswered,
    Item,
    PlaceAnswered,
    Restarted,
    Resumed,
    Stated,
    TimeCame,
    Verb,
    Woken,
)
from flatbook.engine.ports import ApprovedOrder, ChainRead, IdRule
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Balance,
    CancelTaken,
    CancelTooLate,
    Execution,
    Holding,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.engine.rules import HedgeRules, Rules
from flatbook.engine.step import step
from flatbook.engine.turn import Turn
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.orders import NotSentReason, RejectReason, UnknownReason
from flatbook.market.quotes import Market, Quote
from flatbook.state.desk import State
from flatbook.strategies.hedge_terms import CloseRamp
from flatbook.values.ids import (
    AccountId,
    AssetId,
    ExecutionId,
    InstrumentId,
    OwnerId,
    SourceId,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.values.sessions import SessionKind
from tests.desk import CHAIN, COIN, HEDGE, LIMITS, OWNER, PAPER, Setting, desk_of, fill

HOOD, SECOND = Underlying("HOOD"), OwnerId("second")
BACKUP, BARS, POOL = AccountId("backup"), SourceId("paper-bars"), SourceId("pool")
KEYS = ((OWNER, COIN), (SECOND, COIN), (OWNER, HOOD))
STARTS = tuple(
    instant_of_text(text)
    for text in ("2025-12-02T17:00:00Z", "2025-12-02T20:40:00Z", "2025-11-28T17:30:00Z", "2025-12-03T00:55:00Z")
)
RAMP = CloseRamp(before_close_s=900, threshold_shares=Decimal("0.3"), collar_bps_max=400, reprice_s=60)
EXTENDED = (SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE)


class There(msgspec.Struct):
    """An order as the broker of the script has it."""

    order: ApprovedOrder
    filled: Decimal = Decimal(0)
    ended: bool = False


def rules_of() -> Rules:
    """Returns three nets on one account: one with a second broker, one with a second source, one with a ramp."""
    rules = desk_of(Setting(lot="0.01"), ()).rules
    coin = next(iter(rules.instruments.values()))
    grid = msgspec.structs.replace(coin.rules, notional_min=Decimal(40))
    hood = msgspec.structs.replace(coin, id=InstrumentId("HOOD/USD"), underlying=HOOD, symbol="HOOD", rules=grid)
    there = msgspec.structs.replace(coin, id=InstrumentId("COIN/USD@backup"), account=BACKUP)
    replace = msgspec.structs.replace
    hedges = {
        KEYS[0]: HedgeRules(params=replace(HEDGE, order_shares_max=Decimal(4)), instrument=coin, backup=there),
        KEYS[1]: HedgeRules(
            params=replace(HEDGE, second_source=POOL, second_age_s_max=90, second_bps_max=100, sessions=EXTENDED),
            instrument=coin,
            backup=None,
        ),
        KEYS[2]: HedgeRules(
            params=replace(HEDGE, threshold_shares=None, threshold_usd=Decimal(300), ramp=RAMP, shorting=True),
            instrument=hood,
            backup=None,
        ),
    }
    return replace(
        rules,
        hedges=hedges,
        instruments={each.id: each for each in (coin, hood, there)},
        cards={PAPER: replace(rules.cards[PAPER], id_rule=IdRule.FOR_EVER), BACKUP: rules.cards[PAPER]},
        limits=replace(
            LIMITS,
            order_notional_usd_max=Decimal(3_000),
            orders_per_minute_max=6,
            collar_bps_max=500,
            open_orders_max=3,
        ),
    )


class World:
    """Runs a script; keeps every event and every effect."""

    def __init__(self, start: Instant, *, every: bool) -> None:
        self.rules, self.every, self.now = rules_of(), every, start
        self.state, self.market, self.wakes = State(), Market(), Wakes()
        self.events: list[Event] = []
        self.asked: list[Event | Effect] = []
        self.answers: deque[Item] = deque()
        self.there: dict[str, There] = {}
        self.mood, self.fills, self.executions, self.commands = "accept", 0, 0, 0
        self.take(Restarted())
        for account, cash in ((PAPER, 4_000), (BACKUP, 900)):
            stated = self.statement(account, cash)
            lag_s = self.rules.cards[account].read_lag_max_s
            before = msgspec.structs.replace(stated, stated_at=later(stated.stated_at, seconds=-lag_s))
            self.take(Stated(statement=stated, earlier=before))
        for key in KEYS:
            self.take(Resumed(key=key))

    # The loop.

    def take(self, item: Item) -> None:
        """Steps an input; what it asks of the broker is answered later."""
        self._step(item)
        self._ask_everybody()

    def _step(self, item: Item) -> None:
        done = step(self.state, self.market, item, now=self.now, rules=self.rules, wakes=self.wakes)
        self.events += done.events
        for effect in done.effects:
            self._act(effect)

    def _ask_everybody(self) -> None:
        """Asks every strategy although none waits for it: nothing may come of it."""
        if not self.every:
            return
        turn = Turn(self.state, self.market, self.wakes, now=self.now, rules=self.rules)
        for key in self.wakes.resumed():
            decide_net(turn, key)
        decide_touched(turn)
        self.asked += [*turn.events, *turn.effects]
        self.events += turn.events
        for effect in turn.effects:
            self._act(effect)

    def wait(self, ms: int) -> None:
        """Lets time pass; every instant that a strategy waits for comes on its own."""
        until = later(self.now, ms=ms)
        while (at := self.wakes.next_at()) is not None and at <= until:
            self.now = max(at, self.now)
            self.take(TimeCame())
            if self.wakes.next_at() == at:
                break
        self.now = until
        self._ask_everybody()

    def observe(self, underlying: Underlying, source: SourceId, price: Decimal, age_s: int) -> None:
        """States a price; who waits for it is asked."""
        quote = Quote(price=Price(price), happened_at=later(self.now, seconds=-age_s), seen_at=self.now)
        if self.market.write(underlying, source, quote):
            for key in self.wakes.observing(underlying, source):
                self._step(Woken(key=key))
        self._ask_everybody()

    def quotes(self, price: Decimal) -> None:
        """States fresh prices of everything, which agree."""
        for underlying, source in ((COIN, BARS), (COIN, POOL), (HOOD, BARS)):
            self.observe(underlying, source, price, 0)

    # The outside.

    def _act(self, effect: Effect) -> None:
        if isinstance(effect, Place):
            self.answers.append(self._placed(effect.order))
        elif isinstance(effect, Cancel):
            self.answers.append(self._canceled(effect))
        elif isinstance(effect, Find):
            self.answers.append(self._found(effect))

    def _placed(self, order: ApprovedOrder) -> Item:
        mood, known = self.mood, order.order_id in self.there
        answer: Any = Accepted(
            venue_order_id=VenueOrderId(f"V-{order.order_id}"), pending=mood == "pending", happened_at=self.now
        )
        if mood == "not_sent":
            answer = NotSent(reason=NotSentReason.NO_CONNECTION)
        elif mood == "lose_request":
            answer = Unknown(reason=UnknownReason.TIMED_OUT)
        elif known or mood == "reject":
            reason = RejectReason.DUPLICATE_ID if known else RejectReason.INSUFFICIENT_FUNDS
            answer = Rejected(reason=reason, code="", message="", happened_at=self.now)
        else:
            self.there[order.order_id] = There(order)
            if mood == "lose_answer":
                answer = Unknown(reason=UnknownReason.TIMED_OUT)
        return PlaceAnswered(order_id=order.order_id, attempt=order.attempt, answer=answer)

    def _canceled(self, effect: Cancel) -> Item:
        there = self.there.get(effect.order_id)
        answer: Any = CancelTooLate(message="not working") if there is None or there.ended else CancelTaken()
        if self.mood == "lose_answer":
            answer = Unknown(reason=UnknownReason.TIMED_OUT)
        elif there is not None and self.mood != "reject":
            there.ended = True
        return CancelAnswered(order_id=effect.order_id, attempt=effect.attempt, answer=answer)

    def _found(self, effect: Find) -> Item:
        there = self.there.get(effect.order_id)
        answer: Any = Absent() if there is None else self._report(there)
        return FindAnswered(order_id=effect.order_id, asked_at=self.now, answer=answer)

    def _report(self, there: There) -> OrderReport:
        order = there.order
        ended = VenueStatus.CANCELED if there.filled < order.qty else VenueStatus.FILLED
        return OrderReport(
            order_id=order.order_id,
            venue_order_id=VenueOrderId(f"V-{order.order_id}"),
            instrument=order.instrument,
            side=order.side,
            qty=order.qty,
            filled_qty=Quantity(there.filled),
            status=ended if there.ended else VenueStatus.OPEN,
            status_text="",
            executions=(),
            complete=False,
            happened_at=self.now,
        )

    def statement(self, account: AccountId, cash: int, *, open_orders: int = 0) -> AccountStatement:
        """Returns a statement of an account with so much cash, and some of its orders."""
        total = Quantity(Decimal(cash))
        held = Holding(instrument=InstrumentId("COIN/USD"), qty=Quantity(Decimal(3)))
        orders = [self._report(there) for there in self.there.values() if not there.ended]
        return AccountStatement(
            account=account,
            stated_at=self.now,
            open_orders=tuple(order for order in orders if order.order_id is not None)[:open_orders],
            holdings=(held,) if account == PAPER else (),
            balances=(Balance(asset=AssetId("USD"), total=total, available=total),),
        )

    # What a script can say.

    def deliver(self, count: int) -> None:
        """Delivers answers that wait, oldest first."""
        for _ in range(min(count, len(self.answers))):
            self.take(self.answers.popleft())

    def fill(self, number: int, side: str, shares: str) -> None:
        """A taker trades against a vault."""
        self.fills += 1
        owner, underlying = KEYS[number % len(KEYS)]
        event = fill(self.fills, side, shares, at=self.now)
        token = InstrumentId(f"wt{underlying}/USDC@base")
        event = msgspec.structs.replace(event, owner=owner, underlying=underlying, instrument=token)
        self.take(ChainRead(source=CHAIN, events=(event,), cursor=str(self.fills)))

    def reorg(self, depth: int) -> None:
        """The chain drops its newest blocks."""
        first = 1001 + max(0, self.fills - depth)
        self.take(ChainRead(source=CHAIN, events=(), cursor="r", removed_from=first))

    def execute(self, number: int, share: str, *, late: bool) -> None:
        """The broker executes a part of one of its orders, also of one that has ended when it is late."""
        working = [each for each in self.there.values() if late or not each.ended]
        if not working:
            return
        there = working[number % len(working)]
        size = min(there.order.qty - there.filled, Decimal(share))
        if size <= 0:
            return
        self.executions += 1
        there.filled += size
        there.ended = there.ended or there.filled >= there.order.qty
        execution = Execution(
            execution_id=ExecutionId(f"X-{self.executions}"),
            order_id=there.order.order_id,
            venue_order_id=None,
            instrument=there.order.instrument,
            side=there.order.side,
            qty=Quantity(size),
            price=there.order.limit or Price(Decimal(250)),
            fees=(),
            realised=None,
            happened_at=self.now,
        )
        self.answers.append(ExecutionsRead(account=there.order.account, executions=(execution,), cursor=None))

    def find_all(self) -> None:
        """The engine asks for every open order."""
        for order_id in tuple(self.state.open_orders):
            self._act(find_of(self.state.orders[order_id]))

    def foreign(self, size: str) -> None:
        """Somebody else trades on our account, in a share of no net."""
        self.executions += 1
        execution = Execution(
            execution_id=ExecutionId(f"F-{self.executions}"),
            order_id=None,
            venue_order_id=None,
            instrument=InstrumentId("MSFT/USD"),
            side=Side.SELL if size.startswith("-") else Side.BUY,
            qty=Quantity(abs(Decimal(size))),
            price=Price(Decimal(500)),
            fees=(),
            realised=None,
            happened_at=self.now,
        )
        self.take(ExecutionsRead(account=PAPER, executions=(execution,), cursor=None))

    def command(self, verb: str, scope: str) -> None:
        """An operator acts."""
        self.commands += 1
        arguments = {"halt_id": next(iter(self.state.halts), "none")} if verb == "lift" else {}
        if verb == "halt":
            targets = {"all": "", "owner": "desk", "venue": "paper", "instrument": "COIN/USD"}
            arguments = {"scope": scope, "target": targets[scope]}
        key = f"k{self.commands}"
        self.take(Command(key=key, actor="a", reason="r", verb=Verb(verb), arguments=arguments))

    def run(self, script: list[tuple[Any, ...]]) -> World:
        """Runs a script to its end."""
        for name, *arguments in script:
            if name == "mood":
                self.mood = arguments[0]
            elif name == "execute":
                self.execute(arguments[0], arguments[1], late=arguments[2])
            else:
                getattr(self, name)(*arguments)
        return self


MOODS = ("accept", "accept", "accept", "pending", "reject", "not_sent", "lose_request", "lose_answer")
SHARES = st.sampled_from(["0.3", "0.5", "1", "1.7", "3.25", "9"])
FILL = st.tuples(st.just("fill"), st.integers(0, 2), st.sampled_from(["buy", "sell", "sell"]), SHARES)
DELIVER = st.tuples(st.just("deliver"), st.integers(1, 4))
QUOTES = st.tuples(st.just("quotes"), st.sampled_from([Decimal(x) for x in ("250", "249.5", "251", "40", "0.01")]))
SHORT_WAIT = st.tuples(st.just("wait"), st.sampled_from([1, 999, 5_000, 10_000, 20_000]))
MOOD = st.tuples(st.just("mood"), st.sampled_from(MOODS))
EXECUTE = st.tuples(st.just("execute"), st.integers(0, 3), SHARES, st.booleans())
RARE = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([31_000, 61_000, 121_000, 300_000, 605_000, 3_600_000])),
    st.tuples(st.just("wait"), st.integers(1, 120_000)),
    st.tuples(
        st.just("observe"),
        st.sampled_from([COIN, HOOD]),
        st.sampled_from([BARS, POOL]),
        st.sampled_from([Decimal(x) for x in ("250", "260", "40", "0.01")]),
        st.sampled_from([0, 60, 119]),
    ),
    st.tuples(st.just("find_all")),
    st.tuples(st.just("reorg"), st.integers(1, 3)),
    st.tuples(st.just("foreign"), st.sampled_from(["-5", "5", "1"])),
    st.tuples(
        st.just("command"),
        st.sampled_from(["halt", "lift", "lift", "flatten", "kill"]),
        st.sampled_from(["all", "owner", "venue", "instrument"]),
    ),
)
SCRIPTS = st.lists(
    st.one_of(FILL, DELIVER, QUOTES, SHORT_WAIT, MOOD, EXECUTE, FILL, DELIVER, QUOTES, RARE), min_size=15, max_size=80
)
