"""Lattices: laid anew where the market asks for another step, and never more of them than are kept."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from flatbook.events.grid import GridLaid
from flatbook.state.grid import GridMemory
from flatbook.strategies.grid_lay import LATTICES_KEPT_MAX, laid
from flatbook.strategies.grid_size import pays
from flatbook.values.lattice import Lattice, Spacing
from flatbook.values.money import Price
from tests.unit.strategies.grid_scene import NEUTRAL, LiteralView

WIDER = replace(NEUTRAL, step=20)


def lattices(count: int) -> tuple[Lattice, ...]:
    """Returns so many lattices, the newest first."""
    return tuple(
        Lattice(number=number, spacing=Spacing.ARITHMETIC, anchor=1_000, step=10) for number in range(count, 0, -1)
    )


def test_another_step_lays_a_lattice_and_keeps_those_before_it_that_are_in_use() -> None:
    view, memory = LiteralView(WIDER), GridMemory(lattices=lattices(3))
    assert view.book is not None
    found, (note,) = laid(view, WIDER, memory, view.book, {3, 1})
    assert isinstance(note, GridLaid)
    assert (note.lattice.number, note.lattice.step, note.lattice.anchor) == (4, 20, 1_000)
    assert [each.number for each in found] == [4, 3, 1]


def test_while_too_many_lattices_are_in_use_the_present_one_stays() -> None:
    view = LiteralView(WIDER)
    assert view.book is not None
    full = GridMemory(lattices=lattices(LATTICES_KEPT_MAX), tick=Price(Decimal(1)))
    used = {each.number for each in full.lattices}
    assert laid(view, WIDER, full, view.book, used) == (full.lattices, ())
    _, notes = laid(view, WIDER, full, view.book, used - {1})
    assert len(notes) == 1


def test_a_cycle_that_just_pays_its_fees_pays_nothing() -> None:
    assert not pays(4_999, 5_001, Decimal("0.0002"))
    assert pays(4_999, 5_002, Decimal("0.0002"))
    assert not pays(5_001, 4_999, Decimal("0.0002"))
