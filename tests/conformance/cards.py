"""The numbered conformance cards: what every adapter of an exchange must do, whatever its protocol.

A card is a talk on a stage. Cards of features that a venue lacks are left out for it, and `features` says which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from decimal import Decimal

import msgspec
import pytest
from _pytest.mark.structures import ParameterSet

from flatbook.engine.ports import CancelsAll, DeadMansSwitch, IdRule, Switch, TellsSwitch
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import ForcedBy, OrderStyle, RejectReason
from flatbook.sim.alpaca.faults import Pushing, Spoiling
from flatbook.sim.exchange.orders import Forced
from flatbook.values.ids import OrderId
from flatbook.values.instants import NS_PER_MS
from flatbook.values.instruments import Side
from tests.conformance.stage import INSTRUMENT, NEVER, NEXT, OURS, THIRD, Bench, Features, Stage, executions
from tests.exchange import Scene

Talk = Callable[[Stage], Awaitable[None]]
ABOVE, BELOW, FAR = "50500", "49500", "45000"
MANY = 60
D = Decimal


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One card: its number, what it holds, its talk, and for which venues it is."""

    number: int
    holds: str
    talk: Talk
    is_for: Callable[[Features], bool]


CARDS: list[Card] = []


def card(number: int, holds: str, is_for: Callable[[Features], bool] = lambda _: True) -> Callable[[Talk], Talk]:
    """Adds a talk to the cards."""

    def add(talk: Talk) -> Talk:
        CARDS.append(Card(number=number, holds=holds, talk=talk, is_for=is_for))
        return talk

    return add


def cards_for(features: Features) -> Iterator[Card]:
    """Yields the cards of a venue, by number."""
    yield from (each for each in sorted(CARDS, key=lambda card: card.number) if each.is_for(features))


@card(1, "nothing is placed before it was seen how the account stands")
async def _(stage: Stage) -> None:
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR), NotSent)
    await stage.open()
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR), Accepted)
    assert stage.truth() == [(OURS, "NEW")]


@card(2, "a wrong secret reads nothing and places nothing")
async def _(stage: Stage) -> None:
    stranger = stage.bench.venue(stage.scene, secret="wrong")
    assert isinstance(await stranger.statement(), (Unknown, NotSent))
    assert isinstance(await stranger.place(stage.order(Side.BUY, "0.01", FAR)), NotSent)
    assert stage.truth() == []


@card(3, "an order is known by our client id, which the venue echoes")
async def _(stage: Stage) -> None:
    await stage.open()
    placed = await stage.place(Side.BUY, "0.01", FAR)
    found = await stage.venue.find(OURS)
    assert isinstance(placed, Accepted)
    assert isinstance(found, OrderReport)
    assert (found.order_id, found.venue_order_id, found.status) == (OURS, placed.venue_order_id, VenueStatus.OPEN)
    assert (found.instrument, found.side, found.qty, found.filled_qty) == (INSTRUMENT, Side.BUY, D("0.01"), 0)
    assert isinstance(await stage.venue.find(NEVER), Absent)


@card(4, "an order of an earlier process is found and canceled without what that process knew")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    later = stage.bench.venue(stage.scene)
    assert isinstance(await later.find(OURS), OrderReport)
    assert isinstance(await stage.bench.venue(stage.scene).cancel(OURS, None), CancelTaken)
    assert stage.truth() == [(OURS, "CANCELED")]


@card(
    5, "a post-only order that would take is turned down for that and trades nothing", lambda f: not f.post_only_pushed
)
async def _(stage: Stage) -> None:
    await stage.open()
    placed = await stage.place(Side.BUY, "0.01", ABOVE, OrderStyle.POST_ONLY)
    assert isinstance(placed, Rejected)
    assert placed.reason is RejectReason.WOULD_TAKE
    assert await executions(stage.venue) == []
    assert isinstance(await stage.place(Side.BUY, "0.01", BELOW, OrderStyle.POST_ONLY, order_id=NEXT), Accepted)


@card(6, "a post-only order that would take is ended for that after it was taken", lambda f: f.post_only_pushed)
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", ABOVE, OrderStyle.POST_ONLY)
    found = await stage.venue.find(OURS)
    assert isinstance(found, OrderReport)
    assert (found.status, found.rejected) == (VenueStatus.REJECTED, RejectReason.WOULD_TAKE)
    assert await executions(stage.venue) == []


