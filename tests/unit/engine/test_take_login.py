"""The end of a login: told ahead at 48, 24 and 4 hours, a halt when it has come, and no start when one is made."""

from __future__ import annotations

from flatbook.engine.inputs import LoginSeen
from flatbook.events.control import AlertCleared, AlertRaised, Severity
from flatbook.values.instants import Instant, later
from tests.desk import PAPER
from tests.unit.engine.scene import START, Bench

HOUR_S = 3_600
ENDS_AT = later(START, seconds=168 * HOUR_S)
HALT = ("venue", PAPER, "login_over")


def seen(bench: Bench, ends_at: Instant | None = ENDS_AT) -> Bench:
    bench.take(LoginSeen(account=PAPER, ends_at=ends_at))
    return bench


def at_left(bench: Bench, seconds: int) -> Bench:
    bench.now = later(ENDS_AT, seconds=-seconds)
    return seen(bench)


def raised(bench: Bench) -> list[tuple[str, str, Severity]]:
    events = [event for event in bench.events if isinstance(event, AlertRaised)]
    return [(event.name.value, event.subject, event.severity) for event in events]


def test_each_warning_is_raised_once_as_the_end_comes_nearer() -> None:
    bench = seen(Bench().resume())
    assert raised(at_left(bench, 48 * HOUR_S + 1)) == []
    at_left(at_left(bench, 48 * HOUR_S), 47 * HOUR_S)
    assert raised(bench) == [("login_ending", "paper 48 h", Severity.WARNING)]
    at_left(at_left(bench, 24 * HOUR_S), 4 * HOUR_S)
    assert raised(bench)[1:] == [
        ("login_ending", "paper 24 h", Severity.WARNING),
        ("login_ending", "paper 4 h", Severity.CRITICAL),
    ]
    details = [event.detail for event in bench.events if isinstance(event, AlertRaised)]
    assert "in 4 hours: log in again before" in details[-1]
    assert bench.halted == []


def test_a_login_that_is_over_halts_its_account_visibly_and_no_hedge_is_sent() -> None:
    bench = seen(Bench().resume(), None)
    assert bench.halted == [HALT]
    assert raised(bench) == [("login_over", "paper", Severity.CRITICAL)]
    bench.fill(1, "sell", "10")
    seen(bench, later(bench.now, seconds=-1))
    assert bench.orders() == []
    assert len(raised(bench)) == 2


def test_a_new_login_lifts_the_halt_clears_what_was_told_and_the_hedge_goes_on() -> None:
    bench = seen(at_left(Bench().resume(), HOUR_S), None)
    bench.fill(1, "sell", "10")
    bench.wait(60)
    seen(bench, later(bench.now, seconds=168 * HOUR_S))
    assert bench.halted == []
    cleared = [(event.name.value, event.subject) for event in bench.events if isinstance(event, AlertCleared)]
    assert [subject for name, subject in cleared if name.startswith("login")] == [
        "paper",
        "paper 48 h",
        "paper 24 h",
        "paper 4 h",
    ]
    assert bench.orders() == ["buy 10.000"]
