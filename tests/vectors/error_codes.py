"""Cases of kind `error_classes`: the class of a venue's code, and what the adapter makes of it."""

from __future__ import annotations

from collections.abc import Callable

from flatbook.engine.reports import Rejected, Unknown
from flatbook.values.instants import Instant
from flatbook.venues.binance import error_codes as binance
from flatbook.venues.bitget import error_codes as bitget
from flatbook.venues.bybit import error_codes as bybit
from flatbook.venues.error_classes import POLICIES, ErrorClass, meaning_of
from flatbook.venues.gate import error_codes as gate
from flatbook.venues.okx import error_codes as okx
from tests.vectors.outcome import Case

CLASS_OF: dict[str, Callable[[str], ErrorClass | None]] = {
    "binance_futures": binance.class_of,
    "binance": binance.class_of,
    "bitget": bitget.class_of,
    "bybit": bybit.class_of,
    "gate": gate.class_of,
    "okx": okx.class_of,
}


def run(case: Case) -> str | None:
    """Compares the class of a code, and whether it proves that nothing happened."""
    if case["id"] == "policy":
        return _policy(case)
    found = CLASS_OF[case["input"]["venue"]](case["input"]["code"])
    wanted = case["expected"]["class"]
    if found is None or found.value != wanted:
        return f"expected {wanted}, found {found}"
    meaning = meaning_of(found, code=case["input"]["code"], message="", now=Instant(0))
    kind = Unknown if wanted == "UNKNOWN_OUTCOME" else Rejected
    return None if isinstance(meaning, kind) else f"{wanted} means {meaning}"


def _policy(case: Case) -> str | None:
    """Compares what follows each class that a case names; all classes have a policy."""
    wanted, found = case["expected"], {each.value: policy.value for each, policy in POLICIES.items()}
    if len(found) != len(ErrorClass):
        return f"classes without a policy: {[each.value for each in ErrorClass if each.value not in found]}"
    unequal = {name: found.get(name) for name in wanted if found.get(name) != wanted[name]}
    return f"found {unequal}" if unequal else None
