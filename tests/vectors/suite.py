"""Walks a folder of golden cases, runs each case by its kind, and counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.vectors.outcome import Case, NotDue, Runner
from tests.vectors.unbuilt import why_unrun

OWN_PROFILES = (None, "", "flatbook")


class Tally(NamedTuple):
    """How many cases passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def run_folder(folder: Path, runners: Mapping[str, Runner], say: Callable[[str], None]) -> Tally:
    """Runs every JSON file under a folder that has a kind or cases; says a line per file and per failure."""
    total = Tally()
    for path in sorted(folder.rglob("*.json")):
        if not path.is_dir():
            total = total.plus(run_file(path, str(path.relative_to(folder)), runners, say))
    say(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return total


def run_file(path: Path, name: str, runners: Mapping[str, Runner], say: Callable[[str], None]) -> Tally:
    """Runs one file. One that cannot be read is one failure; one without cases counts nothing, but is named."""
    try:
        content = _read(path)
    except (OSError, ValueError, RecursionError) as error:
        say(f"{name}: FAILED, no JSON: {error}")
        return Tally(failed=1)
    if not isinstance(content, dict) or not {"kind", "cases"} & set(content):
        return Tally()
    kind, cases = content.get("kind"), content.get("cases", [])
    if not isinstance(cases, list):
        say(f"{name}: FAILED, its cases are no list")
        return Tally(failed=1)
    runner = runners.get(kind) if isinstance(kind, str) else None
    if runner is None:
        say(f"{name}: 0 passed, 0 failed, {len(cases)} skipped ({why_unrun(kind)})")
        return Tally(skipped=len(cases))
    shared = {"profile": content["profile"]} if "profile" in content else {}
    return _run_cases(name, [_with(shared, case) for case in cases], runner, say)


def _read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8-sig")
    return json.loads(text, parse_float=str, parse_constant=_refuse, object_pairs_hook=_object)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object; of two values under one name nobody knows which one is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object has {next(name for name in names if names.count(name) > 1)!r} twice")
    return found


def _with(shared: dict[str, Any], case: Any) -> Any:
    return {**shared, **case} if isinstance(case, dict) else case


def _run_cases(name: str, cases: list[Any], runner: Runner, say: Callable[[str], None]) -> Tally:
    tally, lines = Tally(), []
    for position, case in enumerate(cases):
        label = str(case.get("id", position)) if isinstance(case, dict) else str(position)
        verdict, detail = judge(case, runner)
        tally = tally.plus(verdict)
        if verdict.failed:
            lines.append(f"  FAILED {label}: {detail}")
        elif verdict.skipped:
            lines.append(f"  skipped {label}: {detail}")
    say(f"{name}: {tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    for line in lines:
        say(" ".join(line.splitlines()))
    return tally


def judge(case: Any, runner: Runner) -> tuple[Tally, str]:
    """Returns whether a case passed, failed or was skipped, and why."""
    if not isinstance(case, dict):
        return Tally(failed=1), "the case is no object"
    reason = next(reasons_to_skip(case), None)
    if reason is not None:
        return Tally(skipped=1), reason
    try:
        failure = runner(as_ours(case))
    except NotDue as why:
        return Tally(skipped=1), str(why)
    except KeyError as missing:
        return Tally(failed=1), f"no rule for a case that has no {missing}"
    except Exception as error:  # noqa: BLE001
        return Tally(failed=1), f"{type(error).__name__}: {error}"
    return (Tally(passed=1), "") if failure is None else (Tally(failed=1), failure)


def reasons_to_skip(case: Case) -> Iterator[str]:
    """Yields why no runner may judge a case."""
    if case.get("prose"):
        yield "prose"
    if case.get("differs") and "ours" not in case:
        yield "differs"
    if case.get("profile") not in OWN_PROFILES:
        yield f"profile {case['profile']}"


def as_ours(case: Case) -> Case:
    """Returns the case with what flatbook must give in the place of what an earlier system gave."""
    if "ours" not in case:
        return case
    ours = case["ours"]
    if "expected" in case or not isinstance(ours, dict):
        return {**case, "expected": ours}
    return {**case, **ours}
