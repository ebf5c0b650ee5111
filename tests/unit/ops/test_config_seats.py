"""A desk with a grid has its seat; one that only observes has none."""

from __future__ import annotations

import msgspec

from flatbook.events.control import Mode
from flatbook.ops.config import load_text
from flatbook.ops.config_rules import rules_of
from flatbook.ops.config_seats import grid_seats, with_grids
from flatbook.strategies.quoting import FeatureKind
from flatbook.values.ids import OwnerId
from tests.unit.ops.scene import HOME
from tests.unit.ops.test_config_grid import with_grid

MAKER = OwnerId("maker")


def test_a_grid_has_a_seat_with_its_limits() -> None:
    loaded = load_text(with_grid('step = "25"', 'step = "60"\natr_pct = 150'), HOME)
    seated = grid_seats(loaded.config)[MAKER]
    assert [each.id for each in seated.seat.instruments] == ["BTC-PERP@bybit"]
    assert [each.kind for each in seated.seat.features] == [FeatureKind.ATR, FeatureKind.BAR_CLOSE]
    assert seated.limits.collar_bps_max == 500


def test_a_desk_that_only_observes_seats_nobody() -> None:
    loaded = load_text(with_grid('step = "25"', 'step = "60"'), HOME)
    rules = rules_of(loaded, {})
    observing = msgspec.structs.replace(loaded.config, mode=Mode.OBSERVE)
    assert (list(with_grids(rules, loaded.config).seats), list(with_grids(rules, observing).seats)) == ([MAKER], [])
