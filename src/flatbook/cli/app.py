"""The entry of the program: from a line of words to a verb, and from what it met to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.verbs import Verb, find, verbs

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError

HELP = ("--help", "-h")
INTERRUPTED = 130
ALIKE = 0.65
_VALUED = ("--home", "--config")
_FLAGS = ("--json",)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit code of the process."""
    open_streams()
    words = behind_verb(list(sys.argv[1:] if argv is None else argv))
    try:
        if not __debug__:
            raise Failed(Exit.ERROR, "python -O drops the assertions that guard the journal", do="start without it")
        code = _run(words)
        sys.stdout.flush()
        return code
    except Failed as failed:
        return _tell(failed, as_json="--json" in words)
    except BrokenPipeError:
        _let_go_of_output()
        return Exit.OK
    except OSError as error:  # what was to be said cannot be written
        _let_go_of_output()
        return _tell(Failed(Exit.ERROR, error.strerror or str(error), where="standard output"), as_json=False)
    except KeyboardInterrupt:
        return INTERRUPTED


def open_streams() -> None:
    """Opens the standard streams that whoever called has closed, so that no file of ours takes their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the lowest number that is free is its own
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - it stays


def _let_go_of_output() -> None:
    """Turns standard output to nowhere: nobody reads it, or it takes nothing more, and the last flush must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def behind_verb(words: list[str]) -> list[str]:
    """Returns the words with the options that stand before the verb moved behind it, where every verb takes them."""
    lead = 0
    while lead < len(words) and words[lead].split("=")[0] in (*_VALUED, *_FLAGS):
        lead += 2 if words[lead] in _VALUED else 1
    end = words.index("--") if "--" in words else len(words)
    return words[lead:end] + words[:lead] + words[end:] if lead <= end else words


def _run(words: list[str]) -> int:
    options = words[: words.index("--")] if "--" in words else words
    if not words or any(flag in options for flag in HELP):
        from flatbook.cli.help import print_help

        return print_help([word for word in words if word not in HELP])
    return _call(["version", *words[1:]] if words[0] == "--version" else words)


def _call(words: list[str]) -> int:
    """Lets the parser find the verb and its arguments, and calls it."""
    from cyclopts import CycloptsError

    chain, rest = find(words)
    called = " ".join(("flatbook", *(verb.name for verb in chain)))
    check_verb(called, chain[-1].under if chain else tuple(verbs()), rest)
    app = program()
    try:
        return int(app(words) or Exit.OK)
    except BrokenPipeError:
        raise
    except CycloptsError as error:
        raise Failed(Exit.USAGE, _misread(error), do=f"see {called} --help") from error
    except _known_faults() as error:
        from flatbook.cli.known import failed_of

        raise failed_of(error) from error


def _misread(error: CycloptsError) -> str:
    """Returns what the parser could not read, in our words where its own are those of a programmer."""
    from cyclopts import UnusedCliTokensError

    if isinstance(error, UnusedCliTokensError):
        return f"nothing here takes {' '.join(error.unused_tokens or ())!r}"
    said = " ".join(str(error).split()).rstrip(".")
    return said.replace(" into int", " into a whole number")


def check_verb(called: str, choices: tuple[Verb, ...], rest: list[str]) -> None:
    """Passes when the words name a verb that can be called, and not a noun alone or something unknown.

    Errors: Failed.
    """
    if not choices:
        return
    names = [verb.name for verb in choices]
    if rest and rest[0].startswith("-"):
        raise Failed(Exit.USAGE, f"no option {rest[0]} stands before a verb", where=called, do="see flatbook --help")
    if not rest:
        raise Failed(Exit.USAGE, f"{called} what?", do=f"name one of {', '.join(names)}")
    from difflib import get_close_matches

    near = get_close_matches(rest[0], names, cutoff=ALIKE)
    do = f"did you mean {' or '.join(near)}?" if near else f"name one of {', '.join(names)}"
    raise Failed(Exit.USAGE, f"there is no verb {rest[0]!r}", where=called, do=do)


def _known_faults() -> tuple[type[BaseException], ...]:
    """Returns what the packages below raise for the operator; looked up only once something was raised."""
    from flatbook.cli.known import KNOWN

    return KNOWN


def program() -> App:
    """Returns the parser of all verbs; their code is imported when a verb is used."""
    from cyclopts import App

    from flatbook import __version__

    app = App(
        name="flatbook",
        version=__version__,
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    for verb in verbs():
        _add(app, verb)
    return app


def _add(app: App, verb: Verb) -> None:
    from cyclopts import App

    if not verb.under:
        app.command(f"flatbook.cli.{verb.target}", name=verb.name, help=verb.says)
        return
    inner = App(name=verb.name, help=verb.says)
    for each in verb.under:
        _add(inner, each)
    app.command(inner)


def _tell(failed: Failed, *, as_json: bool) -> int:
    """Says a failure on standard error, and to programs on standard output too."""
    from flatbook.cli.output import end_progress, print_json, printable

    end_progress()
    print(printable(failed.line()), file=sys.stderr)
    try:
        if as_json:
            print_json("error", failed.body())
        sys.stdout.flush()  # what stood there before it, too
    except OSError:  # what it says stands on standard error
        _let_go_of_output()
    return failed.code


if __name__ == "__main__":
    sys.exit(main())
