"""`flatbook grid`: the slot ladder, and what a grid would do now, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.options import HERE, At, OwnerOption, Where, says
from flatbook.cli.output import Column, Part, Table, counted, short, show

if TYPE_CHECKING:
    from decimal import Decimal

    from flatbook.services.grid_plans import GridPlan
    from flatbook.services.grid_venue import AtVenue
    from flatbook.state.orders import Order

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

    It is the decision that an engine makes first when it starts on this journal and sees this touch. The account is
    read once, and each order compared with what stands there.
    """
    import asyncio

    from flatbook.cli.desks import loaded_of
    from flatbook.cli.faults import Exit, Failed
    from flatbook.cli.reading import past_of
    from flatbook.ops.clock import SystemClock
    from flatbook.services.grid_plans import planned, rules_of_seat, seated
    from flatbook.services.grid_venue import ask_account, at_venue
    from flatbook.values.ids import OwnerId

    loaded = loaded_of(where)
    seat = seated(loaded, OwnerId(owner))
    if seat is None:
        raise Failed(Exit.USAGE, f"{owner} has no grid in the configuration")
    traded, clock = seat.seat.instruments[0], SystemClock(loaded.config.clock.shift_s)
    touch, rules = _touch(bid, ask, traded.rules.tick), rules_of_seat(loaded, seat)
    with past_of(where, None) as past:
        found = planned(past.state(), rules, seat, touch, clock.now())
        stated = asyncio.run(ask_account(loaded, traded.account, clock))
        seen = stated if isinstance(stated, str) else at_venue(past.state(), rules, traded.id, stated)
        body = {"as_of": past.as_of(), "owner": owner, **_plan_body(found, seen)}
    show("grid plan", body, lambda: plan_parts(body), as_json=where.as_json)


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


def _plan_body(found: GridPlan, seen: AtVenue | str) -> dict[str, Any]:
    from msgspec import to_builtins

    from flatbook.api.answers.grids import slot_order_body
    from flatbook.values.money import plain

    shown = {} if isinstance(seen, str) else seen.shown

    def standing(order: Order) -> dict[str, Any]:
        return {**to_builtins(slot_order_body(order)), "venue": shown.get(order.order_id)}

    return {
        "adopt": [standing(order) for order in found.adopted],
        "cancel": [{**standing(order), "reason": intent.reason.value} for order, intent in found.canceled],
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
        "venue": _venue_body(seen),
    }


def _venue_body(seen: AtVenue | str) -> dict[str, Any]:
    from msgspec import to_builtins

    from flatbook.api.answers.grids import slot_order_body
    from flatbook.values.money import plain

    if isinstance(seen, str):
        return {"asked": False, "why_not": seen, "revived": [], "foreign": []}
    foreign = [
        {"venue_order_id": each.venue_order_id, "side": each.side.value, "qty": plain(each.qty)}
        for each in seen.foreign
    ]
    revived = [to_builtins(slot_order_body(order)) for order in seen.revived]
    return {"asked": True, "why_not": None, "revived": revived, "foreign": foreign}


def plan_parts(body: dict[str, Any]) -> Iterator[Part]:
    """Yields a plan as people read it, the orders beside what the venue shows of them."""
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    yield f"adopt {len(body['adopt'])}, cancel {len(body['cancel'])}, place {len(body['place'])}"
    if body["notes"]:
        yield f"and writes {counted(len(body['notes']), 'note')}: {', '.join(body['notes'])}"
    yield _venue_line(body)
    highest_first = {verb: sorted(body[verb], key=_price, reverse=True) for verb in ("adopt", "cancel", "place")}
    rows = [{"does": verb, **row} for verb, found in highest_first.items() for row in found]
    rows += [{"does": "cancel", **row, "reason": "ended for us"} for row in body["venue"]["revived"]]
    for row in body["venue"]["foreign"]:
        rows.append({"does": "leave", "slot": None, **row, "reason": f"not ours: {row['venue_order_id']}"})
    yield Table(
        "orders",
        (
            Column("does", "does"),
            Column("slot", "slot"),
            Column("side", "side"),
            Column("size>", lambda row: short(row["qty"])),
            Column("price>", lambda row: None if row.get("limit") is None else short(row["limit"])),
            Column("exit", lambda row: "exit" if row.get("exit") else None),
            Column("at the venue", lambda row: row.get("venue")),
            Column("for", lambda row: row.get("reason")),
        ),
        rows,
    )


def _price(row: dict[str, Any]) -> Decimal:
    """Returns where an order stands on the ladder; one at the market comes last."""
    from decimal import Decimal

    return Decimal(row["limit"] or 0)


def _venue_line(body: dict[str, Any]) -> str:
    found = body["venue"]
    if not found["asked"]:
        return f"the venue was not asked, this is what the journal says: {found['why_not']}"
    missing = sum(row["venue"] == "missing" for verb in ("adopt", "cancel") for row in body[verb])
    left, others = len(found["revived"]), len(found["foreign"])
    if not (missing or left or others):
        return "the venue shows what the journal says"
    return f"the venue does not show {missing} of ours, shows {left} that ended for us and {others} that are not ours"
