"""Books what seats decide at once, where it is plain; the engine is asked for all the rest.

The events are those that the engine would book. What reports bring is booked by compiled code (`kernel.booking`), and
only what strategies and risk read of it is kept up, in where each seat stands; the state of the desk catches up when
the engine is asked. A test runs both ways and compares the journals, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flatbook.backtest.booked import EVENT_BYTES_MAX, Booked
from flatbook.backtest.grid import Steps
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.desk_table import DESK_WIDTH
from flatbook.backtest.kernel.tables import CANCELED, EXPIRED, FILLED, ORDERS_MAX, REJECTED, WORKING
from flatbook.backtest.pieces import pieces_of
from flatbook.backtest.placed import Placed
from flatbook.backtest.plain_state import columns_of, is_plain
from flatbook.backtest.rooms import pass_by_rules
from flatbook.backtest.seated import Seated
from flatbook.backtest.simulator import Simulator
from flatbook.backtest.standing import PLAIN_RATES, Standing
from flatbook.backtest.standing_view import Sights, StandingView
from flatbook.backtest.terms import Terms
from flatbook.backtest.wished import Wished
from flatbook.engine.rules import Rules
from flatbook.engine.sound import INSTANT_FIRST
from flatbook.engine.wakes import Wakes
from flatbook.state.desk import ORDER_TIMES_KEPT_MAX, State
from flatbook.state.intents import PlaceIntent
from flatbook.state.positions import DayResult, NetKey
from flatbook.strategies.decision import Decision, Trigger
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.us_eastern import eastern_day

REPORTS = {
    Trigger.ORDER_WORKING: 1 << WORKING,
    Trigger.ORDER_FILLED: 1 << FILLED,
    Trigger.ORDER_ENDED: 1 << CANCELED | 1 << EXPIRED | 1 << REJECTED,
}
"""Which reports wake a strategy, as bits of their kinds."""
NS_PER_HOUR = 3_600 * NS_PER_S
_NUMBERS_BYTES = 300
"""How long what is written between the pieces of an event may be."""
_TIME, _VENUE_TIME = 0, 6
SOUND_FROM = INSTANT_FIRST + 86_400 * NS_PER_S
_ON_FUNDS = Trigger.BALANCE_CHANGED
_LOOKED_AT, _CALLS, _BLIND = desk.LOOKED_AT, desk.CALLS, desk.BLIND


class Direct:
    """The seats of a desk, each where it stands, and what was booked for them in this step."""

    def __init__(
        self, rules: Rules, wakes: Wakes, steps: Mapping[InstrumentId, Steps], terms: Terms, booked: Booked
    ) -> None:
        self.placed, self.booked = Placed(), booked
        self.wished = Wished(booked, self.placed)
        self.touched: dict[NetKey, None] = {}
        self.is_ready = self.says_the_same = False
        self._rules, self._wakes, self._head = rules, wakes, booked.head
        self._has_only_seats = not (rules.hedges or rules.offers or rules.monitors or rules.breakers)
        self._standings: dict[OwnerId, dict[InstrumentId, Standing]] = {}
        self._on: dict[InstrumentId, list[Standing]] = {}
        self._sharing: dict[NetKey, list[Standing]] = {}
        self._all: list[Standing] = []
        for owner, seated in rules.seats.items():
            own = self._standings[owner] = {}
            for each in seated.seat.instruments:
                row = desk.S0 + len(self._all) % desk.STANDINGS_MAX
                rates = terms.fees.get(each.id, PLAIN_RATES)
                standing = own[each.id] = Standing(seated, steps[each.id], rates, row, booked.cells)
                standing.checks_funds = terms.checks_funds and standing.is_spot
                self._all.append(standing)
                self._on.setdefault(each.id, []).append(standing)
                self._sharing.setdefault(standing.key, []).append(standing)
        self._head[desk.STANDINGS] = len(self._all)
        self._fits = len(self._all) <= desk.STANDINGS_MAX and len(rules.seats) <= desk.SEATS_MAX
        self._lay_out()
        self._seated: dict[NetKey, Seated] = {}
        self.only: Seated
        self._prefixes: list[str] = []
        rate = max((seated.limits.orders_per_minute_max for seated in rules.seats.values()), default=1)
        self._times_read = rate if rate <= ORDER_TIMES_KEPT_MAX else 2 * ORDER_TIMES_KEPT_MAX
        self._sent_by, self._by_id = self.placed.sent, self.placed.by_id
        self.wishes: list[Sequence[int]] = []
        self._deliver: Callable[[], bool] = self._keep_in_table
        self._books_itself = self._waits = self.asks_at_once = False

    def share(self, simulator: Simulator) -> None:
        """Has a simulator book what it tells, and send what is wanted, by itself where it can."""
        self._books_itself = simulator.share(self.booked)
        if self._books_itself:
            self._deliver, self._waits = simulator.deliver, len(self._rules.seats) == 1

    def _lay_out(self) -> None:
        """Writes into the table what never changes."""
        seats = {owner: number for number, owner in enumerate(self._standings)}
        entries: dict[InstrumentId, int] = {}
        for standing in self._all if self._fits else ():
            standing.is_alone = len(self._sharing[standing.key]) == 1
            entry = entries.setdefault(standing.instrument.id, len(entries))
            on = self._on[standing.instrument.id]
            follows = on[(on.index(standing) + 1) % len(on)].row
            standing.lay_out(desk.G1 + seats[standing.owner], desk.E0 + entry, follows)
        self._fits = self._fits and all(standing.is_plain for standing in self._all)

    def show(self, sights: Sights, places: Mapping[InstrumentId, int]) -> None:
        """Takes what strategies see by, and where on the tape their instruments stand."""
        for number, (owner, seated) in enumerate(self._rules.seats.items()):
            own = self._standings[owner]
            view = StandingView(seated, own, sights, places, self._sent_by)
            self.only = self._seated[seated.seat.key] = Seated(seated, view, own, desk.G1 + number)

    def standing(self, owner: OwnerId, instrument: InstrumentId) -> Standing:
        """Returns where an owner stands on an instrument of its seat."""
        return self._standings[owner][instrument]

    def view(self, key: NetKey) -> StandingView:
        """Returns what the strategy of a seat can see."""
        return self._seated[key].view

    def read(self, state: State, now: Instant) -> bool:
        """Takes over what the state of the desk says. Gives: whether all that stands there is plain."""
        head = self._head
        self.is_ready = self._has_only_seats and self._fits and now >= SOUND_FROM and is_plain(state)
        self.is_ready = self.is_ready and not self._wakes.awaiting_funds and len(self._sent_by) < ORDERS_MAX
        if not self.is_ready:
            return False
        self.booked.clear_orders()
        days: dict[NetKey, DayResult] = {}
        for seated in self._seated.values():
            seated.view.read(state)
            self._watch(seated)
            for standing in seated.standings.values():
                if not standing.read(state, days) or not self._read_orders(state, standing, seated.view.prefix):
                    self.is_ready = False
                    return False
        self.wished.times = state.order_times[-self._times_read :]
        self.is_ready = self._name_orders()
        self.asks_at_once = self.is_ready and self._waits and self._wakes.is_resumed(self.only.key)
        self._see_day(now)
        head[desk.READY] = int(self.is_ready)
        return self.is_ready

    def rest(self) -> None:
        """Leaves all to the engine until the state is read anew."""
        self.is_ready = self.asks_at_once = False
        self._head[desk.READY] = 0

    def _name_orders(self) -> bool:
        """Has the texts of events begin as the ids of orders do. Gives: False where they are too long."""
        prefixes = [seated.view.prefix for seated in self._seated.values()]
        if prefixes != self._prefixes:
            self._prefixes = prefixes
            begins = {seated.owner: seated.view.prefix for seated in self._seated.values()}
            pieces = [pieces_of(each.owner, each.instrument, begins[each.owner]) for each in self._all]
            self._fits = max(sum(map(len, each)) for each in pieces) < EVENT_BYTES_MAX - _NUMBERS_BYTES
            self.wished.begin([piece for each in pieces for piece in each])
            for each in self._all:
                each.name(begins[each.owner])
        return self._fits

    def _watch(self, seated: Seated) -> None:
        """Notes which reports touch a seat; one that is alone is asked whenever it is woken."""
        wake = seated.wake = self._wakes.wake_of(seated.key)
        bits = 0
        for trigger in wake.on if wake is not None and len(self._seated) > 1 else ():
            bits |= REPORTS.get(trigger, 0)
        self.booked.cells[seated.row * DESK_WIDTH + desk.WAKES_ON] = bits

    def _see_day(self, at: Instant) -> None:
        """Notes the day of an hour; days change on whole hours only."""
        head, begins = self._head, at // NS_PER_HOUR * NS_PER_HOUR
        head[desk.DAY], head[desk.DAY_FROM], head[desk.DAY_UNTIL] = eastern_day(at), begins, begins + NS_PER_HOUR

    def _read_orders(self, state: State, standing: Standing, prefix: str) -> bool:
        """Takes over the live orders of an owner on an instrument. Gives: whether all of them are plain."""
        for order_id in state.owing.get(standing.key, ()):
            order, sent = state.orders[order_id], self._by_id.get(order_id)
            if order.instrument != standing.instrument.id:
                continue
            columns = None if sent is None else columns_of(order, sent.number, standing, prefix)
            if sent is None or columns is None:
                return False
            sent.wish, sent.order, sent.changes, sent.decided_at = order, order, 0, order.decided_at
            self.booked.put_order(columns)
        return True

    # What is told.

    def tell(self, simulator: Simulator, now: Instant) -> Sequence[Sequence[int]]:
        """Books what a simulator tells, up to what is not plain, which is returned."""
        head = self._head
        left = simulator.book_told(self._see_day) if self._books_itself else self._book_told(simulator.told())
        if head[desk.CALLS]:
            self._attend(now)
        return left

    def _attend(self, now: Instant) -> None:
        """Does what must be done now and then: writes rows, keeps executions, sends late cancels, notes the touched."""
        booked, head = self.booked, self._head
        head[desk.CALLS] = 0
        booked.flush()
        booked.drain(self.placed.executed)
        if head[desk.LATE]:
            self._send_late(now)
        if head[desk.TOUCHES]:
            self._note_touched()
        if head[desk.GONE]:
            gone = booked.gone()
            self.placed.forget(gone if len(gone) < desk.GONE_MAX else booked.ended(self._sent_by))

    def _book_told(self, told: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
        """Books what was told by a simulator that does not do that itself. Gives: what is not plain, and all behind."""
        head = self._head
        if not told:
            return told
        self.booked.book(told)
        while head[desk.WHY] == desk.NEW_DAY:
            row = told[head[desk.BOOKED]]
            self._see_day(Instant(min(row[_TIME], row[_VENUE_TIME])))
            self.booked.book_on()
        return told[head[desk.BOOKED] :]

    def _send_late(self, now: Instant) -> None:
        """Sends the cancels that waited for an acceptance, before anything else."""
        head, cells = self._head, self.booked.cells
        numbers = [cells[desk.L0 * DESK_WIDTH + k] for k in range(head[desk.LATE])]
        head[desk.LATE] = 0
        for number in numbers:
            if self._books_itself:
                self.booked.wish_late(number, now)
            else:
                self.wishes.append((desk.SENDS, number, 0, 0, 0, 0, 0, 0))

    def _note_touched(self) -> None:
        """Notes whom reports touched, in the order in which they did."""
        cells, order = self.booked.cells, []
        for seated in self._seated.values():
            at = seated.row * DESK_WIDTH + desk.TOUCHED
            if cells[at]:
                order.append((cells[at], seated.key))
                cells[at] = 0
        self._head[desk.TOUCHES] = 0
        self.touched.update((key, None) for _, key in sorted(order))

    # What is decided.

    def goes_on(self, now: Instant) -> bool | None:
        """Asks the only seat there is where the compiled code has booked all that was told at its stop.

        Gives: None where that is not so, False where the engine must ask it.
        """
        head = self._head
        if not self.asks_at_once or head[_LOOKED_AT] != now:
            return None
        if head[_CALLS]:
            self._attend(now)
        return not head[_BLIND] and self._ask(self.only, now)

    def ask_only(self, now: Instant) -> bool:
        """Asks the only seat there is, and books what it wants. Gives: False where the engine must ask it."""
        return self._decide(self.only, now)

    def ask(self, now: Instant) -> bool:
        """Asks whoever was touched, and books what they want. Gives: False where the engine must ask who is left."""
        for key in tuple(self.touched):
            if not self._decide(self._seated[key], now):
                return False
            del self.touched[key]
        return True

    def _decide(self, seated: Seated, now: Instant) -> bool:
        """Asks a strategy and books what it wants, all of it or nothing."""
        sees_all = self._sees_all(now) if self._waits else seated.view.sees_all(now)
        return sees_all and self._ask(seated, now)

    def _ask(self, seated: Seated, now: Instant) -> bool:
        """Asks a strategy that sees all books on which its orders stand, and books what it wants, or nothing of it."""
        seated.view.begin(now)
        return self.keep(seated, seated.decide(seated.view, seated.params), now)

    def keep(self, seated: Seated, decision: Decision, now: Instant) -> bool:
        """Books what a strategy wants, all of it or nothing. Gives: False where the engine must ask it."""
        wake = decision.wake
        is_same = wake is seated.wake
        if not is_same and _ON_FUNDS in wake.on:
            return False
        if decision.intents or decision.notes:
            is_written = self.wished.write(seated, decision, now)
            if not is_written or not (self._waits or self._commit()):
                self.wished.take_back()
                return False
        if is_same:
            self.says_the_same = True
        else:
            self._wakes.put(seated.key, wake, now)
            self._watch(seated)
        return True

    def _sees_all(self, now: Instant) -> bool:
        """Whether all books are seen on which orders stand: as the compiled code says of the instant of its stop."""
        if self._head[desk.LOOKED_AT] != now:
            return self.only.view.sees_all(now)
        return not self._head[desk.BLIND]

    def _commit(self) -> bool:
        """Has all done at once that was written down. Gives: False where nothing of it may be done."""
        wishes = self._head[desk.WISHES]
        if not self._books_itself and wishes:
            self._show_touches()
        while not self.deliver():
            if not self.may_go_on():
                return False
        if not self._books_itself:
            self.wishes += self.booked.wishes(wishes)
        return True

    def _show_touches(self) -> None:
        """Writes down what is seen of the books on which orders are wanted, for a simulator that does not do that."""
        seated, intents, *_ = self.wished.wanted
        for intent in intents:
            if type(intent) is PlaceIntent:
                seated.standings[intent.instrument.id].show(seated.view.touch(intent.instrument.id))

    def may_go_on(self) -> bool:
        """Whether what did not pass at one look may be done. Gives: False where the engine must decide."""
        head, wished = self._head, self.wished
        if head[desk.WHY] == desk.NEW_DAY:
            now = wished.wanted[3]
            self._see_day(now)
            return True
        if pass_by_rules(wished.wanted, wished.times, self._on, self._sharing, self._sent_by):
            head[desk.CHECKED] = 1
            return True
        return False

    def take_back(self) -> None:
        """Takes back all that was wanted last, for the engine to decide."""
        self.wished.take_back()

    def deliver(self) -> bool:
        """Has all taken at once that was written down. Gives: False where it must not be."""
        return not self._head[desk.WISHES] or self._deliver()

    def _keep_in_table(self) -> bool:
        """Has the table keep what was wanted; the desk sends it."""
        return self.booked.book(())