@card(7, "an order that must not rest leaves nothing behind")
async def _(stage: Stage) -> None:
    await stage.open()
    assert isinstance(await stage.place(Side.BUY, "1.5", "50001", OrderStyle.IOC), Accepted)
    found = await stage.venue.find(OURS)
    assert isinstance(found, OrderReport)
    assert found.status in (VenueStatus.EXPIRED, VenueStatus.CANCELED, VenueStatus.FILLED)
    again = await stage.venue.statement()
    assert isinstance(again, AccountStatement)
    assert again.open_orders == ()


@card(8, "an order that may only reduce opens nothing", lambda f: f.reduces)
async def _(stage: Stage) -> None:
    await stage.open()
    placed = await stage.place(Side.SELL, "0.01", BELOW, OrderStyle.IOC, reduce_only=True)
    assert isinstance(placed, Rejected)
    assert await executions(stage.venue) == []


@card(9, "an order below the least quantity or value is turned down, and never made larger")
async def _(stage: Stage) -> None:
    await stage.open()
    assert isinstance(await stage.place(Side.BUY, "0.0000001", FAR), (Rejected, NotSent))
    assert await executions(stage.venue) == []
    assert stage.truth() == []


@card(10, "executions of a partly filled and canceled order come to what is filled of it")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.9", "50000", OrderStyle.POST_ONLY)
    stage.exchange.trade_outside(stage.market, -1, D("0.3"))
    stage.exchange.trade_outside(stage.market, -1, D("0.2"))
    assert isinstance(await stage.venue.cancel(OURS, None), CancelTaken)
    found = await stage.venue.find(OURS)
    assert isinstance(found, OrderReport)
    assert found.complete
    assert (found.status, found.filled_qty) == (VenueStatus.CANCELED, D("0.5"))
    assert [each.qty for each in found.executions] == [D("0.3"), D("0.2")]
    assert all(each.maker for each in found.executions)


@card(11, "an execution has one identity, polled, asked for and pushed", lambda f: f.pushes)
async def _(stage: Stage) -> None:
    await stage.open()
    stage.listen()
    await stage.scene.pass_ms(500)
    await stage.place(Side.BUY, "1.5", ABOVE)
    await stage.scene.pass_ms(500)
    polled, found = await stage.venue.executions_since(""), await stage.venue.find(OURS)
    assert isinstance(polled, tuple)
    assert isinstance(found, OrderReport)
    assert [each.execution_id for each in polled[0]] == [each.execution_id for each in found.executions]
    assert [each.execution_id for each in stage.pushed_executions()] == [each.execution_id for each in polled[0]]
    assert sorted(found.executions, key=lambda each: each.price) == stage.pushed_executions()
    assert await executions(stage.venue, polled[1]) == []
    assert len(polled[0]) == 2


@card(
    12,
    "a second order under the id of an open one is refused as such, and the first is found",
    lambda f: f.duplicate_refused,
)
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    again = await stage.place(Side.BUY, "0.01", FAR)
    assert isinstance(again, Rejected)
    assert again.reason is RejectReason.DUPLICATE_ID
    assert isinstance(await stage.venue.find(OURS), OrderReport)
    assert stage.truth() == [(OURS, "NEW")]


@card(13, "an answer that is lost, cut, garbled or of a broken server leaves the order unknown, sent once and found")
async def _(stage: Stage) -> None:
    await stage.open()
    ids = (OURS, NEXT, THIRD, NEVER)
    for order_id, spoiling in zip(
        ids, (Spoiling.SILENCE, Spoiling.CUT, Spoiling.GARBLED, Spoiling.SERVER_ERROR), strict=True
    ):
        stage.faults.say("spoils", spoiling, of="POST")
        assert isinstance(await stage.place(Side.BUY, "0.01", FAR, order_id=order_id), Unknown), spoiling
        assert isinstance(await stage.venue.find(order_id), OrderReport), spoiling
    assert stage.truth() == [(each, "NEW") for each in ids]


@card(14, "an order that never left is not sent")
async def _(stage: Stage) -> None:
    stage.faults.say("spoils", Spoiling.UNAVAILABLE, of="POST")
    await stage.open()
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR), Unknown)
    assert stage.truth() == []
    assert isinstance(await stage.venue.find(OURS), Absent)


@card(15, "a cancel of an order that has ended or was never known says so")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", ABOVE)
    assert isinstance(await stage.venue.cancel(OURS, None), CancelTooLate)
    assert isinstance(await stage.venue.cancel(NEVER, None), CancelTooLate)


