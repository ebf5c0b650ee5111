"""Worlds of one wallet: whatever is lost, dropped, replaced or cut, a call happens once and its gas is booked."""

from __future__ import annotations

from contextlib import ExitStack

import msgspec
import pytest

from flatbook.sim.runs.mutants import swapped
from flatbook.sim.runs.planted_calls import CALL_BUGS
from flatbook.sim.runs.wallet_world import WalletScenario, draw_wallet_scenario, run_wallet_world
from flatbook.sim.world.process import CrashPoint, Cut
from tests.depth import part_of

CUTS = (Cut.BEFORE_APPEND, Cut.AFTER_APPEND, Cut.BEFORE_SEND, Cut.AFTER_SEND)
SEEDS = range(40)
POINTS = 14
BUSY = WalletScenario(seed=2, lose_answer=800, lag=1_000, reorganise=500)


def test_seeded_worlds_end_as_the_chain_says_and_strike_with_every_fault() -> None:
    struck: dict[str, int] = {}
    for seed in SEEDS:
        outcome = run_wallet_world(draw_wallet_scenario(seed))
        assert outcome.reasons == (), seed
        for name, count in outcome.struck.items():
            struck[name] = struck.get(name, 0) + count
    assert set(struck) == set(WalletScenario.__struct_fields__) - {"seed"}


def test_a_world_is_the_same_each_time() -> None:
    assert run_wallet_world(draw_wallet_scenario(7)) == run_wallet_world(draw_wallet_scenario(7))


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.value)
def test_a_process_that_is_cut_at_any_append_or_send_has_the_effect_of_one_that_is_not(cut: Cut) -> None:
    for number in range(1, POINTS):
        outcome = run_wallet_world(BUSY, CrashPoint(cut=cut, number=number))
        assert outcome.reasons == (), number


def rough(seed: int) -> WalletScenario:
    """Returns a world in which blocks are replaced all the time: every second one has a wallet that is shared, the
    others have nodes that lag and lose most answers.
    """
    shape = {"foreign": 1_500} if seed % 2 else {"foreign": 0, "lag": 6_000, "lose_answer": 5_000, "kill": 1_000}
    return msgspec.structs.replace(draw_wallet_scenario(seed), reorganise=2_500, **shape)


def test_rough_worlds_are_green_without_a_planted_bug() -> None:
    assert [seed for seed in part_of(SEEDS) if run_wallet_world(rough(seed)).reasons != ()] == []


def reasons_with(name: str) -> tuple[str, ...]:
    """Returns what the first world says that sees a planted bug: of seeded ones, or of one that is cut somewhere."""
    with ExitStack() as stack:
        for swap in CALL_BUGS[name]():
            stack.enter_context(swapped(swap))
        for seed in SEEDS:
            if (seen := run_wallet_world(rough(seed)).reasons) != ():
                return seen
        for number in range(1, POINTS):
            for cut in CUTS:
                if (seen := run_wallet_world(BUSY, CrashPoint(cut=cut, number=number)).reasons) != ():
                    return seen
    return ()


@pytest.mark.parametrize("name", list(CALL_BUGS))
def test_a_planted_bug_is_seen(name: str) -> None:
    assert reasons_with(name) != ()
