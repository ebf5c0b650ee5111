"""Reads recorded sessions, in the formats that the manifest of the shared data describes, in order of time."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SESSION = ".jsonl"
PACKED, MAGIC = ".gz", b"\x1f\x8b"
FRAMES, REST, RAW = re.compile(r"\.ws\.\d+\.\d+_"), re.compile(r"^[^.]+\.\d+_\d{4}-"), re.compile(r"^hftbt_")
FRAME_LINE = re.compile(r"(\d+\.\d+): (.*)", re.DOTALL)
REST_LINE = re.compile(r"(https?://\S+) -> (\d+\.\d+): (.*)", re.DOTALL)
CONNECT_LINE = re.compile(r"(wss?://\S+) <-> (\d+\.\d+)")
RAW_LINE = re.compile(r"(\d{13,19}) (\{.*\})", re.DOTALL)
RAW_SYMBOL, RAW_DEPTH = re.compile(r'"s":"([^"]+)"'), "recorded:/depth?symbol="


class Line(NamedTuple):
    """What came, and when: a frame of a stream, or the answer to a question over REST. Units: `at` in seconds."""

    at: float
    is_frame: bool
    url: str
    text: str


class Session(NamedTuple):
    """What some files of one session hold, in order of time, and what was wrong with them."""

    lines: list[Line]
    flaws: tuple[str, ...]


class NoBook(Exception):
    """A recording does not lead to a book. Says why."""


def session_of(paths: list[Path]) -> Session:
    """Returns what some files of one session hold. Lines that cannot be read are left out and counted.

    Errors: NoBook where there is nothing in them.
    """
    lines, unread, flaws = list[Line](), Counter[str](), list[str]()
    for path in paths:
        try:
            for line in _lines_of(path, unread):
                lines += [line] if _is_whole(line, unread) else []
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            flaws.append(f"{path.name} is cut off or damaged ({error})")
    if not lines:
        raise NoBook("; ".join(flaws) if flaws else "there is nothing in it that can be read")
    flaws += [f"{count} lines cannot be read" for count in unread.values()]
    return Session(sorted(lines, key=lambda line: line.at), tuple(flaws))


def _is_whole(line: Line, unread: Counter[str]) -> bool:
    """Whether a line is not cut off: what begins as JSON is JSON."""
    if line.text[:1] not in ("{", "["):
        return True
    try:
        json.loads(line.text)
    except ValueError:
        unread["lines"] += 1
        return False
    return True


def sessions_of(folder: Path) -> list[list[Path]]:
    """Returns the sessions of a folder: answers over REST beside their frames, and files that continue another one."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and _is_capture(path.name))
    answers = {_venue(path): path for path in paths if REST.search(path.name)}
    chains: dict[str, list[Path]] = {}
    for path in paths:
        if REST.search(path.name):
            continue
        if RAW.search(path.name):
            chains.setdefault(re.sub(r"_\d{8}(\..*)?$", "", path.name) + "|" + _month(path), []).append(path)
            continue
        beside = answers.get(_venue(path)) if FRAMES.search(path.name) else None
        chains[path.name] = [*([beside] if beside is not None else []), path]
    return list(chains.values())


def _is_capture(name: str) -> bool:
    is_session = name.removesuffix(PACKED).endswith(SESSION)
    return is_session or bool(FRAMES.search(name) or REST.search(name) or RAW.search(name))


def _venue(path: Path) -> str:
    day = re.search(r"_(\d{4}-\d{2}-\d{2})", path.name)
    return path.name.split(".", 1)[0] + (day[1] if day else "")


def _month(path: Path) -> str:
    found = re.search(r"_(\d{6})\d{2}(\..*)?$", path.name)
    return found[1] if found else ""


def _lines_of(path: Path, unread: Counter[str]) -> Iterator[Line]:
    with _opened(path) as opened:
        if path.name.removesuffix(PACKED).endswith(SESSION):
            yield from _of_session(opened, unread)
        elif RAW.search(path.name):
            yield from _of_raw(opened, unread)
        elif REST.search(path.name):
            for text in opened:
                if (match := REST_LINE.match(text.strip())) is not None:
                    yield Line(float(match[2]), False, match[1], match[3])
        else:
            yield from _of_frames(opened)


@contextmanager
def _opened(path: Path) -> Iterator[io.TextIOWrapper]:
    """Opens a file, unpacked where it is packed, whatever its name says. Bytes that are no text become marks."""
    with path.open("rb") as file:
        if file.peek(2)[:2] != MAGIC:
            yield io.TextIOWrapper(file, encoding="utf-8", errors="replace")
            return
        with gzip.open(file, "rt", encoding="utf-8", errors="replace") as unpacked:
            yield unpacked


def _of_session(opened: Iterator[str], unread: Counter[str]) -> Iterator[Line]:
    urls: dict[str, str] = {}
    for number, text in enumerate(opened):
        try:
            yield from _of_record(json.loads(text), urls, Line(float(number), True, "", text.strip()))
        except (ValueError, KeyError, TypeError):
            unread["lines"] += bool(text.strip())


def _of_record(told: dict[str, object], urls: dict[str, str], alone: Line) -> Iterator[Line]:
    """Yields the line that a record is. One that is none is a frame alone.

    Errors: KeyError, TypeError, ValueError where a record is not whole.
    """
    kind = told.get("t") if isinstance(told, dict) else None
    if kind is None:
        yield alone
    elif kind == "connect":
        urls[str(told["conn"])] = str(told["addr"])
    elif kind == "recv":
        yield Line(float(str(told["ts"])), True, urls.get(str(told["conn"]), ""), str(told["data"]))
    elif kind == "http":
        yield Line(float(str(told["ts"])), False, str(told["url"]), str(told["data"]))


def _of_frames(opened: Iterator[str]) -> Iterator[Line]:
    url = ""
    for text in opened:
        stripped = text.strip()
        if (connected := CONNECT_LINE.match(stripped)) is not None:
            url = connected[1]
        elif (match := FRAME_LINE.match(stripped)) is not None:
            yield Line(float(match[1]), True, url, match[2])


def _of_raw(opened: Iterator[str], unread: Counter[str]) -> Iterator[Line]:
    """Yields frames of one symbol, and among them the whole book that was asked for."""
    symbol = ""
    for text in opened:
        match = RAW_LINE.match(text.strip())
        if match is None:
            unread["lines"] += bool(text.strip())
            continue
        at = int(match[1]) / 10 ** (len(match[1]) - 10)
        if (named := RAW_SYMBOL.search(match[2])) is not None:
            symbol = named[1]
        is_frame = '"lastUpdateId"' not in match[2][:40]
        yield Line(at, is_frame, "" if is_frame else f"{RAW_DEPTH}{symbol}", match[2])
