"""`flatbook grid`: the slot ladder, and what a grid would do now, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.options import HERE, At, OwnerOption, Where, says
from flatbook.cli.output import Column, Part, Table, counted, short, show

if TYPE_CHECKING:
    from flatbook.services.grid_plans import GridPlan

Bid = Annotated[str, says("The best bid, as a number.")]
Ask = Annotated[str, says("The best ask, as a number.")]


def slots(*, owner: OwnerOption = None, at: At = None, where: Where = HERE) -> None:
    """Shows the slots of the grids, from the highest level to the lowest.

    Each holds what its orders brought, at what that cost; profit is what its cycles earned after fees.
    """
    from flatbook.api.answers.grids import grids_answer
    from flatbook.api.answers.moment import body_of
    from flatbook.cli.asked import check_known
    from flatbook.cli.desks import loaded_of
    from flatbook.cli.reading import past_of

    config = loaded_of(where).config
    with past_of(where, at) as past:
        check_known(where, past, owner, None)
        body = body_of(grids_answer(past.state(), past.moment(), config, owner))
    show("grid slots", body, lambda: _slot_parts(body), as_json=where.as_json)


def _slot_parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    if not body["slots"]:
        yield "no slot of a grid holds anything"
    yield Table(
        "slots",
        (
            Column("owner", "owner"),
            Column("slot", "slot"),
            Column("price>", lambda row: short(row["price"])),
            Column("holds>", lambda row: short(row["qty"])),
            Column("cycles>", "cycles"),
            Column("profit>", lambda row: short(row["profit"])),
            Column("order", lambda row: _order_text(row["order"])),
        ),
        body["slots"],
    )


def _order_text(order: dict[str, Any] | None) -> str | None:
    if order is None:
        return None
    return f"{order['side']} {order['qty']} at {order['limit']}{' exit' if order['exit'] else ''}, {order['status']}"


def plan(owner: Annotated[str, says("Whose grid.")], *, bid: Bid, ask: Ask, where: Where = HERE) -> None:
    """Shows which orders a grid would keep, cancel and place at a touch, and does nothing.

    It is the decision that an engine makes first when it starts on this journal and sees this touch.
    """
    from flatbook.cli.desks import loaded_of
    from flatbook.cli.faults import Exit, Failed
    from flatbook.cli.reading import past_of
    from flatbook.ops.clock import SystemClock
    from flatbook.services.grid_plans import planned, rules_of_seat, seated
    from flatbook.values.ids import OwnerId

    loaded = loaded_of(where)
    seat = seated(loaded, OwnerId(owner))
    if seat is None:
        raise Failed(Exit.USAGE, f"{owner} has no grid in the configuration")
    touch = _touch(bid, ask, seat.seat.instruments[0].rules.tick)
    with past_of(where, None) as past:
        found = planned(past.state(), rules_of_seat(loaded, seat), seat, touch, SystemClock().now())
        body = {"as_of": past.as_of(), "owner": owner, **_plan_body(found)}
    show("grid plan", body, lambda: _plan_parts(body), as_json=where.as_json)


def _touch(bid: str, ask: str, tick: Any) -> Any:
    from flatbook.cli.faults import Exit, Failed
    from flatbook.market.orderbook import Touch
    from flatbook.strategies.grid_scene import ticks_of
    from flatbook.values.money import NumberRefused, Price, parse_number

    try:
        low, high = (ticks_of(Price(parse_number(text)), tick) for text in (bid, ask))
    except NumberRefused as refused:
        raise Failed(Exit.USAGE, str(refused)) from refused
    if not 0 < low < high:
        raise Failed(Exit.USAGE, "the bid must be above zero and below the ask by a tick at least")
    return Touch(low, 1, high, 1)


def _plan_body(found: GridPlan) -> dict[str, Any]:
    from msgspec import to_builtins

    from flatbook.api.answers.grids import slot_order_body
    from flatbook.values.money import plain

    return {
        "adopt": [to_builtins(slot_order_body(order)) for order in found.adopted],
        "cancel": [
            {**to_builtins(slot_order_body(order)), "reason": intent.reason.value} for order, intent in found.canceled
        ],
        "place": [
            {
                "side": intent.side.value,
                "qty": plain(intent.qty),
                "limit": None if intent.limit is None else plain(intent.limit),
                "slot": intent.slot,
                "exit": intent.reduce_only,
                "style": intent.style.value,
            }
            for intent in found.placed
        ],
        "notes": list(found.notes),
    }


def _plan_parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    yield f"adopt {len(body['adopt'])}, cancel {len(body['cancel'])}, place {len(body['place'])}"
    if body["notes"]:
        yield f"and writes {counted(len(body['notes']), 'note')}: {', '.join(body['notes'])}"
    rows = [{"does": verb, **row} for verb in ("adopt", "cancel", "place") for row in body[verb]]
    yield Table(
        "orders",
        (
            Column("does", "does"),
            Column("slot", "slot"),
            Column("side", "side"),
            Column("size>", lambda row: short(row["qty"])),
            Column("price>", lambda row: short(row["limit"])),
            Column("exit", lambda row: "exit" if row["exit"] else None),
            Column("for", lambda row: row.get("reason")),
        ),
        rows,
    )
