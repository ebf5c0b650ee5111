"""Outside identities: a text that names an event by what happened, the same in every journal and after any replay."""

from __future__ import annotations

from flatbook.events import chain, orders
from flatbook.events.event import Event
from flatbook.values.ids import AccountId, ChainId, EventRef, ExecutionId, InstrumentId, OrderId

BLOCK_HASH_DIGITS = 10


def ref_of_fill(key: chain.LogKey) -> EventRef:
    """Returns the identity of an onchain fill in its block; the same log in another block is another fill."""
    return EventRef(f"fill:{key.chain}:{key.tx}:{key.log_index}@{key.block_hash[:BLOCK_HASH_DIGITS]}")


def ref_of_log(chain_id: ChainId, tx: str, log_index: int) -> EventRef:
    """Returns the identity of a log wherever its block stands."""
    return EventRef(f"log:{chain_id}:{tx}:{log_index}")


def ref_of_order(order_id: OrderId) -> EventRef:
    """Returns the identity of one of our orders."""
    return EventRef(f"order:{order_id}")


def ref_of_execution(account: AccountId, instrument: InstrumentId, execution_id: ExecutionId) -> EventRef:
    """Returns the identity of an execution; venues reuse execution ids across instruments."""
    return EventRef(f"exec:{account}:{instrument}:{execution_id}")


def ref_of(event: Event) -> EventRef | None:
    """Returns the identity under which other events may name this one as their cause; None when none does."""
    if isinstance(event, (chain.VaultFilled, chain.FillSkipped, chain.FillUnvalued)):
        return ref_of_fill(event.key)
    if isinstance(event, chain.FillReversed):
        return EventRef(f"reversed:{ref_of_fill(event.key)}")
    if isinstance(event, (chain.FillValued, chain.SkippedFillReleased)):
        kind = "valued" if isinstance(event, chain.FillValued) else "released"
        return EventRef(f"{kind}:{ref_of_log(event.chain, event.tx, event.log_index)}")
    if isinstance(event, (orders.OrderFilled, orders.ForeignFilled)):
        return ref_of_execution(event.account, event.instrument, event.execution_id)
    if isinstance(event, orders.OrderIntended):
        return ref_of_order(event.order_id)
    return _ref_of_order_report(event)


_NUMBERED = (
    orders.OrderNotSent,
    orders.OrderAbsent,
    orders.OrderUnknown,
    orders.OrderResent,
    orders.CancelIntended,
    orders.CancelRefused,
)
_ENDING = (orders.OrderRejected, orders.OrderDone, orders.IntentRefused, orders.OrderFound)


def _ref_of_order_report(event: Event) -> EventRef | None:
    tag = event.__struct_config__.tag
    if isinstance(event, _NUMBERED):
        return EventRef(f"{ref_of_order(event.order_id)}:{tag}:{event.attempt}")
    if isinstance(event, _ENDING):
        return EventRef(f"{ref_of_order(event.order_id)}:{tag}")
    return None
