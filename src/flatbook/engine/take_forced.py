"""Executions that a venue made by force: booked for who holds the position, told, and its strategy is woken.

They carry no order of ours, and are neither a stranger's trade nor a difference of the books to be corrected.
"""

from __future__ import annotations

from flatbook.engine.realise import realised_by
from flatbook.engine.reports import Execution
from flatbook.engine.take_foreign import quote_of, take_foreign_execution
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import ForcedBy
from flatbook.events.refs import ref_of
from flatbook.state.positions import Position
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import UNASSIGNED, AccountId, OwnerId
from flatbook.values.instruments import Product
from flatbook.values.money import ZERO, Quantity, plain

Share = tuple[OwnerId, Quantity]


def take_forced_execution(turn: Turn, account: AccountId, execution: Execution, forced: ForcedBy) -> None:
    """Books what a venue closed by force for each owner that held a part of it, and alerts; the strategies are woken.

    Gives: the foreign execution that it is where nobody of this desk holds anything that it could reduce.
    """
    holders = _holders(turn, account, execution)
    if not holders:
        take_foreign_execution(turn, account, execution)
        return
    contract_size, fees = holders[0].contract_size, execution.fees
    known = turn.rules.instruments.get(execution.instrument)
    product = Product.SPOT if known is None else known.product
    realised = realised_by(turn, account, execution, product, contract_size)
    for owner, qty in _shares(holders, execution.qty):
        event = ForcedReduction(
            owner=owner,
            account=account,
            instrument=execution.instrument,
            underlying=holders[0].underlying,
            forced=forced,
            venue_order_id=execution.venue_order_id,
            execution_id=execution.execution_id,
            side=execution.side,
            qty=qty,
            price=execution.price,
            quote=quote_of(turn, execution.instrument),
            contract_size=contract_size,
            fees=fees,
            product=product,
            realised=realised,
            happened_at=execution.happened_at,
            seen_at=turn.now,
        )
        turn.book(event)
        _tell(turn, event)
        fees, realised = (), None


def _holders(turn: Turn, account: AccountId, execution: Execution) -> tuple[Position, ...]:
    """Returns who holds a position that the execution reduces, the largest first; equals by their names."""
    rows = turn.state.positions.rows.values()
    here = [row for row in rows if row.account == account and row.instrument == execution.instrument]
    held = [row for row in here if row.qty * execution.side.sign < ZERO]
    return tuple(sorted(held, key=lambda row: (-abs(row.qty), row.owner)))


def _shares(holders: tuple[Position, ...], qty: Quantity) -> tuple[Share, ...]:
    """Returns how much of a quantity is each holder's: all that they hold, in their order; the rest is nobody's."""
    shares: dict[OwnerId, Quantity] = {}
    left = qty
    for row in holders:
        part = Quantity(min(left, abs(row.qty)))
        if part > ZERO:
            shares[row.owner] = part
            left = Quantity(left - part)
    if left > ZERO:  # what nobody held is added to what nobody owns: an execution is booked once for each owner
        shares[UNASSIGNED] = Quantity(shares.get(UNASSIGNED, ZERO) + left)
    return tuple(shares.items())


def _tell(turn: Turn, event: ForcedReduction) -> None:
    subject = f"{event.account}:{event.instrument}:{event.execution_id}"
    detail = (
        f"{event.forced.value}: {event.side.value} {plain(event.qty)} {event.instrument} at {plain(event.price)} "
        f"of {event.owner} by the venue"
    )
    turn.alert(AlertName.FORCED_REDUCTION, subject, detail, severity=Severity.CRITICAL, because=ref_of(event))
    if event.owner == UNASSIGNED:
        turn.halt(HaltScope.INSTRUMENT, event.instrument, HaltCause.FOREIGN_FILL, detail)
    else:
        turn.touch((event.owner, event.underlying), Trigger.ORDER_FILLED)
