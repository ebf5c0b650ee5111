"""The numbers of a plan of a backtest, looked at before they are taken: finite, bounded, and of the right sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flatbook.values.money import ZERO, NumberRefused, parse_number

WORDS = ("kind", "instrument", "underlying", "quote", "mode", "spacing", "type", "exits")
YEAR_S = 366 * 86_400
WHOLE_MAX = 10**12
MAX_OF_UNIT = {"_ns": YEAR_S * 10**9, "_ms": YEAR_S * 1_000, "_s": YEAR_S}
NOT_NEGATIVE = ("cash", "latency", "qty_min", "notional_min")
ABOVE_ZERO = ("marks", "as_linear", "sample_s", "leverage", "maintenance")
OWN_PARAMS = "params"
GRID = "grid"
DEPTH_MAX = 8


def check_numbers(plan: Mapping[str, Any]) -> None:
    """Refuses a plan, as TOML reads it with its fractions as text, that states a number which nothing can be made of.

    The parameters of a strategy of one's own are its own affair and are not looked at.
    Errors: ValueError with the key, what is wrong there and what to do.
    """
    for path, stated in _leaves((), plan):
        if isinstance(stated, bool) or _is_word(path) or _is_own(path, plan):
            continue
        if isinstance(stated, int):
            _check_whole(path, stated)
        elif isinstance(stated, str):
            _check_sign(path, stated)


def _leaves(path: tuple[str, ...], stated: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(stated, dict) and len(path) < DEPTH_MAX:
        for name, each in stated.items():
            yield from _leaves((*path, name), each)
    elif path:
        yield path, stated


def _is_word(path: tuple[str, ...]) -> bool:
    return path[-1] in WORDS and path[0] in ("instruments", "strategies")


def _is_own(path: tuple[str, ...], plan: Mapping[str, Any]) -> bool:
    if path[0] != "strategies" or OWN_PARAMS not in path[2:3]:
        return False
    return bool(plan["strategies"][path[1]].get("kind") != GRID)


def _check_whole(path: tuple[str, ...], stated: int) -> None:
    most = next((most for unit, most in MAX_OF_UNIT.items() if path[-1].endswith(unit)), WHOLE_MAX)
    if abs(stated) > most:
        raise ValueError(f"{_key(path)} is beyond all bounds: state a number of at most {most}")
    _check_sign(path, str(stated))


def _check_sign(path: tuple[str, ...], stated: str) -> None:
    try:
        number = parse_number(stated)
    except NumberRefused as refused:
        raise ValueError(f'{_key(path)}: {refused}: state a plain number, such as "100.5"') from refused
    if number < ZERO and (path[0] in NOT_NEGATIVE or path[-1] in NOT_NEGATIVE):
        raise ValueError(f"{_key(path)} is {stated}, below zero: state zero or more")
    if number <= ZERO and (path[0] in ABOVE_ZERO or path[-1] in ABOVE_ZERO):
        raise ValueError(f"{_key(path)} is {stated}: state a number above zero")


def _key(path: tuple[str, ...]) -> str:
    return ".".join(path)
