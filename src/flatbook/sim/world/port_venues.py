"""The venues of a desk at the engine's port: an exchange and a link for each account."""

from __future__ import annotations

from flatbook.engine.ports import LoginClock, OrderVenue
from flatbook.sim.network.port_link import Link
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.desk import accounts_of, rules_of, terms_of
from flatbook.sim.world.exchange import Exchange
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.port_venue import Caller, PortVenue
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Instrument


class PortVenues:
    """Exchanges that are called at the port, over links that lose calls."""

    def __init__(self, scenario: Scenario, outside: Outside) -> None:
        self._outside = outside
        self._cards = rules_of(scenario).cards
        self.exchanges = {
            name: Exchange(terms_of(scenario, name), outside.record, outside.injection, outside.now, outside.later)
            for name in accounts_of(scenario)
        }
        self._links = {name: Link(name, scenario.seed, outside.loop, outside.injection) for name in self.exchanges}

    def set_price(self, symbol: str, price: int) -> None:
        """Moves the price of a symbol at all exchanges."""
        for exchange in self.exchanges.values():
            exchange.set_price(symbol, price)

    def trade_of_others(self, account: str, symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on an account without an order of ours."""
        exchange = self.exchanges[account]
        if forced:
            exchange.force(symbol, sign, qty)
        else:
            exchange.trade_of_others(symbol, sign, qty)

    def of_life(self, caller: Caller, instruments: tuple[Instrument, ...]) -> dict[AccountId, OrderVenue]:
        """Returns the venues as one life of the desk reaches them."""
        outside = self._outside
        return {
            AccountId(name): PortVenue(
                exchange,
                self._links[name],
                caller,
                self._cards[AccountId(name)],
                (outside.loop, outside.record, outside.injection),
                tuple(each for each in instruments if each.account == name),
            )
            for name, exchange in self.exchanges.items()
        }

    def logins_of_life(self) -> dict[AccountId, LoginClock]:
        """None: who asks proves himself by a key."""
        return {}

    def are_quiet(self) -> bool:
        """Whether no order is open at any exchange."""
        return all(order.ended_at is not None for each in self.exchanges.values() for order in each.orders.values())

    def end(self) -> None:
        """Adds nothing: each thing was recorded when it happened."""
