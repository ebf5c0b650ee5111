"""A recorded file: what is read, and what each fault in it is told as."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flatbook.values.instants import instant_of_seconds
from flatbook.venues.raindex.recording import RecordingBroken, read_recording
from flatbook.venues.raindex.wire import Receipt
from tests.unit.venues.raindex.sample import STRANGER, TX, WT_COIN

HASHES = {name: "0x" + name * 32 for name in ("a0", "a1", "a2", "b1", "b2", "00")}


def line(number: int, name: str, parent: str, **fields: Any) -> dict[str, Any]:
    stated = {
        "number": number,
        "hash": HASHES[name],
        "parent_hash": HASHES[parent],
        "timestamp": 100 + number,
        "logs": [],
    }
    return stated | fields


GENESIS = line(10, "a0", "00")


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{entry if isinstance(entry, str) else json.dumps(entry)}\n" for entry in lines))
    return path


def test_a_line_states_a_block_and_what_was_known_at_it(tmp_path: Path) -> None:
    receipt = {"transactionHash": TX, "from": STRANGER, "gasUsed": "0x2", "effectiveGasPrice": 5}
    stated = line(
        10,
        "a0",
        "00",
        shown_at="0xff",
        receipts=[receipt],
        ratios={WT_COIN.upper().replace("X", "x"): "1050000000000000000"},
        symbols={WT_COIN: "wtCOIN"},
        late_ratios=[{"block": 9, "token": WT_COIN, "ratio": 10**18}],
    )
    (block,) = read_recording(write(tmp_path / "chain.jsonl", stated, ""))
    assert (block.number, block.at, block.shown_at) == (10, instant_of_seconds(110), instant_of_seconds(255))
    assert block.receipts == {TX: Receipt(sender=STRANGER, gas_wei=10, success=True)}
    assert block.ratios == {WT_COIN: Decimal("1.05")}
    assert block.symbols == {WT_COIN: "wtCOIN"}
    assert [(late.block, late.token, late.ratio) for late in block.late_ratios] == [(9, WT_COIN, Decimal(1))]


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "chain.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(GENESIS).encode()))
    assert [block.number for block in read_recording(path)] == [10]


def test_the_files_of_a_folder_are_one_chain(tmp_path: Path) -> None:
    write(tmp_path / "chain-2.jsonl", line(11, "a1", "a0"))
    write(tmp_path / "chain-1.jsonl", GENESIS)
    write(tmp_path / "notes.txt", "no recording")
    assert [block.number for block in read_recording(tmp_path)] == [10, 11]
    with pytest.raises(RecordingBroken, match=r"holds no \*.jsonl"):
        read_recording(write_folder(tmp_path / "empty"))


def write_folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_ratio_of_zero_counts_as_not_read(tmp_path: Path) -> None:
    stated = line(10, "a0", "00", ratios={WT_COIN: "0"}, late_ratios=[{"block": 1, "token": WT_COIN, "ratio": "0"}])
    (block,) = read_recording(write(tmp_path / "chain.jsonl", stated))
    assert (block.ratios, block.late_ratios) == ({}, ())


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ('{"number": 11', "chain.jsonl, line 2: no JSON"),
        ("[" * 5000, "line 2: no JSON"),
        ("[]", "line 2: a line must be one JSON object"),
        ({**GENESIS, "number": None}, "line 2: 'number' must be a whole number"),
        ({**GENESIS, "number": -1}, "'number' must be"),
        ({**GENESIS, "hash": "0x12"}, "'hash' must be 0x and 64 hex digits"),
        ({**GENESIS, "timestamp": "yesterday"}, "'timestamp' must be"),
        ({**GENESIS, "timestamp": 2**60}, "'timestamp' must be"),
        ({key: value for key, value in GENESIS.items() if key != "timestamp"}, "'timestamp' must be"),
        ({**GENESIS, "logs": {}}, "'logs' must be a list"),
        ({"number": 10, "hash": HASHES["a0"], "parent_hash": HASHES["00"], "timestamp": 1}, "'logs' must be a list"),
        ({**GENESIS, "receipts": [5]}, "'receipts' must be"),
        ({**GENESIS, "receipts": [{}]}, "'transactionHash' must be"),
        ({**GENESIS, "ratios": []}, "'ratios' must be an object"),
        ({**GENESIS, "ratios": {"0x": "1.05"}}, "'ratio of 0x' must be the integer"),
        ({**GENESIS, "late_ratios": ["0x"]}, "'late_ratios' must be"),
        (line(11, "a1", "b1"), "block 11 names the parent 0xb1b1"),
    ],
)
def test_a_wrong_line_is_named_with_its_file_its_number_and_a_remedy(
    tmp_path: Path, wrong: object, complaint: str
) -> None:
    with pytest.raises(RecordingBroken) as broken:
        read_recording(write(tmp_path / "chain.jsonl", GENESIS, wrong))
    assert complaint in str(broken.value)
    assert "chain.jsonl, line 2" in str(broken.value)


@pytest.mark.parametrize("damage", [lambda packed: packed[:-12], lambda packed: b"no gzip" + packed])
def test_a_damaged_packed_file_is_told_as_such(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "chain.jsonl.gz"
    path.write_bytes(damage(gzip.compress(json.dumps(GENESIS).encode() * 50)))
    with pytest.raises(RecordingBroken, match="cut off or damaged"):
        read_recording(path)
