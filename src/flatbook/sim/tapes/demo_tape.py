"""The tape of the demo: recorded prices and fill counts, and the fills derived from them.

Recorded: the pool's mid price at its samples, the COIN minute bars, the number of fills per batch of 1,000 blocks.
Derived from a seed, the same in every run: sizes, sides, the moment of each fill inside its batch, its distance from
the pool's mid, order tuples and hashes, and one fill whose block a reorganisation removes. `LABEL` says so.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from importlib.resources import files

import msgspec

from flatbook.sim.chance import digest, draw
from flatbook.sim.tapes.bar_file import bars_of_csv
from flatbook.sim.tapes.bars import Bars
from flatbook.sim.tapes.pool import PoolSample, block_time, samples_of_csv
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import BPS, ONE, Money, Price, Quantity, cut

DEMO_SEED = "flatbook demo 1"
TAPE_FOLDER = "tape"
BARS_FILE = "coin_1min.csv.gz"
SAMPLES_FILE = "pool_samples.csv.gz"
POOL_MIDS = SourceId("tcoin-pool")

WINDOW_BLOCKS = 1_000
SAMPLE_BLOCKS = 100
PRICE_DECIMALS = 4

CLEAR_EVERY = 8
EDGE_BPS_MIN = 15
EDGE_BPS_SPAN = 30
SIZE_UNIT = Decimal("0.001")
SIZES = ((200, 1_500),) * 6 + ((1_500, 5_000),) * 3 + ((5_000, 12_000),)

ORPHAN_WINDOW = 5
ORPHAN_SAMPLE = 2
ORPHAN_OFFSET_BLOCKS = 6
ORPHAN_SHOWN_S = 165

LABEL = """\
Recorded: tCOIN/USDC pool mid prices on Base and COIN minute bars, December 2025; the number of Raindex fills per 1,000
blocks on Base, March 2026.
Derived from a fixed seed, not recorded: sizes, sides, the moment of each fill inside its batch, its distance of 15 to
44 bps from the pool's mid in our favour, order tuples and hashes, and one fill that a reorganisation removes. The
batches are laid over windows of pool samples of another month.
Hedges fill at the open of the next recorded minute; depth, queues and market impact are not simulated."""


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one eth_getLogs batch held, as recorded."""

    from_block: int
    to_block: int
    clear_v3: int
    take_order_v3: int

    @property
    def fills(self) -> int:
        """How many fills the batch held."""
        return self.clear_v3 + self.take_order_v3


class DemoFill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fill of our vault, derived. Side buy: our vault received the token.

    Units: tokens in wtCOIN, one share each; price in USDC per token; usdc is their exact product; mid is the pool's.
    """

    number: int
    block: int
    log_index: int
    side: Side
    tokens: Quantity
    price: Price
    mid: Price
    is_clear: bool
    is_orphan: bool

    @property
    def usdc(self) -> Money:
        """What was paid."""
        return Money(self.tokens * self.price)

    @property
    def at(self) -> Instant:
        """The time of the fill's block."""
        return block_time(self.block)


