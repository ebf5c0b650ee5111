"""Random trades on a chain: what the source of logs says adds up to what the vaults of the contracts hold.

A script of orders, takes, clears, settlements, dividends and reorganisations is drawn from a seed. After each
reorganisation, and at the end, the trades that were read and not taken back are compared with the vaults.
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from flatbook.events.chain import VaultFilled
from flatbook.events.offers import OfferSeen
from flatbook.values.instruments import Side
from flatbook.venues.evm.log_source import ReadUpTo
from tests.real.anvil import Terms, running_anvil
from tests.real.books import Generation, Order
from tests.real.reading import read
from tests.real.scene import DEPOSITED, Scene, deployed

pytestmark = pytest.mark.real

STEPS = 60
PRICES = ("125", "160", "200", "250", "256", "320")  # whose inverses end
EPOCH = 4


class Script:
    """One drawn script, and what was read of it."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self._draw = scene, random.Random(seed)
        self.cursor = ""
        self.fills: list[VaultFilled] = []
        self._orders: list[Order] = []
        self.reorganised = 0

    def step(self) -> None:
        kinds = [self._add, self._take, self._take, self._take, self._clear, self._read, self._wait, self._reorg]
        if "Settler" in self.scene.places:
            kinds += [self._settle, self._donate]
        self._draw.choice(kinds)()

    def _amount(self, most: int) -> Decimal:
        return Decimal(self._draw.randrange(1, most * 10**4)).scaleb(-4)

    def _add(self) -> None:
        maker = self._draw.choice((self.scene.owner, self.scene.stranger))
        side = self._draw.choice((self.scene.ask, self.scene.bid))
        price, shares = self._draw.choice(PRICES), self._amount(20)
        self._orders.append(side("COIN", price=price, shares=shares, owner=maker))

    def _take(self) -> None:
        if not self._orders:
            return self._add()
        first = self._draw.choice(self._orders)
        same = [order for order in self._orders if order.offer.gives == first.offer.gives and order is not first]
        orders = [first, *self._draw.sample(same, min(len(same), self._draw.randrange(3)))]
        self.scene.take(*orders, most=self._amount(15 if first.offer.gives != self.scene.usdc else 3_000))
        return None

    def _clear(self) -> None:
        asks = [order for order in self._orders if order.offer.gives != self.scene.usdc]
        bids = [order for order in self._orders if order.offer.gives == self.scene.usdc]
        pairs = [
            (ask, bid)
            for ask in asks
            for bid in bids
            if ask.owner != bid.owner and ask.offer.ratio * bid.offer.ratio <= 1
        ]
        if not pairs:
            return self._add()
        pair = list(self._draw.choice(pairs))
        self._draw.shuffle(pair)
        self.scene.clear(*pair)
        return None

    def _settle(self) -> None:
        tokens = [self.scene.usdc, self.scene.shares["COIN"].wrapper]
        self._draw.shuffle(tokens)
        self.scene.settle(pays=tokens[0], paid=self._amount(9), gets=tokens[1], got=self._amount(9))

    def _donate(self) -> None:
        self.scene.donate("COIN", self._amount(10_000_000))

    def _wait(self) -> None:
        self.scene.chain.mine(self._draw.randrange(1, 6))

    def _reorg(self) -> None:
        """Replaces a few blocks that are not final, and forgets the orders that stood in them."""
        height = self.scene.chain.height
        final = int(self.scene.chain.do("eth_getBlockByNumber", "finalized", False)["number"], 16)
        depth = min(self._draw.randrange(1, 5), height - final, height - 3)
        if depth < 1:
            return
        self.scene.reorg(depth)
        self.reorganised += 1
        self._orders = [order for order in self._orders if self.scene.is_live(order)]

    def _read(self) -> None:
        found = read(
            self.scene.chain.url, self.scene.config(), self.cursor, upto=ReadUpTo(first_block=1, receipts=False)
        )
        if found.removed_from is not None:
            self.fills = [fill for fill in self.fills if fill.key.block < found.removed_from]
        assert not [event for event in found.events if not isinstance(event, VaultFilled | OfferSeen)]
        self.fills += [event for event in found.events if isinstance(event, VaultFilled)]
        self.cursor = found.cursor

    def check(self) -> None:
        """Compares what was read with what our vaults hold, and each ratio with the one at its block."""
        self.scene.chain.mine()
        self._read()
        ours = [self.scene.owner, *(self.scene.places[name] for name in ("Inventory",) if name in self.scene.places)]
        wrapper = self.scene.shares["COIN"].wrapper
        held = [
            sum(self.scene.vault(owner, token) - DEPOSITED for owner in ours) for token in (wrapper, self.scene.usdc)
        ]
        signs = [1 if fill.side is Side.BUY else -1 for fill in self.fills]
        read_tokens = sum(sign * fill.token_amount for sign, fill in zip(signs, self.fills, strict=True))
        read_usdc = sum(-sign * fill.usdc_amount for sign, fill in zip(signs, self.fills, strict=True))
        assert [read_tokens, read_usdc] == held
        for fill in self.fills:
            assert fill.ratio == self.scene.ratio("COIN", at=fill.key.block)


def check_script(generation: Generation, seed: int) -> Script:
    with running_anvil(Terms(slots_in_an_epoch=EPOCH)) as chain:
        script = Script(deployed(chain, generation), seed)
        for _ in range(STEPS):
            script.step()
        script.check()
        return script


@pytest.mark.parametrize("generation", Generation, ids=lambda generation: generation.name)
def test_what_is_read_of_random_trades_is_what_the_vaults_hold(generation: Generation) -> None:
    script = check_script(generation, seed=1)
    assert script.fills
    assert script.reorganised


@pytest.mark.e2e
@pytest.mark.parametrize("seed", range(2, 22))
@pytest.mark.parametrize("generation", Generation, ids=lambda generation: generation.name)
def test_what_is_read_of_many_random_trades_is_what_the_vaults_hold(generation: Generation, seed: int) -> None:
    assert check_script(generation, seed).fills
