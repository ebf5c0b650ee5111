"""The demo tape: what was recorded, what is derived from it, and that both are said to be so."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from flatbook.engine.ports import ChainRead
from flatbook.events.chain import VaultFilled
from flatbook.market.quotes import Market
from flatbook.ops.config import load_text
from flatbook.ops.config_rules import raindex_of
from flatbook.services.demo_home import config_text
from flatbook.sim.tapes.demo_chain import chain_lines, write_chain
from flatbook.sim.tapes.demo_tape import LABEL, POOL_MIDS, DemoTape, derive_fills, load_demo_tape, windows_of
from flatbook.sim.tapes.pool import PoolQuotes
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant, instant_of_text, later, seconds_between
from flatbook.values.instruments import Side
from flatbook.values.sessions import SessionKind, session_at
from flatbook.venues.raindex.log_source import RecordedLogSource
from flatbook.venues.raindex.recording import RecordedBlock, block_of_line, read_recording
from flatbook.venues.raindex.tokens import RaindexConfig
from tests.conftest import SHARED_ABSENT
from tools import make_demo_tape

TAPE = load_demo_tape()
ORPHAN = next(fill for fill in TAPE.fills if fill.is_orphan)
COIN = Underlying("COIN")
CONFIG = raindex_of(load_text(config_text(TAPE), Path("demo")), "base", RaindexConfig)


def recorded_chain(tape: DemoTape) -> tuple[RecordedBlock, ...]:
    """Returns the demo's chain as a log source replays it."""
    return tuple(block_of_line(line) for line in chain_lines(tape))


def reads_of(tape: DemoTape, *times: Instant) -> list[ChainRead]:
    """Reads the tape's chain to its end at each time in turn."""
    now, reads, cursor = [Instant(0)], [], ""
    source = RecordedLogSource(recorded_chain(tape), CONFIG, lambda: now[0])

    async def scene() -> None:
        nonlocal cursor
        for now[0] in times:
            while (read := await source.read(cursor)) is not None:
                reads.append(read)
                cursor = read.cursor

    asyncio.run(scene())
    return reads


def test_the_tables_hold_what_was_recorded() -> None:
    assert (len(TAPE.samples), len(TAPE.bars), len(TAPE.batches)) == (1_289, 5_455, 131)
    assert sum(batch.take_order_v3 for batch in TAPE.batches) == 97
    first, last = TAPE.bars.first, TAPE.bars.last
    assert first is not None
    assert last is not None
    assert (first.starts_at, str(first.open)) == (instant_of_text("2025-12-01T14:30:00Z"), "260.27")
    assert (last.starts_at, str(last.close)) == (instant_of_text("2025-12-19T20:59:00Z"), "245.07")


def test_a_mid_is_the_square_of_the_recorded_root() -> None:
    sample = TAPE.samples[0]
    assert (sample.block, sample.sqrt_price_x96) == (38_913_517, 4_932_529_947_962_330_849_535_054_193_767_001)
    assert sample.at == instant_of_text("2025-12-01T19:13:01Z")
    assert str(sample.mid) == "258.000000000000"
    # The recorded quotes for one unit, 241.554954 out with an impact of 62.0 bps, lead to the same mid.
    assert str(TAPE.samples[-1].mid) == "243.061948708014"


