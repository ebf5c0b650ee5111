"""Replays sessions through our feeds and through ccxt's own classes, and compares all books after each message."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from flatbook.market.depth import Unfit
from tests.captures.files import Line, NoBook, is_rest, session_of
from tests.captures.replay import Seen, replayed
from tests.captures.sessions import sessions_of, strangers_of
from tests.captures.told import told_in
from tests.captures.venues import Part, is_filtered, parts_of

SCRIPT = Path(__file__).parents[1] / "clients" / "ccxt_session.py"
CLIENT_S_MAX = 3_600
FILTERED = "one symbol of many: the numbers of the connection are not checked"
UNREAD = Unfit.UNREAD.value
NO_WHOLE = "the recording has no whole book to begin with"


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
        for path, (text, is_well) in _said_of(session, python).items():
            if path not in told:
                say(f"{path.relative_to(folder)}: {text}")
            told[path] = told.get(path, True) and is_well
    for path in strangers_of(folder):
        say(f"{path.relative_to(folder)}: no book: it is no recorded session")
    if not told:
        say(f"{folder} holds no recorded session")
    return bool(told) and all(told.values())


def _said_of(session: list[Path], python: str) -> dict[Path, tuple[str, bool]]:
    """Returns what is said of each file of a session, and whether it is well."""
    try:
        verdicts = compare(session, python)
    except NoBook as why:
        return dict.fromkeys(session, (f"no book: {why}", True))
    except ClientBroke as why:
        return dict.fromkeys(session, (f"the client breaks: {why}", False))
    return {path: words_of(verdicts[path.name]) for path in session}


def words_of(verdict: Verdict) -> tuple[str, bool]:
    """Returns what is said of a file, and whether it is well."""
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
    has_holes = is_filtered(frames[-1].name, recorded.lines)
    try:
        pairs = _pairs(frames[-1].name, recorded.lines, python, has_holes=has_holes)
    except NoBook as why:
        raise NoBook("; ".join((str(why), *flaws))) from why
    note = (FILTERED,) if has_holes else ()
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


def _pairs(name: str, lines: list[Line], python: str, *, has_holes: bool) -> list[Pair]:
    """Returns what both made of each part of a session, in its order.

    Errors: NoBook where none has a whole book of a protocol that is still spoken.
    """
    parts = parts_of(name, lines)
    pairs = [pair for each in compared(parts, python, has_holes=has_holes) for pair in each]
    if not any(pair.ours.digest for pair in pairs):
        raise NoBook(next((pair.ours.why for pair in pairs if pair.ours.why.startswith(UNREAD)), NO_WHOLE))
    return sorted(pairs, key=lambda pair: (pair.line.file, pair.line.number))


def compared(parts: Sequence[Part], python: str, *, has_holes: bool = False) -> list[list[Pair]]:
    """Returns the books of both after what came in each part; the client is not asked where none of it is whole."""
    ours = [list(replayed(part.lines, part.feed, part.grids(), has_holes=has_holes)) for part in parts]
    asked = [place for place, seen in enumerate(ours) if any(each.digest for each in seen)]
    theirs = {(asked[place], *at): digest for (place, *at), digest in _asked([parts[place] for place in asked], python)}
    return [
        [Pair(part.lines[each.line], each, theirs.get((place, each.line, each.symbol))) for each in seen]
        for place, (part, seen) in enumerate(zip(parts, ours, strict=True))
    ]


def verdict_of(pairs: Sequence[Pair]) -> Verdict:
    """A book that only one has is not compared.

    The client asks for another whole one, which the recording lacks; and where a message is missing ours is not known
    from there on, while some classes of the client go on without a word.
    """
    both = [pair for pair in pairs if pair.ours.digest is not None and pair.theirs is not None]
    equal = sum(pair.ours.digest == pair.theirs for pair in both)
    different = next((pair for pair in both if pair.ours.digest != pair.theirs), None)
    unknown = sum(1 for pair in pairs if pair.line.is_frame and pair.theirs is None and pair.ours.digest is not None)
    notes = [f"the client has no book after {unknown} others"] if unknown else []
    lost = [pair for pair in pairs if pair.ours.digest is None and (pair.theirs is not None or _was_lost(pair.ours))]
    if lost:
        notes.append(
            f"we have none after {len(lost)} others, from message {lost[0].line.number} on: {lost[0].ours.why}"
        )
    if pairs and not both and not unknown and not lost:
        notes.append(NO_WHOLE)
    return Verdict(equal, different, tuple(notes))


def _was_lost(seen: Seen) -> bool:
    """Whether a book is gone, and not only not there yet."""
    return seen.why not in ("", Unfit.NO_BOOK.value)


def _asked(parts: Sequence[Part], python: str) -> Iterator[tuple[tuple[int, int, str], str | None]]:
    """Yields what the books of the client hold, by part, line and market."""
    if not parts:
        return
    said = "\n".join(
        json.dumps(each) for part in parts for each in ([part.feed.client], *map(_told, part.lines, repeat(part)))
    )
    try:
        done = subprocess.run(
            [python, str(SCRIPT)], input=said, capture_output=True, text=True, check=False, timeout=CLIENT_S_MAX
        )
    except subprocess.TimeoutExpired as late:
        raise ClientBroke(f"it is not done after {CLIENT_S_MAX} s") from late
    if done.returncode:
        raise ClientBroke((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200])
    for line in done.stdout.splitlines():
        part_number, number, market, digest = json.loads(line)
        yield (part_number, number, market), digest


def _told(line: Line, part: Part) -> list[object]:
    return [line.is_frame, line.url, line.text, [each.symbol for each in told_in(line, part.feed.telling)]]
