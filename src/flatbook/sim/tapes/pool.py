"""Recorded states of a tokenised-share pool on Base: mid prices as their blocks come."""

from __future__ import annotations

import csv
import gzip
import zlib
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.market.quotes import Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_seconds
from flatbook.values.money import Price

GENESIS_S = 1_686_789_347
BLOCK_S = 2
Q192 = 2**192
TOKEN_OVER_USDC_DECIMALS = 12
MID_DECIMALS = 12
COLUMNS = ("block", "sqrt_price_x96")
SAMPLES_MAX = 2_000_000

Observe = Callable[[Underlying, SourceId, Quote], bool]


class SamplesRefused(ValueError):
    """A file of pool samples cannot be read. Says where, what, and what to do."""


def block_time(block: int) -> Instant:
    """Returns the time of a block of Base."""
    return instant_of_seconds(GENESIS_S + BLOCK_S * block)


class PoolSample(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The pool at a block, as recorded."""

    block: int
    sqrt_price_x96: int

    @property
    def at(self) -> Instant:
        """The time of the block, from its number."""
        return block_time(self.block)

    @property
    def mid(self) -> Price:
        """The mid price. Units: USDC per tCOIN, cut to 12 decimals; the pool's token0 is USDC with 6 decimals."""
        scale: int = 10 ** (TOKEN_OVER_USDC_DECIMALS + MID_DECIMALS)
        return Price(Decimal(Q192 * scale // self.sqrt_price_x96**2).scaleb(-MID_DECIMALS))


def read_samples(path: Path) -> tuple[PoolSample, ...]:
    """Returns the samples of a pool from a CSV file with the columns block and sqrt_price_x96, packed or not.

    Errors: SamplesRefused with file, line and remedy; OSError when the file cannot be opened.
    """
    return samples_of_csv(path.read_bytes(), name=path.name)


def samples_of_csv(content: bytes, *, name: str) -> tuple[PoolSample, ...]:
    """Returns the samples that the bytes of a CSV file state, in order of block, unpacked first if it ends in .gz.

    Errors: SamplesRefused.
    """
    try:
        text = (gzip.decompress(content) if name.endswith(".gz") else content).decode("ascii")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SamplesRefused(f"{name} is cut off, damaged or no text ({error}): copy or record it again") from error
    rows = csv.DictReader(text.splitlines())
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise SamplesRefused(f"{name} has no column {', '.join(missing)}: its first line must name {COLUMNS}")
    samples = [_sample(row, name, line) for line, row in enumerate(rows, 2)]
    if len(samples) > SAMPLES_MAX:
        raise SamplesRefused(f"{name} has more than {SAMPLES_MAX} samples: split it")
    return tuple(sorted(samples, key=lambda sample: sample.block))


def _sample(row: Mapping[str, str], name: str, line: int) -> PoolSample:
    block, root = (str(row[column]) for column in COLUMNS)
    if not (block.isdecimal() and root.isdecimal() and int(root)):
        raise SamplesRefused(f"{name}, line {line}: whole numbers above zero are expected: correct or remove the line")
    return PoolSample(block=int(block), sqrt_price_x96=int(root))


class PoolQuotes:
    """States the mid prices of pools as their blocks come; never looks ahead."""

    def __init__(self, samples: Mapping[Underlying, Sequence[PoolSample]], source: SourceId) -> None:
        self._samples = {underlying: tuple(each) for underlying, each in samples.items()}
        self._times = {underlying: [sample.at for sample in each] for underlying, each in samples.items()}
        self._source = source

    def write(self, observe: Observe, now: Instant) -> int:
        """States the newest sample of each pool known at `now`. Returns how many quotes were news."""
        kept = 0
        for underlying, samples in self._samples.items():
            known = bisect_right(self._times[underlying], now)
            if known:
                sample = samples[known - 1]
                quote = Quote(price=sample.mid, happened_at=sample.at, seen_at=now)
                kept += observe(underlying, self._source, quote)
        return kept

    def next_change(self, after: Instant) -> Instant | None:
        """Returns the time of the first sample later than `after`; None after the last."""
        coming = [times[known] for times in self._times.values() if (known := bisect_right(times, after)) < len(times)]
        return min(coming, default=None)
