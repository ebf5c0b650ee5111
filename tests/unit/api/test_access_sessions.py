"""Sessions: one link opens one, the cookie changes, a copied cookie ends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flatbook.api.access_file import open_door_file
from flatbook.api.access_scopes import Scope
from flatbook.api.access_sessions import (
    Opened,
    Reused,
    csrf_of,
    end_session,
    is_csrf_right,
    make_link,
    open_session,
    redeem_link,
    session_stands,
)
from flatbook.values.instants import Instant, later

NOW = Instant(1_800_000_000_000_000_000)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_door_file(tmp_path / "door.sqlite")) as connection:
        yield connection


def opened(door: sqlite3.Connection) -> Opened:
    session = redeem_link(door, make_link(door, NOW), "console:ewa", NOW)
    assert session is not None
    return session


def cookie_of(session: Opened | Reused | None) -> str:
    assert isinstance(session, Opened)
    assert session.cookie is not None
    return session.cookie


def test_a_link_opens_one_session_and_no_second(door: sqlite3.Connection) -> None:
    link = make_link(door, NOW)
    first = redeem_link(door, link, "console:ewa", NOW)
    assert first is not None
    assert (first.actor.name, first.actor.scope) == ("console:ewa", Scope.ADMIN)
    assert redeem_link(door, link, "console:ewa", NOW) is None


def test_a_link_is_over_after_ten_minutes(door: sqlite3.Connection) -> None:
    link = make_link(door, NOW)
    assert redeem_link(door, link, "console:ewa", later(NOW, seconds=600)) is None


def test_nine_links_leave_the_newest_eight(door: sqlite3.Connection) -> None:
    links = [make_link(door, later(NOW, seconds=second)) for second in range(9)]
    assert redeem_link(door, links[0], "console:ewa", later(NOW, seconds=9)) is None
    assert redeem_link(door, links[1], "console:ewa", later(NOW, seconds=9)) is not None


def test_a_guess_opens_nothing(door: sqlite3.Connection) -> None:
    opened(door)
    assert open_session(door, "fbs_guess", NOW) is None
    assert redeem_link(door, "fbl_guess", "console:eve", NOW) is None


def test_a_session_ends_after_twelve_hours(door: sqlite3.Connection) -> None:
    session = opened(door)
    assert open_session(door, cookie_of(session), later(NOW, seconds=43_199)) is not None
    assert open_session(door, cookie_of(session), later(NOW, seconds=43_200)) is None
    assert not session_stands(door, session.actor.number, later(NOW, seconds=43_200))


def test_the_cookie_changes_after_fifteen_minutes_and_the_old_one_passes_until_the_new_one_was_seen(
    door: sqlite3.Connection,
) -> None:
    old = cookie_of(opened(door))
    early = open_session(door, old, later(NOW, seconds=899))
    assert isinstance(early, Opened)
    assert early.cookie is None
    new = cookie_of(open_session(door, old, later(NOW, seconds=900)))
    crossing = open_session(door, old, later(NOW, seconds=901))
    assert isinstance(crossing, Opened)
    assert crossing.cookie is None
    assert isinstance(open_session(door, new, later(NOW, seconds=902)), Opened)
    assert isinstance(open_session(door, old, later(NOW, seconds=962)), Opened)


def test_a_next_cookie_that_was_lost_on_its_way_is_given_again(door: sqlite3.Connection) -> None:
    old = cookie_of(opened(door))
    lost = cookie_of(open_session(door, old, later(NOW, seconds=900)))
    given = cookie_of(open_session(door, old, later(NOW, seconds=960)))
    assert open_session(door, lost, later(NOW, seconds=961)) is None
    assert isinstance(open_session(door, given, later(NOW, seconds=961)), Opened)


def test_a_cookie_shown_long_after_its_successor_ends_the_session(door: sqlite3.Connection) -> None:
    session = opened(door)
    old = cookie_of(session)
    new = cookie_of(open_session(door, old, later(NOW, seconds=900)))
    open_session(door, new, later(NOW, seconds=901))
    assert open_session(door, old, later(NOW, seconds=962)) == Reused(actor=session.actor)
    assert open_session(door, new, later(NOW, seconds=963)) is None


def test_a_session_that_was_ended_is_over(door: sqlite3.Connection) -> None:
    session = opened(door)
    assert session_stands(door, session.actor.number, NOW)
    end_session(door, session.actor.number)
    assert open_session(door, cookie_of(session), NOW) is None
    assert not session_stands(door, session.actor.number, NOW)


def test_the_thirty_third_session_ends_the_oldest(door: sqlite3.Connection) -> None:
    sessions = [opened(door) for _ in range(33)]
    assert open_session(door, cookie_of(sessions[0]), NOW) is None
    assert open_session(door, cookie_of(sessions[1]), NOW) is not None


def test_each_session_has_a_csrf_text_of_its_own_that_stays(door: sqlite3.Connection, tmp_path: Path) -> None:
    first, second = opened(door), opened(door)
    text = csrf_of(door, first.actor.number)
    with closing(open_door_file(tmp_path / "door.sqlite")) as again:
        assert is_csrf_right(again, first.actor.number, text)
    assert not is_csrf_right(door, second.actor.number, text)
    assert not is_csrf_right(door, first.actor.number, "")
    assert not is_csrf_right(door, first.actor.number, "\N{SNOWMAN}")


def test_no_secret_stands_in_the_file(door: sqlite3.Connection, tmp_path: Path) -> None:
    link = make_link(door, NOW)
    cookie = cookie_of(opened(door))
    written = b"".join(path.read_bytes() for path in tmp_path.glob("door.sqlite*"))
    assert link.encode() not in written
    assert cookie.encode() not in written
    assert (tmp_path / "door.sqlite").stat().st_mode & 0o777 == 0o600


def test_on_a_file_that_takes_nothing_a_session_stays_open(door: sqlite3.Connection) -> None:
    old = cookie_of(opened(door))
    new = cookie_of(open_session(door, old, later(NOW, seconds=900)))
    door.execute("PRAGMA query_only = ON")
    kept = open_session(door, old, later(NOW, seconds=990))
    assert isinstance(kept, Opened)
    assert kept.cookie is None
    assert isinstance(open_session(door, new, later(NOW, seconds=991)), Opened)
