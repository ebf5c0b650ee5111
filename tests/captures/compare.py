"""Replays sessions through our feeds and through ccxt's own classes, and compares all books after each message."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flatbook.market.depth import Grid
from tests.captures.files import Line, NoBook, is_rest, session_of
from tests.captures.replay import Seen, replayed
from tests.captures.sessions import sessions_of, strangers_of
from tests.captures.venues import Feed, connections, feed_of, grids_of, is_filtered, is_retired

SCRIPT = Path(__file__).parents[1] / "clients" / "ccxt_session.py"
CLIENT_S_MAX = 3_600
FILTERED = "one symbol of many: the numbers of the connection are not checked"
NO_WHOLE = "the recording has no whole book to begin with"
RETIRED = "the protocol version is retired"


class ClientBroke(Exception):
    """The other client cannot go on. Says why."""


class Pair(NamedTuple):
    """What came, our book after it and a digest of the other client's, None where there is none."""

    line: Line
    ours: Seen
    theirs: str | None


class Verdict(NamedTuple):
    """How many messages left both with the same book, the first that did not, and what else is to be said."""

    equal: int
    different: Pair | None
    notes: tuple[str, ...]


def compare_folder(folder: Path, python: str, say: Callable[[str], None]) -> bool:
    """Says a line for each file of a folder. Returns whether there is one and no book differs."""
    told: dict[Path, bool] = {}
    for session in sessions_of(folder):
        for path, (text, is_well) in _told(session, python).items():
            if path not in told:
                say(f"{path.relative_to(folder)}: {text}")
            told[path] = told.get(path, True) and is_well
    for path in strangers_of(folder):
        say(f"{path.relative_to(folder)}: no book: it is no recorded session")
    if not told:
        say(f"{folder} holds no recorded session")
    return bool(told) and all(told.values())


def _told(session: list[Path], python: str) -> dict[Path, tuple[str, bool]]:
    """Returns what is said of each file of a session, and whether it is well."""
    try:
        verdicts = compare(session, python)
    except NoBook as why:
        return dict.fromkeys(session, (f"no book: {why}", True))
    except ClientBroke as why:
        return dict.fromkeys(session, (f"the client breaks: {why}", False))
    return {path: _words(verdicts[path.name]) for path in session}


def _words(verdict: Verdict) -> tuple[str, bool]:
    told = "".join(f"; {note}" for note in verdict.notes)
    if verdict.different is not None:
        at = verdict.different
        return f"DIFFERENT at message {at.line.number}, {at.ours.symbol}{told}", False
    if not verdict.equal:
        return f"no book: {'; '.join(verdict.notes) or 'none that both have'}", True
    return f"equal {verdict.equal} messages{told}", True


def compare(session: list[Path], python: str) -> dict[str, Verdict]:
    """Returns how the books of a session compare, by the names of its files.

    Errors: NoBook where it leads to no book, and why.
    """
    frames = [path for path in session if not is_rest(path.name)]
    if not frames:
        raise NoBook("answers over REST without their frames")
    recorded = session_of(session)
    flaws = [flaw for path in session for flaw in recorded.flaws[path.name]]
    if not recorded.lines:
        raise NoBook("; ".join(flaws))
    feed = feed_of(frames[-1].name, recorded.lines)
    try:
        pairs = _pairs(recorded.lines, feed, python, has_holes=is_filtered(frames[-1].name, recorded.lines))
    except NoBook as why:
        raise NoBook("; ".join((str(why), *flaws))) from why
    note = (FILTERED,) if is_filtered(frames[-1].name, recorded.lines) else ()
    verdicts = {path.name: verdict_of([pair for pair in pairs if pair.line.file == path.name]) for path in session}
    return {
        path.name: verdicts[path.name]._replace(
            notes=(
                *_place(path, frames),
                *(note if path in frames else ()),
                *verdicts[path.name].notes,
                *recorded.flaws[path.name],
            )
        )
        for path in session
    }


def _place(path: Path, frames: list[Path]) -> tuple[str, ...]:
    if path not in frames:
        return (f"answers over REST, read beside {frames[0].name}",)
    place = frames.index(path)
    return (f"continues {frames[place - 1].name}",) if place else ()


def _pairs(lines: list[Line], feed: Feed, python: str, *, has_holes: bool) -> list[Pair]:
    """Returns what both made of each connection.

    Errors: NoBook where none has a whole book of a protocol that is still spoken.
    """
    spoken = [group for group in connections(lines) if not is_retired(group)]
    if not spoken:
        raise NoBook(RETIRED)
    grids = grids_of(lines)
    pairs = [pair for group in spoken for pair in compared(group, feed, grids, python, has_holes=has_holes)]
    if not any(pair.ours.digest for pair in pairs):
        raise NoBook(NO_WHOLE)
    return pairs


def compared(
    lines: list[Line], feed: Feed, grids: Mapping[str, Grid], python: str, *, has_holes: bool = False
) -> list[Pair]:
    """Returns the books of both after what came over one connection; nothing where none of it is a whole book."""
    ours = list(replayed(lines, feed, grids, has_holes=has_holes))
    if not any(seen.digest for seen in ours):
        return [Pair(lines[seen.line], seen, None) for seen in ours]
    theirs = {(seen.line, seen.symbol.upper()): seen.digest for seen in _asked(lines, feed, python)}
    return [Pair(lines[seen.line], seen, theirs.get((seen.line, seen.symbol.upper()))) for seen in ours]


def verdict_of(pairs: Sequence[Pair]) -> Verdict:
    """A book that only one has is not compared.

    The client asks for another whole one, which the recording lacks; and where a message is missing ours is not known
    from there on, while some classes of the client go on without a word.
    """
    both = [pair for pair in pairs if pair.ours.digest is not None and pair.theirs is not None]
    equal = sum(pair.ours.digest == pair.theirs for pair in both)
    different = next((pair for pair in both if pair.ours.digest != pair.theirs), None)
    unknown = sum(1 for pair in pairs if pair.theirs is None and pair.ours.digest is not None)
    lost = [pair for pair in pairs if pair.theirs is not None and pair.ours.digest is None]
    notes = [f"the client has no book after {unknown} others"] if unknown else []
    if lost:
        notes.append(
            f"we have none after {len(lost)} others, from message {lost[0].line.number} on: {lost[0].ours.why}"
        )
    if pairs and not both and not unknown and not lost:
        notes.append(NO_WHOLE)
    return Verdict(equal, different, tuple(notes))


def _asked(lines: list[Line], feed: Feed, python: str) -> Iterator[Seen]:
    """Yields what the books of the client hold."""
    said = "\n".join(json.dumps([line.is_frame, line.url, line.text]) for line in lines)
    try:
        done = subprocess.run(
            [python, str(SCRIPT), feed.client],
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=CLIENT_S_MAX,
        )
    except subprocess.TimeoutExpired as late:
        raise ClientBroke(f"it is not done after {CLIENT_S_MAX} s") from late
    if done.returncode:
        raise ClientBroke((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200])
    return (Seen(*json.loads(line)) for line in done.stdout.splitlines())
