"""Worlds that are kept: scripted scenarios, and the seeds that once failed. Both come with the program."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from flatbook.sim.catalogue.row import Level
from flatbook.sim.runs.scenario import VERSION, Scenario, ScenarioRefused, scenario_of

FOLDER = "scenarios"
SUFFIX = ".json"
REGRESSIONS = {
    Level.CORE: "regress.txt",
    Level.FULL: "regress.txt",
    Level.EXCHANGE: "regress_exchange.txt",
}
COMMENT = "#"


class Kept(NamedTuple):
    """A scenario that is kept, and its name."""

    name: str
    scenario: Scenario


def scripted() -> tuple[Kept, ...]:
    """Returns the scripted scenarios in the order of their names.

    Errors: ScenarioRefused.
    """
    return tuple(Kept(name, scenario_of((_folder() / f"{name}{SUFFIX}").read_bytes(), name)) for name in _names())


def kept_scenario(name: str) -> Scenario:
    """Returns a scripted scenario by its name, or one that stands in a file.

    Errors: ScenarioRefused, also where there is neither; OSError when the file cannot be read.
    """
    found = _folder() / f"{name}{SUFFIX}"
    if found.is_file():
        return scenario_of(found.read_bytes(), name)
    try:
        return scenario_of(Path(name).read_bytes(), name)
    except FileNotFoundError:
        raise ScenarioRefused(f"{name}: no file and no scripted scenario; these are: {', '.join(_names())}") from None


def regressions(level: Level = Level.CORE) -> tuple[int, ...]:
    """Returns the seeds that once failed; those of worlds at an exchange have a list of their own.

    Errors: ScenarioRefused.
    """
    return seeds_of((files("flatbook.sim.runs") / REGRESSIONS[level]).read_text().splitlines())


def seeds_of(lines: Iterable[str]) -> tuple[int, ...]:
    """Returns the seeds of a list: a version and a seed a line, and a comment.

    Errors: ScenarioRefused when a line is no seed, or one of another version: its world would be another one.
    """
    told = [line.split(COMMENT)[0].split() for line in lines]
    return tuple(_seed_of(words) for words in told if words)


def _seed_of(words: list[str]) -> int:
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        raise ScenarioRefused(f"{' '.join(words)!r} is no version and seed")
    check_version(int(words[0]), f"the kept seed {words[1]}")
    return int(words[1])


def check_version(version: int, what: str) -> None:
    """Passes when a seed was drawn by scenarios of the version that this program draws.

    Errors: ScenarioRefused.
    """
    if version != VERSION:
        raise ScenarioRefused(f"{what} was drawn as version {version}, and this program draws version {VERSION}")


def _names() -> list[str]:
    return sorted(path.stem for path in _folder().iterdir() if path.suffix == SUFFIX)


def _folder() -> Path:
    return Path(str(files("flatbook.sim.runs"))) / FOLDER