@card(16, "what happened while the stream was down is told once it stands again", lambda f: f.pushes)
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.9", "50000", OrderStyle.POST_ONLY)
    assert await executions(stage.venue) == []
    stage.listen()
    await stage.scene.pass_ms(500)
    stage.faults.say("cuts_stream", True)
    stage.exchange.trade_outside(stage.market, -1, D("0.3"))
    stage.exchange.trade_outside(stage.market, -1, D("0.2"))
    await stage.scene.pass_ms(5_000)
    assert sorted({each.execution_id: each.qty for each in stage.pushed_executions()}.values()) == [D("0.2"), D("0.3")]


@card(17, "a push that comes twice or never changes no identity, and polls find it", lambda f: f.pushes)
async def _(stage: Stage) -> None:
    await stage.open()
    stage.listen()
    await stage.scene.pass_ms(500)
    stage.faults.say("pushes", Pushing.LOST, times=2)
    await stage.place(Side.BUY, "0.01", ABOVE)
    stage.faults.say("pushes", Pushing.TWICE, times=4)
    await stage.place(Side.BUY, "0.02", ABOVE, order_id=NEXT)
    await stage.scene.pass_ms(500)
    polled = {each.execution_id: each.qty for each in await executions(stage.venue)}
    assert list(polled.values()) == [D("0.01"), D("0.02")]
    assert all(polled[each.execution_id] == each.qty for each in stage.pushed_executions())


@card(18, "a clock that is apart by some tenths of a second is told, and allowed for in what is sent")
async def _(stage: Stage) -> None:
    stage.faults.say("skew_ms", 300, times=1_000)
    statement = await stage.open()
    assert statement.clock is not None
    assert (statement.clock.earliest - statement.clock.asked_at) // NS_PER_MS in range(290, 360)
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR), Accepted)


@card(19, "a clock that is far apart stops orders, and cancels go on")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    stage.faults.say("skew_ms", -2_000, times=1_000)
    await stage.venue.statement()
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR, order_id=NEXT), NotSent)
    assert isinstance(await stage.venue.cancel(OURS, None), CancelTaken)


@card(20, "a forced reduction is an execution that nobody ordered, marked with what forced it", lambda f: f.forces)
async def _(stage: Stage) -> None:
    await stage.open()
    stage.listen()
    await stage.place(Side.BUY, "0.09", ABOVE)
    await stage.scene.pass_ms(500)
    stage.pushed.clear()
    reasons = (Forced.LIQUIDATION, Forced.ADL, Forced.SETTLEMENT)
    for why in reasons:
        stage.exchange.force("main", stage.market, D("-0.02"), why, D(49_000))
    await stage.scene.pass_ms(500)
    wanted = [ForcedBy.LIQUIDATION, ForcedBy.DELEVERAGING, ForcedBy.SETTLEMENT]
    polled = [each for each in await executions(stage.venue) if each.forced is not None]
    assert [each.forced for each in polled] == wanted
    assert [each.forced for each in stage.pushed_executions()] == wanted
    assert [each.execution_id for each in stage.pushed_executions()] == [each.execution_id for each in polled]
    assert all(each.order_id is None and each.side is Side.SELL for each in polled)
    assert [type(each).__name__ for each in stage.pushed] == ["Execution"] * 3


@card(21, "a fee stands in the asset in which it was charged")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", ABOVE)
    (bought,) = await executions(stage.venue)
    assert [fee.asset for fee in bought.fees] == [stage.bench.features.fee_asset]
    assert all(fee.amount > 0 for fee in bought.fees)


@card(22, "a change of the venue's rules stops orders of that instrument until our grid fits again")
async def _(stage: Stage) -> None:
    await stage.open()
    stage.exchange.change_rules(msgspec.structs.replace(stage.market, lot=stage.market.lot * 7))
    await stage.scene.pass_ms(3_700_000)
    again = await stage.venue.statement()
    assert isinstance(again, AccountStatement)
    assert again.untradable == (INSTRUMENT,)
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR), NotSent)


@card(23, "two orders of ours never trade with each other")
async def _(stage: Stage) -> None:
    await stage.open()
    stage.exchange.quote(stage.market, [], [])
    await stage.place(Side.BUY, "0.01", "50000", OrderStyle.POST_ONLY)
    await stage.place(Side.SELL, "0.01", "50000", OrderStyle.IOC, order_id=NEXT)
    assert await executions(stage.venue) == []


@card(24, "a switch that is not armed again cancels what is open, and one that is does not", lambda f: f.switch)
async def _(stage: Stage) -> None:
    await stage.open()
    assert isinstance(stage.venue, DeadMansSwitch)
    await stage.place(Side.BUY, "0.01", FAR)
    assert await stage.venue.arm(60)
    await stage.scene.pass_ms(50_000)
    assert await stage.venue.arm(60)
    await stage.scene.pass_ms(50_000)
    assert stage.truth() == [(OURS, "NEW")]
    await stage.scene.pass_ms(11_000)
    assert stage.truth() == [(OURS, "CANCELED")]


