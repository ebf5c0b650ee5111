"""Replays sessions through our feeds and through ccxt's own classes, and compares all books after each message."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flatbook.market.depth import Grid
from tests.captures.files import Line, NoBook, session_of, sessions_of
from tests.captures.replay import Seen, replayed
from tests.captures.venues import Feed, feed_of, grids_of, is_retired

SCRIPT = Path(__file__).parents[1] / "clients" / "ccxt_session.py"
FILTERED = "_only."


class ClientBroke(Exception):
    """The other client cannot go on. Says why."""


class Verdict(NamedTuple):
    """How many messages left both with the same book, the first that did not, and what else is to be said."""

    equal: int
    different: Seen | None
    notes: tuple[str, ...]


def compare_folder(folder: Path, python: str, say: Callable[[str], None]) -> bool:
    """Says a line for each session of a folder. Returns whether none of them differs."""
    found = [_told(session, python, say) for session in sessions_of(folder)]
    if not found:
        say(f"{folder} holds no recorded session")
    return bool(found) and all(found)


def _told(session: list[Path], python: str, say: Callable[[str], None]) -> bool:
    name = session[-1].name
    try:
        verdict = compare(session, python)
    except NoBook as why:
        say(f"{name}: no book: {why}")
        return True
    except ClientBroke as why:
        say(f"{name}: the client breaks: {why}")
        return False
    told = "".join(f"; {note}" for note in verdict.notes)
    if verdict.different is not None:
        say(f"{name}: DIFFERENT at message {verdict.different.line + 1}, {verdict.different.symbol}{told}")
        return False
    if not verdict.equal:
        say(f"{name}: no book: none that both have{told}")
        return True
    say(f"{name}: equal {verdict.equal} messages{told}")
    return True


def compare(session: list[Path], python: str) -> Verdict:
    """Returns how the books of a session compare.

    Errors: NoBook where it leads to no book, and why.
    """
    feed, recorded = feed_of(session[-1]), session_of(session)
    lines = recorded.lines
    if is_retired(lines):
        raise NoBook("the protocol version is retired")
    is_filtered = FILTERED in session[-1].name
    try:
        verdict = compared(lines, feed, grids_of(lines), python, is_filtered=is_filtered)
    except NoBook as why:
        raise NoBook("; ".join((str(why), *recorded.flaws))) from why
    note = ("one symbol of many: the numbers of the connection are not checked",) if is_filtered else ()
    return verdict._replace(notes=(*note, *verdict.notes, *recorded.flaws))


def compared(
    lines: list[Line], feed: Feed, grids: Mapping[str, Grid], python: str, *, is_filtered: bool = False
) -> Verdict:
    """Returns how the books of what came compare.

    Errors: NoBook where nothing of it is a whole book.
    """
    ours = list(replayed(lines, feed, grids, is_filtered=is_filtered))
    if not any(seen.digest for seen in ours):
        raise NoBook("the recording has no whole book to begin with")
    theirs = {(seen.line, seen.symbol.upper()): seen.digest for seen in _asked(lines, feed, python)}
    return _verdict([(seen, theirs.get((seen.line, seen.symbol.upper()))) for seen in ours])


def _verdict(pairs: Sequence[tuple[Seen, str | None]]) -> Verdict:
    """A book that only one has is not compared.

    The client asks for another whole one, which the recording lacks; and where a message is missing ours is not known
    from there on, while some classes of the client go on without a word.
    """
    both = [(seen, theirs) for seen, theirs in pairs if seen.digest is not None and theirs is not None]
    equal = sum(seen.digest == theirs for seen, theirs in both)
    different = next((seen for seen, theirs in both if seen.digest != theirs), None)
    unknown = sum(1 for seen, theirs in pairs if theirs is None and seen.digest is not None)
    lost = [seen for seen, theirs in pairs if theirs is not None and seen.digest is None]
    notes = [f"the client has no book after {unknown} others"] if unknown else []
    if lost:
        notes.append(f"we have none after {len(lost)} others, from message {lost[0].line + 1} on: {lost[0].why}")
    return Verdict(equal, different, tuple(notes))


def _asked(lines: list[Line], feed: Feed, python: str) -> Iterator[Seen]:
    """Yields what the books of the client hold."""
    said = "\n".join(json.dumps([line.is_frame, line.url, line.text]) for line in lines)
    done = subprocess.run([python, str(SCRIPT), feed.client], input=said, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClientBroke(done.stderr.strip().splitlines()[-1][:200])
    return (Seen(*json.loads(line)) for line in done.stdout.splitlines())
