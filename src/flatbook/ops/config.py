"""The configuration: read in layers, matched with its shape, checked as a whole, and refused with all that is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from flatbook.ops.config_accounts import PaperExchangeAccount
from flatbook.ops.config_chains import RecordedChain
from flatbook.ops.config_links import flaws
from flatbook.ops.config_match import Effective, Match
from flatbook.ops.config_prices import RecordedPrices
from flatbook.ops.config_read import (
    ConfigRefused,
    Key,
    Problem,
    Stated,
    Tree,
    key_text,
    lay_environment,
    read_files,
    read_text,
)
from flatbook.ops.config_shape import ClockKind, Config
from flatbook.ops.home import CONFIG_FILE
from flatbook.ops.secret_value import Places
from flatbook.values.ids import digest_text

CHANGED = "changed"
UNDIGESTED = ("secrets.", "age.", "log.", "alerts.", "api.")


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that may be used, and every value in force with its origin.

    `digest` names what was decided: the same for the same values, wherever they were stated. Secrets, where they
    are, what is logged, who is told and who may look do not count.
    """

    config: Config
    effective: tuple[Effective, ...]
    home: Path
    digest: str

    def place(self, path: str) -> Path:
        """Returns where a path of the configuration is: relative ones start at the home."""
        return self.home / Path(path).expanduser()

    @property
    def journal(self) -> Path:
        """The file of the journal."""
        return self.place(self.config.journal.path)


def load(
    home: Path,
    *,
    path: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Loaded:
    """Returns the configuration of a home, or of a file or folder at `path`: files, then environment.

    Errors: ConfigRefused with all that is wrong.
    """
    return _loaded(read_files(home if path is None else path), home, environment)


def load_text(
    text: str,
    home: Path,
    *,
    name: str = CONFIG_FILE,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Returns the configuration that a text states, as `load` does for files.

    Errors: ConfigRefused with all that is wrong.
    """
    return _loaded(read_text(text, name), home, environment or {})


def load_changed(
    home: Path,
    changes: Mapping[Key, str | None],
    *,
    path: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Loaded:
    """Returns the configuration as `load` does, as if its files stated some values otherwise. Nothing is written.

    Needs: `changes` are texts as the environment states them; None leaves a value out.
    Errors: ConfigRefused with all that is wrong.
    """
    tree = read_files(home if path is None else path)
    for key, text in changes.items():
        _change(tree, key, text)
    return _loaded(tree, home, environment)


def _change(tree: Tree, key: Key, text: str | None) -> None:
    for part in key[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below
    if text is None:
        tree.pop(key[-1], None)
    else:
        tree[key[-1]] = Stated(value=text, origin=CHANGED, as_text=True)


def _loaded(tree: Tree, home: Path, environment: Mapping[str, str]) -> Loaded:
    lay_environment(tree, environment)
    match = Match()
    stated = match.section(Config, tree, ())
    if match.problems:
        raise ConfigRefused(match.problems)
    config = msgspec.convert(stated, Config)
    problems = [_problem(key, text, match.effective) for key, text in flaws(config)]
    if problems:
        raise ConfigRefused(problems)
    return Loaded(config=config, effective=tuple(match.effective), home=home, digest=_digest(match.effective))


def _problem(key: Key, text: str, effective: list[Effective]) -> Problem:
    return Problem(origin=_origin(key, effective), key=key_text(key), text=text)


def _origin(key: Key, effective: list[Effective]) -> str:
    """Returns where a key was stated; of a table or a missing key, where the first value nearest to it was."""
    for length in range(len(key), 0, -1):
        near = key_text(key[:length])
        for value in effective:
            if value.key == near or value.key.startswith(f"{near}."):
                return value.origin
    return ""


def _digest(effective: list[Effective]) -> str:
    lines = (f"{value.key}={value.value}" for value in effective if not value.key.startswith(UNDIGESTED))
    return digest_text(*sorted(lines))


def problem_at(loaded: Loaded, key: Key, text: str) -> Problem:
    """Returns what is wrong with a key of a configuration that may be used, with the place where it was stated."""
    return _problem(key, text, list(loaded.effective))


def missing_files(loaded: Loaded) -> tuple[Problem, ...]:
    """Returns a problem for each recording that the configuration names and that is not there."""
    return tuple(
        problem_at(loaded, key, f"there is no {loaded.place(path)}")
        for key, path in _recordings(loaded.config)
        if not loaded.place(path).exists()
    )


def is_recorded(config: Config) -> bool:
    """Whether the market of a desk is played from recordings, wholly or in part, or its time from a tape."""
    return config.clock.kind is ClockKind.TAPE or next(_recordings(config), None) is not None


def _recordings(config: Config) -> Iterator[tuple[Key, str]]:
    """Yields each file of a recording that a configuration names, with the key that names it."""
    for name, chain in config.chains.items():
        if isinstance(chain, RecordedChain):
            yield ("chains", name, "path"), chain.path
    for name, source in config.prices.items():
        if isinstance(source, RecordedPrices):
            for underlying, path in source.files.items():
                yield ("prices", name, "files", underlying), path
    for name, account in config.accounts.items():
        if isinstance(account, PaperExchangeAccount) and account.recording is not None:
            yield ("accounts", name, "recording"), account.recording


def places_of(loaded: Loaded, environment: Mapping[str, str] = os.environ) -> Places:
    """Returns where the secrets of a configuration are."""
    return Places(
        references=loaded.config.secrets,
        home=loaded.home,
        identity=loaded.place(loaded.config.age.identity),
        environment=environment,
    )
