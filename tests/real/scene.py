"""A whole market on an anvil: an order book, tokens and their wrappers, an oracle, an inventory, and who trades there.

    with running_anvil() as chain:
        scene = deployed(chain)                       # Generation.V6, one share: COIN
        ask = scene.ask("COIN", price="250", shares="10")
        mined = scene.take(ask, most="2")             # the owner has sold 2 wtCOIN for 500 USDC
        scene.clear(ask, scene.offer(scene.stranger, ...))
        scene.reorg(1)                                # and now it has not
        source = EvmLogSource(nodes, scene.config(), clock, ReadUpTo(first_block=1))

Every method sends from an account that the chain signs for, mines a block unless it stands in `one_block`, and raises
where the transaction reverts. Amounts are whole tokens, as text or Decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

from eth_abi.abi import encode

from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.money import Quantity
from flatbook.venues.raindex.tokens import Generation as Interface
from flatbook.venues.raindex.tokens import Inventory, RaindexConfig, Token, TokenForm, Usdc, VaultOwner
from tests.real.abi import (
    address_of_creation,
    answer_of,
    call_of,
    creation_of,
    float_of,
    keccak_hex,
    reciprocal,
    units_of,
    whole_of,
)
from tests.real.anvil import Anvil
from tests.real.books import VAULT, Book, Erc20, Generation, Offer, Order, Take, book_of

Amount = Decimal | str | int

GAS = 12_000_000
MINTED = 10**9
DEPOSITED = 10**6
EVERYTHING = 2**256 - 1
PRICE_FUNCTIONS = {
    "getPriceUnsafe": "96834ad3",
    "getPriceNoOlderThan": "a4ae35e0",
    "getEmaPriceUnsafe": "9474f45b",
    "getEmaPriceNoOlderThan": "711a2e28",
}


class Share(NamedTuple):
    """A tokenized share: the token, and the wrapper that trades."""

    token: Erc20
    wrapper: Erc20


class Mined(NamedTuple):
    """A transaction that is in a block. Units: gas_wei in wei, without any data fee."""

    tx: str
    block: int
    block_hash: str
    gas_wei: int
    logs: tuple[Mapping[str, Any], ...]


class Reverted(AssertionError):
    """A transaction was mined and did nothing."""

    def __init__(self, tx: str) -> None:
        super().__init__(f"{tx} reverted")
        self.tx = tx


class Scene:
    """The market of one chain. `owner` is us, `stranger` another maker, `taker` who trades with both."""

    def __init__(self, chain: Anvil, book: Book, places: Mapping[str, str], shares: Mapping[str, Share]) -> None:
        self.chain, self.book, self.shares, self.places = chain, book, dict(shares), dict(places)
        self.deployer, self.owner, self.taker, self.stranger, self.admin, *self.others = chain.accounts
        self.usdc = Erc20(places["USDC"], "USDC", 6)
        self._nonce = 0
        self._waiting: list[str] | None = None

    # Sending.

    def send(self, sender: str, to: str, payload: str) -> str:
        """Sends a transaction that waits for a block, and returns its hash."""
        tx = self.chain.do("eth_sendTransaction", {"from": sender, "to": to, "data": payload, "gas": hex(GAS)})
        if self._waiting is not None:
            self._waiting.append(tx)
        return str(tx)

    def act(self, sender: str, to: str, payload: str) -> Mined:
        """Sends a transaction and mines it, except inside `one_block`."""
        tx = self.send(sender, to, payload)
        if self._waiting is not None:
            return Mined(tx, 0, "", 0, ())
        self.chain.mine()
        return self.mined(tx)

    def mined(self, tx: str) -> Mined:
        """Returns the transaction in its block; raises Reverted where it did nothing."""
        found = self.chain.receipt(tx)
        if found["status"] != "0x1":
            raise Reverted(tx)
        gas = int(found["gasUsed"], 16) * int(found["effectiveGasPrice"], 16)
        return Mined(tx, int(found["blockNumber"], 16), found["blockHash"], gas, tuple(found["logs"]))

    @contextmanager
    def one_block(self) -> Iterator[list[str]]:
        """Puts everything that is sent inside into one block, in the order of sending; gives the hashes."""
        sent: list[str] = []
        self._waiting = sent
        try:
            yield sent
        finally:
            self._waiting = None
        self.chain.mine()
        for tx in sent:
            self.mined(tx)

    def reorg(self, depth: int) -> None:
        """Replaces the newest blocks by empty ones: what they held has not happened."""
        self.chain.reorg(depth)

    # Trading.

    def offer(self, owner: str, offer: Offer) -> Order:
        """Adds an order of anybody."""
        self._nonce += 1
        order = self.book.order(owner, offer, self._nonce)
        self.act(owner, self.book.address, self.book.add(order))
        return order

    def ask(self, symbol: str, *, price: Amount, shares: Amount, owner: str | None = None) -> Order:
        """Adds an order that sells wrapped shares for dollars: at most `shares` a trade, at `price` each."""
        return self.offer(
            owner or self.owner, Offer(self.shares[symbol].wrapper, self.usdc, Decimal(shares), Decimal(price))
        )

    def bid(self, symbol: str, *, price: Amount, shares: Amount, owner: str | None = None) -> Order:
        """Adds an order that buys wrapped shares for dollars: at most `shares` a trade, at `price` each."""
        spent = Decimal(shares) * Decimal(price)
        return self.offer(
            owner or self.owner, Offer(self.usdc, self.shares[symbol].wrapper, spent, reciprocal(Decimal(price)))
        )

    def remove(self, order: Order) -> Mined:
        """Removes an order."""
        return self.act(order.owner, self.book.address, self.book.remove(order))

    def is_live(self, order: Order) -> bool:
        """True while an order stands in the book."""
        payload = call_of(self.book.generation.value, "orderExists", bytes.fromhex(order.hash[2:]))
        return int(self._view(self.book.address, payload, "latest"), 16) == 1

    def take(
        self, *orders: Order, most: Amount | None = None, spend: Amount | None = None, by: str | None = None
    ) -> Mined:
        """Takes orders in one call: at most `most` of what they give, or `spend` of what they want. One log each."""
        take = Take(orders, _decimal(most), _decimal(spend))
        return self.act(by or self.taker, self.book.address, self.book.take(take))

    def clear(self, alice: Order, bob: Order, *, by: str | None = None) -> Mined:
        """Lets two orders of different owners trade with each other; what they leave over goes to who called."""
        return self.act(by or self.taker, self.book.address, self.book.clear(alice, bob, VAULT))

    def together(self, *payloads: str, by: str | None = None) -> Mined:
        """Makes several calls of the book in one transaction."""
        inner = [bytes.fromhex(payload[2:]) for payload in payloads]
        payload = call_of(self.book.generation.value, "multicall", inner)
        return self.act(by or self.taker, self.book.address, payload)

    def settle(self, *, pays: Erc20, paid: Amount, gets: Erc20, got: Amount) -> Mined:
        """Lets the operator settle a trade of the taker out of the inventory: a deposit and a withdrawal."""
        arguments = (
            self.places["Inventory"],
            VAULT.to_bytes(32, "big"),
            *(pays.address, float_of(Decimal(paid))),
            *(gets.address, float_of(Decimal(got))),
        )
        return self.act(self.taker, self.places["Settler"], call_of("Settler", "settle", *arguments))

    def add(self, contract: str, *arguments: object) -> str:
        """Creates one more contract, and returns where it stands."""
        deployment = _Deployment(self.chain)
        place = deployment.create(contract, *arguments)
        deployment.mine()
        return place

    # Vaults, tokens and prices.

    def deposit(self, owner: str, token: Erc20, amount: Amount, *, vault: int = VAULT) -> Mined:
        """Moves tokens of a wallet into its vault."""
        return self.act(owner, self.book.address, self.book.deposit(token, Decimal(amount), vault))

    def withdraw(self, owner: str, token: Erc20, amount: Amount, *, vault: int = VAULT) -> Mined:
        """Moves tokens out of a vault into the wallet: less when it holds less."""
        return self.act(owner, self.book.address, self.book.withdraw(token, Decimal(amount), vault))

    def vault(self, owner: str, token: Erc20, *, vault: int = VAULT, at: int | str = "latest") -> Decimal:
        """Returns what a vault holds at a block, every digit of it."""
        answer = self._view(self.book.address, self.book.vault(owner, token, vault), at)
        return self.book.in_vault(answer, token)

    def balance(self, holder: str, token: Erc20, *, at: int | str = "latest") -> Decimal:
        """Returns how many tokens an address holds at a block."""
        answer = self._view(token.address, call_of("Token", "balanceOf", holder), at)
        return whole_of(int(answer, 16), token.decimals)

    def ratio(self, symbol: str, *, at: int | str = "latest") -> Decimal:
        """Returns how many shares one wrapped share stands for at a block."""
        (units,) = answer_of(
            ["uint256"],
            self._view(self.shares[symbol].wrapper.address, call_of("Wrapper", "convertToAssets", 10**18), at),
        )
        return whole_of(units, 18)

    def donate(self, symbol: str, shares: Amount) -> Mined:
        """Pays a dividend: every wrapped share stands for more afterwards."""
        share = self.shares[symbol]
        units = units_of(Decimal(shares), share.token.decimals)
        payload = call_of("Token", "transfer", share.wrapper.address, units)
        return self.act(self.deployer, share.token.address, payload)

    def stop(self, token: Erc20, *, stopped: bool = True) -> Mined:
        """Stops a token: until it goes on no transfer of it succeeds."""
        return self.act(self.deployer, token.address, call_of("Token", "stop", stopped))

    def freeze(self, symbol: str, *, frozen: bool = True) -> Mined:
        """Freezes a wrapper: until it thaws nothing can be redeemed."""
        return self.act(self.deployer, self.shares[symbol].wrapper.address, call_of("Wrapper", "freeze", frozen))

    def feed(self, symbol: str) -> str:
        """Returns the id of the price feed of a symbol on this chain."""
        return keccak_hex(symbol.encode())

    def set_price(self, symbol: str, price: Amount, *, expo: int = -8, ema: Amount | None = None) -> Mined:
        """States a price now, in units of 10**expo, with a confidence of a thousandth."""
        now = int(self.chain.do("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        stated = []
        for each in (price, price if ema is None else ema):
            units = units_of(Decimal(each), -expo)
            stated.append((units, abs(units) // 1000, expo, now))
        payload = call_of("Pyth", "set", bytes.fromhex(self.feed(symbol)[2:]), *stated)
        return self.act(self.deployer, self.places["Pyth"], payload)

    def priced_by(
        self, *symbols: str, most: Amount, factor: Amount = 1, function: str = "getPriceUnsafe", inverse: bool = False
    ) -> tuple[str, bytes]:
        """Returns the pricing of an order at the price of the first symbol times a factor; the others are read too."""
        selectors = [bytes.fromhex(PRICE_FUNCTIONS[function])] * len(symbols)
        feeds = [bytes.fromhex(self.feed(symbol)[2:]) for symbol in symbols]
        terms = (self.places["Pyth"], feeds, selectors, 60, *map(float_of, (Decimal(most), Decimal(factor))), inverse)
        types = "(address,bytes32[],bytes4[],uint256,bytes32,bytes32,bool)"
        return self.places["PythPriced"], encode([types], [terms])

    def _view(self, to: str, payload: str, at: int | str) -> str:
        return str(self.chain.do("eth_call", {"to": to, "data": payload}, hex(at) if isinstance(at, int) else at))

    # What the code under test is told.

    def config(self, *, owner: str = "desk", account: str = "base:vault") -> RaindexConfig:
        """Returns what a desk that knows these contracts has in its configuration."""
        ours = VaultOwner(address=self.owner, owner=OwnerId(owner), account=AccountId(account))
        return RaindexConfig(
            source=SourceId("base"),
            chain=ChainId(self.chain.terms.chain_id),
            order_books=(self.book.address,),
            inventories=(self._inventory(ours),) if "Inventory" in self.places else (),
            owners=(ours,),
            tokens=tuple(_token(symbol, share.wrapper) for symbol, share in self.shares.items()),
            usdc=(Usdc(address=self.usdc.address, asset=AssetId("USDC"), symbol="USDC", decimals=6),),
            renames=(),
            shares_max=Quantity(Decimal(10**6)),
            gas_coin=AssetId("ETH"),
            generations={self.book.address: Interface(self.book.generation.value.removeprefix("Book").lower())},
        )

    def _inventory(self, ours: VaultOwner) -> Inventory:
        wallets = (self.owner, self.admin)
        return Inventory(address=self.places["Inventory"], wallets=wallets, owner=ours.owner, account=ours.account)


def _decimal(amount: Amount | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def _token(symbol: str, wrapper: Erc20) -> Token:
    return Token(
        address=wrapper.address,
        asset=AssetId(f"wt{symbol}"),
        instrument=InstrumentId(f"wt{symbol}/USDC@base"),
        symbol=wrapper.symbol,
        form=TokenForm.PREFIX_WT,
        ticker=Underlying(symbol),
        decimals=wrapper.decimals,
    )


class _Deployment:
    """Creates contracts and calls them, all in as few blocks as it takes."""

    def __init__(self, chain: Anvil) -> None:
        self.chain = chain
        self.deployer = chain.accounts[0]
        self._nonce = int(chain.do("eth_getTransactionCount", self.deployer, "latest"), 16)
        self._asks: list[dict[str, object]] = []

    def create(self, contract: str, *arguments: object) -> str:
        place = address_of_creation(self.deployer, self._nonce)
        self._nonce += 1
        self._asks.append({"from": self.deployer, "data": creation_of(contract, *arguments), "gas": hex(GAS)})
        return place

    def call(self, sender: str, to: str, payload: str) -> None:
        self._nonce += sender == self.deployer
        self._asks.append({"from": sender, "to": to, "data": payload, "gas": hex(GAS)})

    def mine(self) -> None:
        sent = self.chain.do_all([("eth_sendTransaction", (ask,)) for ask in self._asks])
        self._asks = []
        self.chain.mine()
        for tx in sent:
            if self.chain.receipt(tx)["status"] != "0x1":
                raise Reverted(tx)


def deployed(
    chain: Anvil,
    generation: Generation = Generation.V6,
    *,
    shares: Sequence[str] = ("COIN",),
    decimals: int = 18,
    funded: bool = True,
) -> Scene:
    """Puts the contracts on a chain and gives everybody tokens; with `funded` the makers' vaults are filled too.

    Needs: a chain that nobody has used. The sixth generation comes with an inventory and its operator.
    """
    deployment = _Deployment(chain)
    places = {"USDC": deployment.create("Token", "USDC", 6), "Book": deployment.create(generation.value)}
    places["Pyth"] = deployment.create("Pyth")
    places["PythPriced"] = deployment.create("PythPriced")
    found: dict[str, Share] = {}
    for symbol in shares:
        token = Erc20(deployment.create("Token", f"t{symbol}", decimals), f"t{symbol}", decimals)
        wrapper = Erc20(deployment.create("Wrapper", f"wt{symbol}", token.address), f"wt{symbol}", decimals)
        found[symbol] = Share(token, wrapper)
    scene_accounts = chain.accounts
    if generation is Generation.V6:
        places["Inventory"] = deployment.create("Inventory", scene_accounts[4], places["Book"])
        places["Settler"] = deployment.create("Settler")
    scene = Scene(chain, book_of(generation, places["Book"]), places, found)
    _hand_out(scene, deployment)
    if "Inventory" in places:
        _open_inventory(scene, deployment)
    deployment.mine()
    if funded:
        _fund(scene, deployment)
        deployment.mine()
    return scene


def _hand_out(scene: Scene, deployment: _Deployment) -> None:
    """Gives dollars and wrapped shares to everybody who trades, and lets the book and the operator move them."""
    traders = (scene.owner, scene.stranger, scene.taker, scene.admin)
    spenders = [scene.places[name] for name in ("Book", "Inventory", "Settler") if name in scene.places]
    for share in scene.shares.values():
        units = units_of(Decimal(MINTED * 10), share.token.decimals)
        deployment.call(scene.deployer, share.token.address, call_of("Token", "mint", scene.deployer, units))
        deployment.call(
            scene.deployer, share.token.address, call_of("Token", "approve", share.wrapper.address, EVERYTHING)
        )
    for trader in traders:
        deployment.call(
            scene.deployer, scene.usdc.address, call_of("Token", "mint", trader, units_of(Decimal(MINTED), 6))
        )
        for share in scene.shares.values():
            units = units_of(Decimal(MINTED), share.token.decimals)
            deployment.call(scene.deployer, share.wrapper.address, call_of("Wrapper", "deposit", units, trader))
        for token in (scene.usdc, *(share.wrapper for share in scene.shares.values())):
            for spender in spenders:
                deployment.call(trader, token.address, call_of("Token", "approve", spender, EVERYTHING))


def _open_inventory(scene: Scene, deployment: _Deployment) -> None:
    """Lets the operator and the admin move what the inventory holds."""
    role = bytes.fromhex(keccak_hex(b"OPERATOR_ROLE")[2:])
    for account in (scene.places["Settler"], scene.admin):
        payload = call_of("Inventory", "grantRole", role, account)
        deployment.call(scene.admin, scene.places["Inventory"], payload)


def _fund(scene: Scene, deployment: _Deployment) -> None:
    amount = Decimal(DEPOSITED)
    tokens = (scene.usdc, *(share.wrapper for share in scene.shares.values()))
    for token in tokens:
        payload = scene.book.deposit(token, amount, VAULT)
        for maker in (scene.owner, scene.stranger):
            deployment.call(maker, scene.book.address, payload)
        if "Inventory" in scene.places:
            deployment.call(scene.admin, scene.places["Inventory"], payload)
