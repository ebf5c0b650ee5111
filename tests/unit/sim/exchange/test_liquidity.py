"""Where the liquidity of a simulated exchange comes from: a script, prices that wander by a seed, or a recording."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import islice

import msgspec

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.liquidity import Step, play, wandering
from flatbook.sim.exchange.recorded import Recording, grain_of
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant
from tests.exchange import BINANCE, PERP, SPOT, START, levels

D = Decimal
WATCHED = msgspec.structs.replace(PERP, is_watched=True)
TERMS = msgspec.structs.replace(BINANCE, markets=(WATCHED,))


def test_steps_happen_at_their_times_one_after_the_other() -> None:
    exchange = Exchange(BINANCE, now=START)
    steps = [
        Step(at=START, market=PERP.name, bids=tuple(levels("100 x 1")), asks=tuple(levels("101 x 1"))),
        Step(at=Instant(START + NS_PER_S), market=PERP.name, trade=(1, D("0.4"), None)),
        Step(at=Instant(START + 2 * NS_PER_S), market=PERP.name, mark=D(99)),
    ]
    play(exchange, steps)
    exchange.advance(Instant(START + NS_PER_S))
    assert [(each.price, each.qty) for each in exchange.prints[PERP.name]] == [(D(101), D("0.4"))]
    assert PERP.name not in exchange.marks
    exchange.advance(Instant(START + 2 * NS_PER_S))
    assert exchange.marks[PERP.name] == D(99)


def test_prices_wander_in_the_same_way_for_the_same_seed_and_books_never_cross() -> None:
    prices = {"BTCUSDT": D(50_000)}
    one, two, other = (
        list(islice(wandering((SPOT, PERP), prices, start=START, seed=seed), 400)) for seed in ("1", "1", "2")
    )
    assert one == two != other
    for step in one:
        assert step.bids is not None
        assert step.asks is not None
        assert max(price for price, _ in step.bids) < min(price for price, _ in step.asks)
    marks = [step.mark for step in one if step.mark is not None]
    assert D(49_000) < min(marks) < max(marks) < D(51_000)


def line(**message: object) -> bytes:
    return b"1723161256172216566 " + json.dumps({"stream": "btcusdt", "data": message}).encode()


def depth(at: int, ids: tuple[int, int, int], bids: list[list[str]], asks: list[list[str]]) -> bytes:
    first, last, before = ids
    return line(e="depthUpdate", E=at, T=at, s="BTCUSDT", U=first, u=last, pu=before, b=bids, a=asks)


def whole(last: int, bids: list[list[str]], asks: list[list[str]]) -> bytes:
    told = {"lastUpdateId": last, "E": 1_000, "T": 1_000, "bids": bids, "asks": asks}
    return b"1723161256172216566 " + json.dumps(told).encode()


def replayed(*lines: bytes) -> tuple[Exchange, Recording]:
    exchange, recording = Exchange(TERMS, now=START), Recording(WATCHED, START)
    play(exchange, recording.steps(lines))
    exchange.advance(Instant(START + 60 * NS_PER_S))
    return exchange, recording


def test_a_recorded_book_is_taken_whole_and_then_by_updates_also_by_those_that_came_before_it() -> None:
    exchange, recording = replayed(
        depth(900, (1, 5, 0), [["99.9", "1"]], []),
        depth(1_000, (6, 9, 5), [["100.0", "3"]], []),
        whole(7, [["99.8", "2"]], [["100.2", "1"]]),
        depth(1_100, (10, 12, 9), [], [["100.2", "0"], ["100.1", "4"]]),
    )
    assert exchange.pits[WATCHED.name].levels == {1: {998: 2_000, 1_000: 3_000}, -1: {1_001: 4_000}}
    assert (recording.gaps, recording.skipped) == (0, 0)


def test_a_recorded_book_with_a_hole_in_its_numbers_is_not_known_until_the_next_whole_one() -> None:
    exchange, recording = replayed(
        whole(7, [["99.8", "2"]], [["100.2", "1"]]),
        depth(1_000, (8, 9, 7), [["99.9", "1"]], []),
        depth(1_100, (12, 14, 11), [["100.0", "1"]], []),
        b"1 no json",
    )
    assert exchange.pits[WATCHED.name].levels == {1: {}, -1: {}}
    assert (recording.gaps, recording.skipped) == (1, 1)


def test_recorded_trades_are_printed_at_their_times_from_the_start_on() -> None:
    exchange, _ = replayed(
        whole(7, [["99.8", "2"]], [["100.2", "1"]]),
        line(e="trade", E=1_250, T=1_250, s="BTCUSDT", t=1, p="99.8", q="0.5", m=True),
        line(e="markPriceUpdate", E=1_300, s="BTCUSDT", p="100.05000000", i="100", r="0.0001", T=9),
    )
    prints = exchange.prints[WATCHED.name]
    assert [(each.sign, each.price, each.at - START) for each in prints] == [(-1, D("99.8"), 250 * NS_PER_MS)]
    assert exchange.marks[WATCHED.name] == D("100.05")


def test_the_finest_steps_of_a_recording_are_read_from_its_first_levels() -> None:
    lines = [whole(7, [["99.80", "2"]], [["100.25", "1"]]), depth(1, (8, 9, 7), [["99.9", "0.125"]], []), b"1 no json"]
    assert grain_of(lines) == (D("0.01"), D("0.001"))
    assert grain_of([b"1 no json"]) is None
