"""What an operator agreed to: the orders, nets, halts and limits that a command touches, as one short text.

Whoever looked at what a command would do sends that text with it, and the step that decides the command compares it
with the state of that very moment: nothing can come in between. A stop is never compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from flatbook.engine.inputs import STOPPING, Command, Verb
from flatbook.state.desk import LogId, State
from flatbook.state.exposure import exposure_of
from flatbook.state.positions import NetKey
from flatbook.values.ids import ChainId, HaltId, OrderId, digest_text
from flatbook.values.money import plain

VERSION_LENGTH = 16
IT_HAS_CHANGED = "what this touches is not what it was when it was looked at: look again"

OF_NETS = (Verb.FLATTEN, Verb.ORDER_PLACE, Verb.HEDGE_NOW)
OF_ORDERS = (Verb.ORDER_CANCEL, Verb.ORDER_RECHECK)

Arguments = Mapping[str, str]
Hedged = Collection[NetKey]


def has_changed(state: State, hedged: Hedged, command: Command) -> bool:
    """Returns whether a command touches something else now than what was agreed to; not where nobody said what."""
    if command.expected is None or command.verb in STOPPING:
        return False
    return version_of(state, hedged, command.verb, command.arguments) != command.expected


def version_of(state: State, hedged: Hedged, verb: Verb, arguments: Arguments) -> str:
    """Returns another text whenever a command would touch something else. `hedged` are the nets that are hedged.

    Gives: of a flatten, a hedge or an order by hand the nets that it names, and the orders that work there; of a drain
    which nets are open; of a lift its halt and who wanted it; of a limit what it is now; of a fill whether it is held;
    of a stop every order. Prices do not count.
    """
    told = [f"{name}={arguments[name]}" for name in sorted(arguments)]
    return digest_text(verb.value, *told, *_touched(state, hedged, verb, arguments))[:VERSION_LENGTH]


def _touched(state: State, hedged: Hedged, verb: Verb, arguments: Arguments) -> Iterable[str]:
    if verb in OF_NETS:
        keys = open_nets(state, hedged, arguments.get("owner"), arguments.get("underlying"))
        yield from (
            f"net {owner} {underlying} {plain(exposure_of(state, (owner, underlying)).net)}"
            for owner, underlying in keys
        )
        yield from (f"order {each}" for each in state.open_orders if _net_of(state, each) in keys)
    elif verb in OF_ORDERS:
        order = state.orders.get(OrderId(arguments.get("order_id", "")))
        yield "no order" if order is None else f"order {order.status.value}"
    elif verb is Verb.DRAIN:
        yield from (f"net {owner} {underlying}" for owner, underlying in open_nets(state, hedged))
    elif verb is Verb.LIFT:
        halt = state.halts.get(HaltId(arguments.get("halt_id", "")))
        yield "no halt" if halt is None else f"halt {halt.halted_at} {halt.cause.value}"
        asked = () if halt is None else state.halts_asked.get(halt.halt_id, ())
        yield from (f"asked {each.asked_at} {each.actor}" for each in asked)
    elif verb is Verb.LIMIT_SET:
        limit = state.limits.get(arguments.get("name", ""))
        yield "configured" if limit is None else f"limit {plain(limit)}"
    elif verb is Verb.FILL_RELEASE:
        log = log_of(arguments)
        fill = None if log is None else state.fills.get(log)
        yield "no fill" if fill is None else f"fill {'held' if fill.hold else 'decided'}"
    elif verb in STOPPING:
        yield from (f"order {each}" for each in state.open_orders)


def log_of(arguments: Arguments) -> LogId | None:
    """Returns the log of a fill that a command names; None where it names none."""
    chain, index = arguments.get("chain", ""), arguments.get("log_index", "")
    if not (chain.isdecimal() and index.isdecimal()):
        return None
    return ChainId(int(chain)), arguments.get("tx", ""), int(index)


def open_nets(
    state: State, hedged: Hedged, owner: str | None = None, underlying: str | None = None
) -> tuple[NetKey, ...]:
    """Returns the nets that are hedged, not zero, and named, or all of them where none is, in alphabetical order."""
    keys = sorted(dict.fromkeys((*state.positions.nets, *state.owing)))
    named = (key for key in keys if owner in (None, key[0]) and underlying in (None, key[1]))
    return tuple(key for key in named if key in hedged and exposure_of(state, key).net)


def _net_of(state: State, order_id: OrderId) -> NetKey:
    order = state.orders[order_id]
    return order.owner, order.underlying
