"""Reads recorded sessions, in the formats that the manifest of the shared data describes, in order of time."""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SESSION = ".jsonl"
PACKED, MAGIC = ".gz", b"\x1f\x8b"
FRAMES, REST, RAW = re.compile(r"\.ws\.\d+(\.\d+)?(_|\.|$)"), re.compile(r"^[^.]+\.\d+(_|\.|$)"), re.compile(r"^hftbt_")
FRAME_LINE = re.compile(r"(\d+(?:\.\d+)?): (.*)", re.DOTALL)
REST_LINE = re.compile(r"(https?://\S+) -> (\d+(?:\.\d+)?): (.*)", re.DOTALL)
CONNECT_LINE = re.compile(r"(wss?://\S+) <-> (\d+(?:\.\d+)?)")
RAW_LINE = re.compile(r"(\d{10,19}) (\{.*\})", re.DOTALL)
RAW_SYMBOL, RAW_DEPTH = re.compile(r'"(?:s|symbol)": ?"([^"]+)"'), "recorded:/depth?symbol="
RAW_WHOLE, RAW_CHANGE = re.compile(r'"lastUpdateId": ?(\d+)'), re.compile(r'"U": ?(\d+), ?"u": ?(\d+)')
S_DIGITS = 10
AGAIN = " #"


class Line(NamedTuple):
    """What came, and when: a frame of a stream, or the answer to a question over REST. Units: `at` in seconds.

    `conn` names the connection, where the recording does, and which opening of it this was, from the second on.
    `number` counts the lines of the file from one, in order of time.
    """

    at: float
    is_frame: bool
    url: str
    text: str
    conn: str = ""
    file: str = ""
    number: int = 0


class Session(NamedTuple):
    """What some files of one session hold, in order of time, and by file what was wrong with it."""

    lines: list[Line]
    flaws: dict[str, tuple[str, ...]]


class Opened(NamedTuple):
    """Where a connection goes, and how often it was opened so far."""

    url: str = ""
    times: int = 0


Openings = dict[str, Opened]


def opening_of(conn: str) -> tuple[str, int]:
    """Returns the name of a connection as the recording has it, and which opening of it a line is of."""
    name, _, times = conn.partition(AGAIN)
    return name, int(times or 1)


class NoBook(Exception):
    """A recording does not lead to a book. Says why."""


def session_of(paths: list[Path]) -> Session:
    """Returns what some files of one session hold. Lines that cannot be read are left out."""
    flaws, opened, lines = dict[str, tuple[str, ...]](), Openings(), list[Line]()
    for path in sorted(paths, key=lambda path: is_rest(path.name)):
        found, flaws[path.name] = read_lines(path, opened)
        lines += found
    if any(is_rest(path.name) for path in paths):
        lines.sort(key=lambda line: line.at)
    return Session(lines, flaws)


def read_lines(path: Path, openings: Openings) -> tuple[list[Line], tuple[str, ...]]:
    """Returns the lines of a file in order of time, and what was wrong with it.

    Needs: `openings` holds the connections that an earlier file opened; those of this one are added.
    """
    lines, unread, flaws = list[Line](), Counter[str](), list[str]()
    try:
        for line in _lines_of(path, openings, unread):
            lines += [line] if _is_whole(line, unread) else []
    except (OSError, EOFError, zlib.error) as error:
        flaws.append(f"{path.name} is cut off or damaged ({error})")
    flaws += [f"{count} lines cannot be read" for count in unread.values() if count]
    if not lines and not flaws:
        flaws.append("there is nothing in it that can be read")
    if is_session(path.name):
        lines.sort(key=lambda line: line.at)
    elif RAW.search(path.name):
        lines = _with_symbols(lines)
    return [line._replace(file=path.name, number=number) for number, line in enumerate(lines, 1)], tuple(flaws)


def _is_whole(line: Line, unread: Counter[str]) -> bool:
    """Whether a line is not cut off: what begins as JSON is JSON."""
    if line.text[:1] not in ("{", "["):
        return True
    try:
        json.loads(line.text)
    except (ValueError, RecursionError):
        unread["lines"] += 1
        return False
    return True


def is_capture(name: str) -> bool:
    """Whether a file is a recorded session, or a part of one."""
    return is_session(name) or is_rest(name) or bool(FRAMES.search(name) or RAW.search(name))


def is_session(name: str) -> bool:
    """Whether a file holds a record for each thing that happened."""
    return name.removesuffix(PACKED).endswith(SESSION)


def is_rest(name: str) -> bool:
    """Whether a file holds answers over REST alone, of frames that are recorded beside it."""
    return REST.search(name) is not None


def _lines_of(path: Path, openings: Openings, unread: Counter[str]) -> Iterator[Line]:
    with _opened(path) as opened:
        if is_session(path.name):
            yield from _of_session(opened, openings, unread)
        elif RAW.search(path.name):
            yield from _of_raw(opened, unread)
        else:
            yield from _of_frames(opened, openings)


