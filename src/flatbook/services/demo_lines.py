"""What the demo prints of each event: one line, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flatbook.events import chain, control, orders
from flatbook.events.event import Event
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import cut, plain

SHARE_DECIMALS = 3
PRICE_DECIMALS = 4
ID_DIGITS = 8
TIME_START, TIME_END = 5, 19

Line = tuple[str, str]


def line_of(event: Event) -> str | None:
    """Returns the line for an event: when, what kind, what happened; None for what only the journal needs."""
    told = _TELLERS.get(type(event))
    if told is None:
        return None
    at, word, text = told(event)
    return f"{_clock(at)}  {word:<9} {text}"


def _clock(at: Instant) -> str:
    return text_of_instant(at)[TIME_START:TIME_END].replace("T", " ")


def _shares(qty: Any) -> str:
    return plain(cut(qty, decimals=SHARE_DECIMALS))


def _px(price: Any) -> str:
    return plain(cut(price, decimals=PRICE_DECIMALS))


def _fill(event: chain.VaultFilled) -> tuple[Instant, str, str]:
    did = "sold" if event.side is Side.SELL else "bought"
    words = f"{did} {_shares(event.token_amount)} {event.token} at {_px(event.price)} {event.usdc} onchain"
    return event.happened_at, "fill", words


def _intent(event: orders.OrderIntended) -> tuple[Instant, str, str]:
    limit = _px(event.limit) if event.limit is not None else "the market"
    net = (event.evidence or {}).get("net", "?")
    words = f"{event.side.value} {_shares(event.qty)} {event.underlying}, limit {limit} (net {net})"
    return event.decided_at, "hedge", words


def _filled(event: orders.OrderFilled) -> tuple[Instant, str, str]:
    did = "bought" if event.side is Side.BUY else "sold"
    return event.happened_at, "hedged", f"{did} {_shares(event.qty)} {event.underlying} at {_px(event.price)} USD"


def _unknown(event: orders.OrderUnknown) -> tuple[Instant, str, str]:
    words = f"order {event.order_id}: {event.reason.value}; it may live, and counts as exposure until the broker tells"
    return event.seen_at, "UNKNOWN", words


def _found(event: orders.OrderFound) -> tuple[Instant, str, str]:
    return event.seen_at, "found", f"order {event.order_id}: asked by its client id, the broker has it"


def _absent(event: orders.OrderAbsent) -> tuple[Instant, str, str]:
    return event.seen_at, "absent", f"order {event.order_id}: asked by its client id, the broker does not have it"


def _rejected(event: orders.OrderRejected) -> tuple[Instant, str, str]:
    return event.seen_at, "rejected", f"order {event.order_id[:ID_DIGITS]}: {event.reason.value}; the hedge waits"


def _done(event: orders.OrderDone) -> tuple[Instant, str, str]:
    return (
        event.seen_at,
        event.end.value,
        f"order {event.order_id[:ID_DIGITS]} ended with {_shares(event.filled_qty)} filled",
    )


def _held(event: control.HedgeHeld) -> tuple[Instant, str, str]:
    if event.reason is None:
        return event.decided_at, "free", f"{_shares(event.net)} {event.underlying} can be hedged again"
    return event.decided_at, "held", f"{_shares(event.net)} {event.underlying} stays exposed: {event.reason.value}"


def _removed(event: chain.BlocksRemoved) -> tuple[Instant, str, str]:
    return event.seen_at, "reorg", f"the chain replaced its blocks from {event.first_block} on"


def _reversed(event: chain.FillReversed) -> tuple[Instant, str, str]:
    shares = _shares(event.shares) if event.shares is not None else "?"
    return event.seen_at, "reversed", f"the fill of {shares} {event.underlying} did not happen"


def _started(event: control.EngineStarted) -> tuple[Instant, str, str]:
    return event.started_at, "start", f"engine {event.version} in {event.mode.value} mode, epoch {event.epoch}"


def _stopped(event: control.EngineStopped) -> tuple[Instant, str, str]:
    return event.stopped_at, "stop", event.reason


def _halted(event: control.TradingHalted) -> tuple[Instant, str, str]:
    return event.halted_at, "HALT", f"{event.scope.value} {event.target}: {event.reason}"


_TELLERS: dict[type[Event], Callable[[Any], tuple[Instant, str, str]]] = {
    chain.VaultFilled: _fill,
    chain.BlocksRemoved: _removed,
    chain.FillReversed: _reversed,
    orders.OrderIntended: _intent,
    orders.OrderFilled: _filled,
    orders.OrderUnknown: _unknown,
    orders.OrderFound: _found,
    orders.OrderAbsent: _absent,
    orders.OrderRejected: _rejected,
    orders.OrderDone: _done,
    control.HedgeHeld: _held,
    control.EngineStarted: _started,
    control.EngineStopped: _stopped,
    control.TradingHalted: _halted,
}
