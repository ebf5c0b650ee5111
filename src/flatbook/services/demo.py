"""`flatbook demo`: replays a recorded stretch, loses a broker's answer, kills its own engine, and proves the result."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.engine.reconcile import reconcile
from flatbook.engine.recover import fold_journal
from flatbook.engine.reports import AccountStatement
from flatbook.engine.run import EngineFailed
from flatbook.events.codec import decode_event_json
from flatbook.events.orders import OrderUnknown
from flatbook.ops.home import is_demo
from flatbook.services.demo_console import console_of
from flatbook.services.demo_engine import ACCOUNT, LOSE_ANSWER, STAY
from flatbook.services.demo_home import (
    THRESHOLD_SHARES,
    HomeRefused,
    add_grid,
    demo_home,
    hedge_alone,
    make_home,
)
from flatbook.services.demo_lines import line_of
from flatbook.services.desk import Desk, compose
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.clock import settle
from flatbook.sim.tapes.demo_tape import LABEL, load_demo_tape
from flatbook.values.ids import AccountId, OrderId
from flatbook.values.instants import later

EXIT_VARIABLE = "DEMO_EXIT"
PROGRAM = "flatbook"
EXIT_OK, EXIT_FAILED = 0, 1
LINE_PAUSE_S = 0.12
STATEMENT_S = 5
ENDED_CODES = (0, -signal.SIGKILL, -signal.SIGTERM)
"""In order, killed by us, or told to end before it could hear: nothing of it is wrong."""
FOLDER_MODE = 0o700
LOCK_SUFFIX = ".lock"

Say = Callable[[str], None]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo promises, checked from the journal and the broker's own ledger after the run.

    `placed` and `found` count the requests for the order whose answer was lost; None when none was lost.
    """

    nets_flat: bool
    nothing_open: bool
    books_agree: bool
    placed: int | None
    found: int | None

    @property
    def holds(self) -> bool:
        """Whether every promise held: an order that became unknown was sent once, and asked for."""
        asked = self.placed is None or (self.placed == 1 and bool(self.found))
        return self.nets_flat and self.nothing_open and self.books_agree and asked


def demo(desk_home: Path, *, keep: bool = False, stay: bool = False) -> int:
    """Runs the demo and returns 0 only if what it promises held.

    `keep` goes on with the journal of the demo before; otherwise each demo starts with a fresh one. `stay` does as at a
    terminal: it serves the console, and the desk stays up.
    Errors: HomeRefused when the demo's folder holds something else, cannot be written, or another demo uses it;
    EngineFailed.
    """
    home = demo_home(desk_home)
    with _writing(home):
        home.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the engine too, as Ctrl-C does
    with _only_demo(home):
        continued = keep and is_demo(home)
        if not continued:
            with _writing(home):
                make_home(home, load_demo_tape())
                add_grid(home)
                home.chmod(FOLDER_MODE)
        watched = stay or (sys.stdout.isatty() and os.environ.get(EXIT_VARIABLE) != "1")
        with console_of(home, _say) if watched else nullcontext() as link:
            return _play(home, _say, link, continued=continued, paused=watched)


@contextmanager
def _writing(home: Path) -> Iterator[None]:
    """Says of which folder it is that it cannot be written.

    Errors: HomeRefused.
    """
    try:
        yield
    except OSError as error:
        told = error.strerror or str(error)
        raise HomeRefused(f"{home} cannot be written: {told}; make room there, or name another --home") from error


def _play(home: Path, say: Say, link: str | None, *, continued: bool, paused: bool) -> int:
    say(LABEL + "\n")
    lost = None if continued and _tape_has_ended(home) else _first_life(home, say, paused=paused)
    if lost is not None:
        say(
            "\n--- the broker's answer is lost and the order unknown: the engine is killed with SIGKILL right now ---\n"
        )
        say("--- started again over the same journal: it asks before it sends ---\n")
        _life(home, (), say, paused=paused)
    verdict = _verdict(home, lost, continued=continued)
    _show_proof(home, lost, verdict, say)
    if paused and verdict.holds:
        stay_up(home, say, link)
    return EXIT_OK if verdict.holds else EXIT_FAILED


@contextmanager
def _only_demo(home: Path) -> Iterator[None]:
    """Keeps the folder of the demo from every other demo.

    Errors: HomeRefused when another one uses it.
    """
    with home.with_suffix(LOCK_SUFFIX).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HomeRefused(f"{home} is in use by another demo: end it, or name another --home") from error
        yield


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _first_life(home: Path, say: Say, *, paused: bool) -> OrderId | None:
    """Runs the engine until an order is unknown, and kills it there. Returns the order, None if there was none."""
    with _engine(home, (LOSE_ANSWER,)) as process:
        for event in _events(process):
            _tell(event, say, paused=paused)
            if isinstance(event, OrderUnknown):
                process.send_signal(signal.SIGKILL)
                process.wait()
                return event.order_id
    return None


def _tape_has_ended(home: Path) -> bool:
    """Whether the demo before came to the end of its tape: its hedge has nothing left to do."""
    desk = compose(hedge_alone(home))
    try:
        return desk.tape_ends_at is not None and desk.clock.now() >= desk.tape_ends_at
    finally:
        desk.close()


