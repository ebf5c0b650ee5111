"""The limits, how far each is used, and what stands halted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from flatbook.api.answers.holdings import Holdings
from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.positions import number_or_none
from flatbook.api.answers.status import AlertBody, FreezeBody, HaltBody, alerts_of, freezes_of, halts_of
from flatbook.api.courtesy import one_by_one
from flatbook.engine.rules import Rules
from flatbook.engine.views import day_result, limits_of, orders_since
from flatbook.events.control import HaltCause
from flatbook.projections.positions import NetLine, valued_at_trades
from flatbook.risk.limits import ORDER_RATE_WINDOW_S, Limits
from flatbook.state.breakers import BreakerBook
from flatbook.state.desk import State
from flatbook.state.positions import NetKey
from flatbook.values.ids import UNASSIGNED, AssetId
from flatbook.values.instants import Instant, later
from flatbook.values.money import ZERO, divide_cut, plain
from flatbook.values.us_eastern import eastern_day

WHOLE_DESK = "desk"
SET_LIMIT = "set-limit"
GRID = "grid "  # before the scope of limits that are of the configuration alone: set-limit has those of the desk
USE_DECIMALS = 1
PERCENT = 100

Nets = Mapping[NetKey, NetLine]


class LimitBody(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. `current` is None where it bounds single orders, or where what it bounds cannot be valued.

    `command` is the command that makes it tighter while the engine runs, for the whole desk; None where only the
    configuration and a new start do.
    Units: as `unit` says; `use_pct` in percent of the limit, cut.
    """

    name: str
    scope: str
    limit: str
    current: str | None
    use_pct: str | None
    unit: str
    command: str | None


class BreakerBody(msgspec.Struct, frozen=True, kw_only=True):
    """The breaker of an owner: what it counts since its reset, and where it halts.

    Units: USD. `losses_left` and `drawdown_left_usd` are how much more trips it, None where it has no such limit or is
    not all valued; `tripped` is the halt that it made, and `resets_by` what takes it back and begins to count anew.
    """

    owner: str
    losses: int
    losses_max: int | None
    total_usd: str
    drawdown_usd_max: str | None
    unvalued: bool
    losses_left: int | None
    drawdown_left_usd: str | None
    tripped: HaltBody | None
    resets_by: str


class RiskAnswer(Answer, frozen=True, kw_only=True):
    """Limits with their use, breakers, halts, freezes and alerts."""

    limits: list[LimitBody]
    breakers: list[BreakerBody]
    halts: list[HaltBody]
    freezes: list[FreezeBody]
    alerts: list[AlertBody]


class HaltsAnswer(Answer, frozen=True, kw_only=True):
    """The halts that stand."""

    halts: list[HaltBody]


def risk_answer(held: Holdings, moment: AsOf, rules: Rules, now: Instant) -> RiskAnswer:
    """Returns the limits of a desk that are in force, and how far each is used now."""
    state, nets = held.state, {line.key: line for line in held.lines}
    limits = limits_of(state, rules)
    return RiskAnswer(
        as_of=moment,
        limits=[
            *_of_orders(limits),
            *_of_desk(state, nets, rules, now),
            *_of_days(state, nets, rules, now),
            *_of_seats(state, nets, rules, now),
        ],
        breakers=[_breaker(owner, book, halts_of(state)) for owner, book in sorted(state.breakers.items())],
        halts=halts_of(state),
        freezes=freezes_of(state),
        alerts=alerts_of(state),
    )


def _breaker(owner: str, book: BreakerBook, halts: list[HaltBody]) -> BreakerBody:
    tripped = next((each for each in halts if (each.cause, each.target) == (HaltCause.BREAKER.value, owner)), None)
    left = None if book.drawdown_usd_max is None else max(ZERO, book.drawdown_usd_max + book.total_usd)
    return BreakerBody(
        owner=owner,
        losses=book.losses,
        losses_max=book.losses_max,
        total_usd=plain(book.total_usd),
        drawdown_usd_max=number_or_none(book.drawdown_usd_max),
        unvalued=book.unvalued,
        losses_left=None if book.losses_max is None else max(0, book.losses_max - book.losses),
        drawdown_left_usd=None if book.unvalued else number_or_none(left),
        tripped=tripped,
        resets_by="a lift of its halt" if tripped is None else f"flatbook lift {tripped.halt_id}",
    )


