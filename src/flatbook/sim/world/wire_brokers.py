"""Which venues on bytes a broker has."""

from __future__ import annotations

from flatbook.sim.runs.scenario import Broker
from flatbook.sim.world.wire_schwab import WireSchwab
from flatbook.sim.world.wire_venues import WireVenues

VENUES: dict[Broker, type[WireVenues | WireSchwab]] = {Broker.ALPACA: WireVenues, Broker.SCHWAB: WireSchwab}