@contextmanager
def _opened(path: Path) -> Iterator[io.TextIOWrapper]:
    """Opens a file, unpacked where it is packed, whatever its name says. Bytes that are no text become marks."""
    with path.open("rb") as file:
        if file.peek(2)[:2] != MAGIC:
            yield io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace")
            return
        with gzip.open(file, "rt", encoding="utf-8-sig", errors="replace") as unpacked:
            yield unpacked


def _of_session(opened: Iterator[str], openings: Openings, unread: Counter[str]) -> Iterator[Line]:
    at = 0.0
    for text in opened:
        try:
            for line in _of_record(json.loads(text), openings, Line(at, True, "", text.strip())):
                at = line.at
                yield line
        except (ValueError, KeyError, TypeError, RecursionError, OSError, EOFError, zlib.error):
            unread["lines"] += bool(text.strip())


def _of_record(told: dict[str, object], openings: Openings, alone: Line) -> Iterator[Line]:
    """Yields the line that a record is. One that is none is a frame alone, with the time that it tells.

    Errors: KeyError, TypeError, ValueError where a record is not whole.
    """
    kind = told.get("t") if isinstance(told, dict) else None
    if not isinstance(kind, str):
        stamp = told.get("ts") if isinstance(told, dict) else None
        yield alone._replace(at=seconds_of(str(stamp))) if isinstance(stamp, int) else alone
    elif kind == "connect":
        _open(openings, str(told.get("conn", "")), str(told["addr"]))
    elif kind == "recv":
        yield _framed(openings, str(told.get("conn", "")), _instant(told["ts"]), _text(told))
    elif kind == "http":
        yield Line(_instant(told["ts"]), False, str(told["url"]), _text(told))


def _open(openings: Openings, conn: str, url: str) -> None:
    openings[conn] = Opened(url, openings.get(conn, Opened()).times + 1)


def _framed(openings: Openings, conn: str, at: float, text: str) -> Line:
    url, times = openings.get(conn, Opened())
    return Line(at, True, url, text, conn if times < 2 else f"{conn}{AGAIN}{times}")


def _text(told: dict[str, object]) -> str:
    """Returns what came, as text: some recordings hold it as the object that it is, and bytes in base64, packed or not.

    Errors: KeyError, ValueError.
    """
    if "b64" in told:
        packed = base64.b64decode(str(told["b64"]))
        return (gzip.decompress(packed) if packed.startswith(MAGIC) else packed).decode(errors="replace")
    data = told["data"]
    return data if isinstance(data, str) else json.dumps(data)


def _instant(stamp: object) -> float:
    at = float(str(stamp))
    if not math.isfinite(at):
        raise ValueError("a time that is none")
    return at


def seconds_of(digits: str) -> float:
    """Returns the seconds of a time in whole milliseconds, microseconds or nanoseconds."""
    return int(digits) / 10 ** max(0, len(digits) - S_DIGITS)


def _of_frames(opened: Iterator[str], openings: Openings) -> Iterator[Line]:
    """Yields frames, and the answers over REST that stand between them or alone."""
    for text in opened:
        stripped = text.strip()
        if (connected := CONNECT_LINE.match(stripped)) is not None:
            _open(openings, "", connected[1])
        elif (answered := REST_LINE.match(stripped)) is not None:
            yield Line(float(answered[2]), False, answered[1], answered[3])
        elif (match := FRAME_LINE.match(stripped)) is not None:
            yield _framed(openings, "", float(match[1]), match[2])


def _of_raw(opened: Iterator[str], unread: Counter[str]) -> Iterator[Line]:
    for text in opened:
        match = RAW_LINE.match(text.strip())
        if match is None:
            unread["lines"] += bool(text.strip())
            continue
        yield Line(seconds_of(match[1]), not _is_answer(match[2]), "", match[2])


def _is_answer(text: str) -> bool:
    """Whether a raw line is the answer to a question for a whole book: those alone have its number at their top."""
    if '"lastUpdateId"' not in text:
        return False
    try:
        return "lastUpdateId" in json.loads(text)
    except (ValueError, RecursionError):
        return False


def _with_symbols(lines: list[Line]) -> list[Line]:
    """Returns raw lines in which each whole book says of which symbol it is: it does not always say so itself."""
    changes: dict[str, list[tuple[int, int]]] = {}
    for line in lines:
        named, numbers = RAW_SYMBOL.search(line.text), RAW_CHANGE.search(line.text)
        if line.is_frame and named is not None and numbers is not None:
            changes.setdefault(named[1], []).append((int(numbers[1]), int(numbers[2])))
    return [line if line.is_frame else line._replace(url=RAW_DEPTH + _symbol_of(line.text, changes)) for line in lines]


def _symbol_of(text: str, changes: dict[str, list[tuple[int, int]]]) -> str:
    """Returns whose whole book this is: the symbol that it names, or whose changes are numbered like it."""
    named, number = RAW_SYMBOL.search(text), RAW_WHOLE.search(text)
    if named is not None or number is None:
        return named[1] if named is not None else ""
    return min(changes, key=lambda symbol: _distance(int(number[1]), changes[symbol]), default="")


def _distance(number: int, changes: list[tuple[int, int]]) -> int:
    """Returns how far a number lies from the changes of a symbol; zero inside one of them."""
    return min(max(first - number, number - last, 0) for first, last in changes)
