"""A desk before a simulator: the engine's own step, the seats, and what goes between them and a tape.

Nothing here decides, folds or checks: reports become the inputs that a venue's adapter would hand over, and what the
engine wants done becomes orders on their way to the simulated venue.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

from flatbook.backtest.booked import Booked
from flatbook.backtest.direct import REPORTS, Direct
from flatbook.backtest.funds import lacks_funds
from flatbook.backtest.grid import Steps
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.tables import CANCELED, EXPIRED, FILLED, FORCED, NEVER, PAID, REJECTED, WHY_MAX, WOKE
from flatbook.backtest.passing import PassingView
from flatbook.backtest.reports import forced_of, funding_of, item_of, refusal
from flatbook.backtest.simulator import Along, Level, Passed, Simulator, Stop, Told, Watch
from flatbook.backtest.standing import PLAIN_RATES, style_of
from flatbook.backtest.terms import Terms
from flatbook.engine.effects import Cancel, Effect, Place
from flatbook.engine.inputs import Item, PlaceAnswered, Restarted, Resumed
from flatbook.engine.quoting import SeatView, seat_view
from flatbook.engine.rules import Rules
from flatbook.engine.step import finish, take_item
from flatbook.engine.turn import Turn
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.orders import CancelIntended, RejectReason
from flatbook.market.orderbook import Touch
from flatbook.market.quotes import Market
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.orders import Status
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Edge, Series, Wake
from flatbook.strategies.decision import Level as WakeLevel
from flatbook.values.ids import InstrumentId, OrderId, OwnerId
from flatbook.values.instants import Instant

STOPS_AT_ONCE = 1_024
_WOKEN = Stop.WOKEN
INSUFFICIENT = RejectReason.INSUFFICIENT_FUNDS
_SERIES = {series: number for number, series in enumerate(Series)}
_ENDINGS = (CANCELED, EXPIRED, REJECTED)
_TOUCHES = (Series.BID, Series.ASK)


class SimulatedDesk:
    """Seats of one desk at a simulator. It is the sights that they see by, and the watcher of their wakes."""

    def __init__(
        self,
        simulator: Simulator,
        rules: Rules,
        terms: Terms,
        traded: Sequence[Steps],
        book: Booked,
        *,
        is_direct: bool = True,
    ) -> None:
        self.state = State()
        self._simulator, self._rules, self._terms, self._book = simulator, rules, terms, book
        self._traded = {each.instrument.id: each for each in traded}
        self._by_place = {each.place: each for each in traded}
        self._places: dict[InstrumentId, int] = {}
        self._features: dict[tuple[OwnerId, str], int] = {}
        self._market, self._wakes = Market(self), Wakes(self)
        self._turn = Turn(self.state, self._market, self._wakes, now=Instant(0), rules=rules)
        self._views: list[PassingView] = []
        self._keys = tuple(seated.seat.key for seated in rules.seats.values())
        self._is_alone = len(self._keys) == 1
        self._direct = Direct(rules, self._wakes, self._traded, terms, book)
        self._direct.share(simulator)
        self.placed, self.seen = self._direct.placed, simulator.seen
        self.fit_since, self.touch_after = simulator.fit_since, simulator.touch_after
        self._arm_again = simulator.arm_again
        self._is_direct, self._wishes = is_direct, self._direct.wishes
        self._stale, self._fires_once = True, True
        self._has_reasons = not self._is_alone and not simulator.asks_each
        self._may_skip = self._was_plain = False
        self._unsent: dict[OrderId, None] = {}

    def name(self, places: dict[InstrumentId, int], features: dict[tuple[OwnerId, str], int]) -> None:
        """Takes where on the tape an instrument stands, and which feature of the simulator is whose."""
        self._places, self._features = places, features
        self._direct.show(self, places)
        for owner, seated in self._rules.seats.items():
            numbers = {name: number for (whose, name), number in features.items() if whose == owner}
            self._views.append(PassingView(seated, places, numbers))

    # The sights of its strategies.

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, crossed or empty on one side."""
        return self._simulator.touch(self._places[instrument])

    def touch_since(self, instrument: InstrumentId, after: Instant) -> Touch | None:
        """Returns the same; None too where the book was not seen fit since an instant, that one left out."""
        return self._simulator.touch_after(self._places[instrument], after)

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when the book was last seen fit, by our clock; None before the first time."""
        at = self._simulator.observed_at(self._places[instrument])
        return None if at is None else Instant(at)

    def feature(self, owner: OwnerId, name: str) -> float | None:
        """Returns a feature that the strategy of an owner declared; None while it is not ready."""
        return self._simulator.feature(self._features[owner, name])

    # The watcher of their wakes.

    def arm(self, _key: NetKey, _wake: Wake, _asked_at: Instant) -> None:
        """Notes that a strategy said anew what it waits for."""
        self._stale = True

    def silent_at(self, _key: NetKey) -> Instant | None:
        """Returns None: the simulator keeps the time."""
        return None

    # What happens.

    def begin(self, now: Instant) -> None:
        """Begins as an engine does on an empty journal, and asks each strategy for the first time."""
        turn = self._fresh_turn()
        take_item(turn, Restarted(), now)
        for key in self._keys:
            take_item(turn, Resumed(key=key), now)
        self._end(turn)

    def goes_on(self, now: Instant) -> bool:
        """Asks the only strategy at an instant at which it is woken. Gives: False where `take` must do that."""
        self._turn.now = now
        direct = self._direct
        is_done = direct.goes_on(now)
        if is_done is None:
            return False
        self._go_on_after(now, is_done=is_done)
        return True

    def _go_on_after(self, now: Instant, *, is_done: bool) -> None:
        """Waits on after the only strategy was asked, by the engine where what it wants was not booked."""
        direct = self._direct
        if not is_done:
            self._ask_engine((), now, woken=True)
        elif self._stale or self._fires_once or not direct.says_the_same:
            self._send()
        else:
            direct.says_the_same = False
            self._arm_again()

    def go_along(self, along: Along, counts: Counter[Stop]) -> Stop | None:
        """Asks the only strategy at one stop after the other, as long as all is plain. It is counted how often.

        Needs: `goes_on` has just asked it. Gives: a stop that is not plain, for who called; None where there is none.
        """
        direct, turn, asked_at = self._direct, self._turn, self._turn.now
        if not direct.asks_at_once or self._stale or self._fires_once:
            return None
        seated = direct.only
        decide, view, params, wake = seated.decide, seated.view, seated.params, seated.wake
        go_on, touches, write = along.go_on, view.touches, direct.wished.write
        for stops in range(STOPS_AT_ONCE):
            now = go_on()
            if now <= WHY_MAX or now == asked_at:
                counts[_WOKEN] += stops
                return along.stop_at(now if now <= WHY_MAX else WOKE)
            view.now = along.now = turn.now = asked_at = now
            touches.clear()
            decision = decide(view, params)
            if decision.wake is not wake:
                is_done = direct.keep(seated, decision, now)
            elif not (decision.intents or decision.notes) or write(seated, decision, now):
                continue
            else:
                direct.wished.take_back()
                is_done = False
            counts[_WOKEN] += stops + 1
            self._go_on_after(now, is_done=is_done)
            return None
        counts[_WOKEN] += STOPS_AT_ONCE
        self._arm_again()
        return None

    @property
    def asked_at(self) -> Instant:
        """When a strategy was last asked."""
        return self._turn.now

    def take(self, at: int, *, woken: bool) -> None:
        """Folds what the simulator tells, and asks the strategies where something woke them at an instant."""
        direct, simulator = self._direct, self._simulator
        now = Instant(at if woken else simulator.told_until())
        if not now:
            return
        self._turn.now = now
        if self._has_reasons:
            self._may_skip, self._was_plain = self._was_plain and simulator.is_plain, simulator.is_plain
        if not direct.is_ready and not (self._is_direct and direct.read(self.state, now)):
            told = simulator.told()
            if not (woken and not told and simulator.is_plain and self._nothing_to_do()):
                self._ask_engine(told, now, woken=woken)
            return
        left = direct.tell(simulator, now)
        if woken and self._is_alone and self._wakes.is_resumed(self._keys[0]):
            is_done = not left and direct.ask_only(now)
        else:
            is_done = not left and self._ask_touched(now, woken=woken)
        if is_done:
            self._send()
            return
        self._ask_engine(left, now, woken=woken and (self._is_alone or len(left) > 0))

    def _ask_touched(self, now: Instant, *, woken: bool) -> bool:
        direct = self._direct
        if woken:
            direct.touched.update(self._resumed())
        return direct.ask(now)

    def _resumed(self) -> dict[NetKey, None]:
        return {key: None for key in self._keys if self._wakes.is_resumed(key) and self._may_wake(key)}

    def _may_wake(self, key: NetKey) -> bool:
        """Whether what was seen may have woken a seat; what is told of its orders touches it by itself.

        A stop wakes all who wait. One that came with a message, while all books are fit as they were at the stop
        before, wakes nobody whose levels were not reached and whose time has not come.
        """
        wake = self._wakes.wake_of(key)
        if not self._may_skip or wake is None or wake.every or (wake.at is not None and wake.at <= self._turn.now):
            return True
        return any(self._is_reached(level) for level in wake.levels)

    def _is_reached(self, level: WakeLevel) -> bool:
        """Whether a level was reached, as far as the touch says; of other series it says nothing."""
        touch = self.touch(level.instrument)
        if touch is None or level.series not in _TOUCHES:
            return True
        ticks = touch.bid if level.series is Series.BID else touch.ask
        return ticks >= level.ticks if level.edge is Edge.AT_OR_ABOVE else ticks <= level.ticks

    def _send(self) -> None:
        """Has what was decided directly sent, where the simulator does not do that itself, and waits for what is."""
        if self._wishes:
            self._send_wishes()
        direct = self._direct
        if direct.says_the_same:
            direct.says_the_same = False
            self._arm_anew()
        elif self._stale:
            self._arm()

    def _send_wishes(self) -> None:
        simulator = self._simulator
        for what, number, place, sign, ticks, lots, style, due_at in self._wishes:
            if what == desk.PLACES:
                key = zlib.crc32(self.placed.sent[number].wish.order_id.encode())
                simulator.place((number, place, sign, ticks, lots, style, key, due_at))
            elif what == desk.HOLDS:
                simulator.wake_on_acceptance(number)
            elif what != desk.NOTES:
                simulator.cancel(number)
        self._wishes.clear()

    def held(self) -> None:
        """Has the rules decide on what was wanted and did not pass at one look, or the engine where they refuse it."""
        direct = self._direct
        if not direct.may_go_on():
            direct.take_back()
            self._ask_engine((), self._turn.now, woken=True)

    def _ask_engine(self, told: Sequence[Sequence[int]], now: Instant, *, woken: bool) -> None:
        """Has the engine take what is not plain, and ask whoever is left, on a state that has caught up.

        Seats are asked in the order in which they were touched: by what was told directly, which came first, by what
        the engine is told, and at last by what woke all of them.
        """
        self.catch_up()
        self._send()
        self._direct.rest()
        self._book.drain(self.placed.executed)
        turn, touched = self._fresh_turn(), self._direct.touched
        turn.touched.update(touched)
        touched.clear()
        for each in told:
            self._tell(turn, Told._make(each))
        turn.now = now
        if woken:
            turn.touched.update(self._resumed())
        self._end(turn)

    def catch_up(self) -> None:
        """Folds what was booked directly into the state."""
        if self._book.count > self.state.seq:
            for event in self._book.since(self.state.seq):
                apply(self.state, event)

    def close(self) -> None:
        """Writes what waits, and keeps the executions that were noted."""
        while not self._direct.deliver():
            self.held()
        self._book.drain(self.placed.executed)
        self._book.close()

    def full_view(self, owner: OwnerId) -> SeatView:
        """Returns the view of a seat on the state, which has caught up."""
        self.catch_up()
        return seat_view(self._turn, self._rules.seats[owner])

    def _fresh_turn(self) -> Turn:
        turn = self._turn
        turn.events, turn.effects, turn.dropped = [], [], []
        return turn

    def _tell(self, turn: Turn, told: Told) -> None:
        """Has the engine take what was told."""
        if told.kind == FILLED:
            place = self.placed.sent[told.number].standing.place
            self.placed.executed.extend((told.time, place, told.ahead, told.waited_ns, told.maker))
        if told.kind == PAID:
            item: Item = funding_of(self._by_place[told.number], told)
        elif told.kind == FORCED:
            steps = self._by_place[told.number]
            item = forced_of(steps, self._terms.fees.get(steps.instrument.id, PLAIN_RATES), told)
        else:
            sent = self.placed.sent[told.number]
            item = item_of(sent, told)
            if told.kind in _ENDINGS or (told.kind == FILLED and not told.left):
                self.placed.drop(sent)
        take_item(turn, item, Instant(told.time))

    def _end(self, turn: Turn) -> None:
        """Asks whom the turn touched, and has what it led to booked and done."""
        finish(turn)
        self._book.add(turn.events)
        self._unsent = dict.fromkeys(each.order.order_id for each in turn.effects if isinstance(each, Place))
        turned_down = [item for effect in turn.effects if (item := self._act(effect)) is not None]
        if turn.events:
            self._watch_early_cancels(turn.events)
        if turned_down:
            turn, now = self._fresh_turn(), Instant(self._simulator.now)
            for item in turned_down:
                take_item(turn, item, now)
            self._end(turn)
        if self._stale:
            self._arm()

    def quiet(self, passed: Passed) -> int:
        """Asks the strategies on messages that were gone past, and says before how many of them none wants anything."""
        quiet = len(passed.times) - passed.first
        for view, key in zip(self._views, self._keys, strict=True):
            view.hold(self._direct.view(key) if self._direct.is_ready else self.full_view(view.owner))
            quiet = view.quiet(passed, quiet, self._wakes.wake_of(key))
        return quiet

    def _nothing_to_do(self) -> bool:
        """Asks the strategies on their own, and says whether none of them wants anything.

        A strategy decides the same whenever it is asked with the same view, so that what it wants is booked by asking
        it once more in a step; most of what wakes one that is asked on everything ends here.
        """
        now = self._turn.now = Instant(self._simulator.now)
        for seated in self._rules.seats.values():
            seat = seated.seat
            if not self._may_wake(seat.key):
                continue
            decision = seat.decide(seat_view(self._turn, seated), seat.params)
            if decision.intents or decision.notes:
                return False
            if decision.wake != self._wakes.wake_of(seat.key):
                self._wakes.put(seat.key, decision.wake, now)
        self._arm_anew()
        return True

    def _act(self, effect: Effect) -> Item | None:
        if isinstance(effect, Place):
            return self._place(effect)
        if isinstance(effect, Cancel):
            sent = self.placed.by_id.get(effect.order_id)
            if sent is not None:
                self._simulator.cancel(sent.number)
        return None

    def _place(self, effect: Place) -> Item | None:
        """Sends an order. What is no whole number of ticks or lots, the venue turns down at once."""
        order = effect.order
        traded = self._traded[order.instrument]
        sign = order.side.sign
        price = (NEVER if sign > 0 else 0) if order.limit is None else traded.ticks(order.limit)
        lots = traded.lots(order.qty)
        known = self.state.orders[order.order_id]
        standing = self._direct.standing(known.owner, known.instrument)
        reason = RejectReason.INVALID_PRICE if price is None else None if lots else RejectReason.INVALID_QUANTITY
        if reason is None and self._terms.checks_funds:
            touch, unsent = self.touch(known.instrument), self._unsent
            reason = INSUFFICIENT if lacks_funds(self._turn, known, standing, touch, unsent) else None
        if reason is not None or price is None or lots is None:
            answer = refusal(reason or RejectReason.OTHER, Instant(self._simulator.now))
            return PlaceAnswered(order_id=order.order_id, attempt=order.attempt, answer=answer)
        self._unsent.pop(order.order_id, None)
        sent = self.placed.add(known, standing, known.decided_at)
        style = style_of(order.style, known.product, reduces=order.reduce_only)
        key = zlib.crc32(order.order_id.encode())
        self._simulator.place((sent.number, traded.place, sign, price, lots, style, key, order.good_until))
        return None

    def _watch_early_cancels(self, events: Sequence[Event]) -> None:
        """Has the acceptance told at once of an order that is to be canceled and was not accepted yet."""
        for event in events:
            if type(event) is CancelIntended:
                order = self.state.orders.get(event.order_id)
                sent = self.placed.by_id.get(event.order_id)
                if sent is not None and order is not None and order.status is Status.INTENDED:
                    self._simulator.wake_on_acceptance(sent.number)

    def _arm_anew(self) -> None:
        """Waits on after strategies were asked, even where all said the same: instants and counts fire once."""
        if self._stale or self._fires_once:
            self._arm()
        else:
            self._arm_again()

    def _arm(self) -> None:
        """Waits for all that any strategy waits for."""
        self._stale = False
        wakes = [wake for key in self._keys if (wake := self._wakes.wake_of(key)) is not None]
        reports, levels, every, silences = 0, [], [], []
        at: int | None = None
        for wake in wakes:
            for trigger in wake.on:
                reports |= REPORTS.get(trigger, 0)
            if wake.at is not None and (at is None or wake.at < at):
                at = wake.at
            for level in wake.levels:
                is_above = level.edge is Edge.AT_OR_ABOVE
                levels.append(Level(self._places[level.instrument], _SERIES[level.series], is_above, level.ticks))
            every += [(self._places[each.instrument], each.count) for each in wake.every]
            silences += [(self._places[each.instrument], each.longer_than_ns) for each in wake.silences]
        self._fires_once = at is not None or bool(every)
        self._simulator.arm(Watch(reports, at, levels, every, silences))
