"""The paper broker: what it takes, when it executes, what it remembers."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.engine.ports import IdRule
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.ledger import BrokerFileRefused, BrokerLedger, Fate
from flatbook.sim.broker.spec import FeeSchedule, Shorting, WhenClosed
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.bars import Bars
from flatbook.values.money import Money
from tests.unit.sim.scene import RULES, ask, at, bars, code_of, find, holdings, minutes, place, spec

STEADY = minutes("14:30", *["100"] * 390)


def broker(market: Bars = STEADY, **settings) -> Broker:
    return Broker(spec(**settings), {"COIN": market})


def test_a_marketable_limit_fills_at_the_open_of_the_next_bar() -> None:
    paper = broker(minutes("15:00", "100", "100.5", "99"))
    placed = place(paper, at("15:00:10"))
    assert placed["ok"]["order"]["status"] == "open"
    paper.advance(at("15:00:59"))
    assert find(paper, at("15:00:59"))["ok"]["executions"] == []
    found = find(paper, at("15:01:00"))["ok"]
    assert found["order"]["status"] == "filled"
    assert [(row["qty"], row["price"], row["at"]) for row in found["executions"]] == [
        ("2", "100.5", "2025-12-02T15:01:00Z")
    ]
    assert holdings(paper) == {"COIN": Decimal(102), "USD": Decimal(99799)}


def test_an_order_placed_as_a_bar_opens_waits_for_the_one_after() -> None:
    paper = broker(minutes("15:00", "100", "100.5", "99"))
    place(paper, at("15:01:00"))
    assert find(paper, at("15:02:00"))["ok"]["executions"][0]["price"] == "99"


def test_an_open_outside_the_limit_leaves_the_order_resting_until_one_is_inside() -> None:
    paper = broker(minutes("15:00", "100", "101.01", "103", "101"))
    place(paper, at("15:00:10"))
    assert find(paper, at("15:02:30"))["ok"]["order"]["status"] == "open"
    found = find(paper, at("15:03:30"))["ok"]
    assert found["executions"][0]["price"] == "101"
    assert found["executions"][0]["at"] == "2025-12-02T15:03:00Z"


def test_a_sell_fills_only_at_or_above_its_limit() -> None:
    paper = broker(minutes("15:00", "100", "99", "101"))
    place(paper, at("15:00:10"), side="sell", limit_price="100")
    found = find(paper, at("15:05:00"))["ok"]
    assert [row["price"] for row in found["executions"]] == ["101"]
    assert holdings(paper) == {"COIN": Decimal(98), "USD": Decimal(100202)}


def test_a_market_order_takes_any_open() -> None:
    paper = broker(minutes("15:00", "100", "250"))
    place(paper, at("15:00:10"), limit_price=None)
    assert find(paper, at("15:01:00"))["ok"]["executions"][0]["price"] == "250"


def test_after_good_until_nothing_executes() -> None:
    paper = broker(minutes("15:00", "100", "102", "100"))
    place(paper, at("15:00:10"), good_until="2025-12-02T15:02:00Z")
    found = find(paper, at("15:10:00"))["ok"]
    assert found["order"]["status"] == "expired"
    assert found["order"]["updated_at"] == "2025-12-02T15:02:00Z"
    assert found["executions"] == []


def test_a_good_until_that_has_passed_is_refused() -> None:
    assert code_of(place(broker(), at("15:00:10"), good_until="2025-12-02T15:00:10Z")) == "good_until_passed"


def test_a_day_order_ends_with_the_regular_session() -> None:
    paper = broker()
    place(paper, at("20:50:00"), limit_price="90")
    found = find(paper, at("21:00:00"))["ok"]["order"]
    assert (found["status"], found["reason"]) == ("expired", "expired")


def test_a_day_order_after_the_close_executes_in_the_next_session() -> None:
    paper = broker(minutes("14:30", "98", "97", day="2025-12-03"))
    placed = place(paper, at("21:30:00"))
    assert placed["error"]["code"] == "no_market"
    paper = Broker(
        spec(),
        {"COIN": Bars([*minutes("20:59", "100"), *minutes("14:30", "98", "97", day="2025-12-03")])},
    )
    placed = place(paper, at("21:30:00"))
    assert placed["ok"]["order"]["status"] == "queued"
    found = find(paper, at("14:30:00", "2025-12-03"))["ok"]
    assert found["executions"][0]["price"] == "98"
    assert found["executions"][0]["at"] == "2025-12-03T14:30:00Z"


def test_good_until_saves_a_queued_order_from_the_next_session() -> None:
    market = Bars([*minutes("20:59", "100"), *minutes("14:30", "98", day="2025-12-03")])
    paper = broker(market)
    place(paper, at("21:30:00"), good_until="2025-12-02T21:35:00Z")
    found = find(paper, at("15:00:00", "2025-12-03"))["ok"]
    assert (found["order"]["status"], found["executions"]) == ("expired", [])


def test_a_broker_that_keeps_no_orders_overnight_refuses_them() -> None:
    assert code_of(place(broker(when_closed=WhenClosed.REJECT), at("21:30:00"))) == "market_closed"


def test_an_extended_limit_order_ends_with_the_late_session() -> None:
    paper = broker(minutes("20:59", "100", "100"), extended_hours=True)
    place(paper, at("20:59:30"), extended_hours=True, limit_price="90")
    assert paper.truth.orders()[0].works_until == at("01:00:00", "2025-12-03")


def test_late_sessions_of_half_days_end_at_five_in_the_afternoon() -> None:
    paper = broker(minutes("17:00", "100", day="2025-11-28"), extended_hours=True)
    place(paper, at("17:01:00", "2025-11-28"), extended_hours=True, limit_price="90")
    assert paper.truth.orders()[0].works_until == at("22:00:00", "2025-11-28")


def test_extended_hours_take_limit_orders_only() -> None:
    paper = broker(extended_hours=True)
    assert code_of(place(paper, at("15:00:10"), extended_hours=True, limit_price=None)) == "restricted"


def test_an_account_without_extended_hours_refuses_them() -> None:
    assert code_of(place(broker(), at("15:00:10"), extended_hours=True)) == "restricted"


def test_five_minutes_without_a_bar_are_no_market() -> None:
    paper = broker(minutes("15:00", "100"))
    assert place(paper, at("15:04:59"), "early")["ok"]["order"]["status"] == "open"
    assert code_of(place(paper, at("15:05:00"), "late")) == "no_market"


def test_a_resting_order_ends_when_nothing_trades_for_five_minutes() -> None:
    paper = broker(bars({"15:00": "105", "15:02": "105", "15:08": "100"}))
    place(paper, at("15:00:10"))
    found = find(paper, at("15:30:00"))["ok"]["order"]
    assert (found["status"], found["reason"], found["updated_at"]) == ("expired", "no_market", "2025-12-02T15:07:00Z")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"qty": "0"}, "invalid_quantity"),
        ({"qty": "-1"}, "invalid_quantity"),
        ({"qty": "0.0005"}, "invalid_quantity"),
        ({"qty": "1.0005"}, "invalid_quantity"),
        ({"limit_price": "100.001"}, "invalid_price"),
        ({"limit_price": "0"}, "invalid_price"),
        ({"limit_price": "-5"}, "invalid_price"),
        ({"qty": "0.001", "limit_price": "100"}, "below_minimum"),
        ({"qty": "5000"}, "insufficient_funds"),
        ({"side": "sell", "qty": "100.001"}, "insufficient_shares"),
        ({"symbol": "AAPL"}, "unknown_symbol"),
        ({"account": "other"}, "unknown_account"),
        ({"qty": "NaN"}, "malformed"),
        ({"qty": "1" + "0" * 67}, "malformed"),
        ({"side": "short"}, "malformed"),
        ({"time_in_force": "gtc"}, "malformed"),
        ({"good_until": "tomorrow"}, "malformed"),
        ({"client_order_id": ""}, "malformed"),
        ({"sent_at": "2025-12-02T15:00:04Z"}, "request_expired"),
        ({"v": 2}, "unsupported_version"),
        ({"notes": "hello"}, "malformed"),
    ],
)
def test_a_bad_order_is_refused_by_its_reason(fields: dict[str, str], code: str) -> None:
    paper = broker()
    assert code_of(place(paper, at("15:00:10"), **fields)) == code
    assert paper.truth.orders() == ()


def test_open_orders_hold_cash_and_shares() -> None:
    paper = broker(cash="250")
    place(paper, at("15:00:10"), "one", limit_price="99")
    assert code_of(place(paper, at("15:00:11"), "two", limit_price="99")) == "insufficient_funds"
    place(paper, at("15:00:12"), "three", side="sell", qty="60", limit_price="200")
    assert code_of(place(paper, at("15:00:13"), "four", side="sell", qty="41", limit_price="200")) == (
        "insufficient_shares"
    )
    balance = ask(paper, at("15:00:14"), "statement")["ok"]["balances"]
    assert balance == [{"asset": "USD", "total": "250", "available": "52"}]


def test_shares_are_never_sold_short_unless_the_broker_allows_it() -> None:
    assert code_of(place(broker(shares="0"), at("15:00:10"), side="sell", limit_price="99")) == "insufficient_shares"
    paper = broker(shares="0", shorting=Shorting.WHOLE_SHARES)
    place(paper, at("15:00:10"), side="sell", limit_price="99")
    paper.advance(at("15:01:00"))
    assert holdings(paper) == {"COIN": Decimal(-2), "USD": Decimal(100200)}


def test_an_order_across_zero_is_refused_and_shorts_are_whole() -> None:
    paper = broker(shares="1.5", shorting=Shorting.WHOLE_SHARES)
    assert code_of(place(paper, at("15:00:10"), "a", side="sell", limit_price="99")) == "insufficient_shares"
    place(paper, at("15:00:10"), "b", side="sell", qty="1.5", limit_price="99")
    assert code_of(place(paper, at("15:01:10"), "c", side="sell", qty="0.5", limit_price="99")) == "invalid_quantity"
    place(paper, at("15:01:10"), "d", side="sell", qty="1", limit_price="99")
    assert code_of(place(paper, at("15:02:10"), "e", side="buy", qty="2")) == "insufficient_shares"
    assert place(paper, at("15:02:10"), "f", side="buy", qty="1")["ok"]["order"]["order_id"] == "P-3"


def test_a_client_id_is_refused_for_ever_and_leads_to_its_order() -> None:
    paper = broker()
    place(paper, at("15:00:10"))
    paper.advance(at("15:01:00"))
    assert code_of(place(paper, at("15:02:00"))) == "duplicate_client_id"
    assert code_of(place(paper, at("16:02:00", "2025-12-09"))) == "duplicate_client_id"
    found = find(paper, at("16:02:00", "2025-12-09"))["ok"]["order"]
    assert (found["order_id"], found["status"]) == ("P-1", "filled")


def test_a_client_id_is_free_again_after_the_end_where_the_rule_is_while_open() -> None:
    paper = broker(id_rule=IdRule.WHILE_OPEN)
    place(paper, at("15:00:10"))
    assert code_of(place(paper, at("15:00:20"))) == "duplicate_client_id"
    assert place(paper, at("15:01:10"))["ok"]["order"]["order_id"] == "P-2"
    assert find(paper, at("15:01:20"))["ok"]["order"]["order_id"] == "P-2"


def test_a_client_id_is_free_again_after_its_window() -> None:
    paper = broker(id_rule=IdRule.WINDOW, id_window_s=600)
    place(paper, at("15:00:10"))
    assert code_of(place(paper, at("15:10:09"))) == "duplicate_client_id"
    assert place(paper, at("15:10:10"))["ok"]["order"]["order_id"] == "P-2"


def test_client_ids_are_mere_labels_where_there_is_no_rule() -> None:
    paper = broker(id_rule=IdRule.NONE)
    place(paper, at("15:00:10"))
    assert place(paper, at("15:00:11"))["ok"]["order"]["order_id"] == "P-2"


def test_a_cancel_ends_an_order_and_comes_too_late_for_a_filled_one() -> None:
    paper = broker()
    place(paper, at("15:00:10"), "one")
    assert ask(paper, at("15:00:20"), "cancel", order_id="P-1", client_order_id=None)["ok"] == {}
    assert find(paper, at("15:05:00"))["ok"]["order"]["status"] == "canceled"
    place(paper, at("15:05:10"), "two")
    late = ask(paper, at("15:06:10"), "cancel", order_id=None, client_order_id="two")
    assert code_of(late) == "not_cancelable"
    assert code_of(ask(paper, at("15:06:10"), "cancel", order_id="P-9", client_order_id=None)) == "unknown_order"
    assert code_of(ask(paper, at("15:06:10"), "cancel", order_id="9", client_order_id=None)) == "unknown_order"
    assert code_of(ask(paper, at("15:06:10"), "cancel", order_id=None, client_order_id=None)) == "unknown_order"


def test_a_slow_cancel_loses_the_race_against_a_fill() -> None:
    paper = broker(cancel_ms=2_000)
    place(paper, at("15:00:10"))
    ask(paper, at("15:00:59"), "cancel", order_id="P-1", client_order_id=None)
    assert find(paper, at("15:00:59"))["ok"]["order"]["status"] == "pending_cancel"
    assert find(paper, at("15:01:05"))["ok"]["order"]["status"] == "filled"


def test_a_bar_fills_at_most_its_bound() -> None:
    paper = broker(fill_qty_max=Decimal("0.8"))
    place(paper, at("15:00:10"))
    assert find(paper, at("15:02:30"))["ok"]["order"]["status"] == "partially_filled"
    found = find(paper, at("15:10:00"))["ok"]
    assert [row["qty"] for row in found["executions"]] == ["0.8", "0.8", "0.4"]


def test_reads_trail_the_truth_by_the_read_lag() -> None:
    paper = broker(read_lag_ms=20_000)
    place(paper, at("15:00:10"))
    assert code_of(find(paper, at("15:00:29"))) == "unknown_order"
    assert find(paper, at("15:01:19"))["ok"]["executions"] == []
    assert ask(paper, at("15:01:19"), "executions", after="")["ok"] == {"executions": [], "next": "X-0"}
    assert ask(paper, at("15:01:19"), "statement")["ok"]["holdings"] == [{"symbol": "COIN", "qty": "100"}]
    assert code_of(place(paper, at("15:01:19"))) == "duplicate_client_id"
    assert find(paper, at("15:01:20"))["ok"]["order"]["status"] == "filled"
    assert ask(paper, at("15:01:20"), "statement")["ok"]["holdings"] == [{"symbol": "COIN", "qty": "102"}]


def test_fees_are_rounded_up_once_an_order() -> None:
    fees = FeeSchedule(
        commission_per_order=Money(Decimal(1)),
        commission_per_share=Money(Decimal("0.003")),
        sell_notional_rate=Decimal("0.0000278"),
        sell_per_share=Money(Decimal("0.000166")),
    )
    paper = broker(fees=fees, fill_qty_max=Decimal(1))
    place(paper, at("15:00:10"), side="sell", limit_price="99")
    found = find(paper, at("15:05:00"))["ok"]
    # One share: 1.003 and 0.002946, each rounded up to a cent; the second share adds nothing that is not charged.
    assert [[(fee["kind"], fee["amount"]) for fee in row["fees"]] for row in found["executions"]] == [
        [("commission", "1.01"), ("regulatory", "0.01")],
        [],
    ]
    assert holdings(paper)["USD"] == Decimal("100198.98")


def test_executions_come_in_order_after_their_cursor() -> None:
    paper = broker()
    for client_id in ("one", "two", "three"):
        place(paper, at("15:00:10"), client_id)
    first = ask(paper, at("15:01:00"), "executions", after="")["ok"]
    assert [row["client_order_id"] for row in first["executions"]] == ["one", "two", "three"]
    assert first["next"] == "X-3"
    assert ask(paper, at("15:01:00"), "executions", after="X-2")["ok"]["executions"] == first["executions"][2:]
    assert code_of(ask(paper, at("15:01:00"), "executions", after="17")) == "malformed"


def test_an_order_by_hand_has_no_client_id() -> None:
    paper = broker()
    place(paper, at("15:00:10"), None)
    assert ask(paper, at("15:01:00"), "executions", after="")["ok"]["executions"][0]["client_order_id"] is None


def test_the_quote_never_looks_ahead() -> None:
    paper = broker(bars({"15:00": "100", "15:01": "110"}))
    assert code_of(ask(paper, at("14:59:59"), "quote", symbol="COIN")) == "no_market"
    assert ask(paper, at("15:00:59"), "quote", symbol="COIN")["ok"]["price"] == "100"
    assert ask(paper, at("15:01:30"), "quote", symbol="COIN")["ok"]["price"] == "110"
    assert ask(paper, at("15:02:00"), "quote", symbol="COIN")["ok"] == {
        "symbol": "COIN",
        "price": "111",
        "at": "2025-12-02T15:02:00Z",
    }


def test_the_clock_names_the_session() -> None:
    assert ask(broker(), at("20:00:00"), "clock")["ok"] == {
        "now": "2025-12-02T20:00:00Z",
        "session": "regular",
        "until": "2025-12-02T21:00:00Z",
    }


def test_time_never_runs_backwards() -> None:
    paper = broker()
    paper.advance(at("15:00:00"))
    paper.advance(at("14:00:00"))
    assert paper.now == at("15:00:00")
    assert ask(paper, at("14:59:58"), "clock")["ok"]["now"] == "2025-12-02T15:00:00Z"


def test_the_truth_survives_the_process_that_hosts_it(tmp_path: Path) -> None:
    path = tmp_path / "broker.sqlite"
    paper = Broker(spec(), {"COIN": STEADY}, path=path)
    place(paper, at("15:00:10"))
    # The first broker is left as it stands, as by a kill; a second one opens the same file.
    again = Broker(spec(), {"COIN": STEADY}, path=path)
    assert again.now == at("15:00:10")
    assert code_of(place(again, at("15:00:20"))) == "duplicate_client_id"
    assert find(again, at("15:01:00"))["ok"]["order"]["status"] == "filled"
    assert holdings(again) == {"COIN": Decimal(102), "USD": Decimal(99800)}
    lines = [(line.verb, line.number, line.client_id, line.fate) for line in again.truth.requests()]
    assert lines == [
        (Verb.PLACE, 1, "one", Fate.ANSWERED),
        (Verb.PLACE, 2, "one", Fate.ANSWERED),
        (Verb.FIND, 1, "one", Fate.ANSWERED),
    ]
    again.close()
    paper.close()


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a ledger, but long enough to be read as the header of a database file" * 20)
    with pytest.raises(BrokerFileRefused, match=r"notes\.txt"):
        BrokerLedger(path)


def test_a_full_disk_undoes_the_request_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "broker.sqlite"
    paper = Broker(spec(), {"COIN": STEADY}, path=path)
    pages = paper.truth._db.execute("PRAGMA page_count").fetchone()[0]
    paper.truth._db.execute(f"PRAGMA max_page_count = {pages}")
    taken: list[object] = []
    with pytest.raises(sqlite3.OperationalError, match="full"):
        taken.extend(place(paper, at("15:00:10"), f"order{count}", qty="0.1") for count in range(1_000))
    assert paper.now == at("15:00:10")
    paper.close()
    again = Broker(spec(), {"COIN": STEADY}, path=path)
    assert len(again.truth.orders()) == len(taken) > 0
    again.close()


def test_executions_are_pushed_once_they_are_durable() -> None:
    paper = broker()
    seen: list[tuple[str, int]] = []
    paper.listen(lambda body: seen.append((json.loads(body)["execution"]["qty"], len(paper.truth.executions()))))
    place(paper, at("15:00:10"))
    assert paper.next_due() == at("15:01:00")
    paper.advance(at("15:05:00"))
    assert seen == [("2", 1)]
    assert paper.next_due() is None


def test_a_symbol_without_bars_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="COIN"):
        Broker(spec(), {})


def test_an_account_cannot_open_below_zero_nor_trade_its_cash() -> None:
    with pytest.raises(ValueError, match="below zero"):
        spec(cash="-1")
    with pytest.raises(ValueError, match="no symbol"):
        spec(rules={"USD": RULES})


def test_an_order_with_more_executions_than_a_page_says_that_it_is_not_complete() -> None:
    paper = broker(fill_qty_max=Decimal("0.01"))
    place(paper, at("14:40:10"), qty="2.5")
    found = find(paper, at("19:30:30"))["ok"]
    assert (len(found["executions"]), found["complete"]) == (200, False)
    assert (found["order"]["filled_qty"], found["order"]["status"]) == ("2.5", "filled")
    first = ask(paper, at("19:30:30"), "executions", after="")["ok"]
    second = ask(paper, at("19:30:30"), "executions", after=first["next"])["ok"]
    assert (len(first["executions"]), len(second["executions"]), second["next"]) == (200, 50, "X-250")
