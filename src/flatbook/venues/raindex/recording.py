"""A recorded chain: blocks in the order in which a node showed them, one JSON object per line.

A line holds `number`, `hash`, `parent_hash`, `timestamp` (seconds) and `logs` (as JSON-RPC states them), and may hold:
- `shown_at` (seconds): when the node showed the block, where that was later than its timestamp;
- `receipts`: the receipts of transactions of the block, as JSON-RPC states them;
- `ratios`: wrapper address to the answer of convertToAssets(10**18) at this block, as integer text;
- `symbols`: token address to the symbol that it stated at this block;
- `late_ratios`: answers for an earlier block that could only be read now: `{"block", "token", "ratio"}`.

Numbers are JSON integers or 0x-text. Blocks without logs may be left out. A line with the number of an earlier block
and another hash is a reorganisation: it replaces that block and all that followed it.
"""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from flatbook.values.instants import Instant, instant_of_seconds
from flatbook.venues.raindex.valuation import RatioRefused, ratio_of_wrapper
from flatbook.venues.raindex.wire import WORD, Receipt, read_hex, read_quantity, read_receipt, shortened

LINE_BYTES_MAX = 1 << 26
BLOCKS_MAX = 2_000_000
SECONDS_MAX = 2**33
WRAPPER_ANSWER_MAX = 2**256 - 1


class RecordingBroken(ValueError):
    """A recorded chain cannot be read. Says where, what and what to do."""


class LateRatio(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A ratio of an earlier block that was read later.

    Units: underlying shares per token.
    """

    block: int
    token: str
    ratio: Decimal


class RecordedBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block as a node showed it.

    Units: ratios in underlying shares per token.
    """

    number: int
    hash: str
    parent_hash: str
    at: Instant
    shown_at: Instant
    logs: tuple[object, ...]
    receipts: Mapping[str, Receipt]
    ratios: Mapping[str, Decimal]
    symbols: Mapping[str, str]
    late_ratios: tuple[LateRatio, ...]


def read_recording(path: Path) -> tuple[RecordedBlock, ...]:
    """Returns the blocks of a recorded file, or of the files of a folder one after another in the order of their names.

    Gives: a name that ends in .gz is unpacked; of a folder the files named *.jsonl and *.jsonl.gz are read.
    Errors: RecordingBroken with file, line, fault and remedy; OSError when a file cannot be opened.
    """
    blocks: list[RecordedBlock] = []
    chain = RecordedChain()
    for file in _files(path):
        for number, line in enumerate(_lines(file), 1):
            if not line.strip():
                continue
            try:
                block = block_of_line(line)
                chain.show(block)
            except RecordingBroken as error:
                raise RecordingBroken(f"{file.name}, line {number}: {error}") from error
            blocks.append(block)
            if len(blocks) > BLOCKS_MAX:
                raise RecordingBroken(f"{path.name} has more than {BLOCKS_MAX} blocks: split it")
    return tuple(blocks)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.name.endswith((".jsonl", ".jsonl.gz")))
    if not files:
        raise RecordingBroken(f"the folder {path.name} holds no *.jsonl or *.jsonl.gz: name the folder of a recording")
    return files


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stored:
        file = gzip.GzipFile(fileobj=stored) if path.suffix == ".gz" else stored
        try:
            while line := file.readline(LINE_BYTES_MAX + 1):
                if len(line) > LINE_BYTES_MAX:
                    raise RecordingBroken(f"{path.name} has a line above {LINE_BYTES_MAX} bytes: it is no recording")
                yield line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise RecordingBroken(f"{path.name} is cut off or damaged ({error}): copy or record it again") from error


def block_of_line(line: bytes) -> RecordedBlock:
    """Returns the block that one line states.

    Errors: RecordingBroken.
    """
    try:
        stated = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingBroken(f"no JSON ({error}): remove the line if it is the last, else record again") from error
    if not isinstance(stated, dict):
        raise RecordingBroken("a line must be one JSON object that states a block")
    at = instant_of_seconds(_integer(stated, "timestamp", SECONDS_MAX))
    shown_at = instant_of_seconds(_integer(stated, "shown_at", SECONDS_MAX)) if "shown_at" in stated else at
    return RecordedBlock(
        number=_integer(stated, "number"),
        hash=_hash(stated, "hash"),
        parent_hash=_hash(stated, "parent_hash"),
        at=at,
        shown_at=shown_at,
        logs=_list(stated, "logs", required=True),
        receipts={_tx_of(receipt): read_receipt(receipt) for receipt in _list(stated, "receipts")},
        ratios=_ratios(_object(stated, "ratios")),
        symbols={address.lower(): str(symbol) for address, symbol in _object(stated, "symbols").items()},
        late_ratios=tuple(filter(None, map(_late_ratio, _list(stated, "late_ratios")))),
    )


def _missing(name: str, wanted: str, found: object) -> RecordingBroken:
    return RecordingBroken(f"{name!r} must be {wanted}, not {shortened(repr(found))}: correct the line or record again")


def _integer(stated: dict[str, Any], name: str, most: int | None = None) -> int:
    number = read_quantity(stated.get(name)) if most is None else read_quantity(stated.get(name), most=most)
    if number is None:
        raise _missing(name, "a whole number or 0x-text", stated.get(name))
    return number


