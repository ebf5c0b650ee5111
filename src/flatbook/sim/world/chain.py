"""A simulated chain: blocks with fills of our vaults, forks, and nodes that lag; read by ranges with a cursor.

Units: as in sim/world/record.py. A block every BLOCK_S seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from flatbook.engine.ports import ChainRead
from flatbook.events.chain import LogKey, VaultFilled
from flatbook.events.event import Event
from flatbook.sim.world.injection import InjectedFault, Injection
from flatbook.sim.world.offers import FIRST_LOG, Act, OfferLedger, OfferNames, PlacedOffer, act_event
from flatbook.sim.world.record import Announced, BlockMade, BlocksCut, ChainFill, OffersStand, Record
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity, cut, divide_cut, from_base_units

BLOCK_S = 2
TOKEN_DECIMALS, USDC_DECIMALS, SHARE_DECIMALS = 18, 6, 18
READ_BLOCKS_MAX = 1_000
CHAIN = ChainId(8453)
SOURCE = SourceId("base")
STABLE = AssetId("USDC")
OFFERER = "desk"
ONE_SHARE = 10**SHARE_DECIMALS

Ratios = Mapping[str, tuple[tuple[int, int], ...]]


class Block(NamedTuple):
    """A block of the simulated chain."""

    number: int
    block_hash: str
    parent: str
    at: Instant
    fills: tuple[ChainFill, ...]
    acts: tuple[Act, ...] = ()


class SimulatedChain:
    """The blocks that stand. Every block that ever stood is remembered by its hash; the first one stands for ever.

    Units: `ratios` by underlying, in 1e-18 share per token from a block on; one share where there is none.
    """

    def __init__(
        self,
        seed: str,
        record: Record,
        now: Callable[[], Instant],
        ratios: Ratios | None = None,
        placed: tuple[PlacedOffer, ...] = (),
    ) -> None:
        self._seed, self._record, self._now = seed, record, now
        self._ratios: Ratios = ratios or {}
        self._made = 0
        self.blocks: list[Block] = []
        self.ever: dict[str, Block] = {}
        self._waiting: list[ChainFill] = []
        self.ledger = OfferLedger(placed)
        self.pool: list[tuple[int, Act]] = []
        self.ours: dict[str, None] = {}
        self.nonce = 0
        self._told: dict[str, tuple[int, int]] = {}

    def trade(self, fill: ChainFill) -> None:
        """Puts a taker's trade into the next block."""
        self._waiting.append(fill)
        self._record.add(Announced(at=self._now(), fill=fill))

    @property
    def waiting(self) -> tuple[ChainFill, ...]:
        """What is announced for the next block."""
        return tuple(self._waiting)

    def mine(self) -> tuple[str, ...]:
        """Makes the next block with what waits. Returns the underlyings whose tokens wrap another amount from it on."""
        fills, self._waiting = tuple(self._waiting), []
        number = len(self.blocks)
        if self.ledger.placed:
            taken = (self.ledger.take(fill) for fill in fills)
            fills = tuple(fill for fill in taken if fill is not None)
        self._put(number, fills, self._included(number))
        return tuple(each for each, steps in self._ratios.items() if any(first == number for first, _ in steps))

    def reorganise(self, depth: int, keeps: Callable[[ChainFill], bool]) -> None:
        """Replaces the newest blocks by others. A fill that is kept comes again in the first of them, in another place.

        What is not kept is gone for ever, and so is what was announced and is not kept. The new chain is as long as the
        old one.
        """
        self._waiting = [fill for fill in self._waiting if keeps(fill)]
        first = max(1, len(self.blocks) - depth)
        cut_off = self.blocks[first:]
        if not cut_off:
            return
        del self.blocks[first:]
        self._record.add(BlocksCut(at=self._now(), from_number=first))
        acts = tuple(act for block in cut_off for act in block.acts)
        again = [fill for block in cut_off for fill in block.fills if keeps(fill)]
        moved = tuple(
            msgspec.structs.replace(fill, log_index=index + 100 + self._made) for index, fill in enumerate(again)
        )
        self._replay()
        if self.ledger.placed:
            moved = tuple(fill for fill in (self.ledger.take(each) for each in moved) if fill is not None)
        for act in acts:
            self.ledger.apply(act)
        for number in range(first, first + len(cut_off)):
            self._put(number, *((moved, acts) if number == first else ((), ())))

    def submit(self, nonce: int, act: Act) -> None:
        """Puts a transaction of ours into the pool, in the place of the one with its nonce."""
        if nonce < self.nonce:
            return
        self.ours[act.tx] = None
        self.pool = [(each, held) for each, held in self.pool if each != nonce] + [(nonce, act)]

    def _included(self, number: int) -> tuple[Act, ...]:
        """Takes what owners add by hand, and what waits in the pool in the order of nonces, into a block."""
        acts = list(self.ledger.due(number))
        for nonce, act in sorted(self.pool, key=lambda entry: entry[0]):
            if nonce == self.nonce:
                self.nonce += 1
                acts.append(act)
        self.pool = [(nonce, act) for nonce, act in self.pool if nonce >= self.nonce]
        for act in acts:
            self.ledger.apply(act)
        return tuple(acts)

    def _replay(self) -> None:
        self.ledger.clear()
        for block in self.blocks:
            for fill in block.fills:
                self.ledger.take(fill)
            for act in block.acts:
                self.ledger.apply(act)

    def _tell_standing(self) -> None:
        for symbol in dict.fromkeys(each.symbol for each in self.ledger.placed.values()):
            stands = self.ledger.standing(symbol, -1), self.ledger.standing(symbol, 1)
            if self._told.get(symbol) != stands:
                self._told[symbol] = stands
                self._record.add(
                    OffersStand(at=self._now(), owner=OFFERER, underlying=symbol, sell=stands[0], buy=stands[1])
                )

    def ratio_at(self, underlying: str, number: int) -> int:
        """Returns what a token wraps at a block. Units: 1e-18 share per token."""
        steps = self._ratios.get(underlying, ())
        return next((ratio for first, ratio in reversed(steps) if first <= number), ONE_SHARE)

    def _put(self, number: int, fills: tuple[ChainFill, ...], acts: tuple[Act, ...] = ()) -> None:
        self._made += 1
        block_hash = "0x" + hashlib.sha256(f"{self._seed}:{number}:{self._made}".encode()).hexdigest()
        parent = self.blocks[-1].block_hash if self.blocks else ""
        block = Block(number, block_hash, parent, self._now(), fills, acts)
        self.blocks.append(block)
        self.ever[block_hash] = block
        self._tell_standing()
        self._record.add(BlockMade(at=self._now(), number=number, block_hash=block_hash, fills=fills))