class DemoTape(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded tables, and the fills derived from them in order of block and log, the orphan included."""

    seed: str
    bars: Bars
    samples: tuple[PoolSample, ...]
    batches: tuple[Batch, ...]
    fills: tuple[DemoFill, ...]
    provenance: dict[str, object]

    @property
    def starts_at(self) -> Instant:
        """The time of the first pool sample."""
        return self.samples[0].at

    @property
    def ends_at(self) -> Instant:
        """The time of the last fill."""
        return self.fills[-1].at


def load_demo_tape(seed: str = DEMO_SEED) -> DemoTape:
    """Returns the tape that is shipped with the package, its fills derived from a seed.

    Errors: OSError and ValueError when the shipped files were damaged.
    """
    samples = samples_of_csv(_shipped(SAMPLES_FILE), name=SAMPLES_FILE)
    batches = tuple(Batch(**{name: int(count) for name, count in row.items()}) for row in _table("batches"))
    provenance: dict[str, object] = json.loads(_shipped("provenance.json"))
    return DemoTape(
        seed=seed,
        bars=bars_of_csv(_shipped(BARS_FILE), name=BARS_FILE),
        samples=samples,
        batches=batches,
        fills=derive_fills(samples, batches, seed),
        provenance=provenance,
    )


def _shipped(name: str) -> bytes:
    return (files("flatbook.sim.tapes") / TAPE_FOLDER / name).read_bytes()


def _table(name: str) -> list[dict[str, str]]:
    text = gzip.decompress(_shipped(f"{name}.csv.gz")).decode("ascii")
    return list(csv.DictReader(text.splitlines()))


def windows_of(samples: Sequence[PoolSample]) -> tuple[tuple[PoolSample, ...], ...]:
    """Returns the samples by windows of 1,000 blocks, counted from the first sample; empty windows are left out."""
    windows: dict[int, list[PoolSample]] = {}
    for sample in samples:
        windows.setdefault((sample.block - samples[0].block) // WINDOW_BLOCKS, []).append(sample)
    return tuple(tuple(window) for window in windows.values())


def derive_fills(samples: Sequence[PoolSample], batches: Sequence[Batch], seed: str) -> tuple[DemoFill, ...]:
    """Returns the fills: as many in each window as its batch held, and the one that a reorganisation removes.

    Errors: ValueError when there are more batches than windows.
    """
    windows = windows_of(samples)
    if len(batches) > len(windows):
        raise ValueError(f"{len(batches)} batches do not fit over {len(windows)} windows of samples")
    drafts = [
        _draft(window, seed, f"{place}:{count}")
        for place, (batch, window) in enumerate(zip(batches, windows, strict=False))
        for count in range(batch.fills)
    ]
    orphan = _draft(windows[ORPHAN_WINDOW][ORPHAN_SAMPLE : ORPHAN_SAMPLE + 1], seed, "orphan")
    orphan = msgspec.structs.replace(
        orphan, block=windows[ORPHAN_WINDOW][ORPHAN_SAMPLE].block + ORPHAN_OFFSET_BLOCKS, is_orphan=True
    )
    return _numbered([*drafts, orphan])


def _draft(window: Sequence[PoolSample], seed: str, key: str) -> DemoFill:
    sample = window[draw(seed, "sample", key, below=len(window))]
    side = Side.SELL if draw(seed, "side", key, below=2) else Side.BUY
    least, most = SIZES[draw(seed, "size class", key, below=len(SIZES))]
    units = least + draw(seed, "size", key, below=most - least)
    edge_bps = EDGE_BPS_MIN + draw(seed, "edge", key, below=EDGE_BPS_SPAN)
    price = cut(sample.mid * (ONE - side.sign * edge_bps * BPS), decimals=PRICE_DECIMALS)
    return DemoFill(
        number=0,
        block=sample.block + draw(seed, "moment", key, below=SAMPLE_BLOCKS),
        log_index=0,
        side=side,
        tokens=Quantity(units * SIZE_UNIT),
        price=Price(price),
        mid=sample.mid,
        is_clear=False,
        is_orphan=False,
    )


def _numbered(drafts: Sequence[DemoFill]) -> tuple[DemoFill, ...]:
    """Returns the fills in order of block, numbered, with places for their logs inside each block."""
    fills: list[DemoFill] = []
    for number, draft in enumerate(sorted(drafts, key=lambda draft: draft.block), 1):
        follows = bool(fills) and fills[-1].block == draft.block
        fill = msgspec.structs.replace(
            draft,
            number=number,
            log_index=fills[-1].log_index + 10 if follows else 11,
            is_clear=number % CLEAR_EVERY == 0 and not draft.is_orphan,
        )
        fills.append(fill)
    return tuple(fills)


def tx_of(tape: DemoTape, fill: DemoFill) -> str:
    """Returns the transaction hash of a fill."""
    return "0x" + digest(tape.seed, "transaction", str(fill.number)).hex()


def block_hash(tape: DemoTape, number: int, *, branch: int = 0) -> str:
    """Returns the hash of a block. The branch that a reorganisation removes is 1."""
    return "0x" + digest(tape.seed, "block", f"{number}:{branch}").hex()


def shown_blocks(tape: DemoTape) -> Iterator[tuple[int, int, tuple[DemoFill, ...]]]:
    """Yields (number, branch, fills) of the blocks in the order in which a node shows them.

    Gives: every sample's block, every fill's block; the orphan's block first on branch 1, then without it on branch 0.
    """
    fills: dict[int, list[DemoFill]] = {sample.block: [] for sample in tape.samples}
    for fill in tape.fills:
        fills.setdefault(fill.block, []).append(fill)
    for number in sorted(fills):
        here = tuple(fills[number])
        kept = tuple(fill for fill in here if not fill.is_orphan)
        if kept != here:
            yield number, 1, here
        yield number, 0, kept
