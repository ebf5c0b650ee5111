"""Amounts that add up to the last digit add up in the cents that people read, too."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flatbook.cli import pnl


def cost(usd: str) -> dict[str, Any]:
    return {"usd": usd, "observations": 1, "missing": 0}


def totals(*, counter: str, netting: str, fees: str, funding: str = "0", in_kind: str = "0") -> dict[str, Any]:
    costs = {"broker_fee": cost(fees), "gas": cost("0"), "funding": cost(funding), "tokenization": cost("0")}
    return {
        "buckets_usd": {
            "counter_trade": counter,
            "onchain_netting": netting,
            "directional": "0",
            "in_kind": in_kind,
        },
        "costs": {**costs, "tokenization": {"usd": "0", "observations": 0, "missing": 0}},
    }


def test_gross_less_the_costs_is_the_net_that_is_shown() -> None:
    told = pnl.results_in_cents(totals(counter="-5.4958", netting="0", fees="0.6152"))
    assert told["net"] == "-6.11"
    assert Decimal(told["gross"]) - Decimal(told["broker_fee"]) == Decimal("-6.11")
    assert (told["gas"], told["directional"]) == ("0.00", "0.00")


def test_the_buckets_are_the_gross_that_is_shown() -> None:
    told = pnl.results_in_cents(totals(counter="185.0249", netting="1.6649", fees="0.004", funding="-0.001"))
    assert Decimal(told["counter_trade"]) + Decimal(told["onchain_netting"]) == Decimal(told["gross"])
    assert Decimal(told["gross"]) - Decimal(told["broker_fee"]) - Decimal(told["funding"]) == Decimal(told["net"])


def test_a_cost_that_is_seldom_has_a_column_only_where_it_was_seen() -> None:
    heads = [column.title for column in pnl.result_columns(totals(counter="1", netting="0", fees="0", funding="0.5"))]
    assert heads[-2:] == ["funding>", "net>"]


def test_what_fees_took_in_kind_has_a_column_only_where_any_did_and_is_part_of_the_gross() -> None:
    some, none = (totals(counter="1", netting="0", fees="2", in_kind=usd) for usd in ("2", "0"))
    assert "in kind>" in [column.title for column in pnl.result_columns(some)]
    assert "in kind>" not in [column.title for column in pnl.result_columns(none)]
    assert (pnl.results_in_cents(some)["gross"], pnl.results_in_cents(some)["net"]) == ("3.00", "1.00")


def test_margin_and_basis_are_the_spread_that_is_shown_where_every_hedge_has_both() -> None:
    line = {"edge_usd": "2.009", "margin_usd": "1.0045", "basis_usd": "1.0045"}
    whole = pnl.edge_in_cents({**line, "margin_usd_missing": 0})
    assert (whole["edge"], sorted(filter(None, (whole["margin"], whole["basis"])))) == ("2.01", ["1.00", "1.01"])
    assert pnl.edge_in_cents({**line, "margin_usd_missing": 1}) == {"edge": "2.01", "margin": "1.00", "basis": "1.00"}


def test_what_is_left_of_an_amount_is_what_is_shown_of_both() -> None:
    assert pnl.rest_in_cents("186.6749", "185.0249") == {"whole": "186.67", "less": "185.02", "rest": "1.65"}
    assert pnl.rest_in_cents(None, "1.005") == {"whole": None, "less": "1.01", "rest": None}
