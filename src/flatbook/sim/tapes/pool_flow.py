"""What takers traded with a recorded pool, read from the changes of what it holds.

The rule: between two recorded states in which the pool holds more of one token and less of the other, takers traded
just that, at the price that the two amounts make. It holds only while that price lies between the mid prices of both
states, widened by `MARGIN_BPS` for the pool's fee; outside, liquidity was moved as well, and what of the change was
trade is not known: such a change is no trade here. Both tokens up or down is liquidity alone.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec

from flatbook.sim.tapes.pool import PoolSample, SamplesRefused
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import BPS, ONE, ZERO, Money, NumberRefused, Price, Quantity, divide_cut, parse_number

COLUMNS = ("block", "reserve0", "reserve1", "sqrtPriceX96")
MARGIN_BPS = 110
PRICE_DECIMALS = 12


class PoolState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A pool at a block. Units: usdc in USDC, tokens in tCOIN, as recorded."""

    sample: PoolSample
    usdc: Decimal
    tokens: Decimal


class PoolTrade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What takers traded with the pool up to a block. Side buy: the pool received tokens.

    Units: tokens and usdc unsigned; mid of the state before, in USDC per token.
    """

    block: int
    at: Instant
    side: Side
    tokens: Quantity
    usdc: Money
    mid: Price

    @property
    def price(self) -> Price:
        """USDC per token, cut to twelve decimals."""
        return Price(divide_cut(self.usdc, self.tokens, decimals=PRICE_DECIMALS))


def read_states(path: Path) -> tuple[PoolState, ...]:
    """Returns the states of a pool from a CSV file with the columns of COLUMNS, packed or not, in order of block.

    Errors: SamplesRefused with file, line and remedy; OSError when the file cannot be opened.
    """
    return states_of_csv(path.read_bytes(), name=path.name)


def states_of_csv(content: bytes, *, name: str) -> tuple[PoolState, ...]:
    """Returns the states that the bytes of a CSV file state, unpacked first when the name ends in .gz.

    Errors: SamplesRefused.
    """
    try:
        text = (gzip.decompress(content) if name.endswith(".gz") else content).decode("ascii")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SamplesRefused(f"{name} is cut off, damaged or no text ({error}): copy or record it again") from error
    rows = csv.DictReader(text.splitlines())
    if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
        raise SamplesRefused(f"{name} has no column {', '.join(missing)}: its first line must name {COLUMNS}")
    states = [_state(row, name, line) for line, row in enumerate(rows, 2)]
    return tuple(sorted(states, key=lambda state: state.sample.block))


def _state(row: Mapping[str, str], name: str, line: int) -> PoolState:
    try:
        sample = PoolSample(block=int(row["block"]), sqrt_price_x96=int(row["sqrtPriceX96"]))
        if sample.sqrt_price_x96 <= 0:
            raise ValueError("a root of a price above zero is expected")
        return PoolState(sample=sample, usdc=parse_number(row["reserve0"]), tokens=parse_number(row["reserve1"]))
    except (NumberRefused, ValueError, TypeError) as error:
        raise SamplesRefused(f"{name}, line {line}: {error}: correct or remove the line") from error


def trades_of(states: Sequence[PoolState]) -> Iterator[PoolTrade]:
    """Yields the trades that the states show, in order."""
    for before, after in pairwise(states):
        usdc, tokens = after.usdc - before.usdc, after.tokens - before.tokens
        if usdc * tokens >= ZERO:
            continue
        trade = PoolTrade(
            block=after.sample.block,
            at=after.sample.at,
            side=Side.BUY if tokens > ZERO else Side.SELL,
            tokens=Quantity(abs(tokens)),
            usdc=Money(abs(usdc)),
            mid=before.sample.mid,
        )
        if _is_between(trade.price, before.sample.mid, after.sample.mid):
            yield trade


def _is_between(price: Decimal, one: Decimal, other: Decimal) -> bool:
    margin = MARGIN_BPS * BPS
    return min(one, other) * (ONE - margin) <= price <= max(one, other) * (ONE + margin)


def changes_of(states: Sequence[PoolState]) -> tuple[PoolState, ...]:
    """Returns the first and last state, and those around every change: what the trades follow from."""
    kept = list(states[:1])
    for before, after in pairwise(states):
        if (before.usdc, before.tokens) != (after.usdc, after.tokens):
            kept += [each for each in (before, after) if each is not kept[-1]]
    kept += [state for state in states[-1:] if state is not kept[-1]]
    return tuple(kept)
