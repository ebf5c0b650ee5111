"""What one API process serves: a desk's configuration, the folds of its journal, and its engine."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Sized
from contextlib import closing, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from flatbook import __version__
from flatbook.api.answers.holdings import Holdings, holdings_of
from flatbook.api.answers.moment import Answer, AsOf, as_of, instant_or_none
from flatbook.api.answers.status import OpenSince
from flatbook.api.answers.thresholds import Thresholds, thresholds_of
from flatbook.api.follow import Folds, Follower, Part
from flatbook.api.live import Live
from flatbook.api.past import Past
from flatbook.api.problems import Code, Problem
from flatbook.engine.ports import Clock, JournalFault
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.build import commit_of
from flatbook.ops.config import Loaded
from flatbook.ops.config_rules import rules_of
from flatbook.ops.config_seats import with_grids
from flatbook.ops.gauges import Times
from flatbook.ops.home import CONFIG_FILE, SNAPSHOT_FOLDER, SOCKET_FILE, home_of
from flatbook.projections.report import Prices, no_prices
from flatbook.values.ids import Seq, digest_text
from flatbook.values.instants import NS_PER_S, Instant, InstantRefused, instant_of_text

AGE_S_MAX = 2
PAST_KEPT_MAX = 4
PAST_MADE_MAX = 4
PAST_WAIT_S = 30
OWN_WAIT_S = 5
OWN_LOOK_S = 0.02
VERSION_LENGTH = 16
ASK_AGAIN = {"retry-after": "1"}


Stamp = tuple[Any, ...]
Moment = tuple[int, Part, str]
T = TypeVar("T")
A = TypeVar("A", bound=Answer)


class View(NamedTuple):
    """The folds that an answer is made of, and which moment they are of; `is_past` where that is not the present."""

    folds: Folds
    moment: AsOf
    is_past: bool


class Site:
    """What the routes and the stream read of one desk. `prices` are those of the market that reports compare with.

    `thresholds` are those in force, `lags` is how late the event loop was, `streams` are those that are told, `config`
    is where the configuration was read from, None for the home itself. It began at `began_at`, of a `commit`.
    Who holds `resting` may be sure that nothing is folded meanwhile; who writes a bundle holds `bundling`. `when_whole`
    is called whenever all was told.
    """

    def __init__(self, loaded: Loaded, clock: Clock, prices: Prices = no_prices, *, config: Path | None = None) -> None:
        self.loaded = loaded
        self._config = config
        self.rules = with_grids(rules_of(loaded, {}), loaded.config)
        self.prices = prices
        self.clock = clock
        self.began_at, self.commit = clock.now(), commit_of()
        self.home: Path = loaded.home
        self.thresholds: Thresholds = thresholds_of(loaded.config)
        self._holdings_of = partial(holdings_of, stated=self.thresholds)
        self.follower = Follower(loaded.journal, clock, self.thresholds)
        self.live = Live(loaded.home / SOCKET_FILE, clock)
        self._answered = (0, Seq(0))
        self._past: dict[Moment, Folds] = {}
        self._known = Past(loaded.journal, loaded.home / SNAPSHOT_FOLDER)
        self.follower.passed = self._known.pass_by
        self._remembered: dict[str, tuple[Any, Any]] = {}
        self._making: dict[Moment, asyncio.Task[Folds]] = {}
        self._one_past = asyncio.Lock()
        self.resting, self.bundling = asyncio.Lock(), asyncio.Lock()
        self.when_whole: Callable[[], None] = lambda: None
        self.lags = Times()
        self.streams: Sized = ()

    @property
    def folds(self) -> Folds:
        """What is folded of the journal up to its present end."""
        return self.follower.folds

    def options(self) -> tuple[str, ...]:
        """Returns the options by which a verb of ours finds this desk."""
        stated = () if self._config is None else ("--config", str(self._config))
        return ("--home", str(self.home), *stated)

    @property
    def called(self) -> str:
        """How a shell calls us for this desk: with its home and its configuration where they are not the usual ones."""
        home, config = self.home.absolute(), None if self._config is None else self._config.absolute()
        named = () if _is_usual(home) else ("--home", str(home))
        stated = () if config in (None, home / CONFIG_FILE) else ("--config", str(config))
        return shlex.join(("flatbook", *named, *stated))

    @property
    def config_path(self) -> Path:
        """Where the configuration was read from: a file, or the home."""
        return self.home if self._config is None else self._config

    @property
    def moments_in_work(self) -> int:
        """How many moments of the past are being folded."""
        return len(self._making)

    @property
    def now(self) -> Instant:
        """The present by the engine's own clock, which may follow a tape; by ours where no engine says."""
        stated = self.live.status.own.get("now")
        return self.clock.now() if stated is None else Instant(stated)

    def present(self) -> View:
        """Returns what is known now.

        Errors: Problem where the journal cannot be read, or was not read to its end yet.
        """
        follower = self.follower
        if follower.fault is not None:
            raise Problem(503, Code.JOURNAL_UNAVAILABLE, follower.fault)
        if follower.seen_at is None:
            text = f"the journal is being read: {follower.folds.seq} events so far"
            raise Problem(503, Code.CATCHING_UP, text, headers=ASK_AGAIN)
        moment = AsOf(
            seq=self.folds.seq,
            at=instant_or_none(self.folds.event_at),
            seen_at=instant_or_none(follower.seen_at),
            age_s_max=AGE_S_MAX,
        )
        return View(self.folds, moment, is_past=False)

    def answered(self, seq: Seq) -> None:
        """Remembers how far the journal went when the engine answered a command that came by here."""
        generation, before = self._answered
        now = self.follower.generation
        self._answered = now, max(seq, before) if generation == now else seq

    async def has_own(self) -> bool:
        """Waits until all that was answered here is folded: the reader is a little behind. Returns whether it is.

        It waits no longer than OWN_WAIT_S, and not for a journal that cannot be read.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(OWN_WAIT_S):
                while self.folds.seq < self._own_seq() and self.follower.fault is None:  # noqa: ASYNC110
                    await asyncio.sleep(OWN_LOOK_S)
        return self.folds.seq >= self._own_seq()

    async def present_with_own(self) -> View:
        """Returns what is known now, and no less than all that was answered here.

        Errors: Problem where the journal cannot be read, or was not read as far in time.
        """
        is_whole = await self.has_own()
        view = self.present()
        if not is_whole:
            text = f"the journal is being read: {self.folds.seq} of {self._own_seq()} events so far"
            raise Problem(503, Code.CATCHING_UP, text, headers=ASK_AGAIN)
        return view

    def _own_seq(self) -> Seq:
        generation, seq = self._answered
        return seq if generation == self.follower.generation else Seq(0)  # another journal counts anew

    async def view(self, at: str | None, part: Part = Part.STATE) -> View:
        """Returns what is known now or, with the number of an event or an instant, a part of what was known then.

        Errors: Problem where there is no such moment, or the journal cannot be read.
        """
        present = self.present()
        if at is None:
            return present
        folds = await self._folds_at(at, part, present.folds.seq)
        return View(folds, as_of(folds.seq, folds.event_at), is_past=True)

    def open_since(self, view: View) -> OpenSince:
        """Returns what says since when exposure was open at a moment: the present folds know it of all moments."""
        openness, folds = self.folds.openness, view.folds
        return lambda key: None if openness is None else openness.since(key, folds.seq, folds.event_at)

    def holdings(self, view: View) -> Holdings:
        """Returns what the desk holds at a moment, worked out once for all answers."""
        return view.folds.derived(self._holdings_of)

    def remembered(self, name: str, view: View, make: Callable[[], A], *, of_journal: bool = False) -> A:
        """Returns an answer about the present that many ask for: made anew when what it follows from has changed.

        `of_journal`: it follows from the events of the journal alone, and neither from the engine nor from the time.
        """
        key = self._folded() if of_journal else self._stamp()
        found = None if view.is_past else self._remembered.get(name)
        if found is not None and found[0] == key:
            answer: A = msgspec.structs.replace(found[1], as_of=view.moment)
            return answer
        made = make()
        if not view.is_past:
            self._remembered[name] = (key, made)
        return made

    def _folded(self) -> Stamp:
        return self.follower.generation, self.folds.seq

    def _stamp(self) -> Stamp:
        return *self._folded(), self.live.looks, self.now // NS_PER_S

    def stamp(self) -> Stamp:
        """Returns what is another as soon as an answer about the present could be another, its age included."""
        return *self._stamp(), self.follower.seen_at, self.follower.fault

    def version(self) -> str:
        """Returns what names the journal as far as it is folded, and how it is read: the same for the same of both."""
        return digest_text(__version__, self.loaded.digest, self.folds.hash.hex())[:VERSION_LENGTH]

    @cached_property
    def config_version(self) -> str:
        """What names the configuration, and where each value of it comes from: it stays while this process runs."""
        told = (f"{each.key}={each.value} {each.origin}" for each in self.loaded.effective)
        return digest_text(__version__, *told)[:VERSION_LENGTH]

    async def results(self, make: Callable[[View], T], at: str | None = None, part: Part = Part.RESULTS) -> T:
        """Returns what is made of results, beside the event loop: matching and adding up takes long in a long journal.

        Of the past, a part of what was known then is enough.

        Needs: whatever reads profit and loss goes through here, for reading it matches what came since. Nothing is
        folded meanwhile.
        Errors: Problem where there is no such moment, or the journal cannot be read.
        """
        then = None if at is None else await self.view(at, part)
        async with self.resting:
            return await asyncio.to_thread(make, self.present() if then is None else then)

    def moment_at(self, at: str) -> AsOf:
        """Returns the moment of the newest event that was known then, without folding anything.

        Errors: Problem where there is no such moment, or the journal cannot be read.
        """
        seq, instant = until_of(at, self.present().folds.seq)
        if instant is None:
            return as_of(Seq(0) if seq is None else seq, None)
        try:
            with closing(open_reader(self.follower.path)) as reader:
                return as_of(reader.link_before(instant).last, None)
        except JournalFault as error:
            raise Problem(503, Code.JOURNAL_UNAVAILABLE, str(error)) from error

    async def _folds_at(self, text: str, part: Part, last: Seq) -> Folds:
        """Returns the folds of a moment. Whoever asks for it again, after waiting in vain, finds them sooner."""
        key = (self.follower.generation, part, text)
        if (found := self._past.get(key)) is not None:
            return found
        making = self._making.get(key)
        if making is None:
            if len(self._making) >= PAST_MADE_MAX:
                raise Problem(503, Code.UNAVAILABLE, "other moments are being folded", headers=ASK_AGAIN)
            making = self._making[key] = asyncio.create_task(self._make(key, *until_of(text, last)))
            making.add_done_callback(lambda _: self._making.pop(key, None))
        try:
            async with asyncio.timeout(PAST_WAIT_S):
                return await asyncio.shield(making)
        except TimeoutError:
            raise Problem(503, Code.UNAVAILABLE, "that moment is being folded", headers=ASK_AGAIN) from None
        except JournalFault as error:
            raise Problem(503, Code.JOURNAL_UNAVAILABLE, str(error)) from error

    async def _make(self, key: Moment, seq: Seq | None, at: Instant | None) -> Folds:
        async with self._one_past:
            found = await asyncio.to_thread(partial(self._known.fold, key[1], seq=seq, at=at))
        if found.seq < self.folds.seq:  # more events can come to a moment that is not over
            self._past[key] = found
        for old in list(self._past)[:-PAST_KEPT_MAX]:
            del self._past[old]
        return found


def until_of(text: str, last: Seq) -> tuple[Seq | None, Instant | None]:
    """Returns the moment that a text names: the number of an event, or an instant.

    Errors: Problem.
    """
    if text.isascii() and text.isdecimal():
        if len(text) > len(str(last)) or int(text) > last:
            raise Problem(422, Code.NO_SUCH_MOMENT, f"the journal ends at event {last}")
        return Seq(int(text)), None
    try:
        return None, instant_of_text(text)
    except InstantRefused as error:
        raise Problem(422, Code.NO_SUCH_MOMENT, str(error)) from error


def _is_usual(home: Path) -> bool:
    """Whether a home is the one that is meant where none is named, and no variable names another."""
    with suppress(RuntimeError):  # a user whom this machine does not know has none
        return home == home_of({})
    return False
