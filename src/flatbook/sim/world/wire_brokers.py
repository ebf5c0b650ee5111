"""Which venues on bytes a broker or an exchange has."""

from __future__ import annotations

from flatbook.sim.runs.scenario import Broker
from flatbook.sim.world.wire_exchange import WireExchange
from flatbook.sim.world.wire_schwab import WireSchwab
from flatbook.sim.world.wire_venues import WireVenues

VENUES: dict[Broker, type[WireVenues | WireSchwab | WireExchange]] = {
    Broker.ALPACA: WireVenues,
    Broker.SCHWAB: WireSchwab,
    Broker.BINANCE: WireExchange,
    Broker.BYBIT: WireExchange,
}
