"""`flatbook price`: from a transaction to what the oracle said, over recorded answers of two nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.values.instants import NS_PER_S
from flatbook.venues.evm.answers import block_call, receipt_call, view_call
from flatbook.venues.pyth.trace import trace_call
from tests.desk import at
from tests.unit.cli.scene import call, flat_desk, keep

PYTH = "0x8250f4af4b972684f7b336503e2d6dfedeb1487a"
COIN = "0xfee33f2a978bf32dd6b662b65ba8083c6773b494f8401194ec1870c640860245"
ETH = "0xff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace"
TX = f"0x{1:064x}"
FOREIGN = "0x" + "fe" * 32
SECONDS = at(1) // NS_PER_S
UPDATE = Path(__file__).parents[2] / "vectors" / "cases" / "tokenized_equities" / "pyth_updates.json"


def words(price: int, confidence: int, exponent: int, seconds: int) -> str:
    return "0x" + "".join(f"{number % 2**256:064x}" for number in (price, confidence, exponent, seconds))


def said(what: Any, result: Any) -> dict[str, Any]:
    return {"method": what.method, "params": list(what.params), "result": result}


def frame(feed: str, answer: str) -> dict[str, Any]:
    return {"type": "STATICCALL", "to": PYTH, "input": f"0x96834ad3{feed[2:]}", "output": answer}


COIN_SAID, ETH_SAID = words(24_950_000, 12_475, -5, SECONDS - 2), words(300_000_000_000, 10**8, -8, SECONDS - 61)


def view(feed: str, block_hash: str) -> Any:
    return view_call(PYTH, f"0x96834ad3{feed[2:]}", block_hash)


def answers(*, traces: bool = True, coin: str = COIN_SAID) -> list[dict[str, Any]]:
    trace = {"to": "0x" + "11" * 20, "input": "0x", "calls": [frame(ETH, ETH_SAID), frame(COIN, coin)]}
    foreign_hash = "0x" + "bb" * 32
    told = [
        said(view(COIN, "0xaa"), coin),
        said(view(ETH, "0xaa"), ETH_SAID),
        said(receipt_call(FOREIGN), {"blockNumber": "0x10", "blockHash": foreign_hash}),
        said(block_call(16), {"number": "0x10", "hash": foreign_hash, "timestamp": hex(SECONDS)}),
        said(view(COIN, foreign_hash), coin),
    ]
    if traces:
        told.append(said(receipt_call(TX), {"blockNumber": "0x3e9", "blockHash": "0xaa"}))
        told += [said(trace_call(TX), trace), said(trace_call(FOREIGN), {**trace, "calls": [frame(COIN, coin)]})]
    return told


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives the home of a live desk whose journal holds fills at 250. Read only."""
    folder = tmp_path_factory.mktemp("priced")
    (folder / "flatbook.toml").write_text(LIVE_EXAMPLE)
    keep(flat_desk(), folder)
    return folder


def asked(home: Path, tmp_path: Path, tx: str, nodes: dict[str, Any] | None = None, *more: str) -> Any:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(nodes or {"one": answers(), "two": answers()}))
    return call("--home", str(home), "--json", "price", tx, "--recorded", str(path), *more)


def test_a_fill_is_compared_with_what_stood_at_its_block(home: Path, tmp_path: Path) -> None:
    told = asked(home, tmp_path, TX)
    assert told.code == 0
    body = told.body()
    assert (body["tx"], body["block"], body["at"]) == (TX, 1001, "2025-12-02T14:31:00Z")
    assert [(each["source"], each["ticker"], each["price"], each["age_s"]) for each in body["prices"]] == [
        ("trace", None, "3000", 61),
        ("trace", "COIN", "249.5", 2),
        ("view", "COIN", "249.5", 2),
        ("view", None, "3000", 61),
    ]
    assert [each["doubts"] for each in body["prices"]] == [["stale"], [], [], ["stale"]]
    assert body["prices"][2]["nodes"] == ["one", "two"]
    (fill,) = body["fills"]
    assert (fill["price"], fill["oracle"], fill["source"], fill["deviation_bps"]) == ("250", "249.5", "view", "20.04")


def test_people_see_a_table_of_what_was_said_and_one_of_fills(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"one": answers(), "two": answers()}))
    told = call("--home", str(home), "price", TX, "--recorded", str(path))
    assert told.code == 0
    assert "what the oracle said:" in told.out
    assert "20.04" in told.out


def test_what_is_missing_stands_there_with_its_reason(home: Path, tmp_path: Path) -> None:
    nodes = {"one": answers(traces=False), "two": answers(traces=False, coin=words(25_000_000, 1, -5, SECONDS))}
    told = asked(home, tmp_path, TX, nodes)
    assert told.code == 7
    assert [(each["source"], each["missing"]) for each in told.body()["prices"]] == [
        ("trace", "not_answered"),
        ("view", "nodes_disagree"),
    ]
    assert told.body()["fills"][0]["deviation_bps"] is None


def test_a_transaction_of_others_is_shown_without_an_execution_price(home: Path, tmp_path: Path) -> None:
    body = asked(home, tmp_path, FOREIGN).body()
    assert (body["block"], body["fills"]) == (16, [])
    assert [(each["source"], each["ticker"], each["price"]) for each in body["prices"]] == [
        ("trace", "COIN", "249.5"),
        ("view", "COIN", "249.5"),
    ]


def test_an_update_of_the_price_service_is_compared_too(home: Path, tmp_path: Path) -> None:
    update = tmp_path / "update.json"
    hexes = [case["hex"][2:] for case in json.loads(UPDATE.read_text())["cases"][:3]]
    update.write_text(json.dumps({"binary": {"encoding": "hex", "data": hexes}, "parsed": []}))
    body = asked(home, tmp_path, TX, None, "--update", str(update)).body()
    assert [(each["price"], each["missing"]) for each in body["prices"] if each["source"] == "update"] == [
        ("29319.99", None),
        ("2432.92917006", None),
        (None, "unproven"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0x12",), "the journal holds no fill of such a transaction"),
        (("0x",), "fits 3 transactions"),
        ((TX, "--chain", "other"), "there is no chain 'other'"),
        (("0x" + "99" * 32,), "no block of this transaction is stated"),
        ((TX, "--update", "@update"), "holds no update of a price"),
    ],
)
def test_what_cannot_be_asked_is_refused(home: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "update").write_text("nonsense!")
    stated = [word.replace("@update", str(tmp_path / "update")) for word in words]
    told = asked(home, tmp_path, stated[0], None, *stated[1:])
    assert told.code == 2
    assert said in told.err


def test_a_file_that_holds_no_answers_is_refused(home: Path, tmp_path: Path) -> None:
    told = asked(home, tmp_path, TX, {"one": 5})
    assert told.code == 1
    assert "holds no recorded answers" in told.err
