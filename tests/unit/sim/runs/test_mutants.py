"""The table of planted bugs: complete, and each one leaves no trace."""

from __future__ import annotations

import pytest

from flatbook.engine import run, take_absence
from flatbook.sim.runs.mutants import MUTANTS, planting


def test_the_table_has_every_number_once_and_each_row_a_plant_or_a_room() -> None:
    assert [mutant.number for mutant in MUTANTS] == list(range(1, 69))
    assert all((mutant.plant is None) == (mutant.room is not None) for mutant in MUTANTS)


@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if mutant.plant is not None], ids=lambda m: m.number)
def test_a_planted_bug_is_there_inside_and_gone_outside(mutant: object) -> None:
    swaps = mutant.plant()  # type: ignore[attr-defined]
    before = [vars(swap.owner)[swap.name] for swap in swaps]
    with planting(mutant):  # type: ignore[arg-type]
        assert all(vars(swap.owner)[swap.name] is not was for swap, was in zip(swaps, before, strict=True))
    assert [vars(swap.owner)[swap.name] for swap in swaps] == before


def test_a_bug_without_a_room_cannot_be_planted() -> None:
    absent = next(mutant for mutant in MUTANTS if mutant.room is not None)
    with pytest.raises(ValueError, match="has no room yet"), planting(absent):
        raise AssertionError("planted")


def test_a_block_that_fails_takes_the_bug_out_again() -> None:
    mutant, before = MUTANTS[3], vars(take_absence)["place_of"]
    with pytest.raises(KeyError), planting(mutant):
        raise KeyError
    assert vars(take_absence)["place_of"] is before
    assert run.Engine.may_send.__name__ == "may_send"
