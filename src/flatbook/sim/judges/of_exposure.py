"""Judges of exposure: the bound at every entry, no second order on an unknown leg, and an end that is flat."""

from __future__ import annotations

from flatbook.events import control, orders
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import OF_SHARE, shown, sign_of, size
from flatbook.sim.judges.expectation import FOR_EVER, NetKey
from flatbook.sim.judges.told import UNKNOWN, WORKING, ToldOrder
from flatbook.sim.judges.truth import HASH_DIGITS
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant

FILL_ALERTS = ("fill_skipped", "fill_unvalued", "log_unparsed", "input_poisoned")


def exposure_bounded(court: Court) -> Hearing:
    """I6: abs(true net) <= threshold + standing offers + venues * largest order, at every entry.

    An order is intended, or sent again, only if the net cannot turn over with all that may still execute beside it, and
    not while another order of its net and account has been unknown for longer than the bound. Orders that work beyond
    their net, or on its wrong side, are asked to cancel within a bound.
    """
    excess = _Excess(court)
    bounds = {
        key: (bound.threshold + bound.standing + bound.venues * bound.order_max) * OF_SHARE
        for key, bound in court.expects.bounds.items()
        if bound.standing is not None
    }
    nets, told = court.truth.nets, court.told
    beyond: dict[NetKey, None] = {}

    def sample(entry: rec.Entry) -> None:
        for key, bound in bounds.items():
            net = nets.get(key, 0)
            if -bound <= net <= bound:
                beyond.pop(key, None)
            elif key not in beyond:
                beyond[key] = None
                what = f"the net of {key[0]}:{key[1]} is {shown(net)}, the bound is {shown(bound)}"
                court.find("I6", what, str(entry))

    def intended(event: orders.OrderIntended) -> None:
        order = told.intents[event.order_id]
        _check_room(court, order)
        within = court.expects.unknown_within
        for other in told.owing[order.key].values():
            if other is order or other.intent.account != event.account or other.status != UNKNOWN:
                continue
            if within is not None and court.at - (other.unknown_at or court.at) >= within:
                what = f"{event.order_id} was intended while {other.intent.order_id} was unknown at {event.account}"
                court.find("I6", what, f"unknown since {other.unknown_at}")

    def resent(event: orders.OrderResent) -> None:
        if (order := told.intents.get(event.order_id)) is not None:
            _check_room(court, order)

    return Hearing(
        entries={
            rec.Executed: sample,
            rec.BlockMade: sample,
            rec.BlocksCut: sample,
            rec.Appended: excess.appended,
            rec.LifeBegan: excess.begun,
        },
        events={orders.OrderIntended: intended, orders.OrderResent: resent},
    )


