"""What follows from a state is worked out once, and is what it would be if it were worked out afresh."""

from __future__ import annotations

import random
from decimal import Decimal

from flatbook.api.answers.accumulators import accumulators_answer
from flatbook.api.answers.holdings import Holdings, holdings_of
from flatbook.api.answers.moment import as_of
from flatbook.api.answers.positions import positions_answer
from flatbook.api.answers.risk import risk_answer
from flatbook.api.answers.status import status_answer
from flatbook.api.answers.thresholds import Threshold, Thresholds
from flatbook.api.follow import Folds
from flatbook.engine.ports import Row
from flatbook.projections.positions import net_line, net_lines
from flatbook.state.desk import State
from flatbook.values.ids import Epoch, Seq
from tests.property.test_wake_law import long_script
from tests.property.world import KEYS, STARTS, World, rules_of

SEEDS = 12
STATED: Thresholds = {key: Threshold(shares=Decimal(2)) for key in KEYS}


def rows_of(seed: int) -> list[Row]:
    """Returns what a small world led to, in commits of any size."""
    chance, rows, last = random.Random(seed), list[Row](), 0
    events = tuple(World(chance.choice(STARTS), every=False).run(long_script(chance)).events)
    while last < len(events):
        part = events[last : last + chance.randint(0, 5)]
        rows.append(
            Row(
                first=Seq(last + 1),
                last=Seq(last + len(part)),
                epoch=Epoch(1),
                at=STARTS[0],
                cursors={},
                events=part,
                previous_hash=b"",
                hash=b"",
            )
        )
        last += len(part)
    return rows


def test_after_every_commit_what_is_held_is_worked_out_once_and_is_that_of_the_state_as_it_is() -> None:
    rules = rules_of()
    for seed in range(SEEDS):
        folds, made = Folds(), list[Seq]()

        def make(state: State, folds: Folds = folds, made: list[Seq] = made) -> Holdings:
            made.append(folds.seq)
            return holdings_of(state, STATED)

        rows = rows_of(seed)
        for row in rows:
            folds.take(row)
            held, fresh = folds.derived(make), holdings_of(folds.state, STATED)
            moment = as_of(folds.seq, None)
            assert folds.derived(make) is held
            assert positions_answer(held, moment) == positions_answer(fresh, moment)
            assert status_answer(held, moment) == status_answer(fresh, moment)
            assert accumulators_answer(held, moment) == accumulators_answer(fresh, moment)
            assert risk_answer(held, moment, rules, row.at) == risk_answer(fresh, moment, rules, row.at)
        assert made == [row.last for row in rows]


def test_a_net_alone_is_the_net_among_all_but_for_its_positions() -> None:
    for seed in range(SEEDS):
        folds = Folds()
        for row in rows_of(seed):
            folds.take(row)
            for line in net_lines(folds.state):
                alone = net_line(folds.state, line.key)
                assert (alone.exposure, alone.provisional, alone.price) == (line.exposure, line.provisional, line.price)
