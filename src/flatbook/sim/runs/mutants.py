"""Planted bugs: each is a known way to lose money, patched into the product at run time, that the judges must see.

A simulator that does not see them proves nothing. The numbers are those of the project's list: 1 to 35 of order and
recovery work, 36 to 47 of trading practice; from 48 on stand second forms of earlier ones. A row whose room does not
exist yet is counted as not yet, never as killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from flatbook.engine.ports import IdRule
from flatbook.sim.runs import planted, planted_offers, planted_seats
from flatbook.sim.runs.offering import offering
from flatbook.sim.runs.planned import PlannedCrash, PlannedGuards, PlannedHalt
from flatbook.sim.runs.planted import Swap
from flatbook.sim.runs.scenario import Broker, Scenario, deepened, draw_scenario, stating_totals
from flatbook.sim.runs.seating import draw_seated
from flatbook.sim.world.record import SHARE
from flatbook.sim.world.seat import grid_of

DEATH, LONG_DEATH_MS = "death", 100_000
KILLS_MS = (45_000, 75_000, 105_000, 135_000)
_ANY: dict[str, Any] = {}
_TOTALS = {"totals": True, "depth": SHARE}
_SLOW_READS = {"read_lag_s": 20}
_IDS_COME_AGAIN = {"read_lag_s": 20, "id_rule": IdRule.NONE}
_THIN = {"depth": SHARE, "order_ttl_s": 300}
_SHORT_ORDERS = {"order_ttl_s": 20, "honours_good_until": False}
_DEPEGGED = {"stable_mark": 9_800}
_MARKED_ANEW = {"stable_mark": 9_800, "stable_mark_again": 10_100}
_CONTRACTS = {"contract": SHARE // 10}
_CHARGED = {"fee_bps": 1, "levy_ppm": 28}
_PERP = {"spot": False}
_SPOT = {"spot": True}
_AT_BYBIT = {"broker": Broker.BYBIT}
_LIVELY = {
    **_PERP,
    "neutral": True,
    "levels": 2,
    "step": 10,
    "skew_bps": 0,
    "range": None,
    "takers_bps": 9_000,
    "taker_qty": 12 * SHARE,
}

_GUARDED = {
    **_LIVELY,
    "guards": PlannedGuards(interval_s=2, window=2, volume_pct=80, missing_s=30, drawdown_usd=1),
}

Plant = Callable[[], tuple[Swap, ...]]


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """A planted bug. `plant` returns the patches; None where its room does not exist, which `room` names.

    A world that is to show it has the `faults`, strengths in basis points, and the `shape`, values of fields of a
    scenario's shape. `crashes` says that only crash enumeration is sure to find it, `deep` that it needs worlds on
    bytes, `offers` worlds in which the desk itself offers, `seated` worlds at an exchange: `shape` then has fields of
    their grid, and the broker; `planned` is all that happens there: kills, halts, or a long death of the desk.
    """

    number: int
    name: str
    plant: Plant | None = None
    room: str | None = None
    faults: dict[str, int] = {}
    shape: dict[str, Any] = {}
    crashes: bool = False
    deep: bool = False
    offers: bool = False
    seated: bool = False
    planned: str = ""


def _bug(number: int, name: str, plant: Plant, shape: dict[str, Any] = _ANY, **faults: int) -> Mutant:
    return Mutant(number=number, name=name, plant=plant, faults=faults, shape=shape)


def _by_crashes(number: int, name: str, plant: Plant) -> Mutant:
    return Mutant(number=number, name=name, plant=plant, crashes=True)


def _deep(number: int, name: str, plant: Plant, shape: dict[str, Any] = _ANY, **faults: int) -> Mutant:
    return Mutant(number=number, name=name, plant=plant, faults=faults, shape=shape, deep=True)


def _offers(number: int, name: str, plant: Plant, shape: dict[str, Any] = _ANY, **faults: int) -> Mutant:
    return Mutant(number=number, name=name, plant=plant, faults=faults, shape=shape, offers=True)


def _seated(number: int, name: str, plant: Plant, shape: dict[str, Any] = _ANY, **faults: int) -> Mutant:
    return Mutant(number=number, name=name, plant=plant, faults=faults, shape=shape, seated=True)


def _later(number: int, name: str, *, room: str) -> Mutant:
    return Mutant(number=number, name=name, room=room)


MUTANTS: tuple[Mutant, ...] = (
    _bug(1, "executions are booked as often as they are reported", planted.no_execution_dedupe),
    _bug(2, "fills are booked as often as they are read", planted.no_fill_dedupe, X5=5_000),
    _by_crashes(3, "orders leave before their intent is durable", planted.effect_before_append),
    _bug(4, "a resend takes a fresh id", planted.fresh_id_on_retry, N1=4_000, N2=3_000),
    _bug(5, "orders are never asked for", planted.no_status_poll, N1=4_000, N2=2_000),
    _bug(
        6, "executions are not read after a gap", planted.no_back_fill, _SHORT_ORDERS, V11=9_000, V28=6_000, W1=10_000
    ),
    _bug(7, "a second hedge while one is open", planted.hedge_while_open),
    _bug(8, "a time-out is taken for a rejection", planted.timeout_is_rejected, N2=3_000),
    _bug(9, "absent once is taken for failed", planted.absent_is_failed, _SLOW_READS, N2=3_000, V2=9_000),
    _bug(10, "an execution after a cancel is dropped", planted.late_fill_dropped, _SHORT_ORDERS, V11=9_000, V28=6_000),
    _bug(11, "a running total is taken for an increment", planted.total_is_increment, _TOTALS),
    _bug(12, "fees have the wrong sign", planted.fee_sign),
    _seated(13, "funding has the wrong sign", planted_seats.funding_sign, _PERP),
    _seated(14, "funding is booked as often as it is told", planted_seats.funding_twice, _PERP),
    _bug(15, "the contract size is ignored", planted.contract_size_ignored, _CONTRACTS),
    _bug(16, "quantities are rounded instead of cut", planted.floor_is_round),
    _bug(17, "what rounding leaves is forgotten", planted.residue_dropped),
    _seated(18, "an order book with a gap is used", planted_seats.gapped_book_used, W4=2_000),
    _bug(19, "a stale quote is used", planted.stale_quote_used, V25=400),
    _bug(20, "a reorganisation is ignored", planted.reorg_ignored),
    _by_crashes(21, "cursors are durable before their facts", planted.cursor_before_facts),
    _bug(22, "the lease is not checked at an append", planted.lease_not_checked),
    _later(23, "a view's position is stored apart from its rows", room="stored views of other services"),
    _bug(24, "the epoch is not raised", planted.epoch_not_raised),
    Mutant(
        number=25,
        name="cancels and places share one rate budget",
        plant=planted_seats.cancels_share_budget,
        shape=_LIVELY,
        faults={"V7": 300},
        seated=True,
        planned="kill",
    ),
    _bug(26, "stopping waits for the journal", planted.stop_waits_for_journal, D4=400, V28=8_000),
    _bug(27, "the key of a command is not kept", planted.command_key_not_kept),
    _bug(28, "an execution of others is booked as ours", planted.foreign_booked_as_ours),
    _bug(
        29,
        "a statement and its fill are both booked",
        planted.statement_and_fill_booked,
        _SLOW_READS,
        V2=5_000,
        W1=10_000,
    ),
    _bug(
        30,
        "a resend where ids come again",
        planted.resend_before_fence,
        _IDS_COME_AGAIN,
        N2=4_000,
        V2=9_000,
    ),
    _later(31, "approvals are unlimited", room="transactions of our own on a chain"),
    _deep(32, "a parser makes a float of a price", planted.float_price),
    _bug(33, "an unknown status is taken for an end", planted.unknown_status_is_end, V16=5_000, V28=6_000),
    _bug(34, "alerts are swallowed", planted.alerts_swallowed, N2=3_000),
    _deep(35, "one of two nodes is believed", planted.one_node_believed, M9=3_000),
    _bug(36, "an order in the last second may work tomorrow", planted.order_in_the_last_second),
    _bug(37, "half days close as full days do", planted.half_day_is_full),
    _seated(38, "a forced close is dropped by its prefix", planted_seats.forced_close_dropped, _PERP, V23=5_000),
    _later(39, "a look-up by text after its time reads as absent", room="the adapter of Gate"),
    _later(40, "hourly funding is annualised by eight hours", room="funding payments"),
    _bug(41, "a remainder beyond the net goes on working", planted.excess_not_canceled, _THIN, V28=9_990),
    _deep(42, "the wrapper's ratio is read at the hedge", planted.ratio_of_the_head, {"chain_lag": 12}),
    _later(43, "the minimum out is the slippage cap alone", room="two-leg execution"),
    _bug(44, "a dollar token is one dollar", planted.stable_is_dollar, _DEPEGGED),
    _bug(45, "regulatory fees are missing", planted.levy_missing, _CHARGED),
    _later(46, "fee tiers come from the configuration", room="fee tiers"),
    _later(47, "a stale stream closes a pair", room="hedged pairs"),
    _bug(48, "fees have the wrong sign in the ledger", planted.fee_sign_in_ledger, _CHARGED),
    _bug(49, "trades are valued at the newest mark", planted.newest_mark, _MARKED_ANEW),
    _offers(50, "offers are not pulled when the session ends", planted_offers.stands_over_night),
    _offers(51, "a kill leaves offers standing", planted_offers.stands_after_kill),
    _offers(52, "offers are put back while the net is out", planted_offers.restored_while_out, V28=9_000),
    _seated(53, "a kill spares the exits of a grid", planted_seats.kill_spares_exits, _LIVELY),
    _seated(
        54,
        "an order of unknown fate leaves its slot free",
        planted_seats.unknown_is_free,
        _LIVELY,
        N9=1_500,
        V2=9_000,
        W1=8_000,
    ),
    _seated(55, "an exit moves the position and not its slot", planted_seats.slot_not_moved, _LIVELY),
    _seated(56, "a side that a monitor stopped is opened", planted_seats.stopped_side_opened, _GUARDED),
    _seated(57, "nobody looks at what a breaker counts", planted_seats.breaker_asleep, _GUARDED),
    _seated(58, "an account is opened by the clock", planted_seats.opened_by_the_clock, _AT_BYBIT, O4=9_000, W3=9_000),
    _seated(59, "a side is freed at the first calm look", planted_seats.freed_at_once, _GUARDED),
    _seated(60, "funding that was paid is left out", planted_seats.paid_funding_left_out, _PERP),
    _seated(61, "a fee in kind is forgotten", planted_seats.fee_in_kind_forgotten, _SPOT),
    _by_crashes(62, "what a restart finds intended is taken for not sent", planted_seats.restart_is_not_sent),
    Mutant(
        number=63,
        name="a halt keeps exits back",
        plant=planted_seats.exits_wait_for_halts,
        shape=_LIVELY,
        seated=True,
        planned="halt",
    ),
    Mutant(
        number=64,
        name="a kept state forgets what is booked",
        plant=planted_seats.kept_state_forgets,
        shape=_LIVELY | _AT_BYBIT,
        seated=True,
        planned=DEATH,
    ),
    Mutant(
        number=65,
        name="the dead man's switch is not renewed",
        plant=planted_seats.switch_not_renewed,
        shape=_LIVELY,
        seated=True,
        planned=DEATH,
    ),
    _seated(66, "what is closed by force is nobody's", planted_seats.forced_is_nobodys, _PERP, V23=5_000),
    _seated(67, "no exchange is asked to keep our orders apart", planted_seats.own_orders_meet, _SPOT),
    _seated(68, "an exchange that asks to wait is asked on", planted_seats.asks_on, _LIVELY, V7=300),
)


def mutant_of(number: int) -> Mutant:
    """Returns the planted bug of a number.

    Errors: ValueError when there is none.
    """
    found = next((mutant for mutant in MUTANTS if mutant.number == number), None)
    if found is None:
        raise ValueError(f"there is no planted bug {number}: they are numbered 1 to {len(MUTANTS)}")
    return found


def world_for(mutant: Mutant, number: int) -> Scenario:
    """Returns the number-th world in which a bug should show: every other one has the faults of a swarm world too."""
    if mutant.seated:
        return _seated_world(mutant, number)
    drawn = draw_scenario(f"planted {number}")
    swarm = drawn.strengths if number % 2 else {}
    shape = replace(drawn.shape, **mutant.shape)
    if mutant.deep:
        deep = deepened(replace(drawn, strengths=swarm, shape=shape))
        return replace(deep, strengths=deep.strengths | mutant.faults)
    world = replace(drawn, strengths=swarm | mutant.faults, shape=shape)
    if mutant.offers:
        return offering(world)
    return stating_totals(world) if shape.totals else world


def _seated_world(mutant: Mutant, number: int) -> Scenario:
    """Returns the world at an exchange in which a bug should show. One with halts has no other fault than its own."""
    drawn = draw_seated(f"planted {number}")
    fields = dict(mutant.shape)
    broker = fields.pop("broker", Broker.BINANCE)
    id_rule = IdRule.WHILE_OPEN if broker is Broker.BINANCE else IdRule.FOR_EVER
    shape = replace(drawn.shape, broker=broker, id_rule=id_rule, grid=replace(grid_of(drawn), **fields))
    if not mutant.planned:
        return replace(drawn, shape=shape, strengths=(drawn.strengths if number % 2 else {}) | mutant.faults)
    quiet = replace(drawn, crashes=(), freezes=(), foreign=(), steps=(), halts=(), offset_ms=0, drift_ppm=0)
    quiet = replace(quiet, shape=shape, strengths=mutant.faults)
    if mutant.planned == DEATH:
        return replace(quiet, crashes=(PlannedCrash(down_ms=LONG_DEATH_MS, after_ms=KILLS_MS[1]),))
    halts = (PlannedHalt(at_ms=at_ms, verb=mutant.planned, times=1, lift_after_ms=10_000) for at_ms in KILLS_MS)
    return replace(quiet, halts=tuple(halts))


@contextmanager
def planting(mutant: Mutant) -> Iterator[None]:
    """Patches a bug into the product for as long as the block lasts.

    Errors: ValueError when the room of the bug does not exist.
    """
    if mutant.plant is None:
        raise ValueError(f"planted bug {mutant.number} has no room yet: {mutant.room}")
    with ExitStack() as stack:
        stack.callback(planted.forget_days)
        for swap in mutant.plant():
            stack.enter_context(swapped(swap))
        planted.forget_days()
        yield


@contextmanager
def swapped(swap: Swap) -> Iterator[None]:
    """Puts another value in the place of one of the product for as long as the block lasts."""
    before: Any = vars(swap.owner)[swap.name]
    setattr(swap.owner, swap.name, swap.value)
    try:
        yield
    finally:
        setattr(swap.owner, swap.name, before)
