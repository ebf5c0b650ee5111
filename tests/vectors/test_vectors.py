"""The golden cases of this repository, and the rules of the runner itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.__main__ import main
from tests.vectors.outcome import Case, NotDue
from tests.vectors.registry import RUNNERS
from tests.vectors.suite import Tally, judge, run_file, run_folder

CASES = Path(__file__).parent / "cases"
FOLDERS = {
    "auth_signatures": "cex_dex",
    "client_ids": "grid_market_making",
    "error_classes": "grid_market_making",
    "l2_books": "cex_dex",
    "reconciliation": "grid_market_making",
    "safety": "grid_market_making",
    "position_restore": "grid_market_making",
    "order_updates": "grid_market_making",
    "order_cleaner": "grid_market_making",
    "grid_plan": "grid_market_making",
    "grid_math": "grid_market_making",
    "backtest": "grid_market_making",
    "risk": "grid_market_making",
    "signatures": "grid_market_making",
}
FILES = sorted(str(path.relative_to(CASES)) for path in CASES.rglob("*.json"))


@pytest.mark.parametrize("name", FILES)
def test_every_due_case_of_a_file_passes(name: str) -> None:
    said: list[str] = []
    tally = run_file(CASES / name, name, RUNNERS, said.append)
    assert tally.failed == 0, "\n".join(said)
    assert tally.passed > 0


def agrees(case: Case) -> str | None:
    if case.get("later"):
        raise NotDue("later")
    return None if case["expected"] == case["found"] else "differs"


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        ({"expected": 1, "found": 1}, Tally(passed=1)),
        ({"expected": 1, "found": 2}, Tally(failed=1)),
        ({"expected": 1, "ours": 2, "found": 2}, Tally(passed=1)),
        ({"expected": 1, "ours": 2, "found": 1}, Tally(failed=1)),
        ({"ours": {"expected": 3}, "found": 3}, Tally(passed=1)),
        ({"note": "no expected", "ours": {"found": 4, "expected": 5}}, Tally(failed=1)),
        ({"expected": 1, "found": 2, "differs": True}, Tally(skipped=1)),
        ({"expected": 1, "ours": 2, "found": 2, "differs": True}, Tally(passed=1)),
        ({"expected": 1, "found": 2, "prose": True}, Tally(skipped=1)),
        ({"expected": 1, "found": 2, "profile": "upstream"}, Tally(skipped=1)),
        ({"expected": 1, "found": 2, "profile": "flatbook"}, Tally(failed=1)),
        ({"later": True}, Tally(skipped=1)),
        ({"found": 1}, Tally(failed=1)),
        ("no object", Tally(failed=1)),
    ],
)
def test_a_case_is_judged_by_its_marks_and_by_ours(case: Any, verdict: Tally) -> None:
    assert judge(case, agrees)[0] == verdict


def write(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_a_folder_is_walked_and_each_file_is_run_by_its_kind(tmp_path: Path) -> None:
    write(tmp_path, "a/strange name.json", {"kind": "known", "cases": [{"expected": 1, "found": 1}]})
    write(tmp_path, "known.json", {"kind": "unknown", "cases": [{}, {}]})
    write(tmp_path, "fixture.json", {"description": "no cases"})
    said: list[str] = []
    assert run_folder(tmp_path, {"known": agrees}, said.append) == Tally(passed=1, skipped=2)
    assert said == [
        "a/strange name.json: 1 passed, 0 failed, 0 skipped",
        "known.json: 0 passed, 0 failed, 2 skipped (no runner for the kind 'unknown')",
        "1 passed, 0 failed, 2 skipped",
    ]


HOSTILE = [
    ("{", "FAILED, no JSON"),
    ("", "FAILED, no JSON"),
    ('{"kind": "known", "cases": [{"n": NaN}]}', "FAILED, no JSON: NaN is no number of JSON"),
    ('{"kind": "known", "cases": [{"n": 1, "n": 2}]}', "FAILED, no JSON: an object has 'n' twice"),
    ('{"kind": "known", "cases": ' + "[" * 100_000 + "]" * 100_000 + "}", "FAILED, no JSON"),
    ('{"kind": "known", "cases": {}}', "FAILED, its cases are no list"),
    ('{"kind": "known", "cases": [{"found": 1}]}', "  FAILED 0: no rule for a case that has no 'expected'"),
    ('{"kind": "known", "cases": [{"id": "a\\nb"}]}', "  FAILED a b: no rule for a case that has no 'expected'"),
    ('{"kind": "known", "cases": [1]}', "  FAILED 0: the case is no object"),
]


@pytest.mark.parametrize(("text", "said"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_file_that_means_nothing_is_one_failure_with_its_reason(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "broken.json").write_text(text)
    lines: list[str] = []
    assert run_folder(tmp_path, {"known": agrees}, lines.append) == Tally(failed=1)
    assert said in lines[-2]


def test_a_link_to_nothing_is_a_failure_and_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "gone.json").symlink_to(tmp_path / "nothing")
    lines: list[str] = []
    assert run_folder(tmp_path, {}, lines.append) == Tally(failed=1)
    assert lines[0].startswith("gone.json: FAILED, no JSON")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("whirlpool_price", "no runner for the kind 'whirlpool_price': nothing of ours trades on Solana"),
        ("margin", "no runner for the kind 'margin': nothing of ours foresees the margin of a whole account"),
        ("never heard of", "no runner for the kind 'never heard of'"),
        (None, "the file names no kind"),
    ],
)
def test_cases_that_nothing_runs_are_skipped_with_the_reason(tmp_path: Path, kind: Any, reason: str) -> None:
    write(tmp_path, "f.json", {"kind": kind, "version": 9, "cases": [{}, {}], "more": 1})
    lines: list[str] = []
    assert run_folder(tmp_path, RUNNERS, lines.append) == Tally(skipped=2)
    assert lines[0] == f"f.json: 0 passed, 0 failed, 2 skipped ({reason})"


def test_the_exit_code_says_whether_a_case_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        tmp_path / "good", "f.json", {"kind": "symbols", "cases": [{"token_symbol": "wtCOIN", "broker_symbol": "COIN"}]}
    )
    write(
        tmp_path / "bad", "f.json", {"kind": "symbols", "cases": [{"token_symbol": "wtCOIN", "broker_symbol": "MSTR"}]}
    )
    assert main([str(tmp_path / "good")]) == 0
    assert main([str(tmp_path / "bad")]) == 1
    assert main([str(tmp_path / "nothing")]) == 2
    assert "0 passed, 1 failed, 0 skipped" in capsys.readouterr().out


@pytest.mark.parametrize(
    "kind",
    [
        "alpaca_orders",
        "auth_signatures",
        "backtest",
        "client_ids",
        "error_classes",
        "float",
        "grid_math",
        "grid_plan",
        "l2_books",
        "misc",
        "order_cleaner",
        "order_updates",
        "position_restore",
        "pyth",
        "pyth_updates",
        "raindex_logs",
        "reconciliation",
        "risk",
        "safety",
        "schwab",
        "signatures",
        "symbols",
        "trade_details",
    ],
)
def test_a_changed_expectation_fails(kind: str) -> None:
    """A runner that cannot fail proves nothing: every case that passes must fail once its expectation is changed."""
    content = json.loads((CASES / FOLDERS.get(kind, "tokenized_equities") / f"{kind}.json").read_text())
    runner = RUNNERS[kind]
    for case in content["cases"]:
        if judge(case, runner)[0].passed:
            assert judge(spoiled(case), runner)[0].failed, case["id"]


def spoiled(case: dict[str, Any]) -> dict[str, Any]:
    """Returns the case with every stated result replaced by another one."""
    results = ("expected", "broker_symbol", "decimal", "raw", "lossless", "cents", "whole", "expected_cents", "error")
    changed = {name: other(case[name]) for name in (*results, "value", "expected_underlying", "ours") if name in case}
    if isinstance(case.get("cases"), list):
        changed["cases"] = [[shares, other(wei)] for shares, wei in case["cases"]]
    if case.get("op") in ("unpack", "constant"):
        changed = {"coefficient": other(case["coefficient"])}
    if isinstance(case.get("expected"), dict) and "error" in case["expected"]:
        changed["expected"] = {"result": "no trade"}
    if "error" in case:
        changed["error"] = "DivisionByZero" if case["error"] != "DivisionByZero" else "ExponentOverflow"
    if case.get("op") in ("integer-identity", "toFixedDecimalLossy"):
        changed.pop("raw", None)
    if case.get("op") == "fromFixedDecimal":
        changed.pop("value")
    return {**case, **changed}


def other(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: other(inner) for name, inner in value.items()}
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and value.lower().startswith("0x"):
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return "12345.5" if isinstance(value, int) or value is None else f"9{value}"


def test_a_threshold_in_dollars_is_reached_at_the_price_that_the_case_states() -> None:
    case = {
        "threshold_usd": "1000",
        "last_price": "150",
        "fractional": True,
        "steps": [["sell", "6.66"], ["sell", "0.01"]],
        "expected": {"net": ["-6.66", "-6.67"], "orders": [["buy", "6.67"]]},
    }
    assert RUNNERS["position_scenarios"](case) is None
    assert RUNNERS["position_scenarios"]({**case, "last_price": "151"}) is not None


def test_every_case_that_differs_is_named_in_a_decision_record() -> None:
    records = "".join(path.read_text() for path in (CASES.parents[2] / "docs" / "adr").glob("*.md"))
    differing = [
        case["id"]
        for path in sorted(CASES.rglob("*.json"))
        for case in json.loads(path.read_text())["cases"]
        if case.get("differs")
    ]
    assert len(differing) > 10
    assert [case for case in differing if f"`{case}`" not in records] == []


@pytest.mark.parametrize(
    ("slot", "told", "expected"),
    [
        ({"state": "PENDING"}, [{"submit_error": "TIMEOUT"}], {"slot": "PENDING", "next": "query_order"}),
        (
            {"state": "PENDING"},
            [{"submit_error": "TIMEOUT"}, {"query_by_client_id": None}],
            {"slot": "FREE", "submits_sent": 1},
        ),
        (
            {"state": "PENDING", "side": "SELL", "position_qty": "0.001"},
            [{"submit_error": "POST_ONLY"}],
            {"slot": "FREE", "position": "FILLED", "post_only_fail_count": 1},
        ),
        ({"order_id": 5}, [{"status": "REJECTED"}], {"slot": "FREE", "position": "EMPTY", "order_id": None}),
        (
            {"order_id": 5},
            [{"client_id": "c", "order_id": 7, "status": "FILLED", "cum_qty": "0.001"}],
            {"slot": "FREE", "applied_updates": 1},
        ),
        (
            {"order_id": 5},
            [{"client_id": "of another", "order_id": 7, "status": "FILLED", "cum_qty": "0.001"}],
            {"slot": "LOCKED", "position_qty": "0", "applied_updates": 0},
        ),
    ],
)
def test_whatever_may_be_told_of_an_order_is_judged(
    slot: dict[str, Any], told: list[Any], expected: dict[str, Any]
) -> None:
    whole = {"client_id": "c", "side": "BUY", "price": "49900", **slot}
    case = {"id": "told", "input": {"slot": whole, "events": told}, "expected": expected}
    assert judge(case, RUNNERS["order_updates"]) == (Tally(passed=1), "")