class _Excess:
    """Nets beyond which orders work whose cancel nobody asked for, and since when."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._since: dict[NetKey, Instant] = {}

    def begun(self, _entry: rec.LifeBegan) -> None:
        self._since.clear()

    def appended(self, _row: rec.Appended) -> None:
        court, within = self._court, self._court.expects.excess_within
        for key, owed in court.told.owing.items() if within is not None else ():
            if not owed or not _exceeds(court, key):
                self._since.pop(key, None)
                continue
            since = self._since.setdefault(key, court.at)
            if within is not None and court.at - since > within:
                what = f"orders of {key[0]}:{key[1]} worked beyond its net and no cancel was asked for"
                court.find("I6", what, f"since {since}, net {shown(court.told.nets.get(key, 0))}")
                self._since[key] = court.at


def _exceeds(court: Court, key: NetKey) -> bool:
    net = court.told.nets.get(key, 0)
    for sign in (1, -1):
        working = sum(
            order.leaves
            for order in court.told.owing[key].values()
            if order.status == WORKING and order.cancel_at is None and sign_of(order.intent.side) == sign
        )
        if working and (net + working * sign) * sign > 0:
            return True
    return False


def _check_room(court: Court, order: ToldOrder) -> None:
    """Checks that the net of an order stays on its side of zero if all that works on its side executes."""
    sign = sign_of(order.intent.side)
    net = court.told.nets.get(order.key, 0)
    owed = court.told.owing.get(order.key, {}).values()
    working = sum(each.leaves for each in owed if sign_of(each.intent.side) == sign)
    if (net + working * sign) * sign > 0:
        what = f"{order.intent.order_id} may turn over the net of {order.key[0]}:{order.key[1]}"
        court.find("I6", what, f"net {shown(net)}, {order.intent.side.value} {shown(working)} working with it")


def lively(court: Court) -> Hearing:
    """I14: at the end no order of ours is open at a venue or in the journal without a standing alert about it.

    None is unknown at a venue that keeps ids for ever, alert or not: it has only to be asked. Every true net is below
    its threshold, or a standing hold, halt or alert says why it is not. No scan finds what a wake had missed.
    """

    def end() -> None:
        told, truth = court.told, court.truth
        for venue_id, true in truth.orders.items():
            if true.ending is None and true.taken.ours and not _is_order_told(court, true.taken.client_id or ""):
                court.find("I14", f"order {venue_id} is open at {true.taken.account} at the end", str(true.taken))
        for order_id, order in told.intents.items():
            asked = order.status == UNKNOWN and court.expects.terms(order.intent.account).id_rule == FOR_EVER
            if order.is_open and (asked or not _is_order_told(court, order_id)):
                court.find("I14", f"order {order_id} is {order.status} at the end", str(order.intent))
        for key, bound in court.expects.bounds.items():
            net = truth.nets.get(key, 0)
            if size(net) >= bound.threshold * OF_SHARE and not _is_net_told(court, key):
                court.find("I14", f"the net of {key[0]}:{key[1]} is {shown(net)} at the end and nothing says why")

    def alerted(event: control.AlertRaised) -> None:
        if event.name is control.AlertName.WAKE_MISSED:
            court.find("I14", "a scan found something to do that no wake had asked for", str(event))

    return Hearing(entries={rec.WorldOver: lambda _entry: end()}, events={control.AlertRaised: alerted})


def _is_order_told(court: Court, order_id: str) -> bool:
    return any(subject == order_id or f" {order_id} " in f" {subject} " for _, subject in court.told.alerts)


def _is_net_told(court: Court, key: NetKey) -> bool:
    told, subject = court.told, f"{key[0]}:{key[1]}"
    if key in told.holds or any(about == subject or name in FILL_ALERTS for name, about in told.alerts):
        return True
    listed = [each for each in court.expects.listings if each.underlying == key[1]]
    targets = {"": None, key[0]: None}
    targets |= {each.account: None for each in listed} | {each.instrument: None for each in listed}
    if any(halt.target in targets for halt, _ in told.halts.values()):
        return True
    return any(order.is_open and _is_order_told(court, order_id) for order_id, order in told.owing.get(key, {}).items())


def timekeeper(court: Court) -> Hearing:
    """Figures: how long true nets stood at their threshold, orders were unknown, and fills waited for their hedge."""
    times = _Times(court)
    return Hearing(
        entries={
            rec.Executed: times.sample,
            rec.BlockMade: times.block,
            rec.BlocksCut: times.sample,
            rec.OrderTaken: times.taken,
            rec.Appended: times.appended,
        },
        events={orders.OrderUnknown: times.became_unknown},
        end=times.end,
    )


class _Times:
    """The stretches that are not over yet."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._thresholds = {key: bound.threshold * OF_SHARE for key, bound in court.expects.bounds.items()}
        self._above: dict[NetKey, Instant] = {}
        self._unknown: dict[str, Instant] = {}
        self._fills: dict[str, Instant] = {}
        self._hedged: dict[str, None] = {}

    def sample(self, _entry: rec.Entry) -> None:
        court = self._court
        for key, threshold in self._thresholds.items():
            if size(court.truth.nets.get(key, 0)) >= threshold:
                self._above.setdefault(key, court.at)
            elif key in self._above:
                court.above.append(court.at - self._above.pop(key))

    def block(self, entry: rec.BlockMade) -> None:
        for fill in entry.fills:
            self._fills[f"{fill.tx}:{fill.log_index}@{entry.block_hash[:HASH_DIGITS]}"] = entry.at
        if entry.fills:
            self.sample(entry)

    def taken(self, entry: rec.OrderTaken) -> None:
        order = self._court.told.intents.get(entry.client_id) if entry.client_id is not None else None
        if order is None or order.intent.because is None or order.intent.order_id in self._hedged:
            return
        self._hedged[order.intent.order_id] = None
        at = self._fills.pop(order.intent.because.removeprefix("fill:").partition(":")[2], None)
        if at is not None:
            self._court.hedged.append(self._court.at - at)

    def became_unknown(self, event: orders.OrderUnknown) -> None:
        self._unknown.setdefault(event.order_id, self._court.at)

    def appended(self, _row: rec.Appended) -> None:
        """Looks at the tale before the events of this row: what a row resolved is seen at the next one."""
        court = self._court
        for order_id in [each for each in self._unknown if not _is_unknown(court, each)]:
            court.unknown.append(self._resolved_at(order_id) - self._unknown.pop(order_id))

    def end(self) -> None:
        self._court.above.extend(self._court.at - start for start in self._above.values())
        self._court.unknown.extend(self._resolved_at(each) - start for each, start in self._unknown.items())

    def _resolved_at(self, order_id: str) -> Instant:
        order = self._court.told.intents.get(order_id)
        return order.moved_at if order is not None and order.status != UNKNOWN else self._court.at


def _is_unknown(court: Court, order_id: str) -> bool:
    order = court.told.intents.get(order_id)
    return order is not None and order.status == UNKNOWN