def test_every_sample_has_a_bar_in_its_minute_and_the_pool_strays_from_it() -> None:
    minutes = {bar.starts_at: bar for bar in TAPE.bars}
    strays = []
    for sample in TAPE.samples:
        bar = minutes[Instant(sample.at - sample.at % 60_000_000_000)]
        strays.append(float(sample.mid) / float(bar.close) - 1)
    strays.sort()
    assert round(strays[len(strays) // 2] * 10_000) == 24
    assert strays[0] * 10_000 < -300
    assert strays[-1] * 10_000 > 1_200


def test_each_batch_lies_over_its_window_with_as_many_fills() -> None:
    windows = windows_of(TAPE.samples)
    assert len(windows) == 180
    derived = [fill for fill in TAPE.fills if not fill.is_orphan]
    assert len(derived) == 97
    for batch, window in zip(TAPE.batches, windows, strict=False):
        first, last = window[0].block, window[-1].block
        assert batch.fills == sum(first <= fill.block < last + 100 for fill in derived)


def test_prices_stand_on_our_side_of_the_pool() -> None:
    for fill in TAPE.fills:
        edge = fill.side.sign * (fill.mid - fill.price)
        assert Decimal("0.0014") * fill.mid < edge < Decimal("0.0046") * fill.mid
        assert Decimal("0.2") <= fill.tokens < 12
        assert fill.usdc == fill.tokens * fill.price
    assert Counter(fill.side for fill in TAPE.fills)[Side.BUY] in range(40, 60)
    assert sum(fill.is_clear for fill in TAPE.fills) == 12


def test_some_fills_come_when_the_market_is_shut_or_about_to() -> None:
    kinds = Counter(session_at(fill.at).kind for fill in TAPE.fills)
    assert kinds == {SessionKind.REGULAR: 97, SessionKind.LATE: 1}
    to_close = [seconds_between(fill.at, session_at(fill.at).closes_at) for fill in TAPE.fills]
    assert min(to_close) == 7


def test_the_log_source_reads_every_fill_back_to_the_last_digit() -> None:
    events = [event for read in reads_of(TAPE, Instant(ORPHAN.at), TAPE.ends_at) for event in read.events]
    assert all(isinstance(event, VaultFilled) for event in events)
    read = [
        (event.key.block, event.key.log_index, event.side, event.shares, event.usdc_amount, event.price)
        for event in events
        if isinstance(event, VaultFilled)
    ]
    assert read == [(fill.block, fill.log_index, fill.side, fill.tokens, fill.usdc, fill.price) for fill in TAPE.fills]
    assert Counter(event.kind for event in events if isinstance(event, VaultFilled)) == {
        "take_order_v3": 86,
        "clear_v3:alice": 6,
        "clear_v3:bob": 6,
    }


def test_the_reorganisation_removes_one_fill_after_its_hedge_had_time() -> None:
    shown_again = later(ORPHAN.at, seconds=165)
    reads = reads_of(TAPE, Instant(ORPHAN.at), Instant(shown_again - 1), shown_again, TAPE.ends_at)
    removed = [read for read in reads if read.removed_from is not None]
    assert [read.removed_from for read in removed] == [ORPHAN.block]
    assert removed[0].events == ()
    untouched = [event for read in reads_of(TAPE, TAPE.ends_at) for event in read.events]
    assert len(untouched) == 97


def test_the_tape_is_the_same_in_every_run() -> None:
    assert hashlib.sha256(b"\n".join(chain_lines(TAPE))).hexdigest()[:16] == "51a11ff65fe3a656"
    other = derive_fills(TAPE.samples, TAPE.batches, "another seed")
    assert len(other) == 98
    assert other != TAPE.fills


def test_the_chain_can_be_written_as_a_recording(tmp_path: Path) -> None:
    write_chain(TAPE, tmp_path / "chain.jsonl.gz")
    assert read_recording(tmp_path / "chain.jsonl.gz") == recorded_chain(TAPE)


def test_pool_quotes_state_the_newest_sample_only() -> None:
    market, quotes = Market(), PoolQuotes({COIN: TAPE.samples}, POOL_MIDS)
    first = TAPE.samples[0]
    assert quotes.write(market.write, Instant(first.at - 1)) == 0
    assert quotes.next_change(Instant(first.at - 1)) == first.at
    assert quotes.write(market.write, Instant(first.at + 5)) == 1
    quote = market.quote(COIN, POOL_MIDS)
    assert quote is not None
    assert (quote.price, quote.happened_at) == (first.mid, first.at)
    assert quotes.next_change(TAPE.samples[-1].at) is None


def test_more_batches_than_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="131 batches do not fit over 1 windows"):
        derive_fills(TAPE.samples[:3], TAPE.batches, "seed")


def test_the_label_tells_recorded_from_derived() -> None:
    assert LABEL.startswith("Recorded: ")
    assert "Derived from a fixed seed, not recorded: sizes, sides, the moment" in LABEL
    derived = msgspec.json.encode(TAPE.provenance["derived"]).decode()
    for word in ("size and side", "moment", "order tuples", "reorganisation", "windows"):
        assert word in derived


def test_the_shipped_tables_are_what_the_tool_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.environ.get("FLATBOOK_SHARED"):
        pytest.skip(SHARED_ABSENT)
    shipped = make_demo_tape.TAPE
    monkeypatch.setattr(make_demo_tape, "TAPE", tmp_path)
    assert make_demo_tape.main() == 0
    for name in ("coin_1min.csv.gz", "pool_samples.csv.gz", "batches.csv.gz"):
        assert gzip.decompress((tmp_path / name).read_bytes()) == gzip.decompress((shipped / name).read_bytes())
    assert (tmp_path / "provenance.json").read_text() == (shipped / "provenance.json").read_text()
