"""All of a desk that is reached over a network, from the lines to brokers and nodes to what speaks over them."""

from __future__ import annotations

from flatbook.engine.call_outbox import Senders
from flatbook.engine.own_books import ReadBooks
from flatbook.engine.ports import ChainSource, Clock, LoginClock, OrderVenue
from flatbook.events.control import Mode
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import LiveAccount, PaperExchangeAccount, is_real_money
from flatbook.ops.config_chains import NodesChain
from flatbook.ops.config_rules import pyth_of, raindex_of, source_of
from flatbook.services.live_accounts import Line, lines_of, venue_of
from flatbook.services.live_chains import Wire, source_over, wires_of
from flatbook.services.live_quotes import quotes_of
from flatbook.services.live_wallets import senders_of
from flatbook.services.prices import Asked
from flatbook.services.read_only import ReadOnlyVenue
from flatbook.sim.exchange.paper import PaperExchange
from flatbook.values.ids import AccountId, ChainId, SourceId
from flatbook.venues.evm.heads import Heads
from flatbook.venues.evm.offer_reader import EvmOfferReader
from flatbook.venues.pyth.reader import PythReader
from flatbook.venues.pyth.terms import PythTerms
from flatbook.venues.raindex.tokens import RaindexConfig


class Outside:
    """The connections of one desk. Opened when they are first used, closed together."""

    def __init__(self, loaded: Loaded, clock: Clock) -> None:
        """Reads the secrets of all accounts and nodes.

        Errors: SecretRefused; ConfigRefused for an address that may not be connected to.
        """
        self._loaded, self._clock = loaded, clock
        config = loaded.config
        self.lines: dict[str, Line] = lines_of(loaded, clock)
        self.wires: dict[str, tuple[Wire, ...]] = {
            name: wires_of(loaded, name, chain, clock)
            for name, chain in config.chains.items()
            if isinstance(chain, NodesChain)
        }

    def venue(self, name: str, account: LiveAccount | PaperExchangeAccount, books: ReadBooks) -> OrderVenue:
        """Returns the adapter of an account; one of real money is only read unless the mode is live."""
        venue = venue_of(self._loaded, name, self.lines[name], self._clock, books)
        is_live = self._loaded.config.mode is Mode.LIVE
        return ReadOnlyVenue(venue) if is_real_money(account) and not is_live else venue

    def source(self, name: str, chain: NodesChain) -> ChainSource:
        """Returns the source of a chain over its nodes.

        Errors: ConfigRefused.
        """
        return source_over(self._loaded, name, chain, self.wires[name], self._clock)

    def pyth_readers(self) -> dict[ChainId, PythReader]:
        """Returns what asks Pyth about fills, by the id of the chain.

        Errors: ConfigRefused.
        """
        config, terms = self._loaded.config, {name: pyth_of(self._loaded, name, PythTerms) for name in self.wires}
        return {
            ChainId(config.chains[name].id): PythReader([wire.node for wire in wires], known, self._clock)
            for name, wires in self.wires.items()
            if (known := terms[name]) is not None
        }

    def offer_readers(self) -> tuple[EvmOfferReader, ...]:
        """Returns what asks what our orders offer, a reader for each chain that is read from nodes.

        Errors: ConfigRefused.
        """
        return tuple(
            EvmOfferReader([wire.node for wire in wires], raindex_of(self._loaded, name, RaindexConfig), self._clock)
            for name, wires in self.wires.items()
        )

    def senders(self) -> Senders:
        """Returns what sends from each wallet; nothing in mode observe.

        Errors: KeystoreRefused, SecretRefused.
        """
        if self._loaded.config.mode is Mode.OBSERVE:
            return {}
        return senders_of(self._loaded, {name: [wire.node for wire in wires] for name, wires in self.wires.items()})

    def quotes(self) -> tuple[Asked, ...]:
        """Returns the sources that are asked for quotes."""
        return quotes_of(self._loaded.config, self.lines, self._clock)

    def heads(self) -> tuple[tuple[SourceId, Heads], ...]:
        """Returns what tells of new blocks, with the name of the source that it is a hint for."""
        return tuple(
            (source_of(name), wire.heads)
            for name, wires in self.wires.items()
            for wire in wires
            if wire.heads is not None
        )

    def logins(self) -> dict[AccountId, LoginClock]:
        """Returns the logins that persons make, by account."""
        return {AccountId(name): line.login for name, line in self.lines.items() if line.login is not None}

    def papers(self) -> dict[str, PaperExchange]:
        """Returns the exchanges in the process, by account."""
        return {name: line.paper for name, line in self.lines.items() if line.paper is not None}

    async def close(self) -> None:
        """Closes all connections."""
        for line in self.lines.values():
            await line.close()
        for wires in self.wires.values():
            for wire in wires:
                await wire.http.close()
