"""Reads recorded sessions, in the formats that the manifest of the shared data describes, in order of time."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SESSION = ".jsonl.gz"
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


class NoBook(Exception):
    """A recording does not lead to a book. Says why."""


def lines_of(paths: list[Path]) -> list[Line]:
    """Returns what some files of one session hold, in order of time.

    Errors: NoBook where a file is of no known format.
    """
    lines = [line for path in paths for line in _lines_of(path)]
    return sorted(lines, key=lambda line: line.at)


def sessions_of(folder: Path) -> list[list[Path]]:
    """Returns the sessions of a folder: answers over REST beside their frames, and files that continue another one."""
    paths = sorted(path for path in folder.rglob("*.gz") if _is_capture(path.name))
    answers = {_venue(path): path for path in paths if REST.search(path.name)}
    chains: dict[str, list[Path]] = {}
    for path in paths:
        if REST.search(path.name):
            continue
        if RAW.search(path.name):
            chains.setdefault(re.sub(r"_\d{8}\.gz$", "", path.name) + "|" + _month(path), []).append(path)
            continue
        beside = answers.get(_venue(path)) if FRAMES.search(path.name) else None
        chains[path.name] = [*([beside] if beside is not None else []), path]
    return list(chains.values())


def _is_capture(name: str) -> bool:
    return name.endswith(SESSION) or bool(FRAMES.search(name) or REST.search(name) or RAW.search(name))


def _venue(path: Path) -> str:
    return path.name.split(".", 1)[0] + path.name[-17:]


def _month(path: Path) -> str:
    found = re.search(r"_(\d{6})\d{2}\.gz$", path.name)
    return found[1] if found else ""


def _lines_of(path: Path) -> Iterator[Line]:
    with gzip.open(path, "rt", encoding="utf-8") as opened:
        if path.name.endswith(SESSION):
            yield from _of_session(opened)
        elif RAW.search(path.name):
            yield from _of_raw(opened)
        elif REST.search(path.name):
            for text in opened:
                if (match := REST_LINE.match(text.strip())) is not None:
                    yield Line(float(match[2]), False, match[1], match[3])
        else:
            yield from _of_frames(opened)


def _of_session(opened: Iterator[str]) -> Iterator[Line]:
    urls: dict[str, str] = {}
    for number, text in enumerate(opened):
        told = json.loads(text)
        if "t" not in told:
            yield Line(float(number), True, "", text.strip())
        elif told["t"] == "connect":
            urls[told["conn"]] = told["addr"]
        elif told["t"] == "recv":
            yield Line(told["ts"], True, urls.get(told["conn"], ""), told["data"])
        elif told["t"] == "http":
            yield Line(told["ts"], False, told["url"], told["data"])


def _of_frames(opened: Iterator[str]) -> Iterator[Line]:
    url = ""
    for text in opened:
        stripped = text.strip()
        if (connected := CONNECT_LINE.match(stripped)) is not None:
            url = connected[1]
        elif (match := FRAME_LINE.match(stripped)) is not None:
            yield Line(float(match[1]), True, url, match[2])


def _of_raw(opened: Iterator[str]) -> Iterator[Line]:
    """Yields frames of one symbol, and among them the whole book that was asked for."""
    symbol = ""
    for text in opened:
        match = RAW_LINE.match(text.strip())
        if match is None:
            continue
        at = int(match[1]) / 10 ** (len(match[1]) - 10)
        if (named := RAW_SYMBOL.search(match[2])) is not None:
            symbol = named[1]
        is_frame = '"lastUpdateId"' not in match[2][:40]
        yield Line(at, is_frame, "" if is_frame else f"{RAW_DEPTH}{symbol}", match[2])
