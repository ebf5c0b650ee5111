"""Which recorded files belong together: answers over REST beside their frames, and files that continue one another."""

from __future__ import annotations

import re
from pathlib import Path

from tests.captures.files import FRAMES, is_capture, is_rest, read_lines

DAY = re.compile(r"_(\d{4}-?\d{2}-?\d{2})(?=[_.]|$)")
TURNED = re.compile(r"(\.ws\.\d+)\.\d+")
PAUSE_S_MAX, OVERLAP_S_MAX = 120.0, 5.0


def sessions_of(folder: Path) -> list[list[Path]]:
    """Returns the sessions of a folder, each with its files in order of time."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and is_capture(path.name))
    frames = [path for path in paths if not is_rest(path.name)]
    beside = [path for path in paths if is_rest(path.name)]
    alike: dict[tuple[Path, str], list[Path]] = {}
    for path in frames:
        alike.setdefault((path.parent, stem_of(path.name)), []).append(path)
    chains = [chain for group in alike.values() for chain in _chained(group)]
    sessions = [[*(rest for rest in beside if _answers(rest, chain[0])), *chain] for chain in chains]
    told = {path for session in sessions for path in session}
    return sorted([*sessions, *([path] for path in beside if path not in told)], key=lambda session: session[-1])


def strangers_of(folder: Path) -> list[Path]:
    """Returns the files of a folder that are no recorded sessions."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not is_capture(path.name))


def stem_of(name: str) -> str:
    """Returns what the names of files that continue one another share: no day, and no number of the file."""
    return DAY.sub("", TURNED.sub(r"\1", name)).removesuffix(".gz").removesuffix(".txt")


def _answers(rest: Path, frames: Path) -> bool:
    """Whether answers over REST belong to a file of frames: the same venue, and the same day where both have one."""
    venues = [path.name.split(".", 1)[0] for path in (rest, frames)]
    days = [DAY.search(path.name) for path in (rest, frames)]
    is_one_day = None in days or len({day[1] for day in days if day is not None}) == 1
    is_beside = rest.parent == frames.parent and FRAMES.search(frames.name) is not None
    return is_beside and venues[0] == venues[1] and is_one_day


def _chained(alike: list[Path]) -> list[list[Path]]:
    """Returns files of one kind as chains: each begins where the one before it ended, whatever day its name has."""
    if len(alike) == 1:
        return [alike]
    spans = sorted((*_span(path), path) for path in alike)
    chains, ended = [[spans[0][2]]], spans[0][1]
    for began, ends, path in spans[1:]:
        if -OVERLAP_S_MAX <= began - ended <= PAUSE_S_MAX:
            chains[-1].append(path)
        else:
            chains.append([path])
        ended = ends
    return chains


def _span(path: Path) -> tuple[float, float]:
    lines, _ = read_lines(path, {})
    times = [line.at for line in lines if line.at > 0]
    return (times[0], times[-1]) if times else (0.0, float("-inf"))