class VaultNames(NamedTuple):
    """What our words are for the vaults on the chain."""

    account: AccountId
    instruments: dict[str, InstrumentId]
    tokens: dict[str, AssetId]


class NodeSource:
    """A chain source of the engine over one node: it shows the chain up to a head that may lag.

    A page may break (X5): its events come, its cursor stays behind, and the rest of it comes a second time.
    Units: `lag_blocks` is how far behind the node's head the reading stays.
    """

    def __init__(
        self,
        chain: SimulatedChain,
        names: VaultNames,
        injection: Injection,
        now: Callable[[], Instant],
        *,
        lag_blocks: int,
    ) -> None:
        self._chain, self._names, self._injection, self._now = chain, names, injection, now
        self._lag_blocks = lag_blocks
        self._head = 0

    @property
    def source(self) -> SourceId:
        """The name under which the cursor is stored."""
        return SOURCE

    async def read(self, cursor: str) -> ChainRead | None:
        """Returns the events of the blocks after the cursor that the node shows; None when it shows no more."""
        if self._injection.hits("P11", "chain"):
            raise InjectedFault("injected: the reader of the chain broke")
        blocks = self._chain.blocks[: self._shown()]
        start, removed_from = self._resume(cursor)
        upto = min(len(blocks) - self._lag_blocks, start + READ_BLOCKS_MAX)
        is_behind = start > len(blocks)
        if is_behind or (upto <= start and removed_from is None):
            return None
        taken = blocks[start : max(start, upto)]
        read = taken
        if taken and self._injection.hits("X5", "node"):
            read = taken[: self._injection.size("X5", "node", 0, len(taken) - 1)]
        last = read[-1] if read else (blocks[start - 1] if start else None)
        return ChainRead(
            source=SOURCE,
            events=tuple(event for block in taken for event in self._events(block)),
            cursor="" if last is None else f"{last.number}:{last.block_hash}",
            removed_from=removed_from,
        )

    def _shown(self) -> int:
        """Returns how many blocks the node shows. A node that fell behind comes back later, never further behind."""
        full = len(self._chain.blocks)
        if self._injection.hits("X4", "node"):
            full = max(min(self._head, full), full - self._injection.size("X4", "node", 1, 60))
        self._head = full
        return full

    def _resume(self, cursor: str) -> tuple[int, int | None]:
        """Returns where to read on, and from which number on blocks were replaced since the cursor."""
        if not cursor:
            return 0, None
        _, _, block_hash = cursor.partition(":")
        known = self._chain.ever[block_hash]
        if self._chain.blocks[known.number].block_hash == block_hash:
            return known.number + 1, None
        return self._fork(known)

    def _fork(self, known: Block) -> tuple[int, int | None]:
        """Looks down the line of a replaced block for the last one that still stands."""
        below: Block | None = known
        while below is not None and self._chain.blocks[below.number].block_hash != below.block_hash:
            below = self._chain.ever.get(below.parent)
        first = 0 if below is None else below.number + 1
        return first, first

    def _events(self, block: Block) -> Iterator[Event]:
        """Yields what a block says, one log of an order after the other; one that changed nothing wrote no log."""
        for fill in block.fills:
            yield self._event(block, fill)
        names = OfferNames(
            owner=OwnerId(OFFERER),
            account=self._names.account,
            chain=CHAIN,
            stable=STABLE,
            instruments=self._names.instruments,
            tokens=self._names.tokens,
        )
        for place, act in enumerate(block.acts):
            placed = self._chain.ledger.placed.get(act.order_hash)
            if placed is not None:
                key = LogKey(
                    chain=CHAIN,
                    tx=act.tx,
                    log_index=FIRST_LOG + place,
                    block=block.number,
                    block_hash=block.block_hash,
                )
                yield act_event(act, placed, (key, block.at), names, self._now())

    def _event(self, block: Block, fill: ChainFill) -> VaultFilled:
        token = Quantity(from_base_units(fill.tokens, decimals=TOKEN_DECIMALS))
        usdc = Money(from_base_units(fill.usdc, decimals=USDC_DECIMALS))
        ratio = from_base_units(self._chain.ratio_at(fill.underlying, block.number), decimals=SHARE_DECIMALS)
        return VaultFilled(
            key=LogKey(
                chain=CHAIN, tx=fill.tx, log_index=fill.log_index, block=block.number, block_hash=block.block_hash
            ),
            owner=OwnerId(fill.owner),
            account=self._names.account,
            instrument=self._names.instruments[fill.underlying],
            underlying=Underlying(fill.underlying),
            token=self._names.tokens[fill.underlying],
            side=Side.BUY if fill.sign > 0 else Side.SELL,
            token_amount=token,
            usdc_amount=usdc,
            usdc=STABLE,
            ratio=ratio,
            shares=Quantity(cut(token * ratio, decimals=SHARE_DECIMALS)),
            price=Price(divide_cut(usdc, token * ratio, decimals=SHARE_DECIMALS)),
            kind="take_order_v3",
            taker_gas_wei=None,
            happened_at=block.at,
            seen_at=self._now(),
        )
