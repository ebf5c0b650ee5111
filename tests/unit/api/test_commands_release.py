"""What releasing a held fill would do, told before it is agreed to."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.api.answers.holdings import holdings_of
from flatbook.api.answers.moment import as_of
from flatbook.api.commands_bodies import ReleaseFill
from flatbook.api.commands_effects import EffectBody, Seen, preview_of
from flatbook.engine.inputs import Verb
from flatbook.engine.ports import ChainRead
from flatbook.values.ids import Seq
from tests.desk import CHAIN
from tests.unit.engine.scene import Bench
from tests.unit.state.scene import skipped, unvalued, vault_filled


def told(log: str, *, hedge: bool = True) -> EffectBody:
    bench = Bench().resume()
    held = (skipped(1), unvalued(vault_filled(2, "sell", "3"), "3"))
    bench.take(ChainRead(source=CHAIN, events=held, cursor="c", removed_from=None))
    seen = Seen(holdings_of(bench.state, None), as_of(Seq(1), None), bench.rules, bench.now)
    arguments = ReleaseFill(reason="r", log=log, hedge=hedge).arguments()
    return preview_of(seen, Verb.FILL_RELEASE, arguments).effect


def log_of(number: int) -> str:
    key = vault_filled(number, "sell", "3").key
    return f"{key.chain}:{key.tx}:{key.log_index}"


def test_a_held_fill_is_told_with_what_becomes_of_it() -> None:
    released, left = told(log_of(1)), told(log_of(1), hedge=False)
    assert released.warnings == ["sell 3 COIN, held for over share cap: it is hedged"]
    assert left.warnings == ["sell 3 COIN, held for over share cap: it is left unhedged for good"]
    assert released.refused is left.refused is None


def test_what_is_not_held_or_waits_for_its_value_is_refused_before_it_is_sent() -> None:
    assert told(log_of(2)).refused == "this fill waits for its value, not for a decision"
    assert told(log_of(3)).refused == "no such fill is held"


@pytest.mark.parametrize("log", ["8453:0xab12", "base:0xab12:7", "8453:ab12:7", "8453:0xab12:7:1", "8453:0xab12:7\n"])
def test_a_log_that_is_none_is_refused(log: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"reason": "r", "log": log}, ReleaseFill)
