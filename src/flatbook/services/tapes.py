"""Makes tapes of recordings: reads each once to learn its grid and clocks, and once more to write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import Clocks, TapeHead, TapeInstrument
from flatbook.backtest.tape_file import Message, TapeWriter
from flatbook.backtest.tape_making import Plan, messages_of
from flatbook.backtest.tape_order import by_venue_time, on_one_tape
from flatbook.backtest.tape_survey import Survey, SymbolSurvey, decimal_step, survey_of
from flatbook.services.tape_sources import Recording, origins_of
from flatbook.values.instants import NS_PER_MS

SAID_EVERY = 10_000
Progress = Callable[[int, int], None]


def unwatched(_done: int, _total: int) -> None:
    """Says nothing of how far the work is."""


class Steps(NamedTuple):
    """Ticks and lots that are given instead of found."""

    tick: Decimal | None = None
    lot: Decimal | None = None


AS_FOUND = Steps()


class Surveyed(NamedTuple):
    """A recording, and what was found in it."""

    recording: Recording
    survey: Survey


def surveyed(recording: Recording) -> Surveyed:
    """Reads a recording once.

    Errors: TapeRefused where it says itself that it is of another symbol than was stated.
    """
    survey = survey_of(recording.heard())
    own = {recording.named(symbol).symbol for symbol in survey.symbols}
    if recording.stated is not None and own and own != {recording.stated}:
        told = f"{recording.paths[0].name} says itself that it is of {', '.join(sorted(own))}"
        raise TapeRefused(f"{told}: leave --symbol out")
    return Surveyed(recording, survey)


def make_tape(
    path: Path, found: Sequence[Surveyed], steps: Steps = AS_FOUND, progress: Progress = unwatched
) -> TapeHead:
    """Makes one tape of some recordings and returns its head.

    Errors: TapeRefused, OSError.
    """
    counts: Counter[str] = Counter()
    plans: list[dict[str, Plan]] = []
    for each in found:
        plans.append(_plans(each, sum(map(len, plans)), steps))
    flat = [plan for each in plans for plan in each.values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = TapeWriter(
        path,
        tuple(plan.instrument for plan in flat),
        origins=tuple(origin for each in found for origin in origins_of(each.recording.paths)),
        clocks=tuple(_clocks(plan) for plan in flat),
    )
    writer.counts = counts
    sources = [_messages(*pair, counts) for pair in zip(found, plans, strict=True)]
    return _written(writer, on_one_tape(sources, counts), sum(each.survey.messages for each in found), progress)


def _written(writer: TapeWriter, messages: Iterator[Message], total: int, progress: Progress) -> TapeHead:
    is_whole = False
    try:
        for number, message in enumerate(messages):
            writer.add(message)
            if number % SAID_EVERY == 0:
                progress(number, total)
        head = writer.close()
        is_whole = True
        return head
    finally:
        if not is_whole:
            writer.drop()


def _messages(found: Surveyed, plans: dict[str, Plan], counts: Counter[str]) -> Iterator[Message]:
    return by_venue_time(messages_of(found.recording.heard(), plans, counts), counts)


def _plans(found: Surveyed, first: int, steps: Steps) -> dict[str, Plan]:
    survey = found.survey
    lag = max(survey.happened.median + survey.offset_ns, 0)
    return {
        symbol: Plan(
            inst=inst,
            instrument=_instrument(found.recording, each, steps),
            rule=found.recording.rule,
            overlaps=found.recording.overlaps,
            holds=found.recording.holds,
            offset_ns=survey.offset_ns,
            lag_ns=lag,
        )
        for inst, (symbol, each) in enumerate(sorted(survey.symbols.items()), first)
    }


def _instrument(recording: Recording, survey: SymbolSurvey, steps: Steps) -> TapeInstrument:
    named = recording.named(survey.symbol)
    return TapeInstrument(
        id=f"{named.venue}:{named.symbol}",
        venue=named.venue,
        symbol=named.symbol,
        product=named.product,
        tick=steps.tick or decimal_step(survey.price_step),
        lot=steps.lot or decimal_step(survey.size_step),
        contract_size=named.contract_size,
        quote=named.quote,
    )


def _clocks(plan: Plan) -> Clocks:
    shift = f"recorded time plus {plan.offset_ns // NS_PER_MS} ms" if plan.offset_ns else "recorded time"
    rule = f"seen at: {shift}; happened at: the venue's time, or {plan.lag_ns // NS_PER_MS} ms before it was seen"
    return Clocks(inst=plan.inst, rule=rule, offset_ns=plan.offset_ns, lag_ns=plan.lag_ns)
