"""The rules of the grid, one literal view for each."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.grid import GridHeld, GridHold, GridLocked
from flatbook.state.orders import Status
from flatbook.state.positions import TurnedDown
from flatbook.strategies.decision import Trigger
from flatbook.strategies.grid_terms import GridParams
from flatbook.strategies.quoting import Stop
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product
from flatbook.values.money import Quantity
from tests.unit.strategies.grid_scene import LONG, NEUTRAL, PERP, LiteralView, S, canceled, placed


def test_a_neutral_grid_opens_on_both_sides_of_its_anchor() -> None:
    decision = LiteralView().decide()
    assert placed(decision) == [
        "buy 1 @ 990 in 1:-1",
        "buy 1 @ 980 in 1:-2",
        "sell 1 @ 1010 in 1:1",
        "sell 1 @ 1020 in 1:2",
    ]


def test_a_long_grid_buys_only() -> None:
    assert placed(LiteralView(LONG).decide()) == ["buy 1 @ 990 in 1:-1", "buy 1 @ 980 in 1:-2"]


def test_a_plan_that_was_applied_has_nothing_more_to_do() -> None:
    view = LiteralView()
    view.apply()
    again = view.decide()
    assert (again.intents, again.notes) == ((), ())


def test_what_a_level_bought_leaves_one_level_higher() -> None:
    view = LiteralView()
    view.apply()
    view.see(991)
    view.fill("1:-1")
    assert placed(view.apply()) == ["sell 1 @ 1000 in 1:-1 exit", "buy 1 @ 970 in 1:-3", "sell 1 @ 1000 in 1:0"]
    assert canceled(view.decide(), view) == []


def standing(params: GridParams = NEUTRAL) -> LiteralView:
    view = LiteralView(params)
    view.apply()
    return view


def test_a_slot_whose_order_is_unknown_is_not_used_again() -> None:
    view = standing()
    view.change("1:-1", status=Status.UNKNOWN)
    decision = view.see(1_049).decide()
    assert "1:-1" not in canceled(decision, view)
    assert all("1:-1" not in line for line in placed(decision))


def test_an_order_that_was_held_back_by_the_market_follows_it_to_its_level() -> None:
    view = LiteralView(msgspec.structs.replace(NEUTRAL, skew_bps=200, inventory_max=Quantity(Decimal(10))))
    view.hold("1:9", "-10", "-10900")
    assert "buy 1 @ 1000 in 1:1" in placed(view.apply())
    for _ in range(2):
        assert canceled(view.decide(), view) == []
    for _ in range(2):
        assert "1:1" in canceled(view.see(1_006).decide(), view)


def test_what_pays_its_fees_no_more_has_to_go_however_often_it_is_looked_at() -> None:
    view = standing()
    assert canceled(view.decide(), view) == []
    view.params = msgspec.structs.replace(NEUTRAL, fee=Decimal("0.01"))
    for _ in range(2):
        assert canceled(view.decide(), view) == ["1:-1", "1:-2", "1:1", "1:2"]


def test_nothing_is_opened_on_a_new_lattice_while_an_order_of_the_old_one_stands() -> None:
    view = standing()
    view.params = msgspec.structs.replace(NEUTRAL, step=20)
    decision = view.decide()
    assert (canceled(decision, view), placed(decision)) == (["1:-1", "1:-2", "1:1", "1:2"], [])
    view.remember(*decision.notes)
    view.standing = view.standing[:1]
    assert placed(view.decide()) == []
    view.standing = []
    assert [line.rsplit(" ", 1)[1] for line in placed(view.decide())] == ["2:-1", "2:-2", "2:1", "2:2"]


def test_a_stop_of_one_side_cancels_what_opens_there_and_no_exit() -> None:
    view = standing()
    view.fill("1:1")
    view.apply()
    view.stopped = Stop.BUYS
    decision = view.decide()
    assert canceled(decision, view) == ["1:-1", "1:-2"]
    view.stopped = Stop.SALES
    assert canceled(view.decide(), view) == ["1:2"]
    assert view.order_in("1:1").reduce_only


def test_a_grid_that_cancels_hears_of_a_refusal_and_of_the_moment_to_ask_again() -> None:
    view = standing()
    view.stopped = Stop.BUYS
    decision = view.decide()
    assert (canceled(decision, view), Trigger.ORDER_WORKING in decision.wake.on) == (["1:-1", "1:-2"], True)
    for slot in ("1:-1", "1:-2"):
        view.change(slot, cancel_at=view.now)
    again = view.decide()
    assert (again.intents, again.wake.at) == ((), Instant(view.now + 5 * S))


def test_under_a_kill_nothing_is_placed_and_under_a_halt_exits_are() -> None:
    view = standing()
    view.fill("1:1")
    view.stopped = Stop.ALL
    assert placed(view.decide()) == ["buy 1 @ 1000 in 1:1 exit"]
    view.stopped = Stop.KILLED
    assert placed(view.decide()) == []
    assert [note.reason for note in view.decide().notes if isinstance(note, GridHeld)] == [GridHold.HALTED]


def test_an_exit_that_does_not_reduce_the_position_of_all_slots_is_an_ordinary_order_of_its_slot() -> None:
    view = standing()
    for slot in ("1:-1", "1:-2", "1:1"):
        view.fill(slot)
    view.see(1_000)
    assert [line for line in placed(view.apply()) if "in 1:-" in line or "in 1:1" in line] == [
        "sell 1 @ 1000 in 1:-1 exit",
        "buy 1 @ 999 in 1:1",
        "sell 1 @ 1000 in 1:-2",
    ]
    assert [view.order_in(slot).reduce_only for slot in ("1:-1", "1:1", "1:-2")] == [True, False, False]
    assert (canceled(view.decide(), view), placed(view.decide())) == ([], [])
    view.stopped = Stop.BUYS
    assert canceled(view.decide(), view) == []


def test_an_exit_only_rests_until_three_were_turned_down() -> None:
    view = standing(LONG)
    view.see(990).fill("1:-1")
    view.hold("1:-1", "1", rejects=2)
    assert placed(view.decide())[0] == "sell 1 @ 1000 in 1:-1 exit"
    view.hold("1:-1", "1", rejects=3)
    assert placed(view.decide())[0] == "sell 1 @ 1000 in 1:-1 exit limit"


def test_an_exit_beyond_the_market_is_clamped_to_the_opposite_touch() -> None:
    view = standing(LONG)
    view.see(990).fill("1:-1")
    view.see(1_005)
    assert placed(view.decide())[0] == "sell 1 @ 1005 in 1:-1 exit"


def test_want_of_funds_locks_what_opens_twice_as_long_each_time() -> None:
    view = standing()
    view.refused = TurnedDown(at=view.now, short=True)
    decision = view.apply()
    locks = [note for note in decision.notes if isinstance(note, GridLocked)]
    assert (len(decision.intents), locks[0].times, locks[0].until - view.now) == (4, 1, 10 * S)
    view.now = Instant(view.now + 11 * S)
    view.see(1_000)
    view.refused = TurnedDown(at=view.now, short=True)
    again = [note for note in view.apply().notes if isinstance(note, GridLocked)]
    assert (again[0].times, again[0].until - view.now) == (2, 20 * S)


def test_exits_that_are_turned_down_wait_twice_as_long_each_time() -> None:
    view = standing(LONG)
    view.see(990).fill("1:-1")
    waits = []
    for _ in range(7):
        at = view.now
        view.refused = TurnedDown(at=at, short=False)
        view.apply()
        while not any("exit" in line for line in placed(view.decide())):
            view.now = Instant(view.now + S)
            view.see(990)
        waits.append((view.now - at) // S)
    assert waits == [1, 2, 4, 8, 16, 32, 32]


def test_an_order_that_opens_a_slot_which_holds_too_little_to_be_closed_is_no_exit_and_stays() -> None:
    spot = msgspec.structs.replace(PERP, product=Product.SPOT)
    view = LiteralView(msgspec.structs.replace(NEUTRAL, instrument=spot))
    view.hold("1:-1", "-0.001", cost="-0.99")
    assert placed(view.apply())[0] == "buy 1 @ 990 in 1:-1"
    assert (canceled(view.decide(), view), placed(view.decide())) == ([], [])


def test_a_range_that_is_left_stops_the_grid_and_closes_what_it_holds() -> None:
    view = standing(msgspec.structs.replace(LONG, low=970, flatten=True))
    view.see(990).fill("1:-1")
    view.apply()
    view.see(970)
    decision = view.decide()
    assert [type(note).__name__ for note in decision.notes] == ["GridStopped", "GridHeld"]
    view.apply(decision)
    assert placed(view.decide()) == ["sell 1 @ 969 in 1:-1 exit limit"]


def test_without_a_book_what_opens_is_withdrawn_and_exits_stay() -> None:
    view = standing()
    view.see(990).fill("1:-1")
    view.apply()
    view.book = None
    assert "1:-1" not in canceled(view.decide(), view)
    assert len(canceled(view.decide(), view)) == len(view.standing) - 1


def test_a_level_that_does_not_pay_its_fees_is_not_opened() -> None:
    view = LiteralView(msgspec.structs.replace(NEUTRAL, fee=Decimal("0.006")))
    decision = view.decide()
    assert placed(decision) == []
    assert [note.reason for note in decision.notes if isinstance(note, GridHeld)] == [GridHold.NO_PROFIT]
