"""The simulated Bybit behind HTTP and WebSockets."""

from __future__ import annotations

from flatbook.sim.exchange.bybit.front import Front
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.server import ExchangeServer
from flatbook.sim.network.http_broker import Now, Rest

FAULT_TEXT = {"retCode": 10016, "retMsg": "Internal System Error.", "result": {}, "retExtInfo": {}}


def bybit_server(exchange: Exchange, *, now: Now, rest: Rest) -> ExchangeServer:
    """Returns what serves an exchange in the protocol of Bybit. Units: as in HttpBroker."""
    return ExchangeServer(Front(exchange), now=now, rest=rest, fault_text=FAULT_TEXT)
