"""`flatbook replay`: the hedge over recorded takers and recorded minute bars of December 2025, on a desk of its own.

Nothing of it is drawn by chance but the paper broker's latencies, whose seed is fixed: two replays are the same.
"""

from __future__ import annotations

import asyncio
import csv
import shutil
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from flatbook.ops.config import load
from flatbook.ops.table_files import read_bar_rows
from flatbook.services.all_in_one import desk_log, serve
from flatbook.services.demo_home import CONFIG, HomeRefused
from flatbook.services.desk import compose
from flatbook.sim.tapes.bar_file import COLUMNS as BAR_COLUMNS
from flatbook.sim.tapes.bar_file import read_bars
from flatbook.sim.tapes.demo_chain import ORDER_BOOK, OUR_OWNER, USDC, WTCOIN
from flatbook.sim.tapes.demo_tape import BARS_FILE, POOL_MIDS, TAPE_FOLDER
from flatbook.sim.tapes.pool import COLUMNS as MID_COLUMNS
from flatbook.sim.tapes.pool_chain import write_pool_chain
from flatbook.sim.tapes.pool_flow import PoolState, read_states
from flatbook.values.instants import later, text_of_instant

FOLDER = "replay"
MARKER = ".flatbook-replay"
STATES_FILE = "pool_states.csv.gz"
CHAIN_FILE = "base.jsonl.gz"
THRESHOLD_SHARES = "0.01"
AFTER_LAST_BAR_S = 3_600
POOL_SHARED = "data/6_evm/base_tCOIN_USDC_v3pool_state_2025-12-01_2025-12-19.csv.gz"
BARS_SHARED = "data/7_equities/COIN_1min_2025-09-15_2025-12-19.parquet"
BARS_CUT = "bars.csv"
MIDS_FILE = "pool_mids.csv"

MORE = """\
# What the replay states otherwise than the demo: however far the pool is from it, the market's price alone decides.
[pace]
chain_poll_s = 20

[hedges.desk.COIN]
second_source = "none"
"""

LABEL = """\
Recorded: what a tCOIN/USDC pool on Base held, every 100 blocks, and COIN minute bars of the regular session, both
December 2025. Every change of what the pool held by which it got one token and gave the other is taken for a taker's
trade, at the price that the two amounts make; the pool is taken for our vault.
Hedges fill at the open of the next recorded minute; depth, queues and market impact are not simulated."""


def replay(home: Path, shared: Path | None) -> Path:
    """Makes the replay's home anew below a desk's, runs the engine over it to the end, and returns its folder.

    `shared` is a folder of raw recordings; without it those that are shipped with the package are used.
    Errors: HomeRefused when the folder holds something else; SamplesRefused, BarsRefused, OSError; EngineFailed.
    """
    folder = home / FOLDER
    make_home(folder, shared)
    loaded = load(folder, environment={})
    desk = compose(loaded)
    with desk_log(desk, loaded) as log:
        try:
            asyncio.run(serve(desk, loaded, log))
        finally:
            desk.close()
    return folder


def make_home(folder: Path, shared: Path | None) -> None:
    """Writes a fresh home for a replay, that of an earlier one removed.

    Errors: HomeRefused when the folder holds anything else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise HomeRefused(f"{folder} is no replay of flatbook: move it away or name another --home")
    shutil.rmtree(folder, ignore_errors=True)
    recordings = folder / "recordings"
    recordings.mkdir(mode=0o700, parents=True)
    (folder / MARKER).write_text("made by `flatbook replay`; removed by the next one\n", encoding="ascii")
    states, bars = _laid(recordings, shared)
    write_pool_chain(states, recordings / CHAIN_FILE)
    last = read_bars(recordings / bars).last
    ends_at = max(states[-1].sample.at, last.ends_at if last is not None else states[-1].sample.at)
    text = CONFIG.format(
        start=text_of_instant(states[0].sample.at),
        end=text_of_instant(later(ends_at, seconds=AFTER_LAST_BAR_S)),
        chain_file=CHAIN_FILE,
        order_book=ORDER_BOOK,
        usdc=USDC,
        wtcoin=WTCOIN,
        owner=OUR_OWNER,
        bars_file=bars,
        samples_file=MIDS_FILE,
        pool_source=POOL_MIDS,
        threshold=THRESHOLD_SHARES,
    )
    (folder / "flatbook.toml").write_text(text, encoding="ascii")
    (folder / "flatbook.d").mkdir()
    (folder / "flatbook.d" / "replay.toml").write_text(MORE, encoding="ascii")


def _laid(recordings: Path, shared: Path | None) -> tuple[tuple[PoolState, ...], str]:
    """Lays prices beside the chain, and returns the states of the pool and the name of the bars' file."""
    if shared is None:
        for name in (BARS_FILE, STATES_FILE):
            (recordings / name).write_bytes((files("flatbook.sim.tapes") / TAPE_FOLDER / name).read_bytes())
        states, bars = read_states(recordings / STATES_FILE), BARS_FILE
    else:
        states, bars = read_states(shared / POOL_SHARED), BARS_CUT
        _write(recordings / bars, BAR_COLUMNS, read_bar_rows(shared / BARS_SHARED))
    mids = ((str(state.sample.block), str(state.sample.sqrt_price_x96)) for state in states)
    _write(recordings / MIDS_FILE, MID_COLUMNS, mids)
    return states, bars


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="ascii", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
