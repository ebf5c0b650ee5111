"""The books of eight exchanges, from sessions in their own words, beside those of ccxt's venue classes."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from flatbook.market.depth import Books, Heard, Leave, Numbered, Unfit, Unread, UnreadFor, Update
from tests.captures.compare import compare_folder, compared, verdict_of
from tests.captures.files import Line, NoBook
from tests.captures.made import WRITERS, Made, made
from tests.captures.replay import replayed
from tests.captures.venues import Part, parts_of
from tests.clients.serving import client_python

SHARED = os.environ.get("FLATBOOK_SHARED")
NAMES = sorted(WRITERS)
UNNUMBERED = ("bitget", "bitstamp", "gemini")
DEEP = '{"deep":' + "[" * 5_000 + "]" * 5_000 + ","


def books_of(session: Made, lines: list[Line] | None = None) -> Books:
    """Returns our books after a session."""
    told = session.feed.feed
    books = Books({session.symbol: session.grid}, told.rule, told.checksum, overlaps=told.overlaps)
    for line in session.lines if lines is None else lines:
        for heard in heard_in(session, line):
            books.take(heard)
    return books


def heard_in(session: Made, line: Line) -> tuple[Heard, ...]:
    if line.is_frame:
        return session.feed.feed.read(line.text.encode(), {session.symbol: session.grid})
    assert session.feed.feed.whole is not None
    return (session.feed.feed.whole.read(session.symbol, line.text.encode(), session.grid),)


@pytest.mark.real
def test_after_each_message_our_book_is_that_of_a_client_that_nobody_here_wrote() -> None:
    sessions = [made(name, seed=seed) for seed, name in enumerate(NAMES)]
    verdicts = [
        verdict_of(pairs)
        for pairs in compared([Part(each.feed, each.lines) for each in sessions], client_python("ccxt"))
    ]
    assert {name: verdict.different for name, verdict in zip(NAMES, verdicts, strict=True)} == dict.fromkeys(NAMES)
    assert all(each.equal >= len(session.lines) - 6 for each, session in zip(verdicts, sessions, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_message_that_is_missing_makes_a_numbered_book_unfit_and_a_whole_one_mends_it(name: str) -> None:
    session = made(name)
    lines = session.lines[:20] + session.lines[21:26]
    found = books_of(session, lines).by_symbol[session.symbol].unfit
    assert found is (None if name in ("gemini", "bitstamp") else found)
    assert found in {
        "binance": (Unfit.GAP,),
        "binanceusdm": (Unfit.GAP,),
        "bybit": (Unfit.GAP,),
        "okx": (Unfit.GAP,),
        "gate": (Unfit.GAP,),
        "bitget": (Unfit.CHECKSUM,),
        "coinbase": (Unfit.GAP,),
    }.get(name, (None,))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "coinbase"])
def test_messages_that_come_twice_change_nothing(name: str) -> None:
    session = made(name)
    whole = next(
        number
        for number, line in enumerate(session.lines)
        if any(isinstance(heard, Update) and heard.is_whole for heard in heard_in(session, line))
    )
    twice = [line for line in session.lines[whole + 1 :] for _ in range(2)]
    once = books_of(session, session.lines)
    doubled = books_of(session, session.lines[: whole + 1] + twice)
    for side in ("bids", "asks"):
        ours, theirs = (list(getattr(each.by_symbol[session.symbol].book, side)()) for each in (once, doubled))
        assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"nul"])
def test_bytes_that_are_no_message_are_unread_or_about_nothing_and_never_raise(name: str, spoilt: bytes) -> None:
    session = made(name)
    heard = session.feed.feed.read(spoilt, {session.symbol: session.grid})
    assert all(each.reason is UnreadFor.MALFORMED for each in heard if isinstance(each, Unread))
    assert {type(each) for each in heard} <= {Unread, Leave}


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_frame_is_unread(name: str) -> None:
    session = made(name)
    frame = next(line for line in reversed(session.lines) if line.is_frame).text.encode()
    heard = session.feed.feed.read(frame[:-40], {session.symbol: session.grid})
    assert [type(each) for each in heard] == ([Unread, Leave] if name in UNNUMBERED else [Unread])


@pytest.mark.parametrize("name", NAMES)
def test_a_message_that_is_nested_too_deep_is_unread_like_any_other(name: str) -> None:
    session = made(name)
    for is_frame in {line.is_frame for line in session.lines}:
        line = next(line for line in reversed(session.lines) if line.is_frame is is_frame)
        heard = heard_in(session, line._replace(text=line.text.replace("{", DEEP, 1)))
        left = [Leave] if is_frame and name in UNNUMBERED else []
        assert [type(each) for each in heard] == [Unread, *left]
        assert isinstance(heard[0], Unread)
        assert heard[0].reason is UnreadFor.MALFORMED


@pytest.mark.parametrize("name", NAMES)
def test_a_number_that_is_not_on_the_grid_is_unread_with_its_reason(name: str) -> None:
    session = made(name)
    frame = next(line for line in session.lines if line.is_frame).text
    for wrong in ("59999.999", "-1.00", "1e5", "NaN", "٣", "0.00"):
        text = frame.replace('"59', f'"{wrong}","59', 1) if name == "coinbase" else frame
        price = next(part for part in frame.split('"') if part.startswith(("59", "60")) and "." in part)
        heard = session.feed.feed.read(text.replace(price, wrong).encode(), {session.symbol: session.grid})
        assert [each.reason for each in heard if isinstance(each, Unread)][:1] in (
            [UnreadFor.OFF_GRID],
            [UnreadFor.MALFORMED],
        )
        assert not any(isinstance(each, Update) for each in heard)


@pytest.mark.parametrize("name", UNNUMBERED)
@pytest.mark.parametrize("is_summed", [True, False])
def test_where_nothing_is_numbered_a_frame_that_cannot_be_read_ends_the_book_and_the_connection(
    name: str, is_summed: bool
) -> None:
    session = made(name)
    summed = re.compile(r'(?<="checksum":)-?\d+')
    lines = [line if is_summed else line._replace(text=summed.sub("0", line.text)) for line in session.lines]
    books = books_of(session, lines[:-2])
    assert books.by_symbol[session.symbol].unfit is None
    heard = heard_in(session, lines[-2]._replace(text=lines[-2].text[:-40]))
    assert [type(each) for each in heard] == [Unread, Leave]
    for each in (*heard, *heard_in(session, lines[-1])):
        books.take(each)
    assert (books.unread[UnreadFor.MALFORMED], books.by_symbol[session.symbol].unfit) == (1, Unfit.DISCONNECTED)


def test_an_action_of_bitget_that_nobody_here_knows_ends_the_book_of_its_symbol() -> None:
    session = made("bitget")
    line = session.lines[-1]
    heard = heard_in(session, line._replace(text=line.text.replace('"update"', '"renewal"')))
    assert [type(each) for each in heard] == [Unread]
    books = books_of(session)
    books.take(heard[0])
    assert (books.unread[UnreadFor.UNKNOWN_WORD], books.by_symbol[session.symbol].unfit) == (1, Unfit.UNREAD)


@pytest.mark.parametrize("name", UNNUMBERED)
def test_where_nothing_is_numbered_a_change_off_the_grid_ends_the_book_of_its_symbol_alone(name: str) -> None:
    session = made(name)
    line = session.lines[-1]
    price = next(part for part in line.text.split('"') if part.startswith(("59", "60")) and "." in part)
    (heard,) = heard_in(session, line._replace(text=line.text.replace(price, "59999.99999")))
    assert isinstance(heard, Unread)
    assert (heard.symbol, heard.reason) == (session.symbol, UnreadFor.OFF_GRID)


@pytest.mark.parametrize(("known", "unknown"), [('"update"', '"updates"'), ('"bid"', '"buy"'), ('"offer"', '"sell"')])
def test_a_word_of_coinbase_that_nobody_here_knows_ends_the_book_although_its_message_is_counted(
    known: str, unknown: str
) -> None:
    session = made("coinbase")
    line, after = [line for line in session.lines if known in line.text][-2:]
    books = books_of(session, session.lines[: session.lines.index(line)])
    heard = heard_in(session, line._replace(text=line.text.replace(known, unknown)))
    assert [type(each) for each in heard] == [Numbered, Unread]
    for each in (*heard, *heard_in(session, after)):
        books.take(each)
    assert (books.unread[UnreadFor.UNKNOWN_WORD], books.by_symbol[session.symbol].unfit) == (1, Unfit.UNREAD)


def test_the_numbers_of_a_connection_with_a_hole_make_all_its_books_unfit() -> None:
    session = made("coinbase")
    books = books_of(session)
    books.take(Numbered(1_000))
    assert (books.gaps, books.by_symbol[session.symbol].unfit) == (1, Unfit.GAP)


def test_a_filtered_recording_is_replayed_without_the_numbers_of_its_connection() -> None:
    session = made("coinbase")
    lines = session.lines[:10] + session.lines[20:21]
    grids = {session.symbol: session.grid}
    assert [seen.digest is None for seen in replayed(lines, session.feed, grids, has_holes=True)][-1] is False
    assert [seen.digest is None for seen in replayed(lines, session.feed, grids, has_holes=False)][-1] is True


def test_a_venue_without_a_feed_of_ours_is_named_as_such() -> None:
    with pytest.raises(NoBook, match="no native feed"):
        parts_of("cf_KRAKEN_2021-04-17.jsonl.gz", [])


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")
def test_recorded_sessions_lead_to_the_books_of_the_client() -> None:
    said: list[str] = []
    assert compare_folder(Path(str(SHARED)) / "data" / "3_ws_captures", client_python("ccxt"), said.append)
    assert sum(": equal " in line for line in said) >= 10
    assert [line for line in said if "we have none" in line or "cannot be read" in line] == []
