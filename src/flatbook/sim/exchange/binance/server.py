"""The simulated Binance behind HTTP and WebSockets."""

from __future__ import annotations

from flatbook.sim.exchange.binance.front import Front
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.server import ExchangeServer
from flatbook.sim.network.http_broker import Now, Rest

FAULT_TEXT = {
    "code": -1007,
    "msg": "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
}


def binance_server(exchange: Exchange, *, now: Now, rest: Rest) -> ExchangeServer:
    """Returns what serves an exchange in the protocol of Binance. Units: as in HttpBroker."""
    return ExchangeServer(Front(exchange), now=now, rest=rest, fault_text=FAULT_TEXT)
