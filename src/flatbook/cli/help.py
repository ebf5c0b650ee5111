"""Help as plain text, drawn from the table of verbs and, for one verb, from the signature of its function."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.cli.faults import Exit
from flatbook.cli.verbs import FAMILIES, Verb, find, verbs

if TYPE_CHECKING:
    from cyclopts import Argument

INTRO = "flatbook keeps a trader's book flat: every fill is hedged exactly once, through any crash."
OUTRO = (
    "Every verb takes --home, --config and --json. Exit codes: 0 done, 1 error, 2 usage or not found, 3 no engine "
    "runs, 4 configuration, 5 timed out, 6 refused, 7 state unknown."
)
WIDTH_MAX = 100
NAME_COLUMNS = 12
OPTION_COLUMNS_MAX = 26


def print_help(words: list[str]) -> int:
    """Prints the help of the verb that the words name; of the program when they name none."""
    chain, rest = find(words)
    if rest and not rest[0].startswith("-") and not (chain and chain[-1].target):
        from flatbook.cli.app import check_verb

        check_verb(
            " ".join(("flatbook", *(verb.name for verb in chain))), chain[-1].under if chain else tuple(verbs()), rest
        )
    last = chain[-1] if chain else None
    if last is None:
        lines = _program()
    elif last.under:
        lines = _noun(chain)
    else:
        lines = _verb(chain)
    print("\n".join(lines))
    return Exit.OK


def _width() -> int:
    return min(shutil.get_terminal_size().columns, WIDTH_MAX)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _width(), initial_indent=indent, subsequent_indent=indent) or [""]


def _row(name: str, says: str, columns: int) -> list[str]:
    """Returns a name and what it means as lines, the meaning in a column of its own."""
    lead = f"  {name:<{columns}}  "
    if len(name) > columns:
        return [lead.rstrip(), *_wrapped(says, " " * (columns + 4))]
    wrapped = textwrap.wrap(says, max(_width() - len(lead), 20)) or [""]
    return [(lead + wrapped[0]).rstrip(), *(" " * len(lead) + line for line in wrapped[1:])]


def _program() -> Iterator[str]:
    yield "Usage: flatbook VERB [OPTIONS]"
    yield ""
    yield from _wrapped(INTRO)
    for family in FAMILIES:
        yield ""
        yield f"{family.title}:"
        for verb in family.verbs:
            yield from _row(verb.name, _says(verb), NAME_COLUMNS)
    yield ""
    yield from _wrapped(OUTRO)


def _says(verb: Verb) -> str:
    return f"{verb.says} ({', '.join(each.name for each in verb.under)})" if verb.under else verb.says


def _noun(chain: tuple[Verb, ...]) -> Iterator[str]:
    yield f"Usage: flatbook {' '.join(verb.name for verb in chain)} VERB [OPTIONS]"
    yield ""
    yield from _wrapped(chain[-1].says)
    yield ""
    for verb in chain[-1].under:
        yield from _row(verb.name, verb.says, NAME_COLUMNS)


def _verb(chain: tuple[Verb, ...]) -> Iterator[str]:
    from flatbook.cli.app import program

    app = program()
    for verb in chain:
        app = app[verb.name]
    arguments = [each for each in app.assemble_argument_collection() if each.show and each.parameter.help]
    positional = [each for each in arguments if each.index is not None]
    options = [each for each in arguments if each.index is None]
    words = " ".join((*(verb.name for verb in chain), *(_usage(each) for each in arguments if _is_in_usage(each))))
    yield from _wrapped(f"Usage: flatbook {words} [OPTIONS]")
    for paragraph in (inspect.getdoc(app.default_command) or chain[-1].says).split("\n\n"):
        yield ""
        yield from _wrapped(" ".join(paragraph.split()))
    for title, group in (("Arguments", positional), ("Options", options)):
        if group:
            names = [_names(each) for each in group]
            columns = min(max(len(name) for name in names), OPTION_COLUMNS_MAX)
            yield ""
            yield f"{title}:"
            for each, name in zip(group, names, strict=True):
                yield from _row(name, _meaning(each), columns)


def _is_in_usage(argument: Argument) -> bool:
    return argument.index is not None or argument.required


def _usage(argument: Argument) -> str:
    name = argument.names[0]
    if argument.index is None:
        return f"{name} {_metavar(argument)}"
    return name if argument.required else f"[{name}]"


def _metavar(argument: Argument) -> str:
    return argument.names[0].lstrip("-").replace("-", "_").upper()


def _names(argument: Argument) -> str:
    names = ", ".join(argument.names)
    return names if argument.index is not None or argument.is_flag() else f"{names} {_metavar(argument)}"


def _meaning(argument: Argument) -> str:
    says = argument.parameter.help or ""
    choices = argument.get_choices()
    default: Any = argument.field_info.default
    if choices:
        says += f" One of {', '.join(choices)}."
    if argument.required:
        return f"{says} Required." if argument.index is None else says
    plain = isinstance(default, (str, int)) and not isinstance(default, bool) and default != ""
    return f"{says} [{default}]" if plain else says


def every_verb() -> Iterator[tuple[Verb, ...]]:
    """Yields the chain of each verb that can be called."""
    for verb in verbs():
        yield from ((verb, each) for each in verb.under) if verb.under else ((verb,),)
