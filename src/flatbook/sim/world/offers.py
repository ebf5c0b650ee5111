"""The orders that a desk has on a simulated chain: what stands, what takers leave of it, and what calls do to it.

Units: as in sim/world/record.py; an order's rest in tokens of 1e-18.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec.structs import replace

from flatbook.events.chain import LogKey
from flatbook.events.offers import LegQuote, OfferGone, OfferLeg, OfferRemoved, OfferSeen
from flatbook.sim.world.record import ChainFill
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity, from_base_units

REMOVE, ADD = "0x1f69cb75", "0x709fb8a5"
SELECTOR_TEXT = 10
BOOK = "0x" + "b0" * 20
WORD = "0x" + "00" * 32
TOKEN_DECIMALS, PRICE_DECIMALS = 18, 4
FIRST_LOG = 10_000


class PlacedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An order that its owner adds at a block. Units: tokens of 1e-18, price of 1e-4 USD; `sign` is ours."""

    symbol: str
    sign: int
    tokens: int
    price: int
    block: int

    @property
    def order_hash(self) -> str:
        """The identity of the order."""
        return "0x" + hashlib.sha256(f"{self.symbol}:{self.sign}:{self.tokens}:{self.block}".encode()).hexdigest()


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that adds an order, or removes it."""

    tx: str
    order_hash: str
    adds: bool


class OfferNames(msgspec.Struct, frozen=True, kw_only=True):
    """What our words are for the vaults that the orders stand in."""

    owner: OwnerId
    account: AccountId
    chain: ChainId
    stable: AssetId
    instruments: dict[str, InstrumentId]
    tokens: dict[str, AssetId]


class OfferLedger:
    """What stands, by order. It is replayed from the first block where blocks are replaced."""

    def __init__(self, placed: tuple[PlacedOffer, ...]) -> None:
        self.placed = {each.order_hash: each for each in placed}
        self.rest: dict[str, int] = {}
        self.lives: dict[str, bool] = {}
        self.clear()

    def clear(self) -> None:
        """Goes back to before the first block."""
        self.rest = {order_hash: each.tokens for order_hash, each in self.placed.items()}
        self.lives = dict.fromkeys(self.placed, False)

    def due(self, block: int) -> tuple[Act, ...]:
        """Returns what owners add by hand in a block."""
        return tuple(
            Act(tx=_tx("hand", each.order_hash), order_hash=each.order_hash, adds=True)
            for each in self.placed.values()
            if each.block == block
        )

    def apply(self, act: Act) -> bool:
        """Carries out a transaction, and says whether it changed anything."""
        if act.order_hash not in self.placed or self.lives[act.order_hash] is act.adds:
            return False
        self.lives[act.order_hash] = act.adds
        return True

    def take(self, fill: ChainFill) -> ChainFill | None:
        """Lets a taker take what it wants of what stands; None where nothing does."""
        wanted = fill.tokens
        for order_hash, each in self.placed.items():
            if self.lives[order_hash] and (each.symbol, each.sign) == (fill.underlying, fill.sign):
                taken = min(wanted, self.rest[order_hash])
                self.rest[order_hash] -= taken
                wanted -= taken
        had = fill.tokens - wanted
        return None if not had else replace(fill, tokens=had, usdc=max(1, fill.usdc * had // fill.tokens))

    def standing(self, symbol: str, sign: int) -> int:
        """Returns how many tokens can be taken of a symbol on a side."""
        return sum(
            self.rest[order_hash]
            for order_hash, each in self.placed.items()
            if self.lives[order_hash] and (each.symbol, each.sign) == (symbol, sign)
        )


def act_of(tx: str, payload: str) -> Act:
    """Returns what a transaction of ours does: its payload is a selector, and the order's hash."""
    return Act(tx=tx, order_hash="0x" + payload[SELECTOR_TEXT:], adds=payload[:SELECTOR_TEXT] == ADD)


def act_event(
    act: Act, place: PlacedOffer, where: tuple[LogKey, Instant], names: OfferNames, seen_at: Instant
) -> OfferSeen | OfferRemoved:
    """Returns what the desk hears of a transaction that changed an order."""
    key, happened_at = where
    if not act.adds:
        return OfferRemoved(
            key=key, order_hash=act.order_hash, owner=names.owner, gone=OfferGone.REMOVED, seen_at=seen_at
        )
    leg = OfferLeg(
        underlying=Underlying(place.symbol),
        instrument=names.instruments[place.symbol],
        token=names.tokens[place.symbol],
        dollar=names.stable,
        side=Side.BUY if place.sign > 0 else Side.SELL,
        gives=BOOK,
        gives_vault=WORD,
        wants_vault=WORD,
        input_index=0,
        output_index=0,
    )
    return OfferSeen(
        key=key,
        order_hash=act.order_hash,
        order_book=BOOK,
        owner=names.owner,
        account=names.account,
        legs=(leg,),
        removal=REMOVE + act.order_hash[2:],
        addition=ADD + act.order_hash[2:],
        quotes=("0x",),
        balances=("0x",),
        happened_at=happened_at,
        seen_at=seen_at,
    )


def quote_of(ledger: OfferLedger, order_hash: str) -> LegQuote:
    """Returns what an order offers now."""
    rest = Quantity(from_base_units(ledger.rest[order_hash], decimals=TOKEN_DECIMALS))
    price = Price(from_base_units(ledger.placed[order_hash].price, decimals=PRICE_DECIMALS))
    stands = ledger.lives[order_hash]
    return LegQuote(
        shares=rest if stands else Quantity(rest - rest), price=price if stands and rest else None, balance=rest
    )


def _tx(*parts: str) -> str:
    return "0x" + hashlib.sha256(":".join(parts).encode()).hexdigest()
