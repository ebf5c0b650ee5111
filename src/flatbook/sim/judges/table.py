"""The table of judges: each invariant has one, or names the room it waits for."""

from __future__ import annotations

from collections.abc import Callable

from flatbook.sim.judges import (
    of_books,
    of_control,
    of_decisions,
    of_exchanges,
    of_exposure,
    of_guards,
    of_offers,
    of_orders,
    of_pairs,
    of_prices,
    of_results,
    of_rows,
    of_seats,
)
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.expectation import Expectation
from flatbook.sim.judges.results import Results, SeatResults
from flatbook.sim.judges.verdict import NotYet, Verdict, Violation
from flatbook.sim.world.record import Record

Judge = Callable[[Court], Hearing]
PairJudge = Callable[[Record, Record], tuple[Violation, ...]]

ONE_RUN: dict[str, Judge] = {
    "I1": of_orders.intent_first,
    "I2": of_orders.at_most_one,
    "I3": of_books.no_fill_lost,
    "I4": of_books.exactly_once,
    "I5": of_books.conserved,
    "I6": of_exposure.exposure_bounded,
    "I7": of_orders.no_early_end,
    "I8": of_orders.monotone,
    "I11": of_rows.one_writer,
    "I12": of_decisions.fresh,
    "I13": of_rows.in_order,
    "I14": of_exposure.lively,
    "I15": of_control.stop_works,
    "I16": of_rows.exact_numbers,
    "I17": of_control.who_did_it,
    "I18": of_rows.no_leak,
    "I19": of_decisions.bounded,
    "I20": of_books.honest,
    "I21": of_offers.offers_bounded,
    "I22": of_decisions.nothing_for_tomorrow,
    "I23": of_books.forced_close_seen,
    "I25": of_results.explained,
}
SEATED: dict[str, Judge] = {
    **{name: each for name, each in ONE_RUN.items() if name != "I22"},
    "I6": of_seats.inventory_bounded,
    "I12": of_seats.seen_truly,
    "I14": of_seats.exits_leave,
    "I15": of_guards.guards_stop,
    "I19": of_exchanges.waits_as_asked,
    "I23": of_exchanges.forced_close_owned,
    "I21": of_exchanges.dead_desks_offer_nothing,
    "I24": of_exchanges.own_orders_apart,
    "I25": of_seats.held_as_said,
}
"""The judges of a desk at an exchange: it offers nothing on a chain, and its market never closes."""
TWO_RUNS: dict[str, PairJudge] = {"I9": of_pairs.replay, "I10": of_pairs.recovery}
LATER: dict[str, NotYet] = {
    "I24": NotYet(
        room="strategies/cross_venue",
        predicate="two decisions never cite the same book sequence or pool slot after one of them traded.",
    ),
}
JUDGES: dict[str, Judge | PairJudge | NotYet] = {**ONE_RUN, **TWO_RUNS, **LATER}


def predicate_of(invariant: str) -> str:
    """Returns what an invariant says, as its judge states it, in one line."""
    found = JUDGES[invariant]
    if isinstance(found, NotYet):
        return found.predicate
    return " ".join((found.__doc__ or "").split()).removeprefix(f"{invariant}: ")


def judge(record: Record, expects: Expectation, results: Results | SeatResults | None = None) -> Verdict:
    """Returns what all judges of one run say of a record, and of the results of the product, in the order found."""
    court = Court(expects, results)
    hearings = (
        *(each(court) for each in (ONE_RUN if expects.seat is None else SEATED).values()),
        of_prices.told_truly(court),
        of_exposure.timekeeper(court),
    )
    court.hear(record.entries, hearings)
    return Verdict(violations=tuple(court.violations), left_off=court.left_off, figures=court.figures())