@card(25, "above the rate orders and reads wait, and cancels go on")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    stage.faults.say("requests_per_minute", 1, times=1)
    refused = await stage.place(Side.BUY, "0.01", FAR, order_id=NEXT)
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.RATE_LIMITED
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR, order_id=NEXT), NotSent)
    assert isinstance(await stage.venue.cancel(OURS, None), CancelTaken)
    assert stage.truth() == [(OURS, "CANCELED")]


@card(26, "a status that nobody knows is unreadable, and the order stays found")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    stage.faults.say("strange_status", "HALF_PREGNANT", of="GET")
    found = await stage.venue.find(OURS)
    assert isinstance(found, OrderReport)
    assert (found.status, found.status_text) == (VenueStatus.UNREADABLE, "HALF_PREGNANT")


@card(27, "a statement says what is held, open and owned, and what time it is there")
async def _(stage: Stage) -> None:
    first = await stage.open()
    await stage.place(Side.BUY, "0.01", ABOVE)
    await stage.place(Side.BUY, "0.01", FAR, order_id=NEXT)
    second = await stage.venue.statement()
    assert isinstance(second, AccountStatement)
    held = {each.instrument: each.qty for each in first.holdings}.get(INSTRUMENT, D(0))
    (holding,) = [each for each in second.holdings if each.instrument == INSTRUMENT]
    fee = D("0.00001") if stage.bench.features.fee_asset == "BTC" else D(0)
    assert holding.qty - held == D("0.01") - fee
    assert [each.order_id for each in second.open_orders] == [NEXT]
    usdt = [next(each.total for each in told.balances if each.asset == "USDT") for told in (first, second)]
    assert usdt[1] < usdt[0]


@card(28, "an order that is canceled with all others is canceled once, whoever placed it")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    await stage.place(Side.BUY, "0.02", FAR, order_id=NEXT)
    assert isinstance(stage.venue, CancelsAll)
    assert isinstance(await stage.venue.cancel_all(), CancelTaken)
    assert isinstance(await stage.venue.cancel_all(), CancelTaken)
    assert stage.truth() == [(OURS, "CANCELED"), (NEXT, "CANCELED")]


@card(29, "an answer that names an order of another id is no acceptance")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.02", FAR)
    assert isinstance(await stage.venue.find(OURS), OrderReport)
    stage.faults.say("names_neighbour", True, of="POST")
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR, order_id=NEXT), Unknown)
    assert isinstance(await stage.venue.find(NEXT), OrderReport)


@card(30, "asking for an order while its request lingers never doubles it")
async def _(stage: Stage) -> None:
    await stage.open()
    stage.faults.say("thinks_ms", 12_000, of="POST")
    placing = asyncio.create_task(stage.place(Side.BUY, "0.01", FAR))
    await stage.scene.pass_ms(11_000)
    assert isinstance(await placing, Unknown)
    assert isinstance(await stage.venue.find(OURS), Absent)
    await stage.scene.pass_ms(30_000)
    assert len(stage.truth()) <= 1


@card(31, "an account in hedge mode makes no statement, and only what reduces leaves", lambda f: f.reduces)
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.02", ABOVE)
    stage.exchange.accounts["main"].two_ways = True
    await stage.scene.pass_ms(3_700_000)
    assert isinstance(await stage.venue.statement(), (Unknown, NotSent))
    assert isinstance(await stage.place(Side.BUY, "0.01", FAR, order_id=NEXT), NotSent)
    reduces = await stage.place(Side.SELL, "0.01", BELOW, order_id=THIRD, reduce_only=True)
    assert isinstance(reduces, Accepted)


@card(32, "a cancel and a question go to the market of their instrument, and find the order there")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    later = stage.bench.venue(stage.scene)
    assert isinstance(await later.find(OURS, INSTRUMENT), OrderReport)
    assert isinstance(await later.find(NEVER, INSTRUMENT), Absent)
    assert isinstance(await later.cancel(OURS, None, INSTRUMENT), CancelTaken)
    assert stage.truth() == [(OURS, "CANCELED")]


