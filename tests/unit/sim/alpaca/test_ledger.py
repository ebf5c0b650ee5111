"""What becomes of an order at the simulated Alpaca."""

from __future__ import annotations

from decimal import Decimal

from flatbook.values.instants import instant_of_text
from tests.unit.sim.alpaca.scene import ACCOUNT, EVENING, Faults, Scene


def statuses(scene: Scene, client_id: str = "one", moments: int = 6, ms: int = 30) -> list[str]:
    seen = []
    for _ in range(moments):
        seen.append(scene.order(client_id)["status"])
        scene.wait(ms=ms)
    return seen


def test_a_market_order_is_routed_then_filled_at_the_price_of_its_instant() -> None:
    scene = Scene()
    status, placed = scene.place()
    assert (status, placed["status"], placed["filled_avg_price"]) == (200, "pending_new", None)
    scene.wait(ms=30)
    scene.set_price("AAPL", "201.25")
    assert statuses(scene) == ["new", "new", "filled", "filled", "filled", "filled"]
    order = scene.order()
    assert (order["filled_qty"], order["filled_avg_price"]) == ("10", "201.25")
    assert order["filled_at"] == "2026-06-02T14:00:00.075Z"


def test_cash_and_holdings_follow_the_executions() -> None:
    scene = Scene()
    scene.place()
    scene.place("two", symbol="TSLA", side="sell", qty="5")
    scene.wait(seconds=1)
    assert scene.ask("GET", "account")[1]["cash"] == "99000"
    held = {row["symbol"]: (row["qty"], row["side"]) for row in scene.ask("GET", "positions")[1]}
    assert held == {"AAPL": ("60.5", "long"), "TSLA": ("-25", "short")}
    assert scene.front.ledger.cash(ACCOUNT, scene.at) == Decimal(99_000)


def test_a_limit_order_waits_for_its_price_and_takes_the_better_one() -> None:
    scene = Scene()
    scene.place(type="limit", limit_price="199.5")
    scene.wait(seconds=100)
    assert scene.order()["status"] == "new"
    scene.set_price("AAPL", "199.1")
    scene.wait(seconds=2)
    order = scene.order()
    assert (order["status"], order["filled_avg_price"], order["limit_price"]) == ("filled", "199.1", "199.5")


def test_pieces_fill_an_order_one_after_the_other() -> None:
    scene = Scene(Faults(pieces=[3_300, 3_300]))
    scene.place()
    scene.wait(ms=80)
    scene.set_price("AAPL", "203")
    assert scene.order()["status"] == "partially_filled"
    scene.wait(seconds=1)
    order = scene.order()
    assert (order["status"], order["filled_qty"], order["filled_avg_price"]) == ("filled", "10", "202.1")
    assert [(row["qty"], row["cum_qty"], row["leaves_qty"], row["type"]) for row in scene.fills()] == [
        ("3", "3", "7", "partial_fill"),
        ("3", "6", "4", "partial_fill"),
        ("4", "10", "0", "fill"),
    ]


def test_a_day_order_in_the_evening_is_queued_for_the_next_open() -> None:
    scene = Scene(at=EVENING)
    assert scene.place()[1]["status"] == "accepted"
    scene.at = instant_of_text("2026-06-03T13:29:59Z")
    assert scene.order()["status"] == "accepted"
    scene.wait(seconds=2)
    assert (scene.order()["status"], scene.order()["filled_at"]) == ("filled", "2026-06-03T13:30:00.075Z")


def test_an_extended_hours_order_works_in_the_evening_and_ends_with_it() -> None:
    scene = Scene(at=EVENING)
    scene.place(type="limit", limit_price="150", extended_hours=True)
    scene.place("two", type="limit", limit_price="210", extended_hours=True)
    scene.wait(seconds=1)
    assert (scene.order()["status"], scene.order("two")["status"]) == ("new", "filled")
    scene.at = instant_of_text("2026-06-03T00:00:00Z")
    order = scene.order()
    assert (order["status"], order["expired_at"]) == ("expired", "2026-06-03T00:00:00Z")


def test_a_day_order_without_a_fill_expires_at_the_close() -> None:
    scene = Scene()
    scene.place(type="limit", limit_price="10")
    scene.at = instant_of_text("2026-06-02T20:00:00Z")
    assert scene.order()["status"] == "expired"


