"""Laws of the configuration: whatever is written is loaded or refused, and what is loaded can be used."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.ops.config import Loaded, load_text
from flatbook.ops.config_accounts import PaperAccount
from flatbook.ops.config_example import EXAMPLE
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.config_rules import broker_of, pace_of, raindex_of, rules_of
from flatbook.sim.broker.spec import BrokerSpec
from flatbook.venues.raindex.tokens import RaindexConfig
from tests.depth import examples

HOME = Path("desk-home")
LINES = EXAMPLE.splitlines()
ASSIGNED = [number for number, line in enumerate(LINES) if "=" in line and not line.startswith("#")]

TOML_VALUES = st.one_of(
    st.integers(min_value=-(2**63), max_value=2**63 - 1).map(str),
    st.floats().map(str).filter(lambda text: text not in ("nan", "-nan")),
    st.sampled_from(["true", "false", "2025-12-01T00:00:00Z", "2025-12-01", "12:00:00", "[]", "{}", "[[1]]", "nan"]),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9, places=4).map(lambda n: f'"{n}"'),
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_characters="'\r\n", exclude_categories=["Cc", "Cf", "Cs"])
    ).map(lambda text: f"'{text}'"),
    st.sampled_from(['"none"', '"paper-bars"', '"COIN"', '"wtCOIN"', '"COIN/USD@paper"', '["regular", "late"]', '"0"']),
)


def load_or_refuse(text: str, environment: dict[str, str]) -> Loaded | None:
    try:
        return load_text(text, HOME, environment=environment)
    except ConfigRefused as error:
        refused = error
    assert refused.problems
    assert all(problem.text for problem in refused.problems)
    return None


def assert_usable(loaded: Loaded) -> None:
    """Makes all that a desk needs of it; only the parser and the broker may have a last word."""
    rules_of(loaded, {})
    pace_of(loaded.config)
    with contextlib.suppress(ConfigRefused):
        for chain in loaded.config.chains:
            raindex_of(loaded, chain, RaindexConfig)
        for name, account in loaded.config.accounts.items():
            if isinstance(account, PaperAccount):
                broker_of(loaded, name, account, BrokerSpec)


@settings(max_examples=examples(400))
@given(
    st.lists(st.tuples(st.sampled_from(ASSIGNED), TOML_VALUES), max_size=3), st.sets(st.sampled_from(range(len(LINES))))
)
def test_what_is_loaded_can_be_used_and_all_else_is_refused(changes: list[tuple[int, str]], removed: set[int]) -> None:
    lines = list(LINES)
    for number, value in changes:
        lines[number] = f"{lines[number].partition('=')[0]}= {value}"
    few = sorted(removed)[:1]
    text = "\n".join(line for number, line in enumerate(lines) if number not in few)
    loaded = load_or_refuse(text, {})
    if loaded is not None:
        assert_usable(loaded)


@settings(max_examples=examples(300))
@given(st.text(max_size=200))
def test_any_text_is_loaded_or_refused(text: str) -> None:
    assert load_or_refuse(text, {}) is None


NAMES = st.lists(
    st.sampled_from(
        ["RISK", "HEDGES", "DESK", "COIN", "COLLAR_BPS", "MARKS", "USDC", "MODE", "X", "VERSION", "SECRETS"]
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(300))
@given(st.dictionaries(NAMES.map(lambda parts: "FLATBOOK__" + "__".join(parts)), st.text(max_size=20), max_size=4))
def test_any_environment_is_loaded_or_refused(environment: dict[str, str]) -> None:
    loaded = load_or_refuse(EXAMPLE, environment)
    if loaded is not None:
        assert_usable(loaded)


@given(st.permutations(range(len(ASSIGNED))))
def test_the_digest_does_not_depend_on_the_order_of_the_tables(order: list[int]) -> None:
    tables = EXAMPLE.split("\n[")
    head, rest = tables[0], [f"[{table}" for table in tables[1:]]
    shuffled = [rest[number] for number in order if number < len(rest)]
    assert len(shuffled) == len(rest)
    assert load_text("\n".join([head, *shuffled]), HOME).digest == load_text(EXAMPLE, HOME).digest
