"""Compares the journal of a desk with a backtest of the same window, and counts beforehand what there is to compare."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from flatbook.backtest.compared_orders import Collected, Scope, Window, collected
from flatbook.backtest.divergence import Divergence, divergence_of
from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import NamedTape, Tape
from flatbook.backtest.tape_file import FileTape
from flatbook.events.event import Event
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.home import BACKTEST_FILE
from flatbook.projections.fold import recorded
from flatbook.services.backtest import JOURNAL, PlanOf
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import Instant, InstantRefused, instant_of_text, text_of_instant


class NothingTraded(Exception):
    """The desk ordered nothing of what is compared within the window: there is nothing to judge it by."""


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a report keeps of its run: where the tape lay, and the names that its instruments went by."""

    tape: str
    names: dict[InstrumentId, InstrumentId]


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename={"began_at": "from", "ended_at": "to"}):
    run: _Run
    began_at: str
    ended_at: str


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What of a desk is compared: owners, none for all, and its names of instruments that the tape names otherwise."""

    owners: Collection[OwnerId] = ()
    named: Mapping[InstrumentId, InstrumentId] = {}


def check_traded(traded: Path, tape_path: Path, plan_of: PlanOf, chosen: Chosen) -> None:
    """Passes where a desk ordered something of what a plan would trade over a tape, before that is run.

    Errors: NothingTraded, what reading the plan, the tape or the journal raises.
    """
    tape = FileTape(tape_path)
    names = plan_of(tape).names
    _collected(_events(traded), NamedTape(tape, names), _window_of(tape), chosen)


def compare(traded: Path, folder: Path, tape_path: Path | None, chosen: Chosen) -> Divergence:
    """Returns how the journal of a desk differs from a backtest, kept in a folder, of the same window.

    What is compared is what lies on the tape and within the backtest, on both sides. `tape_path` says where its tape
    lies now, None: where it lay.
    Errors: NothingTraded, TapeRefused, OSError, what a journal that cannot be read raises.
    """
    run, its_window = _ran(folder / BACKTEST_FILE)
    path = tape_path or Path(run.tape)
    tape = NamedTape(FileTape(path), run.names)
    window = _common(_window_of(tape), its_window, path)
    try:
        ours = _collected(_events(traded), tape, window, chosen)
        theirs = collected(_events(folder / JOURNAL), window, _scope(tape, Chosen()))
        return divergence_of(ours, theirs, tape, window)
    except ValueError as error:
        raise TapeRefused(f"{path.name}: {error}") from error


def _common(tape: Window, backtest: Window, path: Path) -> Window:
    """Returns what lies on a tape and within a backtest. Errors: TapeRefused where nothing does."""
    found = Window(max(tape.begins, backtest.begins), min(tape.ends, backtest.ends))
    if found.begins > found.ends:
        spans = f"{path.name} runs from {_span(tape)}, the backtest from {_span(backtest)}"
        raise TapeRefused(f"{spans}: name a tape of the same window with --data")
    return found


def _span(window: Window) -> str:
    return f"{text_of_instant(window.begins)} to {text_of_instant(window.ends)}"


def _window_of(tape: Tape) -> Window:
    return Window(Instant(tape.head.first_ts), Instant(tape.head.last_ts))


def _scope(tape: Tape, chosen: Chosen) -> Scope:
    on_tape = {InstrumentId(each.id): InstrumentId(each.id) for each in tape.head.instruments}
    return Scope({**on_tape, **chosen.named}, chosen.owners)


def _collected(events: Iterable[Event], tape: Tape, window: Window, chosen: Chosen) -> Collected:
    """Returns what a desk ordered of the instruments of a tape within a window.

    Errors: NothingTraded, naming what it ordered instead.
    """
    found = collected(events, window, _scope(tape, chosen))
    if found.fills or not all(order.stood for order in found.orders.values()):
        return found
    span = f"between {text_of_instant(window.begins)} and {text_of_instant(window.ends)}"
    if not found.elsewhere:
        raise NothingTraded(f"the desk traded nothing {span}: nothing to compare")
    others, taped = ", ".join(sorted(found.elsewhere)), ", ".join(str(each.id) for each in tape.head.instruments)
    raise NothingTraded(f"the desk traded only {others} {span}, and the tape has {taped}: nothing to compare")


def _ran(path: Path) -> tuple[_Run, Window]:
    try:
        body = msgspec.json.decode(path.read_bytes(), type=_Body)
        return body.run, Window(instant_of_text(body.began_at), instant_of_text(body.ended_at))
    except (msgspec.MsgspecError, InstantRefused, RecursionError) as error:
        raise TapeRefused(f"{path} does not say what was run ({error}): run the backtest again") from error


def _events(path: Path) -> Iterable[Event]:
    reader = open_reader(path)
    try:
        yield from (item.event for item in recorded(reader.read()))
    finally:
        reader.close()
