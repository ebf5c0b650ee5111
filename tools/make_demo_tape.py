"""Writes the recorded part of the demo tape from the shared data: pool samples, minute bars and batch counts.

    FLATBOOK_SHARED=<folder> python -m tools.make_demo_tape

Only what was recorded is written. What the demo derives (sizes, sides, moments, order tuples) comes from a fixed seed
at run time, in flatbook.sim.tapes.demo_tape, and is said so in provenance.json.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flatbook.sim.tapes.pool_flow import COLUMNS, changes_of, read_states

TAPE = Path(__file__).parents[1] / "src" / "flatbook" / "sim" / "tapes" / "tape"
POOL = "data/6_evm/base_tCOIN_USDC_v3pool_state_2025-12-01_2025-12-19.csv.gz"
BATCHES = "data/6_evm/base_raindex_v5_getLogs_batches_2026-03-08.csv.gz"
BARS = "data/7_equities/COIN_1min_2025-09-15_2025-12-19.parquet"
FIRST_DAY = "2025-12-01"
MINUTE_DIGITS = len("2025-12-01 14:30")
Row = Sequence[str]


def bars_of(path: Path) -> list[tuple[str, str, str]]:
    """Returns (ts, open, close) of the bars from the first day on; ts is the bar's start in UTC."""
    from pyarrow import parquet

    rows = parquet.read_table(path, columns=["ts", "open", "close"]).to_pylist()
    return [
        (row["ts"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), repr(row["open"]), repr(row["close"]))
        for row in rows
        if row["ts"].astimezone(UTC) >= datetime.fromisoformat(f"{FIRST_DAY}T00:00:00+00:00")
    ]


def samples_of(path: Path, minutes: frozenset[str]) -> list[tuple[str, str]]:
    """Returns (block, sqrtPriceX96) of the pool samples that have a bar in the same minute."""
    rows = sorted(table_of(path), key=lambda row: int(row["block"]))
    return [
        (row["block"], row["sqrtPriceX96"])
        for row in rows
        if row["ts_est"][:MINUTE_DIGITS].replace(" ", "T") in minutes
    ]


def states_of(path: Path) -> list[tuple[str, str, str, str]]:
    """Returns (block, reserve0, reserve1, sqrtPriceX96) of the pool samples around every change of what it holds."""
    rows = {row["block"]: row for row in table_of(path)}
    kept = changes_of(read_states(path))
    named = [rows[str(state.sample.block)] for state in kept]
    return [(row["block"], row["reserve0"], row["reserve1"], row["sqrtPriceX96"]) for row in named]


def batches_of(path: Path) -> list[tuple[str, str, str, str]]:
    """Returns (from_block, to_block, clear_v3, take_order_v3) of the first run, in block order."""
    rows = sorted((row for row in table_of(path) if row["run"] == "0"), key=lambda row: int(row["from_block"]))
    return [(row["from_block"], row["to_block"], row["clear_v3"], row["take_order_v3"]) for row in rows]


def table_of(path: Path) -> list[dict[str, str]]:
    """Returns the rows of a packed CSV file by column name."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        return list(csv.DictReader(file))


def packed(header: Row, rows: Iterable[Row]) -> bytes:
    """Returns a packed CSV file whose bytes depend on nothing but its content."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode("ascii"), mtime=0)


def source(shared: Path, path: str, repository: str) -> dict[str, str]:
    """Returns where a table comes from, with the hash of the file it was cut from."""
    digest = hashlib.sha256((shared / path).read_bytes()).hexdigest()
    return {"file": Path(path).name, "sha256": digest, "repository": repository}


def provenance(shared: Path, counts: dict[str, int]) -> dict[str, object]:
    """Returns what the tables are, where they come from, and what is not in them."""
    return {
        "recorded": {
            "pool_samples.csv.gz": {
                "what": "tCOIN/USDC pool on Base: block and sqrtPriceX96 of the samples that have a COIN bar in the "
                "same minute; the time of a block is Base genesis 1686789347 + 2 s a block",
                "rows": counts["pool_samples"],
                "source": source(shared, POOL, "rainlanguage/rain.solver@36ce85372116 (branch block-data) data.csv"),
            },
            "pool_states.csv.gz": {
                "what": "the same pool, the samples around every change of what it holds: block, reserve0 (USDC), "
                "reserve1 (tCOIN), sqrtPriceX96; what takers traded follows from them (sim/tapes/pool_flow.py)",
                "rows": counts["pool_states"],
                "source": source(shared, POOL, "rainlanguage/rain.solver@36ce85372116 (branch block-data) data.csv"),
            },
            "coin_1min.csv.gz": {
                "what": "COIN minute bars, regular session, cut to 2025-12-01..19: start, open, close",
                "rows": counts["coin_1min"],
                "source": source(shared, BARS, "jeffreymalkus/alert_overlay@ef0f04d8db4d data/1min/COIN_1min.csv"),
            },
            "batches.csv.gz": {
                "what": "number of ClearV3 and TakeOrderV3 logs of the Raindex V5 order book on Base per eth_getLogs "
                "batch of 1,000 blocks, first run, in block order",
                "rows": counts["batches"],
                "source": source(shared, BATCHES, "ST0x-Technology/st0x.liquidity@365afa169fcc (history) prod.log"),
            },
        },
        "derived": [
            "the batches of 2026-03-08 are laid over the 1,000-block windows of the pool samples of 2025-12",
            "size and side of each fill, its moment inside its batch, its distance from the pool's mid in our favour",
            "order tuples, owners, transaction and block hashes; one fill in eight is written as ClearV3",
            "one more fill whose block a reorganisation removes again",
        ],
    }


def main() -> int:
    """Writes the tape and prints what it holds."""
    shared = Path(os.environ.get("FLATBOOK_SHARED", ""))
    if not (shared / POOL).is_file():
        print("set FLATBOOK_SHARED to the folder that holds data/6_evm and data/7_equities", file=sys.stderr)
        return 2
    bars = bars_of(shared / BARS)
    samples = samples_of(shared / POOL, frozenset(ts[:MINUTE_DIGITS] for ts, _, _ in bars))
    batches = batches_of(shared / BATCHES)
    states = states_of(shared / POOL)
    tables = {
        "coin_1min": packed(("ts", "open", "close"), bars),
        "pool_samples": packed(("block", "sqrt_price_x96"), samples),
        "pool_states": packed(COLUMNS, states),
        "batches": packed(("from_block", "to_block", "clear_v3", "take_order_v3"), batches),
    }
    TAPE.mkdir(exist_ok=True)
    for name, content in tables.items():
        (TAPE / f"{name}.csv.gz").write_bytes(content)
    counts = {name: len(rows) for name, rows in (("coin_1min", bars), ("pool_samples", samples))}
    counts |= {"pool_states": len(states), "batches": len(batches)}
    text = json.dumps(provenance(shared, counts), indent=2, ensure_ascii=True)
    (TAPE / "provenance.json").write_text(text + "\n", encoding="ascii")
    print(", ".join(f"{name}: {count} rows, {len(tables[name])} bytes" for name, count in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
