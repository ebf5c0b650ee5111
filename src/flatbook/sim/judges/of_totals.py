"""Orders of venues that state running totals: what is booked of each, against what was executed of it."""

from __future__ import annotations

from flatbook.events import orders
from flatbook.sim.judges.court import Court
from flatbook.sim.judges.exact import OF_CASH, OF_SHARE, Exact, exact, product, shown, sign_of
from flatbook.sim.judges.told import Booked
from flatbook.sim.world import record as rec

OrderKey = tuple[str, str]
NOTHING: tuple[Exact, Exact] = (0, 0)


class Totals:
    """The sums of each order in shares and in cash, from the truth and from the events of the journal."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._true: dict[OrderKey, tuple[Exact, Exact]] = {}
        self._told: dict[OrderKey, tuple[Exact, Exact]] = {}

    def executed(self, entry: rec.Executed) -> None:
        """Adds what was executed of an order of an account that states totals."""
        if entry.client_id is not None and self._court.expects.terms(entry.account).totals:
            paid = entry.sign * entry.qty * entry.price + entry.fee
            self._add(self._true, (entry.account, entry.client_id), entry.qty * OF_SHARE, paid * OF_CASH)

    def booked(self, event: Booked) -> None:
        """Adds what is booked of an order; more than was executed of it never happened."""
        if not isinstance(event, orders.OrderFilled):
            return
        key = (event.account, str(event.order_id))
        fees = sum((exact(fee.amount) for fee in event.fees), 0)
        self._add(
            self._told,
            key,
            exact(event.qty),
            sign_of(event.side) * product(exact(event.qty), exact(event.price)) + fees,
        )
        true, told = self._true.get(key, NOTHING)[0], self._told[key][0]
        if told > true:
            what = f"{shown(told)} shares of {key[1]} are booked, {shown(true)} were executed"
            self._court.find("I3", what, str(event))

    def end(self) -> None:
        """Compares the sums of all orders."""
        for key in sorted({*self._true, *self._told}):
            true, told = self._true.get(key, NOTHING), self._told.get(key, NOTHING)
            if true != told:
                what = f"{shown(told[0])} shares for {shown(told[1])} of {key[1]} are booked"
                self._court.find("I3", f"{what}, {shown(true[0])} for {shown(true[1])} were executed")

    def _add(self, sums: dict[OrderKey, tuple[Exact, Exact]], key: OrderKey, qty: Exact, paid: Exact) -> None:
        before = sums.get(key, NOTHING)
        sums[key] = (before[0] + qty, before[1] + paid)
