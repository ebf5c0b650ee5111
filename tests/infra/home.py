"""The home of a desk for tests with real processes: one trading day of a recorded chain, dense enough to be killed in.

The truth of a tape is stated by the tape itself: the fills that stand on the chain at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from math import isqrt
from pathlib import Path
from typing import NamedTuple

import msgspec

from flatbook.services.demo_home import CONFIG, THRESHOLD_SHARES
from flatbook.sim.chance import draw
from flatbook.sim.tapes.bars import Bars
from flatbook.sim.tapes.demo_chain import ORDER_BOOK, OUR_OWNER, USDC, WTCOIN, logs_of
from flatbook.sim.tapes.demo_tape import POOL_MIDS, DemoFill, DemoTape, block_hash, tx_of
from flatbook.sim.tapes.pool import BLOCK_S, GENESIS_S, Q192, block_time
from flatbook.sim.tapes.raindex_logs import LogPlace
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text, later, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity

OPEN = instant_of_text("2025-12-02T14:30:00Z")
FIRST_BLOCK = (OPEN // NS_PER_S - GENESIS_S) // BLOCK_S
MINUTE_BLOCKS = 30
FILLS = 48
SETTLED_MINUTES = 25
THRESHOLD = Decimal(THRESHOLD_SHARES)
CASH = Decimal(1_000_000)
SHARES = Decimal(1_000)

QUIET = '[log]\nlevel = "error"\n'
RESTLESS = """\
[pace]
chain_poll_s = 4
order_poll_s = 5
idle_poll_s = 30
statement_s = 300

[accounts.paper]
fill_qty_max = "2.5"
partial_bps = 2500
cancel_ms = 3000

