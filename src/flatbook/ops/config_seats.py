"""The grids of a desk, from its configuration to the seats that quote."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.engine.rules import Rules, SeatRules
from flatbook.events.control import Mode
from flatbook.ops.config_grid import grid_limits, grid_params
from flatbook.ops.config_instruments import instrument_of
from flatbook.ops.config_shape import Config
from flatbook.strategies.grid_seat import seat_of
from flatbook.values.ids import OwnerId


def grid_seats(config: Config) -> Mapping[OwnerId, SeatRules]:
    """Returns the seats of the grids of a configuration, by owner, whatever its mode.

    Needs: the configuration was checked.
    """
    return {
        OwnerId(owner): SeatRules(
            seat=seat_of(OwnerId(owner), grid_params(section, instrument_of(config, name))),
            limits=grid_limits(section),
        )
        for owner, sections in config.grid.items()
        for name, section in sections.items()
    }


def with_grids(rules: Rules, config: Config) -> Rules:
    """Returns the rules of a desk with the seats of its grids; one that only observes has none."""
    seats = {} if config.mode is Mode.OBSERVE else grid_seats(config)
    return msgspec.structs.replace(rules, seats={**rules.seats, **seats})