@card(33, "what an execution realised is told the same when it is polled, asked for and pushed", lambda f: f.reduces)
async def _(stage: Stage) -> None:
    await stage.open()
    stage.listen()
    await stage.scene.pass_ms(1_000)
    await stage.place(Side.BUY, "0.02", ABOVE)
    await stage.place(Side.SELL, "0.01", BELOW, OrderStyle.IOC, order_id=NEXT)
    await stage.scene.pass_ms(1_000)
    polled = {each.execution_id: each.realised for each in await executions(stage.venue)}
    found = await stage.venue.find(NEXT, INSTRUMENT)
    assert isinstance(found, OrderReport)
    pushed = {each.execution_id: each.realised for each in stage.pushed_executions()}
    assert polled == pushed
    assert [each.realised for each in found.executions] == [D("-0.02")]
    assert sorted(each or D(0) for each in polled.values()) == [D("-0.02"), D(0)]


@card(34, "an id whose order has ended is taken again or refused, as the adapter declares")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.01", FAR)
    await stage.venue.cancel(OURS, None)
    again = await stage.place(Side.BUY, "0.01", FAR)
    if stage.venue.card.id_rule is IdRule.WHILE_OPEN:
        assert isinstance(again, Accepted)
        assert stage.truth() == [(OURS, "CANCELED"), (OURS, "NEW")]
    else:
        assert isinstance(again, Rejected)
        assert again.reason is RejectReason.DUPLICATE_ID
        assert stage.truth() == [(OURS, "CANCELED")]


@card(35, "a request that was under way for longer than its window opens nothing")
async def _(stage: Stage) -> None:
    await stage.open()
    window_s = stage.venue.card.request_window_s
    assert window_s is not None
    stage.faults.say("thinks_ms", window_s * 1_000 + 100, of="POST")
    placed = await stage.place(Side.BUY, "0.01", FAR)
    await stage.scene.pass_ms(60_000)
    assert isinstance(placed, (Rejected, Unknown))
    assert stage.truth() == []


@card(
    36, "a switch that the stream works cancels once the stream is gone for its time", lambda f: f.guarded_s is not None
)
async def _(stage: Stage) -> None:
    await stage.open()
    assert isinstance(stage.venue, TellsSwitch)
    assert stage.venue.switch.state is Switch.REFUSED
    stage.listen()
    await stage.scene.pass_ms(1_000)
    assert stage.venue.switch.state is Switch.ARMED
    await stage.place(Side.BUY, "0.01", FAR)
    await stage.scene.pass_ms(100_000)
    assert stage.truth() == [(OURS, "NEW")]
    await stage.close()
    assert stage.bench.features.guarded_s is not None
    await stage.scene.pass_ms(stage.bench.features.guarded_s * 1_000 - 2_000)
    assert stage.truth() == [(OURS, "NEW")]
    await stage.scene.pass_ms(4_000)
    assert stage.truth() == [(OURS, "CANCELED")]


@card(37, "an account without a switch says so", lambda f: not f.switch and f.guarded_s is None)
async def _(stage: Stage) -> None:
    await stage.open()
    assert isinstance(stage.venue, TellsSwitch)
    assert stage.venue.switch.state is Switch.NONE


@card(38, "more open orders than a page holds are all stated")
async def _(stage: Stage) -> None:
    await stage.open()
    for number in range(MANY):
        placed = await stage.place(Side.BUY, "0.001", FAR, order_id=OrderId(f"fbmany{number:020}"))
        assert isinstance(placed, Accepted)
        await stage.scene.pass_ms(200)
    statement = await stage.venue.statement()
    assert isinstance(statement, AccountStatement)
    assert len({each.order_id for each in statement.open_orders}) == MANY


@card(39, "a cancel ends our order and no other, whatever the answer to its place has called it")
async def _(stage: Stage) -> None:
    await stage.open()
    await stage.place(Side.BUY, "0.02", FAR)
    stage.faults.say("names_neighbour", True, of="POST")
    placed = await stage.place(Side.BUY, "0.01", FAR, order_id=NEXT)
    stage.faults.say("names_neighbour", False, of="POST")
    named = placed.venue_order_id if isinstance(placed, Accepted) else None
    assert isinstance(await stage.venue.cancel(NEXT, named, INSTRUMENT), CancelTaken)
    assert stage.truth() == [(OURS, "NEW"), (NEXT, "CANCELED")]


def cards_of(benches: Mapping[str, Bench]) -> list[ParameterSet]:
    """Returns each bench with each of its cards, as parameters of a test."""
    return [
        pytest.param(bench, card, id=f"{name}-{card.number:02}")
        for name, bench in benches.items()
        for card in cards_for(bench.features)
    ]


def play(bench: Bench, card: Card) -> int:
    """Plays a card and returns its number."""

    async def talk(scene: Scene) -> int:
        stage = Stage(bench, scene)
        try:
            await card.talk(stage)
        finally:
            await stage.close()
        return card.number

    number: int = bench.run(talk)
    return number
