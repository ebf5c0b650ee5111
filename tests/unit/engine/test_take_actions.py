"""Corporate actions and jumps of wrappers: what is offered is frozen, and what happened is hedged all the same."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.events.actions import CorporateActionStated
from flatbook.events.chain import VaultFilled
from flatbook.events.control import CommandRefused
from flatbook.values.instants import later, text_of_instant
from flatbook.values.money import cut
from tests.desk import COIN
from tests.unit.engine.scene import Bench, one, tags
from tests.unit.engine.test_decide_offers import desk, intended
from tests.unit.engine.test_take_offers import read
from tests.unit.state.scene import vault_filled


def stated(bench: Bench, after_s: int, kind: str = "split") -> None:
    effective = text_of_instant(later(bench.now, seconds=after_s))
    bench.command("action_state", underlying="COIN", kind=kind, effective_at=effective)


def wrapped(number: int, ratio: str, *, seconds: int = 0) -> VaultFilled:
    """Returns a fill of a share of a token that wraps so much."""
    event = vault_filled(number, "sell", "1", seconds=seconds)
    shares = cut(event.token_amount * Decimal(ratio), decimals=18)
    return msgspec.structs.replace(event, ratio=Decimal(ratio), shares=shares)


def test_from_the_eve_of_a_corporate_action_on_nothing_is_offered_until_an_operator_ends_it() -> None:
    bench = desk()
    stated(bench, after_s=86_400 + 20)
    assert intended(bench) == []
    assert bench.wakes.next_at() == later(bench.now, seconds=20)
    bench.wait(20).take_time()
    assert intended(bench) == ["remove_order"]
    (action_id,) = bench.state.freezes.by_id
    bench.command("action_end", "k2", action_id=action_id)
    assert bench.state.freezes.by_id == {}


def test_what_happened_already_is_hedged_under_a_freeze() -> None:
    bench = desk()
    stated(bench, after_s=60)
    assert bench.state.freezes.covers(COIN, bench.now)
    assert tags(read(bench, vault_filled(1, "sell", "10")))[:2] == ["vault_filled", "order_intended"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"kind": "merger"}, "kind must be split"),
        ({"underlying": "TSLA"}, "'TSLA' is hedged by nobody here"),
        ({"effective_at": "tomorrow"}, "effective_at"),
    ],
)
def test_an_action_that_says_nothing_is_refused(arguments: dict[str, str], why: str) -> None:
    bench = desk()
    fields = {"underlying": "COIN", "kind": "split", "effective_at": "2025-12-10T14:30:00Z", **arguments}
    done = bench.command("action_state", **fields)
    assert why in one(done, CommandRefused).why
    assert not [event for event in bench.events if isinstance(event, CorporateActionStated)]


def test_a_freeze_that_does_not_stand_cannot_be_ended() -> None:
    assert "no freeze 'x' stands" in one(desk().command("action_end", action_id="x"), CommandRefused).why


def test_a_wrapper_that_moves_further_in_a_day_than_it_should_freezes_its_share() -> None:
    bench = desk()
    read(bench, wrapped(1, "1"))
    assert "ratio_jumped" not in tags(read(bench, wrapped(2, "1.005", seconds=10)))
    done = read(bench, wrapped(3, "1.00501", seconds=20))
    assert tags(done)[0] == "ratio_jumped"
    assert "ratio_jumped" in bench.alerts
    assert intended(bench) == ["remove_order"]
    again = read(bench, wrapped(4, "1.00501", seconds=30))
    assert "ratio_jumped" not in tags(again)


def test_the_move_of_a_wrapper_is_measured_over_a_day() -> None:
    bench = desk()
    read(bench, wrapped(1, "1"))
    bench.now = later(bench.now, seconds=90_000)
    read(bench, wrapped(2, "1.004", seconds=87_000))
    assert "ratio_jumped" not in tags(read(bench, wrapped(3, "1.008", seconds=87_010)))
