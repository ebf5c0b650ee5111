"""Files that were cut off, spoilt, unpacked or emptied: what can be read is read, and the rest is said.

Which of them are one session is told by their names and by their times.
"""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from tests.captures.compare import compare, compare_folder
from tests.captures.files import NoBook, session_of
from tests.captures.sessions import sessions_of
from tests.captures.venues import is_filtered

RECORDED = Path(__file__).parents[1] / "recorded" / "binance" / "usdm_btcusdt_20230404.gz"
FRAME = '{"t":"recv","conn":"c","ts":%d,"data":"{}"}\n'


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def raw(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = session_of([raw(tmp_path / "hftbt_usdm_1_20230404.gz", RECORDED.read_bytes())])
    cut = session_of([raw(tmp_path / "hftbt_usdm_2_20230404.gz", RECORDED.read_bytes()[:60_000])])
    texts = [[line.text for line in session.lines] for session in (whole, cut)]
    assert (len(whole.lines), whole.flaws) == (1_500, {"hftbt_usdm_1_20230404.gz": ()})
    assert texts[1] == texts[0][: len(texts[1])]
    assert len(texts[1]) > 500
    name = "hftbt_usdm_2_20230404.gz"
    assert cut.flaws[name][0].startswith(f"{name} is cut off or damaged")


def test_a_file_may_be_unpacked_whatever_its_name_says(tmp_path: Path) -> None:
    text = gzip.decompress(RECORDED.read_bytes())
    for name in ("hftbt_usdm_3_20230404", "hftbt_usdm_3_20230404.txt", "hftbt_usdm_3_20230404.gz"):
        assert len(session_of([raw(tmp_path / name, text)]).lines) == 1_500


def names(folder: Path) -> list[list[str]]:
    return [[path.name for path in session] for session in sessions_of(folder)]


SECOND = 1_000_000_000


@pytest.mark.parametrize("days", [("20230404", "20230405"), ("20240731", "20240801"), ("20241231", "20250101")])
def test_files_of_which_one_begins_where_another_ended_are_one_session_whatever_their_days(
    tmp_path: Path, days: tuple[str, str]
) -> None:
    ends, began = 1_700_000_000 * SECOND, 1_700_000_060 * SECOND
    written(tmp_path / f"hftbt_usdm_x_{days[1]}", f'{began} {{"a":1}}\n{began + SECOND} {{"a":1}}\n')
    packed = gzip.compress(f'{ends - SECOND} {{"a":1}}\n{ends} {{"a":1}}\n'.encode())
    raw(tmp_path / f"hftbt_usdm_x_{days[0]}.gz", packed)
    written(tmp_path / f"hftbt_usdm_y_{days[1]}", f'{began} {{"a":1}}\n')
    assert names(tmp_path) == [
        [f"hftbt_usdm_x_{days[0]}.gz", f"hftbt_usdm_x_{days[1]}"],
        [f"hftbt_usdm_y_{days[1]}"],
    ]


@pytest.mark.parametrize("pause_s", [-60, 3_600])
def test_files_that_overlap_or_lie_apart_are_sessions_of_their_own(tmp_path: Path, pause_s: int) -> None:
    ends = 1_700_000_000 * SECOND
    began = ends - 120 * SECOND
    written(tmp_path / "hftbt_usdm_x_20240101", f'{began} {{"a":1}}\n{ends} {{"a":1}}\n')
    written(tmp_path / "hftbt_usdm_x_20240102", f'{ends + pause_s * SECOND} {{"a":1}}\n')
    written(tmp_path / "hftbt_usdm_x_20240103", "")
    assert len(names(tmp_path)) == 3


def test_the_next_file_of_a_connection_goes_on_with_its_address(tmp_path: Path) -> None:
    written(tmp_path / "cf_X.ws.1.0_2022-01-01.txt", 'wss://x <-> 1.0\n2.0: {"a":1}\n')
    written(tmp_path / "cf_X.ws.1.1_2022-01-01.txt", '3.0: {"a":2}\n')
    written(tmp_path / "cf_X.ws.2.0_2022-01-01.txt", '3.0: {"a":3}\n')
    written(tmp_path / "cf_X.0_2022-01-01.txt", 'https://x/depth?symbol=Y -> 2.5: {"a":4}\n')
    assert names(tmp_path) == [
        ["cf_X.0_2022-01-01.txt", "cf_X.ws.1.0_2022-01-01.txt", "cf_X.ws.1.1_2022-01-01.txt"],
        ["cf_X.0_2022-01-01.txt", "cf_X.ws.2.0_2022-01-01.txt"],
    ]
    told = session_of(sessions_of(tmp_path)[0]).lines
    assert [(line.url[:7], line.text, line.number) for line in told] == [
        ("wss://x", '{"a":1}', 1),
        ("https:/", '{"a":4}', 1),
        ("wss://x", '{"a":2}', 1),
    ]


def test_a_whole_book_of_a_raw_recording_of_several_symbols_is_that_of_the_changes_numbered_like_it(
    tmp_path: Path,
) -> None:
    text = (
        '1700000000000000000 {"lastUpdateId":75,"bids":[],"asks":[]}\n'
        '1700000001000000000 {"stream":"a@depth","data":{"e":"depthUpdate","s":"A","U":10,"u":20}}\n'
        '1700000002000000000 {"stream":"b@depth","data":{"e":"depthUpdate","s":"B","U":70,"u":80}}\n'
        '1700000003000000000 {"lastUpdateId":15,"bids":[],"asks":[]}\n'
    )
    lines = session_of([written(tmp_path / "hftbt_spot_two_20240101", text)]).lines
    assert [line.url for line in lines if not line.is_frame] == [
        "recorded:/depth?symbol=B",
        "recorded:/depth?symbol=A",
    ]


def test_a_recording_is_one_symbol_of_many_where_its_name_says_so_or_nothing_came_of_another(tmp_path: Path) -> None:
    frame = '{"t":"recv","conn":"c","ts":1,"data":%s}\n'
    asked = '"{\\"channel\\":\\"subscriptions\\",\\"level2\\":[\\"A\\",\\"B\\"]}"'
    came = '"{\\"channel\\":\\"l2_data\\",\\"product_id\\":\\"%s\\"}"'
    part = session_of([written(tmp_path / "x.jsonl", frame % asked + frame % (came % "A"))]).lines
    whole = session_of(
        [written(tmp_path / "y.jsonl", frame % asked + frame % (came % "A") + frame % (came % "B"))]
    ).lines
    assert (is_filtered("x.jsonl", part), is_filtered("x.jsonl", whole)) == (True, False)
    assert is_filtered("cf_COINBASE_ETH_only.jsonl.gz", whole)


def test_each_file_of_a_folder_has_a_line_and_none_of_them_breaks_it(tmp_path: Path) -> None:
    written(tmp_path / "cf_KRAKEN_2021-04-17.jsonl", FRAME % 1)
    written(tmp_path / "cf_OKX_2021-04-17.jsonl", FRAME % 1)
    written(tmp_path / "cf_OKX.0_2021-04-17.txt", 'https://x -> 1.0: {"a":1}\n')
    raw(tmp_path / "cf_GEMINI_2021-04-17.jsonl.gz", b"")
    retired = 'wss://stream.bybit.com/realtime <-> 1.0\n2.0: {"a":1}\n'
    written(tmp_path / "cf_BYBIT.ws.1.0_2021-04-17.txt", retired)
    written(tmp_path / "notes.md", "")
    said = list[str]()
    assert compare_folder(tmp_path, "no client is asked", said.append)
    assert said == [
        "cf_BYBIT.ws.1.0_2021-04-17.txt: no book: the protocol version is retired",
        "cf_GEMINI_2021-04-17.jsonl.gz: no book: there is nothing in it that can be read",
        "cf_KRAKEN_2021-04-17.jsonl: no book: the venue has no native feed",
        "cf_OKX.0_2021-04-17.txt: no book: answers over REST without their frames",
        "cf_OKX_2021-04-17.jsonl: no book: none of its frames is of a stream of books that is followed",
        "notes.md: no book: it is no recorded session",
    ]


def test_frames_may_be_held_as_objects_or_as_packed_bytes_and_without_the_name_of_their_connection(
    tmp_path: Path,
) -> None:
    packed = base64.b64encode(gzip.compress(b'{"a":3}')).decode()
    text = (
        '{"t":"connect","ts":0,"addr":"wss://x"}\n'
        '{"t":"recv","ts":1,"data":{"a":[1,"2.50"]}}\n'
        '{"t":"recv","ts":2,"b64":"%s"}\n'
        '{"t":"recv","ts":3,"b64":"eyJhIjo0fQ=="}\n'
        '{"t":"recv","ts":4,"b64":"H4sI"}\n'
    )
    session = session_of([written(tmp_path / "cf_OKX.jsonl", text % packed)])
    assert [line.text for line in session.lines] == ['{"a": [1, "2.50"]}', '{"a":3}', '{"a":4}']
    assert {line.url for line in session.lines} == {"wss://x"}
    assert list(session.flaws.values()) == [("1 lines cannot be read",)]


def test_where_no_whole_book_could_be_read_it_is_said_why(tmp_path: Path) -> None:
    told = '{"topic":"orderbook.50.X","type":"snapshot","data":{"s":"X","b":[[1.5,2]],"a":[],"u":1}}'
    written(
        tmp_path / "cf_BYBIT.ws.1.0_2025-01-01.txt", f"wss://stream.bybit.com/v5/public/spot <-> 1.0\n2.0: {told}\n"
    )
    said = list[str]()
    assert compare_folder(tmp_path, "no client is asked", said.append)
    assert said == ["cf_BYBIT.ws.1.0_2025-01-01.txt: no book: unread (malformed)"]


def test_answers_over_rest_may_stand_between_the_frames(tmp_path: Path) -> None:
    text = 'wss://x <-> 1.0\n2.0: {"a":1}\nhttps://x/depth?symbol=Y -> 2.5: {"a":2}\n3.0: {"a":3}\n'
    told = session_of([written(tmp_path / "cf_X.ws.1.0_2022-01-01.txt", text)]).lines
    assert [(line.is_frame, line.text) for line in told] == [(True, '{"a":1}'), (False, '{"a":2}'), (True, '{"a":3}')]


def test_a_raw_line_is_an_answer_where_the_number_of_a_whole_book_stands_at_its_top_wherever_that_is(
    tmp_path: Path,
) -> None:
    text = (
        '1700000000000000000 {"E":1700000000000,"T":1700000000000,"lastUpdateId":75,"bids":[],"asks":[]}\n'
        '1700000001000000000 {"stream":"a@depth5","data":{"lastUpdateId":1}}\n'
    )
    told = session_of([written(tmp_path / "hftbt_usdm_two_20240101", text)]).lines
    assert [line.is_frame for line in told] == [False, True]


@pytest.mark.parametrize(
    "spoilt", ["junk\n", '{"t":"recv"}\n', '{"t":"recv","conn":"c","ts":"x","data":"{}"}\n', "nul"]
)
def test_lines_that_cannot_be_read_are_left_out_and_counted(tmp_path: Path, spoilt: str) -> None:
    session = session_of([written(tmp_path / "cf_OKX.jsonl", FRAME % 1 + spoilt + FRAME % 2)])
    assert [line.at for line in session.lines][:1] == [1.0]
    assert list(session.flaws.values()) == [("1 lines cannot be read",)]


def test_a_frame_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    text = 'wss://x <-> 1.0\n2.0: {"a":1}\n3.0: {"a":\n4.0: pong\n'
    session = session_of([written(tmp_path / "cf_OKX.ws.1.0_2022-01-01.txt", text)])
    assert [line.text for line in session.lines] == ['{"a":1}', "pong"]
    assert list(session.flaws.values()) == [("1 lines cannot be read",)]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "nothing in it"),
        (b"\n\n", "nothing in it"),
        (gzip.compress(b"", mtime=0), "nothing in it"),
        (b"\x1f\x8b\x08\x00", "cut off"),
    ],
)
def test_nothing_at_all_is_no_book(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(NoBook, match=why):
        compare([raw(tmp_path / "cf_OKX.jsonl.gz", content)], "no client is asked")
