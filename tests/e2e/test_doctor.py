"""`flatbook doctor` asks nodes and brokers, and says what is wrong with them before a desk runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.market import Market, flatbook, open_market
from tests.e2e.node_proxy import Manner

pytestmark = pytest.mark.e2e

ID = "00000000-0000-4000-8000-000000000001"


def found(market: Market) -> dict[str, list[tuple[str, str]]]:
    """Returns what the doctor found outside, by the check."""
    findings = json.loads(flatbook("doctor", "--json", "--home", str(market.home)).stdout)["findings"]
    outside = ("node", "account")
    checks = [each for each in findings if each["check"].startswith(outside)]
    return {
        name: [(each["verdict"], each["found"]) for each in checks if each["check"] == name]
        for name in dict.fromkeys(each["check"] for each in checks)
    }


def rewritten(market: Market, old: str, new: str) -> None:
    path = market.home / "flatbook.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nodes_and_an_account_at_alpaca_are_asked(tmp_path: Path) -> None:
    with open_market(tmp_path, "alpaca") as market:
        assert [verdict for verdict, _ in found(market)["node base.way1"]] == ["ok", "warn"]
        market.idle()
        assert found(market) == {
            "node base.way1": [("ok", "serves chain 8453, and latest, finalized")],
            "node base.way2": [("ok", "serves chain 8453, and latest, finalized")],
            "account broker": [("ok", "ACTIVE at Alpaca, no real money")],
        }
        market.ways[1].behave(Manner.REFUSES)
        rewritten(market, ID, "another-account")
        assert found(market) == {
            "node base.way1": [("ok", "serves chain 8453, and latest, finalized")],
            "node base.way2": [("fail", "no answer: disconnected")],
            "account broker": [("fail", "the keys belong to another account than account_id names")],
        }
        rewritten(market, market.ways[1].url, f"{market.ways[0].url}/second")
        same = "way1 and way2 are one host: whatever it says is believed"
        assert found(market)["nodes base"] == [("warn", same)]
        rewritten(market, "first_block = ", "first_block = 9999")
        assert "lies beyond the newest block" in found(market)["nodes base"][-1][1]
        rewritten(market, "first_block = 9999", "first_block = ")
        rewritten(market, "id = 8453", "id = 1")
        rewritten(market, 'broker_key = "env:BROKER_KEY"', 'broker_key = "env:BROKER_WORD"')
        told = found(market)
        assert told["node base.way1"] == [("fail", "serves chain 8453, not 1")]
        assert told["account broker"] == [("fail", "the keys are not taken there (HTTP 401)")]


def test_a_login_at_schwab_is_asked_for_its_account_and_its_end(tmp_path: Path) -> None:
    with open_market(tmp_path, "schwab") as market:
        told = found(market)["account broker"]
        assert told == [("ok", "the login lasts 6 days and 23 hours"), ("ok", "reached at Schwab")]
        rewritten(market, 'number = "123456789"', 'number = "987654321"')
        assert ("fail", "the login does not reach the account that number names") in found(market)["account broker"]
        (market.home / "tokens.json").unlink()
        assert ("fail", "nobody is logged in") in found(market)["account broker"]