def test_a_cancel_takes_its_time_and_keeps_what_was_filled() -> None:
    scene = Scene(Faults(pieces=[4_000]))
    order_id = scene.place()[1]["id"]
    scene.wait(ms=80)
    scene.set_price("AAPL", None)
    assert scene.ask("DELETE", f"orders/{order_id}") == (204, None)
    assert statuses(scene, moments=2, ms=40) == ["pending_cancel", "canceled"]
    order = scene.order()
    assert (order["filled_qty"], order["canceled_at"]) == ("4", "2026-06-02T14:00:00.12Z")


def test_a_fill_may_win_the_race_against_a_cancel() -> None:
    scene = Scene()
    order_id = scene.place()[1]["id"]
    scene.wait(ms=50)
    assert scene.ask("DELETE", f"orders/{order_id}") == (204, None)
    scene.wait(ms=100)
    assert (scene.order()["status"], scene.order()["canceled_at"]) == ("filled", None)


def test_a_late_fill_comes_after_the_cancel() -> None:
    scene = Scene(Faults(late_ms=20_000))
    order_id = scene.place(type="limit", limit_price="100")[1]["id"]
    scene.wait(seconds=1)
    scene.ask("DELETE", f"orders/{order_id}")
    scene.wait(seconds=1)
    assert (scene.order()["status"], scene.fills()) == ("canceled", [])
    scene.wait(seconds=20)
    assert (scene.order()["status"], [row["qty"] for row in scene.fills()]) == ("filled", ["10"])


def test_an_overfill_takes_one_share_more() -> None:
    scene = Scene(Faults(over=True))
    scene.place()
    scene.wait(seconds=1)
    assert (scene.order()["qty"], scene.order()["filled_qty"]) == ("10", "11")
    assert scene.ask("GET", "positions/AAPL")[1]["qty"] == "61.5"


def test_an_order_may_be_held_and_may_be_rejected_after_its_acceptance() -> None:
    scene = Scene(Faults(held_ms=5_000, late_rejection=True))
    assert scene.place()[1]["status"] == "held"
    scene.wait(seconds=4)
    assert scene.order()["status"] == "held"
    scene.wait(seconds=2)
    order = scene.order()
    assert (order["status"], order["failed_at"]) == ("rejected", "2026-06-02T14:00:05.015Z")


def test_nothing_executes_while_there_is_no_price() -> None:
    scene = Scene()
    scene.set_price("AAPL", None)
    scene.place()
    scene.wait(seconds=300)
    assert scene.order()["status"] == "new"
    scene.set_price("AAPL", "190")
    scene.wait(seconds=2)
    assert scene.order()["filled_avg_price"] == "190"


def test_the_fees_of_sales_are_charged_at_midnight_in_new_york_and_raised_to_a_cent() -> None:
    scene = Scene()
    scene.place(side="sell", qty="10")
    scene.place("two", side="sell", qty="20.5")
    scene.place("three", symbol="NVDA")
    scene.at = instant_of_text("2026-06-03T03:59:59Z")
    query = f"/v1/accounts/activities?account_id={ACCOUNT}&category=non_trade_activity&direction=asc"
    assert scene.ask("GET", query) == (200, [])
    scene.wait(seconds=1)
    fees = [
        (row["activity_sub_type"], row["net_amount"], row["date"], row["created_at"])
        for row in scene.ask("GET", query)[1]
    ]
    assert fees == [
        ("REG", "-0.13", "2026-06-02", "2026-06-03T04:00:00Z"),
        ("TAF", "-0.01", "2026-06-02", "2026-06-03T04:00:00Z"),
    ]
    assert scene.ask("GET", "account")[1]["cash"] == "104099.86"


def test_a_read_that_trails_shows_the_past() -> None:
    scene = Scene(Faults(lag_ms=5_000))
    scene.place()
    scene.wait(seconds=1)
    assert scene.ask("GET", "orders:by_client_order_id?client_order_id=one")[0] == 404
    assert (scene.fills(), scene.ask("GET", "account")[1]["cash"]) == ([], "100000")
    scene.wait(seconds=4)
    assert scene.order()["status"] == "pending_new"
    scene.wait(seconds=1)
    assert (scene.order()["status"], scene.ask("GET", "account")[1]["cash"]) == ("filled", "98000")
