"""The layers of a configuration, read and merged: files, then the environment.

Nothing is judged here: the result is a tree of what was stated, each value with where it came from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from flatbook.ops.config_kinds import keys_of
from flatbook.ops.config_shape import Config
from flatbook.ops.home import CONFIG_FILE, is_backtest, other_home

ENV_PREFIX = "FLATBOOK__"
FILE_BYTES_MAX = 1 << 20
FRAGMENTS_MAX = 256
NO_FILE = "there is no such file: "
SEGMENTS_MAX = 8

Key = tuple[str, ...]

_FINISHED = "a finished backtest stands here; --config FILE names the configuration of the desk that it ran"
_HEADER = re.compile(r"\s*(\[\[?)(?P<name>.+?)\]\]?\s*(#.*)?$")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_ASSIGNED = re.compile(rf"\s*(?P<name>{_PART}(?:\s*\.\s*{_PART})*)\s*=")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a configuration: where it was stated, which key, and what to do."""

    origin: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.origin, self.key, self.text) if part)


class ConfigRefused(Exception):
    """A configuration cannot be used. Carries all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A value as it was stated. `as_text` marks one from the environment, where all is text."""

    value: Any
    origin: str
    as_text: bool = False


Tree = dict[str, Any]
"""Tables by key; what is no table is a Stated."""


def key_text(key: Key) -> str:
    """Returns a key as it is written in TOML."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"' for part in key)


def key_of_text(written: str) -> Key:
    """Returns the parts of a key as it is written in TOML.

    Errors: ValueError when it is no key.
    """
    try:
        node: Any = tomllib.loads(f"{written.strip()} = 1")
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f"{written!r} is no key: write section.key, with quotes around parts that have dots"
        ) from error
    parts: list[str] = []
    while isinstance(node, dict) and len(node) == 1 and len(parts) < SEGMENTS_MAX:
        part, node = next(iter(node.items()))
        parts.append(part)
    if node != 1:
        raise ValueError(f"{written!r} is no key")
    return tuple(parts)


def files_of(path: Path) -> tuple[Path, ...]:
    """Returns the files of a configuration: the named file, or flatbook.toml of a folder, and its fragments in order.

    Errors: ConfigRefused when it is not there or has too many fragments.
    """
    main = path / CONFIG_FILE if path.is_dir() else path
    if not main.is_file():
        raise _refused(main, NO_FILE + (_FINISHED if is_backtest(main.parent) else _writing(main)))
    fragments = sorted(main.with_suffix(".d").glob("*.toml"))
    if len(fragments) > FRAGMENTS_MAX:
        raise _refused(main.with_suffix(".d"), f"{len(fragments)} files, at most {FRAGMENTS_MAX} are read")
    return (main, *fragments)


def _writing(main: Path) -> str:
    """Returns what to do where a configuration is not there."""
    other = f"; {other_home(main.parent)}" if main.name == CONFIG_FILE else ""
    return f"`flatbook init` writes one{other}"


def read_files(path: Path) -> Tree:
    """Returns what the files of a configuration state, later ones over earlier ones.

    Errors: ConfigRefused.
    """
    tree: Tree = {}
    files = files_of(path)
    for file in files:
        name = file.name if file == files[0] else f"{file.parent.name}/{file.name}"
        merge(tree, read_text(_text_of(file), name))
    return tree


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise _refused(file, f"larger than {FILE_BYTES_MAX} bytes")
        return content.decode()
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _refused(file, f"is no UTF-8 text at byte {error.start}") from error


def _refused(file: Path, text: str) -> ConfigRefused:
    return ConfigRefused((Problem(origin=str(file), key="", text=text),))


def read_text(content: str, name: str) -> Tree:
    """Returns what a TOML text states. `name` is what errors call it.

    Errors: ConfigRefused when it is no TOML.
    """
    try:
        stated = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ConfigRefused((Problem(origin=name, key="", text=f"is no TOML: {error}"),)) from error
    return _tree(stated, (), _lines(content), name)


def _tree(table: Mapping[str, Any], at: Key, lines: Mapping[Key, int], name: str) -> Tree:
    tree: Tree = {}
    for part, value in table.items():
        key = (*at, part)
        if isinstance(value, dict):
            tree[part] = _tree(value, key, lines, name)
        else:
            tree[part] = Stated(value=value, origin=_origin(name, key, lines))
    return tree


def _origin(name: str, key: Key, lines: Mapping[Key, int]) -> str:
    for length in range(len(key), 0, -1):
        if (line := lines.get(key[:length])) is not None:
            return f"{name}:{line}"
    return name


def _lines(content: str) -> dict[Key, int]:
    """Returns the line of each header and key; a key inside an inline table is found by the key it stands in."""
    lines: dict[Key, int] = {}
    section: Key = ()
    quoted = False
    for number, line in enumerate(content.splitlines(), 1):
        fences = line.count('"""') + line.count("'''")
        if not quoted and (found := _HEADER.match(line) or _ASSIGNED.match(line)):
            key = _written_key(found["name"])
            section = key if found.re is _HEADER else section
            lines.setdefault(key if found.re is _HEADER else (*section, *key), number)
        quoted ^= fences % 2 == 1
    return lines


def _written_key(written: str) -> Key:
    try:
        return key_of_text(written)
    except ValueError:
        return ()


def merge(tree: Tree, over: Mapping[str, Any]) -> None:
    """Lays one tree over another: tables are merged, everything else is replaced."""
    for part, node in over.items():
        below = tree.get(part)
        if isinstance(node, dict) and isinstance(below, dict):
            merge(below, node)
        else:
            tree[part] = node


def lay_environment(tree: Tree, environment: Mapping[str, str]) -> None:
    """Lays FLATBOOK__SECTION__KEY over a tree.

    A part means the name in the tree that equals it but for case and marks, else the key of the format that does; else
    it is a new name, taken as it is written.

    Errors: ConfigRefused for a variable that is no key.
    """
    keys = keys_of(Config)
    for variable in sorted(name for name in environment if name.startswith(ENV_PREFIX)):
        parts = variable.removeprefix(ENV_PREFIX).split("__")
        if not all(parts) or len(parts) > SEGMENTS_MAX:
            problem = Problem(origin=f"env {variable}", key="", text="is no key: write FLATBOOK__SECTION__KEY")
            raise ConfigRefused((problem,))
        stated = Stated(value=environment[variable], origin=f"env {variable}", as_text=True)
        _lay(tree, parts, stated, keys)


def _lay(tree: Tree, parts: Sequence[str], stated: Stated, keys: Iterable[str]) -> None:
    for part in parts[:-1]:
        name = _meant(part, (*tree, *keys))
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    tree[_meant(parts[-1], (*tree, *keys))] = stated


def _meant(part: str, names: Iterable[str]) -> str:
    folded = _folded(part)
    return next((name for name in names if _folded(name) == folded), part)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())