def _of_orders(limits: Limits) -> Iterator[LimitBody]:
    """Yields what bounds each single order: nothing is used of it."""
    for name, unit in (
        ("order_notional_usd_max", "USD"),
        ("order_shares_max", "shares"),
        ("collar_bps_max", "bps"),
        ("second_bps_max", "bps"),
        ("price_age_s_max", "s"),
    ):
        yield _limit(name, WHOLE_DESK, Decimal(getattr(limits, name)), None, unit)


def _of_desk(state: State, nets: Nets, rules: Rules, now: Instant) -> Iterator[LimitBody]:
    limits, since = limits_of(state, rules), later(now, seconds=-ORDER_RATE_WINDOW_S)
    count, recent = Decimal(len(state.open_orders)), Decimal(orders_since(state, since))
    yield _limit("open_orders_max", WHOLE_DESK, Decimal(limits.open_orders_max), count, "orders")
    yield _limit("orders_per_minute_max", WHOLE_DESK, Decimal(limits.orders_per_minute_max), recent, "orders/min")
    yield _limit("residue_usd_max", WHOLE_DESK, rules.residue_usd_max, _residue_usd(nets, rules), "USD")


def _residue_usd(nets: Nets, rules: Rules) -> Decimal | None:
    """Returns what is unhedged of all nets that must be flat; None where one of them has no price."""
    lines = [line for key, line in nets.items() if key in rules.hedges or line.owner == UNASSIGNED]
    if any(line.exposure.net and line.usd is None for line in lines):
        return None
    return sum((abs(line.usd) for line in lines if line.usd is not None), ZERO)


def _of_days(state: State, nets: Nets, rules: Rules, now: Instant) -> Iterator[LimitBody]:
    """Yields the loss of the day of each hedged net, valued at what the net is valued at."""
    for key in one_by_one(rules.hedges):
        result = day_result(state, key, nets[key].price if key in nets else None, now)
        lost = None if result is None else max(ZERO, -result)
        yield _limit("day_loss_usd_max", ":".join(key), limits_of(state, rules).day_loss_usd_max, lost, "USD")


def _of_seats(state: State, nets: Nets, rules: Rules, now: Instant) -> Iterator[LimitBody]:
    """Yields what bounds each strategy that quotes, on each of its instruments; the rate counts all of the desk."""
    recent = Decimal(orders_since(state, later(now, seconds=-ORDER_RATE_WINDOW_S)))
    for owner, seated in rules.seats.items():
        own = seated.limits
        for instrument in seated.seat.instruments:
            row = state.positions.rows.get((owner, instrument.account, instrument.id))
            held, scope = ZERO if row is None else abs(row.qty), f"{GRID}{owner}:{instrument.id}"
            yield _limit("order_notional_usd_max", scope, own.order_notional_usd_max, None, "USD")
            yield _limit("order_qty_max", scope, own.order_qty_max, None, "contracts")
            yield _limit("inventory_max", scope, own.position_max, held, "contracts")
            yield _limit("orders_per_minute_max", scope, Decimal(own.orders_per_minute_max), recent, "orders/min")
        quotes: dict[str, AssetId] = {each.id: each.quote for each in seated.seat.instruments}
        for key in dict.fromkeys((owner, each.underlying) for each in seated.seat.instruments):
            lost = _lost_of_seat(state, key, nets.get(key), quotes, now)
            yield _limit("day_loss_usd_max", f"{GRID}{':'.join(key)}", own.day_loss_usd_max, lost, "USD")


def _lost_of_seat(
    state: State, key: NetKey, line: NetLine | None, quotes: Mapping[str, AssetId], now: Instant
) -> Decimal | None:
    """Returns what a seat lost today, valued as what it holds is; None while a fee of it has no mark."""
    price = None if line is None else valued_at_trades(state, line, quotes).price
    result, kept = day_result(state, key, price, now), state.positions.days.get(key)
    if kept is not None and kept.day == eastern_day(now) and kept.unmarked:
        return None
    return None if result is None else max(ZERO, -result)


def _limit(name: str, scope: str, limit: Decimal, current: Decimal | None, unit: str) -> LimitBody:
    return LimitBody(
        name=name,
        scope=scope,
        limit=plain(limit),
        current=number_or_none(current),
        use_pct=None if current is None else use_text(current, limit),
        unit=unit,
        command=SET_LIMIT if name in Limits.__struct_fields__ and not scope.startswith(GRID) else None,
    )


def use_text(current: Decimal, limit: Decimal) -> str | None:
    """Returns how much of a limit is used, None of a limit of nothing. Units: percent, cut."""
    return number_or_none(divide_cut(current * PERCENT, limit, decimals=USE_DECIMALS) if limit else None)
