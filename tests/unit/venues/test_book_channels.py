"""Further streams in which venues tell books, in made frames: the best few levels, whole books amid changes."""

from __future__ import annotations

import json

import pytest

from flatbook.market.depth import Grid, Heard, Unread, UnreadFor, Update
from flatbook.venues.bitget import books as bitget
from flatbook.venues.gate import books as gate
from flatbook.venues.gate import futures
from flatbook.venues.gemini import books as gemini
from flatbook.venues.okx import books as okx

GRIDS = {name: Grid(1, 1) for name in ("AB", "A-B", "A_B")}


def only(heard: tuple[Heard, ...]) -> tuple[str, bool, list[tuple[int, int]], list[tuple[int, int]]]:
    """Returns whose book it is, whether it is whole, and its levels."""
    (update,) = heard
    assert isinstance(update, Update)
    return update.symbol, update.is_whole, update.depth.bids, update.depth.asks


def okx_frame(channel: str, **more: object) -> bytes:
    told = {"bids": [["1.5", "2", "0", "1"]], "asks": [], "ts": "1700000000000", "seqId": 7}
    return json.dumps({"arg": {"channel": channel, "instId": "A-B"}, "data": [told], **more}).encode()


@pytest.mark.parametrize("channel", ["books5", "bbo-tbt"])
def test_each_message_of_the_best_levels_of_okx_is_a_whole_book(channel: str) -> None:
    assert only(okx.read_frame(okx_frame(channel), GRIDS)) == ("A-B", True, [(15, 20)], [])
    answer = json.dumps({"event": "subscribe", "arg": {"channel": channel, "instId": "A-B"}}).encode()
    assert okx.read_frame(answer, GRIDS) == ()


def test_a_channel_of_okx_that_tells_changes_is_not_read_without_its_action() -> None:
    assert okx.read_frame(okx_frame("books"), GRIDS) == ()
    assert only(okx.read_frame(okx_frame("books-rpi", action="update"), GRIDS))[1] is False


@pytest.mark.parametrize("channel", ["books1", "books5", "books15"])
def test_each_message_of_the_best_levels_of_bitget_is_a_whole_book(channel: str) -> None:
    arg = {"instType": "SPOT", "channel": channel, "instId": "AB"}
    told = {"bids": [["1.5", "2"]], "asks": [], "ts": "1700000000000"}
    frame = json.dumps({"action": "snapshot", "arg": arg, "data": [told]}).encode()
    assert only(bitget.read_frame(frame, GRIDS)) == ("AB", True, [(15, 20)], [])


def gate_frame(channel: str, side: object, **more: object) -> bytes:
    told = {"s": "A_B", "t": 1_700_000_000_000, "u": 20, "b": side, "a": None, **more}
    return json.dumps({"channel": channel, "event": "update", "result": told}).encode()


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_gate_calls_full_is_a_whole_book_of_spot_and_of_contracts(is_whole: bool) -> None:
    more = {"full": True} if is_whole else {"U": 11}
    spot = gate_frame("spot.order_book_update", [["1.5", "2"]], **more)
    contracts = gate_frame("futures.order_book_update", [{"p": "1.5", "s": 2}], **more)
    assert only(gate.read_frame(spot, GRIDS)) == ("A_B", is_whole, [(15, 20)], [])
    assert only(futures.read_frame(contracts, GRIDS)) == ("A_B", is_whole, [(15, 20)], [])


def test_the_second_version_of_the_stream_of_gate_names_its_market_and_levels_at_once() -> None:
    frame = gate_frame("spot.obu", [["1.5", "2"]], full=True, s="ob.A_B.50")
    assert only(gate.read_frame(frame, GRIDS)) == ("A_B", True, [(15, 20)], [])
    assert gate.read_frame(gate_frame("spot.obu", [["1.5", "2"]], full=True), GRIDS) == ()


def test_sizes_of_contracts_of_gate_may_be_texts_with_decimals_and_are_never_rounded() -> None:
    frame = gate_frame("futures.order_book_update", [{"p": "1.5", "s": "0.4"}], U=11)
    assert only(futures.read_frame(frame, GRIDS)) == ("A_B", False, [(15, 4)], [])
    (heard,) = futures.read_frame(frame, {"A_B": Grid(1, 0)})
    assert isinstance(heard, Unread)
    assert heard.reason is UnreadFor.OFF_GRID


def test_the_first_message_of_gemini_is_whole_by_its_trades_alone() -> None:
    told = {"type": "l2_updates", "symbol": "AB", "changes": [["buy", "1.5", "2"]]}
    assert only(gemini.read_frame(json.dumps({**told, "trades": []}).encode(), GRIDS)) == ("AB", True, [(15, 20)], [])
    assert only(gemini.read_frame(json.dumps(told).encode(), GRIDS))[1] is False
