"""Real processes, real SIGKILL: an engine is killed at random moments until its tape ends, and then judged.

Hypothesis: whatever a kill leaves (journal, broker's ledger) is enough to end as if nobody had killed.
Mechanism: intents are durable before they are sent, recovery asks by client id and folds facts by identity.
Premise: the kills land (return code -9), and at many different places between the journal's events and the sends.

In about half of the lives the next one finds a kept state of all that the killed one has left, or an older one.

KILLS sets how many kills land at least (20 by default; more as long as they landed at too few places, for where a
kill lands is up to the machine too), KILLS_SEED repeats a run's choice of moments.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from flatbook.events.codec import decode_event_json
from flatbook.events.control import EngineStarted
from flatbook.events.event import Event
from tests.infra.home import make_home, tape_of
from tests.infra.judge import assert_promises_kept, between, evidence_of, flatbook, keep_state_of
from tests.infra.lives import Moment, Watched, draw_moment, kill_at, life

KILLS = int(os.environ.get("KILLS", "20"))
KILLS_PER_HOME = 25
KILLS_MORE = 5
KILLS_MAX = 4 * KILLS
PLACES_MIN = 6
PLACES_OF_MANY_MIN = 10
MANY = 100
IN_THE_SEND = ("unsent", "unanswered")
INTO_THE_SEND = Moment(Watched.TAG, 2, "order_intended")
LIVES_MAX = 3 * KILLS + 10
KILLED = -signal.SIGKILL

Place = tuple[str, str]


class Kill(NamedTuple):
    """A kill that landed: the moment that was drawn, and where it found the process."""

    moment: Moment
    place: Place


def events_told(path: Path) -> list[Event]:
    """Returns the events that a process said were committed; a last line that was cut off does not count."""
    return [decode_event_json(line) for line in path.read_bytes().split(b"\n")[:-1]]


def assert_told_is_kept(home: Path) -> None:
    """What a process said was committed stands in the journal, under its epoch, in that order."""
    rows = evidence_of(home).rows
    for path in sorted(home.glob("told-*.jsonl")):
        told = events_told(path)
        if told:
            assert isinstance(told[0], EngineStarted)
            kept = [event for row in rows if row.epoch == told[0].epoch for event in row.events]
            assert kept[: len(told)] == told, path.name


def live_through(home: Path, chance: random.Random, kills_max: int) -> list[Kill]:
    """Kills the process of a home again and again until its tape ends or enough kills have landed."""
    kills: list[Kill] = []
    for number in range(LIVES_MAX):
        moment = INTO_THE_SEND if number == 1 else draw_moment(chance)
        with life(home, number, str(home)) as alive:
            code = kill_at(alive, moment)
        if code == 0:
            return kills
        assert code == KILLED, f"life {number}, {moment}: {code}: {alive.errors.read_text()}"
        kills.append(Kill(moment, between(home)))
        keeps = bool(chance.randrange(2))
        if keeps and (home / "journal.sqlite").exists():  # a process may die before it has made one
            keep_state_of(home)
        say(f"life {number}: {moment.told()}: died after {' '.join(kills[-1].place)}")
        if len(kills) == kills_max:
            break
    finish(home)
    return kills


def finish(home: Path) -> None:
    """Lets `flatbook run` bring a home to the end of its tape."""
    done = flatbook(home, "run")
    assert done.code == 0, done.err


def run_home(root: Path, seed: str, kills_max: int) -> list[Kill]:
    """Lives through one home and judges it."""
    say(f"KILLS_SEED={seed} repeats these moments, though not the machine's own timing:")
    tape = tape_of(seed)
    home = make_home(root / seed, tape)
    kills = live_through(home, random.Random(seed), kills_max)
    assert_promises_kept(tape, home)
    assert_told_is_kept(home)
    return kills


def say(line: str) -> None:
    """Writes a line that is shown when the test fails, or with -s."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def are_varied(kills: list[Kill]) -> bool:
    """Tells whether kills landed at many different places, and between an order's intent and its answer among them."""
    places = {kill.place for kill in kills}
    died_sending = {order for _, order in places if order in IN_THE_SEND}
    places_min, sending_min = (PLACES_OF_MANY_MIN, 2) if len(kills) >= MANY else (PLACES_MIN, 1)
    return len(places) >= places_min and len(died_sending) >= sending_min


@pytest.mark.real
@pytest.mark.time_limit(900)
def test_no_kill_loses_or_doubles_a_hedge(tmp_path: Path) -> None:
    seed = os.environ.get("KILLS_SEED") or str(secrets.randbelow(10**9))
    kills: list[Kill] = []
    homes = 0
    while len(kills) < KILLS or not are_varied(kills):
        assert len(kills) < KILLS_MAX, f"{len(kills)} kills at few places: {Counter(kill.place for kill in kills)}"
        left = max(KILLS - len(kills), KILLS_MORE)
        kills += run_home(tmp_path, f"{seed}-{homes}" if homes else seed, min(KILLS_PER_HOME, left))
        homes += 1
        assert homes <= KILLS, "hardly a kill lands: the moments lie beyond the end of the tape"
    places = Counter(kill.place for kill in kills)
    say(f"{len(kills)} kills in {homes} homes at {len(places)} places, first seed {seed}: {dict(places)}")
