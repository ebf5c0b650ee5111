"""Logs that are malformed, not ours, repeated, out of order or of a removed block, under a whole engine.

Hypothesis: a fill that is really ours is hedged once whatever stands beside it; whatever may be ours and cannot be
read or valued is told to a person and hedged by nobody.
Mechanism: the parser gives every log a meaning, the fold knows fills by identity, and a skipped fill waits for release.
Premise: a good fill stands in the same block as the bad log, and another one comes later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest

from flatbook.events.chain import FillReversed, FillSkipped, LogUnparsed, SkipReason, VaultFilled
from flatbook.events.control import AlertName, AlertRaised
from flatbook.events.orders import OrderFilled
from flatbook.sim.broker.broker import Broker
from flatbook.sim.tapes.raindex_logs import LogPlace, encode_clear_v3, encode_take_order_v3
from flatbook.values.instants import NS_PER_S
from flatbook.venues.raindex.log_source import RecordedLogSource
from flatbook.venues.raindex.parse import IgnoreReason
from flatbook.venues.raindex.recording import RecordedBlock, block_of_line
from flatbook.venues.raindex.tokens import VaultOwner
from tests.desk import COIN, OPEN, OWNER, PAPER, VAULT, Setting, at, desk_of, journalled, live
from tests.lives import Desk, Life
from tests.unit.venues.raindex.sample import ALICE, BOOK, BOT, CONFIG, STRANGER, UNKNOWN, USDC, WT_COIN, traded

END = at(30)
SETTING = Setting(lot="0.001")
OURS = msgspec.structs.replace(CONFIG, owners=(VaultOwner(address=ALICE, owner=OWNER, account=VAULT),), inventories=())

Log = dict[str, Any]


def place(block: int, log_index: int, *, branch: str = "a", address: str = BOOK) -> LogPlace:
    tx = f"0x{block:04x}{log_index:04x}".ljust(66, "0")
    return LogPlace(address=address, tx=tx, log_index=log_index, block=block, block_hash=hash_of(block, branch))


def hash_of(block: int, branch: str = "a") -> str:
    return f"0x{block:08x}".ljust(66, branch)


def sold(where: LogPlace, shares: str, *, owner: str = ALICE, token: str = WT_COIN, usdc: str | None = None) -> Log:
    """Returns the log of a sale out of a vault at 250 USDC a token."""
    paid = usdc if usdc is not None else str(Decimal(shares) * 250)
    return encode_take_order_v3(where, traded(owner, USDC, paid, token, shares), taker=BOT)


def shown(block: int, *logs: Log, minute: int, branch: str = "a") -> RecordedBlock:
    line = {
        "number": block,
        "hash": hash_of(block, branch),
        "parent_hash": hash_of(block - 1),
        "timestamp": (OPEN + 60 * NS_PER_S) // NS_PER_S,
        "shown_at": at(minute) // NS_PER_S,
        "logs": logs,
    }
    return block_of_line(msgspec.json.encode(line))


class Played(NamedTuple):
    """A desk that was played to its end over some blocks."""

    desk: Desk
    life: Life
    source: RecordedLogSource

    def events(self, kind: type[Any]) -> list[Any]:
        """Returns the events of a kind."""
        return [event for event in journalled(self.desk) if isinstance(event, kind)]

    def alerts(self) -> Counter[AlertName]:
        """Returns the alerts that stand."""
        return Counter(name for name, _ in self.life.engine.state.alerts)


def play(*blocks: RecordedBlock) -> Played:
    desk = desk_of(SETTING, ())
    source = RecordedLogSource(blocks, OURS, desk.clock.now)
    desk = msgspec.structs.replace(desk, sources=(source,))
    return Played(desk, live(desk, END), source)


def assert_hedged(played: Played, shares: str) -> None:
    """Passes when the broker bought so many shares, the books say the same, and the loop was never disturbed."""
    assert isinstance(played.desk.broker, Broker)
    truth = played.desk.broker.truth
    assert truth.balance(PAPER, "COIN") == 10_000 + Decimal(shares)
    assert Counter(event.execution_id for event in played.events(OrderFilled)) == Counter(
        f"X-{execution.id}" for execution in truth.executions()
    )
    state = played.life.engine.state
    assert played.life.engine.poisons == []
    assert state.halts == {}
    assert not state.open_orders
    assert state.positions.rows[OWNER, PAPER, next(iter(played.desk.rules.instruments))].qty == Decimal(shares)


def bad_logs() -> Iterator[tuple[str, Log]]:
    """Yields logs of our order book that may concern us and cannot be read."""
    whole = sold(place(10, 5), "3")
    data = str(whole["data"])
    yield "data cut in half", whole | {"data": data[: len(data) // 64 * 32 + 2]}
    yield "no data", whole | {"data": "0x"}
    yield "data no hex", whole | {"data": "0xzz" + data[4:]}
    yield "an offset beyond the end", whole | {"data": data[:66] + "f" * 64 + data[130:]}
    yield "data of a megabyte", whole | {"data": data + "00" * 1_100_000}
    yield "a log of another block", whole | {"blockHash": hash_of(10, "c")}


@pytest.mark.parametrize("log", [log for _, log in bad_logs()], ids=[name for name, _ in bad_logs()])
def test_a_log_that_cannot_be_read_is_told_and_the_fill_beside_it_is_hedged(log: Log) -> None:
    played = play(
        shown(10, sold(place(10, 1), "2"), log, minute=1),
        shown(20, sold(place(20, 1), "1.5"), minute=5),
    )
    assert_hedged(played, "3.5")
    assert len(played.events(LogUnparsed)) == 1
    assert played.alerts() == Counter({AlertName.LOG_UNPARSED: 1})
    assert [event.token_amount for event in played.events(VaultFilled)] == [Decimal(2), Decimal("1.5")]


SKIPPED = {
    "an unknown token": (sold(place(10, 5), "3", token=UNKNOWN), SkipReason.UNKNOWN_TOKEN),
    "a price of zero": (sold(place(10, 5), "3", usdc="0"), SkipReason.NON_POSITIVE_PRICE),
    "cash below zero": (sold(place(10, 5), "3", usdc="-750"), SkipReason.NEGATIVE_AMOUNT),
    "no shares": (sold(place(10, 5), "0", usdc="750"), SkipReason.ZERO_EQUITY),
    "shares below zero": (sold(place(10, 5), "-3", usdc="750"), SkipReason.NEGATIVE_AMOUNT),
    "more than a fill may be": (sold(place(10, 5), "1001"), SkipReason.OVER_SHARE_CAP),
}


@pytest.mark.parametrize(("log", "reason"), SKIPPED.values(), ids=SKIPPED)
def test_a_fill_that_makes_no_sense_is_posted_and_told_and_not_hedged(log: Log, reason: SkipReason) -> None:
    played = play(
        shown(10, sold(place(10, 1), "2"), log, minute=1),
        shown(20, sold(place(20, 1), "1.5"), minute=5),
    )
    assert_hedged(played, "3.5")
    assert [event.reason for event in played.events(FillSkipped)] == [reason]
    assert played.alerts()[AlertName.FILL_SKIPPED] == 1


IGNORED = {
    "another owner": (sold(place(10, 5), "3", owner=STRANGER), IgnoreReason.NOT_OUR_ORDER),
    "another contract": (sold(place(10, 5, address=UNKNOWN), "3"), IgnoreReason.FOREIGN_CONTRACT),
    "a removed log": (sold(place(10, 5), "3") | {"removed": True}, IgnoreReason.REMOVED),
    "another topic": (sold(place(10, 5), "3") | {"topics": ["0x" + "77" * 32]}, IgnoreReason.UNKNOWN_TOPIC),
    "the same log again": (sold(place(10, 1), "2"), IgnoreReason.DUPLICATE),
}


@pytest.mark.parametrize(("log", "reason"), IGNORED.values(), ids=IGNORED)
def test_a_log_that_is_not_ours_to_book_is_counted_and_changes_nothing(log: Log, reason: IgnoreReason) -> None:
    played = play(
        shown(10, sold(place(10, 1), "2"), log, minute=1),
        shown(20, sold(place(20, 1), "1.5"), minute=5),
    )
    assert_hedged(played, "3.5")
    assert played.source.ignored[reason] == 1
    assert played.alerts() == Counter()


def test_two_different_logs_under_one_index_are_told_and_neither_is_hedged() -> None:
    one, other = sold(place(10, 5), "3"), sold(place(10, 5), "4")
    played = play(shown(10, sold(place(10, 1), "2"), one, other, minute=1))
    assert_hedged(played, "2")
    assert played.alerts() == Counter({AlertName.LOG_UNPARSED: 1})


def test_logs_out_of_order_are_booked_in_the_order_of_the_chain() -> None:
    logs = [sold(place(10, index), "1") for index in (9, 1, 5)]
    clear = encode_clear_v3(
        place(10, 3), traded(ALICE, USDC, "500", WT_COIN, "2"), traded(STRANGER, WT_COIN, "2", USDC, "500"), sender=BOT
    )
    played = play(shown(10, clear[1], *logs, clear[0], minute=1))
    assert_hedged(played, "5")
    assert [event.key.log_index for event in played.events(VaultFilled)] == [1, 3, 5, 9]


def test_a_block_that_comes_again_and_again_is_booked_once() -> None:
    block = shown(10, sold(place(10, 1), "2"), minute=1)
    played = play(block, block, shown(20, minute=3), block, shown(30, sold(place(30, 1), "1"), minute=5), block)
    assert_hedged(played, "3")


def test_a_log_of_a_removed_block_is_undone_and_hedged_back() -> None:
    played = play(
        shown(10, sold(place(10, 1), "2"), minute=1),
        shown(20, sold(place(20, 1), "3"), minute=2),
        shown(20, minute=5, branch="b"),
        shown(30, sold(place(30, 1), "1"), minute=8),
    )
    assert_hedged(played, "3")
    assert [event.shares for event in played.events(FillReversed)] == [Decimal(3)]
    assert AlertName.FILL_REVERSED in [event.name for event in played.events(AlertRaised)]
    assert played.alerts() == Counter()
    assert played.life.engine.state.positions.net(OWNER, COIN).known == 0
