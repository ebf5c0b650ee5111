"""The faults of a world as its nodes ask for them."""

from __future__ import annotations

import pytest

from flatbook.sim.evm.injected import BEHIND_BLOCKS, NARROW_BLOCKS, InjectedNode
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.injection import Injection
from tests.unit.sim.evm.scene import START

ASKED = ("stands_still", "times_out", "leaves_out", "hides_logs", "invents_fill", "forgets_filter")


def node(strengths: dict[str, int], *, is_false: bool = True) -> tuple[InjectedNode, Injection]:
    injection = Injection("seed", strengths, lambda _fault, _where: None)
    return InjectedNode("evm-1", VirtualLoop(START), injection, is_false=is_false), injection


def test_a_node_of_a_world_without_its_faults_is_calm() -> None:
    calm, injection = node({})
    assert not any(getattr(calm, name)() for name in ASKED)
    assert (calm.shows_behind(), calm.range_max(1_000)) == (0, 1_000)
    assert injection.counts == {}


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("X4", "stands_still"),
        ("X5", "times_out"),
        ("X5", "leaves_out"),
        ("X3", "hides_logs"),
        ("M9", "invents_fill"),
        ("X20", "forgets_filter"),
    ],
)
def test_a_fault_strikes_under_its_id(fault: str, name: str) -> None:
    faulty, injection = node({fault: 10_000})
    assert getattr(faulty, name)()
    assert injection.counts == {fault: 1}


def test_strengths_are_within_their_bounds() -> None:
    faulty, _ = node({"X4": 10_000, "X5": 10_000})
    behind = [faulty.shows_behind() for _ in range(200)]
    narrow = [faulty.range_max(1_000) for _ in range(200)]
    assert (min(behind) >= BEHIND_BLOCKS[0], max(behind) <= BEHIND_BLOCKS[1]) == (True, True)
    assert (min(narrow) >= NARROW_BLOCKS[0], max(narrow) <= NARROW_BLOCKS[1]) == (True, True)


def test_an_honest_node_neither_hides_nor_invents() -> None:
    honest, injection = node({"X3": 10_000, "M9": 10_000}, is_false=False)
    assert (honest.hides_logs(), honest.invents_fill()) == (False, False)
    assert injection.counts == {}
