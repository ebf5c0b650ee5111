"""A restart that delivered everything twice, as an indexer of Raindex had one on Base on 2026-03-08.

The blocks, the ranges that were asked for, how many logs came of each, and the identity of every log are recorded; what
a log says is not, and is made here. Both starts go through the source of logs and the step of the engine.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import os
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flatbook import sim
from flatbook.events.codec import name_of
from flatbook.sim.evm.contracts import BOOK, DOLLAR
from flatbook.sim.evm.logs import logs_of
from flatbook.sim.world.chain import CHAIN, Block
from flatbook.sim.world.record import TOKEN, USDC, ChainFill
from flatbook.values.instants import Instant, instant_of_seconds
from flatbook.venues.evm.answers import DECIMALS, SYMBOL
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo
from flatbook.venues.evm.rpc import Call, Outcome, Result
from tests.conftest import SHARED_ABSENT
from tests.unit.engine.scene import Bench
from tests.unit.sim.evm.scene import OWNER, Wall, contracts

TAPE = Path(sim.__file__).parent / "tapes" / "tape"
KEYS = Path(__file__).parents[1] / "recorded" / "take_order_keys.csv"
FIRST_BLOCK = 42_954_321
LAST_BLOCKS = (43_084_760, 43_087_104)
LOGS = 97
GENESIS_S = 1_686_789_347
BLOCK_S = 2


class Batch(NamedTuple):
    """A range that was asked for, both ends included, and how many logs came."""

    first: int
    last: int
    logs: int


def rows(path: Path) -> list[dict[str, str]]:
    stated = path.read_bytes()
    text = (gzip.decompress(stated) if path.suffix == ".gz" else stated).decode()
    return list(csv.DictReader(text.splitlines()))


def batches_of(stated: Sequence[dict[str, str]]) -> list[Batch]:
    return sorted(Batch(int(row["from_block"]), int(row["to_block"]), int(row["take_order_v3"])) for row in stated)


def keys_of(stated: Sequence[dict[str, str]]) -> list[tuple[str, int]]:
    return [(row["tx_hash"], int(row["log_index"])) for row in stated]


def time_of(number: int) -> Instant:
    return instant_of_seconds(GENESIS_S + BLOCK_S * number)


def hash_of(number: int) -> str:
    return f"0x{number:064x}"


class Recording:
    """The logs of the recorded batches: each batch has as many as it had, in the recorded order."""

    def __init__(self, batches: Sequence[Batch], keys: Sequence[tuple[str, int]]) -> None:
        left = iter(keys)
        self.logs: dict[int, list[Any]] = {}
        for batch in batches:
            for place, (tx, log_index) in enumerate(islice(left, batch.logs)):
                self._put(batch.first + place, tx, log_index)
        assert next(left, None) is None

    def _put(self, number: int, tx: str, log_index: int) -> None:
        fill = ChainFill(
            tx=tx, log_index=log_index, owner=OWNER, underlying="COIN", sign=-1, tokens=TOKEN, usdc=250 * USDC
        )
        block = Block(number, hash_of(number), hash_of(number - 1), time_of(number), (fill,))
        self.logs.setdefault(number, []).extend(logs_of(block, (fill,), contracts()))


class RecordedNode:
    """A node that has the recorded logs up to a head. `ranges` are what it was asked for, and how much it answered."""

    def __init__(self, name: str, recording: Recording, head: int) -> None:
        self.name, self._recording, self._head = name, recording, head
        self.ranges: list[Batch] = []

    async def ask(self, calls: Sequence[Call]) -> tuple[Outcome, ...]:
        return tuple(Result(value=self._answer(call.method, call.params)) for call in calls)

    def _answer(self, method: str, params: Sequence[Any]) -> object:
        if method == "eth_chainId":
            return hex(CHAIN)
        if method == "eth_getBlockByNumber":
            number = int(params[0], 16) if params[0].startswith("0x") else self._head
            stamp = hex(GENESIS_S + BLOCK_S * number)
            return {"number": hex(number), "hash": hash_of(number), "timestamp": stamp}
        if method == "eth_getLogs":
            return self._logs(int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16))
        assert method == "eth_call"
        decimals = 6 if params[0]["to"] == DOLLAR else 18
        answers = {DECIMALS: f"0x{decimals:064x}", SYMBOL: "0x"}
        return answers.get(params[0]["data"], f"0x{10**18:064x}")

    def _logs(self, first: int, last: int) -> list[Any]:
        logs = [log for number, each in self._recording.logs.items() if first <= number <= last for log in each]
        self.ranges.append(Batch(first, last, len({log["transactionHash"] for log in logs})))
        return logs


def start(bench: Bench, recording: Recording, head: int) -> tuple[list[Batch], Counter[str], int]:
    """Reads everything from the first block on with a source that has no cursor, as a start without one does.

    Gives: the ranges that were asked for, what the engine dropped and why, and how many fills it booked.
    """
    nodes = [RecordedNode(name, recording, head) for name in ("one", "two")]
    source = EvmLogSource(nodes, contracts().config(), Wall(), ReadUpTo(first_block=FIRST_BLOCK))
    dropped: Counter[str] = Counter()

    async def reads() -> int:
        cursor, booked = "", 0
        while (found := await source.read(cursor)) is not None:
            assert found.trouble is None
            cursor = found.cursor
            done = bench.take(found)
            dropped.update(done.dropped)
            booked += sum(name_of(type(event)) == "vault_filled" for event in done.events)
        return booked

    booked = asyncio.run(reads())
    assert nodes[0].ranges == nodes[1].ranges
    return nodes[0].ranges, dropped, booked


def check(batches: Sequence[Sequence[Batch]], keys: Sequence[tuple[str, int]]) -> None:
    """Both starts ask for what was asked for then, and every key is booked once."""
    bench, recording = Bench(), Recording(batches[0], keys)
    bench.now = time_of(LAST_BLOCKS[1])
    first, second = (start(bench, recording, last) for last in LAST_BLOCKS)
    assert first[0] == list(batches[0])
    assert [each for each in second[0] if each.logs] == [each for each in batches[1] if each.logs]
    assert (first[2], first[1]) == (LOGS, Counter())
    assert (second[2], second[1]) == (0, Counter({"fill_known": LOGS}))
    assert [(tx, log_index) for _, tx, log_index in bench.state.fills] == list(keys)
    assert bench.net == -LOGS


def test_a_restart_that_delivers_every_log_again_books_each_key_once() -> None:
    batches = batches_of(rows(TAPE / "batches.csv.gz"))
    keys = keys_of(rows(KEYS))
    assert (len(keys), len(set(keys)), sum(batch.logs for batch in batches)) == (LOGS, LOGS, LOGS)
    assert BOOK in str(Recording(batches, keys).logs)
    check((batches, batches), keys)


def test_the_whole_recording_of_both_starts_books_each_key_once() -> None:
    shared = os.environ.get("FLATBOOK_SHARED")
    if not shared:
        pytest.skip(SHARED_ABSENT)
    folder = Path(shared) / "data" / "6_evm"
    stated = rows(folder / "base_raindex_v5_getLogs_batches_2026-03-08.csv.gz")
    events = rows(folder / "base_raindex_v5_TakeOrderV3_event_keys_2026-03-08.csv.gz")
    runs = [batches_of([row for row in stated if row["run"] == run]) for run in ("0", "1")]
    keys = [keys_of([row for row in events if row["run"] == run]) for run in ("0", "1")]
    assert [len(run) for run in runs] == [131, 133]
    assert keys[0] == keys[1] == keys_of(rows(KEYS))
    check(runs, keys[0])
    assert runs[1][-1].last == LAST_BLOCKS[1]
