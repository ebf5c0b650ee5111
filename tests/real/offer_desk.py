"""A desk that offers on a real chain: its wallet, log source, offer reader and a paper broker that hedges it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiohttp
import msgspec

from flatbook.engine.follow import Pace
from flatbook.engine.rules import OfferRules
from flatbook.engine.run import Engine
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal
from flatbook.risk.call_limits import AllowedCall, CallLimits
from flatbook.services.prices import follow_prices
from flatbook.sim.broker.broker import Broker
from flatbook.state.offers import Offer
from flatbook.strategies.offers import OfferParams
from flatbook.values.ids import AccountId, OwnerId, WalletId
from flatbook.values.instants import instant_of_seconds, later
from flatbook.values.sessions import SessionKind
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.evm.offer_reader import EvmOfferReader
from flatbook.venues.http import SessionHttp
from flatbook.venues.paper.venue import PaperVenue
from flatbook.venues.paper.wire import InProcessTransport
from flatbook.venues.raindex.calls import Function
from flatbook.venues.raindex.tokens import RaindexConfig, VaultOwner
from tests.desk import CHAIN as SOURCE
from tests.desk import COIN, PAPER, Setting, desk_of
from tests.real.abi import call_of, units_of
from tests.real.anvil import BLOCK_S
from tests.real.books import Order
from tests.real.scene import Scene
from tests.real.wallet_desk import CHAIN, HOLDINGS, OWNER, QUICK, VAULT, Life, QuickClock, WalletDesk

PACE = Pace(chain_poll_s=4, order_poll_s=4, idle_poll_s=8, statement_s=60, retry_s=4)
DEPOSITED = Decimal(100)


class OfferDesk(WalletDesk):
    """A wallet desk whose wallet has a vault with wrapped shares on a scene, and a paper broker with COIN."""

    def __init__(self, scene: Scene) -> None:
        limits = CallLimits(
            allowed=tuple(
                AllowedCall(to=scene.book.address, selector=function.value)
                for function in (Function.REMOVE_ORDER3, Function.ADD_ORDER4)
            ),
            amount_max={},
            amount_day_max={},
            calls_day_max=50,
            fee_coin_max=Decimal("0.05"),
        )
        super().__init__(scene.chain, limits)
        self.scene = scene
        self._fund()
        head_s = int(scene.chain.do("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self.clock = QuickClock(head_s + BLOCK_S)
        self.paper = desk_of(Setting(start=later(instant_of_seconds(head_s), seconds=-600), lot="0.001"), ())
        offers = {(OWNER, COIN): OfferRules(params=self._params())}
        self.rules = msgspec.structs.replace(self.paper.rules, wallets=self.rules.wallets, offers=offers)

    def _fund(self) -> None:
        """Gives the wallet wrapped shares and puts them into its vault; the chain signs for it meanwhile."""
        scene, wrapper = self.scene, self.scene.shares["COIN"].wrapper
        units = units_of(DEPOSITED, wrapper.decimals)
        scene.act(scene.owner, wrapper.address, call_of("Token", "transfer", self.wallet, units))
        self.chain.do("anvil_impersonateAccount", self.wallet)
        scene.act(self.wallet, wrapper.address, call_of("Token", "approve", scene.book.address, units))
        scene.deposit(self.wallet, wrapper, DEPOSITED)

    def ask(self, *, price: str, shares: str) -> Order:
        """Adds an order of the wallet by hand. The chain signs nothing for it any more afterwards."""
        order = self.scene.ask("COIN", price=price, shares=shares, owner=self.wallet)
        self.chain.do("anvil_stopImpersonatingAccount", self.wallet)
        return order

    def _params(self) -> OfferParams:
        return OfferParams(
            sessions=(SessionKind.REGULAR,),
            cutoff_s=120,
            fill_shares=Decimal(2),
            standing_shares_max=Decimal(20),
            threshold_shares=Decimal(1),
            order_shares_max=Decimal(5),
            venues=1,
            price_age_s_max=180,
            chain=CHAIN,
            wallet=WalletId(self.wallet),
            gas_account=HOLDINGS,
            quiet_s=10,
        )

    def config(self) -> RaindexConfig:
        """Returns what this desk knows of the contracts: its own wallet is the only owner."""
        ours = VaultOwner(address=self.wallet, owner=OwnerId(OWNER), account=AccountId(VAULT))
        return msgspec.structs.replace(self.scene.config(), owners=(ours,), inventories=())

    def coin_wei(self) -> int:
        """Returns what the wallet holds of the chain's coin."""
        return int(self.chain.do("eth_getBalance", self.wallet, "latest"), 16)

    def shares(self) -> Decimal:
        """Returns the shares that the broker's own ledger holds."""
        assert isinstance(self.paper.broker, Broker)
        return self.paper.broker.truth.balances_at(PAPER, self.clock.now())["COIN"]

    def events(self) -> tuple[Event, ...]:
        """Returns what the journal holds."""
        return tuple(event for row in MemoryJournal(self.store).read() for event in row.events)


class OfferLife(Life):
    """One process over an offering desk."""

    def __init__(self, desk: OfferDesk) -> None:
        super().__init__(desk)
        self._paper, clock, config = desk.paper, desk.clock, desk.config()
        ways = [SessionHttp(desk.chain.url, clock, connect=aiohttp.TCPConnector, authorize=dict) for _ in range(2)]
        self._https += ways
        nodes = [RpcNode(http, clock, name=f"read-{place}", timeout_s=10 * QUICK) for place, http in enumerate(ways, 1)]
        upto = ReadUpTo(first_block=1, receipts=True)
        venue = PaperVenue(
            InProcessTransport(desk.paper.broker, clock),
            clock,
            account=PAPER,
            instruments=desk.paper.instruments,
            card=desk.rules.cards[PAPER],
        )
        parts = msgspec.structs.replace(
            self.engine.parts,
            venues={PAPER: venue},
            sources=(EvmLogSource(nodes, config, clock, upto),),
            offers=(EvmOfferReader(nodes, config, clock),),
            pace=PACE,
        )
        self.engine = Engine(parts)
        assert config.source == SOURCE

    async def start(self) -> None:
        """Lets the engine recover and run, with prices."""
        await super().start()
        self._feeds = [
            asyncio.create_task(follow_prices(feed, self.engine.observe, self.desk.clock))
            for feed in self._paper.prices
        ]

    async def kill(self) -> None:
        """Ends the process where it stands."""
        for feed in self._feeds:
            feed.cancel()
        await asyncio.gather(*self._feeds, return_exceptions=True)
        await super().kill()

    async def ended(self) -> str:
        """Returns why the engine ended, once it has."""
        assert self._running is not None
        return await self._running

    def offer(self, order: Order) -> Offer | None:
        """Returns an order as the desk knows it."""
        return self.state.offers.by_hash.get((CHAIN, order.hash))