[hedges.desk.COIN]
order_ttl_s = 600
retry_s = 10
"""


class Fate(Enum):
    """What a reorganisation does with the fill of the first block that it replaces."""

    DROPPED = "dropped"
    MOVED = "moved"
    RETURNED = "returned"


class Reorg(NamedTuple):
    """A reorganisation: the fill in the first block it replaces, how many blocks later, and what comes of the fill."""

    fill: int
    after_blocks: int
    fate: Fate


class Block(NamedTuple):
    """A block as the node shows it: a branch, its fills, and when it was shown."""

    number: int
    branch: int
    fills: tuple[DemoFill, ...]
    shown_at_block: int


class Tape(NamedTuple):
    """A short day: what the chain shows, in order, and the fills that stand at its end."""

    seed: str
    blocks: tuple[Block, ...]
    standing: tuple[DemoFill, ...]
    ends_at: Instant

    def keys(self) -> dict[tuple[str, int], DemoFill]:
        """Returns the fills that stand at the end by (tx, log index)."""
        return {(tx_of(recorded(self), fill), fill.log_index): fill for fill in self.standing}


REORGS = (
    Reorg(13, 45, Fate.DROPPED),
    Reorg(29, 50, Fate.MOVED),
    Reorg(38, 40, Fate.DROPPED),
    Reorg(38, 75, Fate.RETURNED),
)


def tape_of(seed: str, fills: int = FILLS) -> Tape:
    """Returns a day with a fill about every minute, on both sides; a long one has a reorganisation of each fate."""
    drawn = tuple(_fill(seed, number) for number in range(1, fills + 1))
    reorgs = tuple(reorg for reorg in REORGS if reorg.fill < fills)
    times: list[tuple[int, DemoFill, Reorg | None]] = [(fill.block, fill, None) for fill in drawn]
    times += [(drawn[reorg.fill - 1].block + reorg.after_blocks, drawn[reorg.fill - 1], reorg) for reorg in reorgs]
    shown: list[Block] = []
    standing: dict[int, Block] = {}
    for at, fill, reorg in sorted(times, key=lambda time: time[0]):
        if reorg is None:
            new = [Block(fill.block, 0, (fill,), at)]
        else:
            replaced = [block for number, block in standing.items() if number >= fill.block]
            new = [_replacing(block, fill, reorg, at) for block in replaced]
        shown += new
        standing.update({block.number: block for block in new})
    left = tuple(fill for block in standing.values() for fill in block.fills)
    ends_at = later(block_time(shown[-1].shown_at_block), seconds=60 * SETTLED_MINUTES)
    return Tape(seed, tuple(shown), left, ends_at)


def _replacing(block: Block, fill: DemoFill, reorg: Reorg, at: int) -> Block:
    """Returns the block that takes the place of another one on the new branch."""
    fills = block.fills
    if block.number == fill.block:
        moved = msgspec.structs.replace(fill, log_index=fill.log_index + 7)
        fills = {Fate.DROPPED: (), Fate.MOVED: (moved,), Fate.RETURNED: (fill,)}[reorg.fate]
    return Block(block.number, block.branch + 1, fills, at)


def _fill(seed: str, number: int) -> DemoFill:
    key = str(number)
    side = Side.SELL if draw(seed, "side", key, below=2) else Side.BUY
    return DemoFill(
        number=number,
        block=FIRST_BLOCK + MINUTE_BLOCKS * number + draw(seed, "moment", key, below=MINUTE_BLOCKS - 2),
        log_index=3 + draw(seed, "log", key, below=200),
        side=side,
        tokens=Quantity(Decimal(200 + draw(seed, "size", key, below=4_800)).scaleb(-3)),
        price=Price(_price(number) - side.sign * Decimal("0.5")),
        mid=Price(_price(number)),
        is_clear=number % 8 == 0,
        is_orphan=False,
    )


def _price(minute: int) -> Decimal:
    return Decimal(25_000 + 7 * minute - 3 * (minute % 5)).scaleb(-2)


def recorded(tape: Tape) -> DemoTape:
    """Returns the tape as the writer of logs wants it."""
    return DemoTape(seed=tape.seed, bars=Bars(()), samples=(), batches=(), fills=tape.standing, provenance={})


def make_home(home: Path, tape: Tape, *, more: str = RESTLESS) -> Path:
    """Writes configuration and recordings of a fresh desk; `more` is laid over the configuration of the demo."""
    recordings = home / "recordings"
    recordings.mkdir(parents=True)
    (home / "flatbook.d").mkdir()
    lines = [msgspec.json.encode(_line(tape, block)) for block in tape.blocks]
    (recordings / "base.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (recordings / "bars.csv").write_text("\n".join(_bars(tape)), encoding="ascii")
    (recordings / "pool.csv").write_text("\n".join(_samples(tape)), encoding="ascii")
    (home / "flatbook.toml").write_text(_config(tape), encoding="ascii")
    (home / "flatbook.d" / "quiet.toml").write_text(QUIET, encoding="ascii")
    (home / "flatbook.d" / "restless.toml").write_text(more, encoding="ascii")
    return home


def _config(tape: Tape) -> str:
    return CONFIG.format(
        start=text_of_instant(OPEN),
        end=text_of_instant(tape.ends_at),
        chain_file="base.jsonl",
        order_book=ORDER_BOOK,
        usdc=USDC,
        wtcoin=WTCOIN,
        owner=OUR_OWNER,
        bars_file="bars.csv",
        samples_file="pool.csv",
        pool_source=POOL_MIDS,
        threshold=THRESHOLD_SHARES,
    )


def _line(tape: Tape, block: Block) -> dict[str, object]:
    parts = recorded(tape)
    place = LogPlace(
        address=ORDER_BOOK,
        tx="",
        log_index=0,
        block=block.number,
        block_hash=block_hash(parts, block.number, branch=block.branch),
    )
    return {
        "number": block.number,
        "hash": place.block_hash,
        "parent_hash": block_hash(parts, block.number - 1, branch=block.branch),
        "timestamp": GENESIS_S + BLOCK_S * block.number,
        "shown_at": GENESIS_S + BLOCK_S * block.shown_at_block,
        "logs": [log for fill in block.fills for log in logs_of(parts, fill, place)],
    }


def _minutes(tape: Tape) -> int:
    return (tape.ends_at - OPEN) // (60 * NS_PER_S) + 1


def _bars(tape: Tape) -> Iterator[str]:
    yield "ts,open,close"
    for minute in range(-2, _minutes(tape)):
        at = text_of_instant(later(OPEN, seconds=60 * minute))
        yield f"{at},{_price(minute)},{_price(minute) + Decimal('0.02')}"


def _samples(tape: Tape) -> Iterator[str]:
    yield "block,sqrt_price_x96"
    for minute in range(-2, _minutes(tape)):
        root = isqrt(Q192 * 10**14 // int(_price(minute).scaleb(2)))
        yield f"{FIRST_BLOCK + MINUTE_BLOCKS * minute},{root}"
