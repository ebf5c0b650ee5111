"""What the verbs say that only read: of a flat desk, of one with an unknown order, and of the past."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.api.answers.thresholds import KeptBy, Threshold
from flatbook.events.control import EngineStopped
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.values.instants import later
from flatbook.values.instruments import Side
from tests.desk import OPEN
from tests.unit.cli.scene import call, flat_desk, keep
from tests.unit.projections.scene import executed
from tests.unit.state.scene import skipped


def test_a_desk_that_was_flat_when_its_engine_died_is_not_called_flat(flat: Path) -> None:
    told = call("status", "--exit-code", "--home", str(flat))
    assert told.code == 7
    dead = "FLAT WHEN ITS ENGINE DIED: nobody has looked since; as of event 14, committed 2025-12-02T14:34:00"
    assert told.out.startswith(dead)
    assert "engine: not running, ended without a stop, mode paper" in told.out
    assert "0 open, 0 unknown" in told.out
    before = call("status", "--exit-code", "--at", "14", "--home", str(flat))
    assert (before.code, before.out[:22]) == (0, "FLAT; as of event 14, ")


def test_a_hedged_desk_that_was_stopped_is_flat(tmp_path: Path) -> None:
    with closing(open_journal(keep(flat_desk(), tmp_path))) as journal:
        epoch = journal.take_lease(later(OPEN, seconds=3_600))
        stopped = EngineStopped(reason="drained", stopped_at=later(OPEN, seconds=3_600))
        journal.append((stopped,), after=journal.last, epoch=epoch, cursors={}, at=later(OPEN, seconds=3_600))
    told = call("status", "--exit-code", "--home", str(tmp_path))
    assert (told.code, told.out[:22]) == (0, "FLAT; as of event 15, ")
    assert "engine: not running, stopped in order, mode paper" in told.out


def test_an_unknown_order_is_not_known_and_counts_in_full(unknown: Path) -> None:
    told = call("status", "--exit-code", "--json", "--home", str(unknown))
    assert told.code == 7
    body = told.body()
    assert (body["schema"], body["flat"], body["known"]) == ("flatbook.status.v1", False, False)
    (net,) = body["nets"]
    assert (net["net"], net["unknown_buy"], net["worst"], net["worst_usd"]) == ("-3.75", "3.75", "3.75", "937.5")
    assert body["open_usd"] == "937.5"
    (alert,) = body["alerts"]
    assert (alert["name"], alert["severity"], alert["raised_at"]) == (
        "order_unknown",
        "warning",
        "2025-12-02T14:33:07.893Z",
    )
    assert alert["detail"] == "buy 3.75 COIN/USD: timed_out"
    assert alert["runbook"] == "docs/runbook.md#order_unknown"
    shown = call("status", "--home", str(unknown)).out
    assert "buy 3.75 COIN/USD: timed_out  docs/runbook.md#order_unknown" in shown
    assert call("status", "--home", str(unknown)).code == 0


def test_an_order_at_work_is_not_flat_and_exits_with_1(unknown: Path) -> None:
    told = call("status", "--exit-code", "--at", "8", "--home", str(unknown))
    assert told.code == 1
    assert told.out.startswith("NOT FLAT; as of event 8")


@pytest.mark.parametrize(
    ("threshold", "told"),
    [
        (Threshold(), None),
        (Threshold(shares=Decimal("0.50")), "0.5 shares"),
        (Threshold(shares=Decimal(1), usd=Decimal(250)), "1 share or 250 USD"),
        (Threshold(on_purpose=True), "never"),
    ],
)
def test_a_net_is_shown_with_what_it_is_hedged_from(threshold: Threshold, told: str | None) -> None:
    assert threshold.told() == told


def test_a_net_says_who_holds_it_on_purpose() -> None:
    assert Threshold(in_slots=True).kept_by is KeptBy.GRID
    assert Threshold(on_purpose=True).kept_by is KeptBy.OWNER
    assert Threshold(usd=Decimal(250)).kept_by is None


def test_a_desk_that_never_moved_is_flat(flat: Path) -> None:
    body = call("status", "--at", "2", "--json", "--home", str(flat)).body()
    assert (body["flat"], body["nets"], body["engine"]["running"]) == (True, [], None)


@pytest.mark.parametrize("verb", ["status", "positions", "orders", "trades", "pnl"])
def test_every_reading_verb_travels_in_time(flat: Path, verb: str) -> None:
    by_event = call(verb, "--at", "9", "--json", "--home", str(flat)).body()
    by_instant = call(verb, "--at", "2025-12-02T15:32:30+01:00", "--json", "--home", str(flat)).body()
    assert by_event["as_of"]["seq"] == 9
    assert by_event["as_of"]["at"].startswith("2025-12-02T14:32:00")
    assert by_instant == by_event
    assert call(verb, "--json", "--home", str(flat)).body()["as_of"]["seq"] == 14


def test_a_moment_that_is_none_is_refused(flat: Path) -> None:
    beyond = call("status", "--at", "15", "--home", str(flat))
    assert (beyond.code, beyond.err) == (2, "flatbook: --at 15: the journal ends at event 14; name an earlier one\n")
    no_zone = call("status", "--at", "2025-12-02T14:32:30", "--home", str(flat))
    assert no_zone.code == 2
    assert "is not an RFC 3339 instant with a zone" in no_zone.err


def test_positions_are_held_nets_and_balances(flat: Path) -> None:
    body = call("positions", "--json", "--home", str(flat)).body()
    held = {(row["account"], row["instrument"]): row["qty"] for row in body["positions"]}
    assert held == {("base:vault", "wtCOIN/USDC@base"): "-5.25", ("paper", "COIN/USD"): "5.25"}
    assert [net["net"] for net in body["nets"]] == ["0"]
    balances = {(row["account"], row["asset"]): row["amount"] for row in body["balances"]}
    assert balances["paper", "USD"] == "9998687.32"
    assert balances["base:vault", "USDC"] == "1312.5"
    assert call("positions", "--owner", "nobody", "--home", str(flat)).code == 2


def test_positions_list_what_is_not_hedged_and_why(tmp_path: Path) -> None:
    keep(flat_desk(), tmp_path)
    journal = open_journal(tmp_path / "journal.sqlite")
    try:
        epoch = journal.take_lease(OPEN)
        journal.append(
            [skipped(77), skipped(78, side=None, shares=None)], after=journal.last, epoch=epoch, cursors={}, at=OPEN
        )
    finally:
        journal.close()
    first, second = call("positions", "--json", "--home", str(tmp_path)).body()["held_fills"]
    assert (first["reason"], first["side"], first["shares"], first["log"]) == (
        "over_share_cap",
        "sell",
        "3",
        f"8453:0x{77:064x}:0",
    )
    assert (second["side"], second["shares"], second["underlying"]) == (None, None, None)
    shown = call("positions", "--home", str(tmp_path)).out
    assert "fills that are not hedged:" in shown
    assert "over_share_cap" in shown
    other = call("positions", "--symbol", "MSTR", "--json", "--home", str(tmp_path))
    assert other.code == 2


def test_orders_show_asked_beside_accepted_beside_filled(unknown: Path) -> None:
    body = call("orders", "--json", "--home", str(unknown)).body()
    first, second = body["orders"]
    assert (first["qty"], first["accepted"], first["filled"], first["average_price"]) == ("1.5", True, "1.5", "250.02")
    assert (second["status"], second["accepted"], second["filled"]) == ("unknown", False, "0")
    assert second["unknown_since"] == "2025-12-02T14:33:07.893Z"
    still_open = call("orders", "--open", "--json", "--home", str(unknown)).body()
    assert [order["order_id"] for order in still_open["orders"]] == [second["order_id"]]
    assert "1 of 2 orders" in call("orders", "--limit", "1", "--home", str(unknown)).out


def test_trades_link_each_fill_to_its_hedge(flat: Path) -> None:
    body = call("trades", "--json", "--home", str(flat)).body()
    assert body["found"] == 5
    fill, hedge = body["trades"][:2]
    assert (fill["place"], fill["side"], fill["qty"], fill["price_usd"]) == ("onchain", "sell", "1.5", "250")
    assert [(link["ref"], link["realised_usd"]) for link in fill["links"]] == [("exec:paper:COIN/USD:X-1", "-0.03")]
    assert [link["ref"] for link in hedge["links"]] == [fill["ref"]]
    assert [(trade["matched_qty"], trade["fees_usd"]) for trade in (fill, hedge)] == [("1.5", "0")] * 2
    told = call("trades", "--home", str(flat)).out.splitlines()
    head, *rows = told[told.index("trades:") + 1 :]
    end = head.index("matched") + len("matched")
    assert [row[:end].split()[-1] for row in rows] == ["1.5", "1.5", "0.75", "3", "3.75", "-"]


def test_a_fee_whose_mark_is_not_known_is_unknown_and_none_is_told_as_nothing(tmp_path: Path) -> None:
    create_journal(tmp_path / "journal.sqlite")
    charged = executed(Side.BUY, "1", "250", 0, number=1, fees=[("BNB", "0.001")])
    known = executed(Side.SELL, "1", "251", 60, number=2, fees=[("USD", "0.0004")])
    with closing(open_journal(tmp_path / "journal.sqlite")) as journal:
        epoch = journal.take_lease(OPEN)
        journal.append((charged, known), after=journal.last, epoch=epoch, cursors={}, at=known.seen_at)
    body = call("trades", "--json", "--home", str(tmp_path)).body()
    assert [trade["fees_usd"] for trade in body["trades"]] == [None, "0.0004"]
    lines = call("trades", "--home", str(tmp_path)).out.splitlines()
    assert [cell in line for cell, line in zip(("unknown", "0.0004"), lines[-2:], strict=True)] == [True, True]


@pytest.mark.parametrize("verb", ["positions", "orders", "trades", "pnl", "report"])
def test_a_name_that_nobody_knows_is_refused_with_those_that_are_known(verb: str, flat: Path) -> None:
    wrong = call(verb, "--symbol", "MSTR", "--home", str(flat))
    assert (wrong.code, wrong.out) == (2, "")
    assert "no underlying is called 'MSTR'" in wrong.err
    assert "take one of COIN" in wrong.err
    nobody = call(verb, "--owner", "nobody", "--home", str(flat))
    assert (nobody.code, "no owner is called 'nobody'" in nobody.err) == (2, True)
    assert call(verb, "--symbol", "COIN", "--owner", "desk", "--home", str(flat)).code == 0


def test_a_desk_that_never_ran_is_not_called_flat(tmp_path: Path) -> None:
    create_journal(tmp_path / "journal.sqlite")
    told = call("status", "--exit-code", "--home", str(tmp_path))
    assert told.out.startswith("NEVER RAN")
    assert told.code == 7


def test_pnl_takes_the_result_apart_and_shows_that_the_ledger_balances(flat: Path) -> None:
    body = call("pnl", "--json", "--home", str(flat)).body()
    assert (body["total"]["net_usd"], body["total"]["buckets_usd"]["counter_trade"]) == ("-0.18", "-0.18")
    assert (body["day"], body["today"]["net_usd"]) == ("2025-12-02", "-0.18")
    (line,) = body["lines"]
    assert (line["hedges"], line["hedged_qty"], line["edge_usd"]) == (2, "5.25", "-0.18")
    assert (line["margin_usd"], line["margin_usd_missing"]) == (None, 2)
    assert body["ledger"]["balances"] is True
    assert body["ledger"]["agrees_with_pnl"] is True
    assert {row["difference"] for row in body["ledger"]["trial"]} == {"0"}
    told = call("pnl", "--home", str(flat)).out
    assert "\nrealised, first in first out, without what is still held; days in New York\n" in told
    assert "coverage: everything is valued\n" in told
    assert "trial balance: zero for each of 4 assets; the ledger agrees with profit and loss\n" in told


DAY = ("pnl", "--first", "2025-12-02", "--last", "2025-12-02")


def test_pnl_of_some_days_only(flat: Path) -> None:
    none = call("pnl", "--first", "2025-12-03", "--json", "--home", str(flat)).body()
    assert (none["total"]["net_usd"], none["days"]) == ("0", [])
    day = call(*DAY, "--json", "--home", str(flat)).body()
    assert [each["day"] for each in day["days"]] == ["2025-12-02"]
    wrong = call("pnl", "--first", "yesterday", "--home", str(flat))
    assert (wrong.code, wrong.err) == (2, "flatbook: --first: 'yesterday' is no day; write it as 2025-12-01\n")
    assert "from 2025-12-02 to 2025-12-02 " in call(*DAY, "--home", str(flat)).out
    turned = call("pnl", "--first", "2025-12-02", "--last", "2025-12-01", "--home", str(flat))
    assert (turned.code, turned.out) == (2, "")


def test_why_tells_the_story_from_the_fill_to_the_hedge(flat: Path) -> None:
    body = call("why", "X-1", "--json", "--home", str(flat)).body()
    assert [event["type"] for event in body["events"]] == [
        "vault_filled",
        "order_intended",
        "order_accepted",
        "order_filled",
    ]
    assert body["slices"][0]["realised_usd"] == "-0.03"
    assert body["latencies"][0]["total_ms"] == "60000"
    assert "what was matched:" in call("why", "X-1", "--home", str(flat)).out


def test_why_takes_an_id_as_the_tables_show_it(flat: Path) -> None:
    trade = call("trades", "--json", "--home", str(flat)).body()["trades"][0]["ref"]
    shown = "fill:8453:0x000000000000..:0@0xaa"
    assert shown in call("trades", "--home", str(flat)).out
    assert trade in call("why", shown, "--home", str(flat)).out


def test_why_lists_what_a_fragment_may_mean(flat: Path) -> None:
    told = call("why", "0x0000", "--home", str(flat))
    assert told.code == 2
    assert told.out.startswith("0x0000 fits 3 things; name one of them more fully:\n")
    assert len(call("why", "0x0000", "--json", "--home", str(flat)).body()["candidates"]) == 3
    nothing = call("why", "nothing", "--home", str(flat))
    assert (nothing.code, nothing.out) == (2, "")
    do = "see flatbook trades, orders or status"
    assert nothing.err == f"flatbook: nothing: nothing in the journal has such an id; {do}\n"


def test_why_of_the_past_knows_no_more_than_was_known(unknown: Path) -> None:
    order = call("orders", "--json", "--home", str(unknown)).body()["orders"][1]["order_id"]
    then = call("why", order, "--at", "12", "--json", "--home", str(unknown)).body()
    assert [event["type"] for event in then["events"]][-1] == "order_intended"


def test_reading_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    path = keep(flat_desk(), tmp_path)
    before = path.read_bytes()
    for verb in (["status"], ["positions"], ["orders"], ["trades"], ["pnl"], ["why", "X-1"], ["events", "tail"]):
        assert call(*verb, "--home", str(tmp_path)).code == 0
    assert path.read_bytes() == before


def test_a_file_that_is_no_journal_is_said_to_be_none(home_of_its_own: Path) -> None:
    home_of_its_own.mkdir()
    with sqlite3.connect(home_of_its_own / "journal.sqlite") as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    told = call("status")
    assert told.code == 1
    assert "is no journal of flatbook" in told.err
    assert told.err.count("\n") == 1


def test_nothing_printed_can_move_a_cursor_or_hide() -> None:
    from flatbook.cli.output import printable

    assert printable("a\x1b[2Jb\u202ec\u200bd\n") == "a\ufffd[2Jb\ufffdc\ufffdd\ufffd"


def test_capacity_is_shown_for_each_hedge_of_the_configuration(home_of_its_own: Path) -> None:
    call("init")
    keep(flat_desk(), home_of_its_own)
    (line,) = call("capacity", "--symbol", "COIN", "--json").body()["capacity"]
    shown = {name: line[name] for name in ("underlying", "account", "buy", "sell", "good_faith", "lends")}
    assert shown == {
        "underlying": "COIN",
        "account": "paper",
        "buy": "39994.74928",
        "sell": "10005.25",
        "good_faith": None,
        "lends": None,
    }
    assert "can buy" in call("capacity").out
    assert call("capacity", "--symbol", "NVDA").code == 2