def _life(home: Path, flags: tuple[str, ...], say: Say, *, paused: bool) -> None:
    with _engine(home, flags) as process:
        for event in _events(process):
            _tell(event, say, paused=paused)


@contextmanager
def _engine(home: Path, flags: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """Starts the engine's process and waits for its end; kills it when nobody reads it any more.

    Gives: a process that Ctrl-C at the terminal does not reach, however early: whoever runs it here ends it.
    Errors: EngineFailed when it ended by itself with an error, which it has told.
    """
    command = [sys.executable, "-m", "flatbook.services.demo_engine", str(home), *flags]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # the child keeps it, we hear it below
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield process
            process.wait()
        finally:
            process.kill()
    if process.returncode not in ENDED_CODES:
        raise EngineFailed(f"the engine of the demo ended with exit code {process.returncode}")


def _events(process: subprocess.Popen[bytes]) -> Iterator[object]:
    for line in process.stdout or ():
        yield decode_event_json(line)


def _tell(event: object, say: Say, *, paused: bool) -> None:
    line = line_of(event)  # type: ignore[arg-type]
    if line is None:
        return
    say(line)
    if paused:
        threading.Event().wait(LINE_PAUSE_S)


def _verdict(home: Path, lost: OrderId | None, *, continued: bool) -> Verdict:
    """Checks the promises anew: the journal is folded again, and the broker's ledger read on its own.

    Only a demo that continues may end without a lost answer: it may have begun behind it.
    """
    desk = compose(hedge_alone(home))
    try:
        state = fold_journal(desk.journal)
        hedged = desk.engine.parts.rules.hedges
        nets = [net.known for key, net in state.positions.nets.items() if key in hedged]
        working = [order_id for order_id in state.open_orders if state.orders[order_id].account == ACCOUNT]
        broker = desk.brokers[AccountId(ACCOUNT)]
        statement = asyncio.run(_statement(desk))
        agrees = isinstance(statement, AccountStatement) and not reconcile(
            state, statement, desk.engine.parts.rules, desk.clock.now()
        )
        received = broker.truth.received(lost) if lost is not None else None if continued else {}
        return Verdict(
            nets_flat=all(abs(net) < Decimal(THRESHOLD_SHARES) for net in nets),
            nothing_open=not working and not any(state.owing.get(key) for key in hedged),
            books_agree=agrees and not state.divergences,
            placed=None if received is None else received.get(Verb.PLACE, 0),
            found=None if received is None else received.get(Verb.FIND, 0),
        )
    finally:
        desk.close()


async def _statement(desk: Desk) -> object:
    """Asks the broker for a statement over the adapter, with the tape moved on for its answer."""
    asking = asyncio.create_task(desk.engine.parts.venues[AccountId(ACCOUNT)].statement())
    await settle()
    await desk.clock.run_until(later(desk.clock.now(), seconds=STATEMENT_S))  # type: ignore[union-attr]
    return await asking


def _show_proof(home: Path, lost: OrderId | None, verdict: Verdict, say: Say) -> None:
    say("")
    for words in (("pnl",), ("why", lost) if lost is not None else (), ("status",)):
        if words:
            _show(home, words, say)
    say(f"every hedged net below {THRESHOLD_SHARES} share            {_yes(verdict.nets_flat)}")
    say(f"nothing of the hedge works or is unknown  {_yes(verdict.nothing_open)}")
    say(f"books and broker agree                    {_yes(verdict.books_agree)}")
    if lost is not None:
        say(f"order {lost}: sent {verdict.placed} time, asked for {verdict.found} times by its client id")
    else:
        say("no answer was lost: the tape of this demo had passed that order before")
    say(f"\n{'The promise held.' if verdict.holds else 'THE PROMISE DID NOT HOLD: keep the folder below and tell us.'}")
    trades = shlex.join([_program(), "trades", "--home", str(home)])
    say(f"Look around with `{trades}`, and `orders`, `positions`, `events tail` likewise.")


def _program() -> str:
    """Returns how the user calls flatbook from where he stands."""
    called = sys.argv[0]
    return PROGRAM if Path(called).name != PROGRAM or shutil.which(PROGRAM) is not None else called


def _yes(held: bool) -> str:
    return "yes" if held else "NO"


def _show(home: Path, words: tuple[str, ...], say: Say) -> None:
    """Runs a verb of the command line on the demo's desk, as a user would, and lets it print."""
    say(f"$ flatbook {' '.join(words)}")
    subprocess.run([sys.executable, "-m", "flatbook", *words, "--home", str(home)], check=False)
    say("")


def stay_up(home: Path, say: Say, link: str | None = None) -> None:
    """Leaves the desk running, at the end of its tape, until the user ends it; `link` opens its console, if any."""
    with suppress(KeyboardInterrupt):  # before the engine is there, too
        say("The desk stays up, and a grid begins to trade a recorded BTC market on paper beside the hedge:")
        slots = shlex.join([_program(), "grid", "slots", "--home", str(home)])
        say(f"try `{slots}`, and halt, lift, status or kill likewise; Ctrl-C ends it.")
        if link:
            say(f"console  {link}")
        with _engine(home, (STAY,)) as process:
            try:
                for _ in _events(process):
                    continue
            except KeyboardInterrupt:
                process.terminate()
                process.wait()