def _hash(stated: dict[str, Any], name: str) -> str:
    value = read_hex(stated.get(name), size=WORD)
    if value is None:
        raise _missing(name, "0x and 64 hex digits", stated.get(name))
    return "0x" + value.hex()


def _list(stated: dict[str, Any], name: str, *, required: bool = False) -> tuple[object, ...]:
    value = stated.get(name, None if required else [])
    if not isinstance(value, list):
        raise _missing(name, "a list", value)
    return tuple(value)


def _object(stated: dict[str, Any], name: str) -> dict[str, Any]:
    value = stated.get(name, {})
    if not isinstance(value, dict):
        raise _missing(name, "an object", value)
    return value


def _tx_of(receipt: object) -> str:
    if not isinstance(receipt, dict):
        raise _missing("receipts", "a list of objects", receipt)
    return _hash(receipt, "transactionHash")


def _ratios(stated: dict[str, Any]) -> dict[str, Decimal]:
    found = {token.lower(): _ratio(answer, f"ratio of {token}") for token, answer in stated.items()}
    return {token: ratio for token, ratio in found.items() if ratio is not None}


def _ratio(answer: object, name: str) -> Decimal | None:
    """Returns the ratio that a wrapper answered; an answer that cannot be a ratio counts as not read."""
    number = int(answer) if isinstance(answer, str) and answer.isascii() and answer.isdecimal() else answer
    assets = read_quantity(number, most=WRAPPER_ANSWER_MAX)
    if assets is None:
        raise _missing(name, "the integer that convertToAssets answered", answer)
    try:
        return ratio_of_wrapper(assets)
    except RatioRefused:
        return None


def _late_ratio(stated: object) -> LateRatio | None:
    if not isinstance(stated, dict):
        raise _missing("late_ratios", "a list of objects", stated)
    token = str(stated.get("token", "")).lower()
    ratio = _ratio(stated.get("ratio"), "ratio")
    return None if ratio is None else LateRatio(block=_integer(stated, "block"), token=token, ratio=ratio)


class ShownBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block with what was known before it. `before` is the hash of the recorded block that it follows.

    Units: ratios_before in underlying shares per token.
    """

    block: RecordedBlock
    before: str | None
    ratios_before: Mapping[str, Decimal]
    symbols: Mapping[str, str]

    @property
    def ratios_after(self) -> Mapping[str, Decimal]:
        """The last ratio known of each token, this block included."""
        late = {entry.token: entry.ratio for entry in self.block.late_ratios}
        return {**self.ratios_before, **late, **self.block.ratios} if late or self.block.ratios else self.ratios_before


class RecordedChain:
    """The chain as a node shows it block by block: the blocks that stand, and all that ever stood."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.standing: list[ShownBlock] = []
        self.by_hash: dict[str, ShownBlock] = {}

    def show(self, block: RecordedBlock) -> None:
        """Takes the next block that the node showed; one with a number that stands already replaces it and the rest.

        Errors: RecordingBroken when it follows a block that was not recorded.
        """
        place = bisect_left(self.numbers, block.number)
        if place < len(self.numbers) and self.standing[place].block.hash == block.hash:
            return
        before = self.standing[place - 1] if place else None
        if before is not None and before.block.number == block.number - 1 and before.block.hash != block.parent_hash:
            raise RecordingBroken(
                f"block {block.number} names the parent {block.parent_hash}, but the recorded block "
                f"{before.block.number} is {before.block.hash}: record again from block {before.block.number}"
            )
        del self.numbers[place:], self.standing[place:]
        shown = ShownBlock(
            block=block,
            before=before.block.hash if before is not None else None,
            ratios_before=before.ratios_after if before is not None else {},
            symbols=_merged(before.symbols if before is not None else {}, block.symbols),
        )
        self.numbers.append(block.number)
        self.standing.append(shown)
        self.by_hash[block.hash] = shown

    def place_of(self, number: int, block_hash: str) -> int | None:
        """Returns the position of a block among those that stand, None when it does not."""
        place = bisect_left(self.numbers, number)
        stands = place < len(self.numbers) and self.standing[place].block.hash == block_hash
        return place if stands and self.numbers[place] == number else None

    def at(self, number: int) -> ShownBlock | None:
        """Returns the block that stands at a number, None when none was recorded."""
        place = bisect_left(self.numbers, number)
        return self.standing[place] if place < len(self.numbers) and self.numbers[place] == number else None

    def fork_of(self, shown: ShownBlock) -> tuple[int, int]:
        """Returns where a replaced block's branch left the chain that stands.

        Gives: the number of the first block of the branch, and the position after the last common block.
        """
        first = shown.block.number
        while shown.before is not None:
            shown = self.by_hash[shown.before]
            place = self.place_of(shown.block.number, shown.block.hash)
            if place is not None:
                return first, place + 1
            first = shown.block.number
        return first, 0


def _merged(before: Mapping[str, str], stated: Mapping[str, str]) -> Mapping[str, str]:
    return {**before, **stated} if stated else before


def visible_from(blocks: Sequence[RecordedBlock]) -> list[Instant]:
    """Returns for each block when it may be seen: not before its own time, nor before any block shown before it."""
    seen: list[Instant] = []
    latest = Instant(0)
    for block in blocks:
        latest = max(latest, block.at, block.shown_at)
        seen.append(latest)
    return seen
