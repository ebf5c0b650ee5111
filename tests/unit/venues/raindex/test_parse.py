"""Logs of a block to events: perspective, pairing, owners, tokens, and every way in which a log can be wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode

from flatbook.events.chain import (
    FillSkipped,
    FillUnvalued,
    GasSpent,
    LogUnparsed,
    SkipReason,
    UnparsedReason,
    VaultFilled,
)
from flatbook.events.codec import decode_events, encode_events
from flatbook.events.event import Event
from flatbook.sim.tapes.raindex_logs import encode_clear_v3, encode_take_order_v3
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side
from flatbook.venues.raindex.booking import BlockFacts
from flatbook.venues.raindex.parse import IgnoreReason
from flatbook.venues.raindex.wire import LAYOUTS, Receipt, Topic
from tests.unit.venues.raindex.sample import (
    ALICE,
    BLOCK_HASH,
    BOB,
    BOT,
    CONFIG,
    FACTS,
    OTHER_BOOK,
    OTHER_TX,
    PLACE,
    STRANGER,
    T_AAPL,
    TX,
    UNKNOWN,
    USDC,
    WT_COIN,
    WT_SPLG,
    clear,
    moved,
    parsed,
    place,
    take,
    traded,
)


def facts(**changes: Any) -> BlockFacts:
    return msgspec.structs.replace(FACTS, **changes)


def only(*logs: object, **settings: Any) -> Event:
    """Returns the single event that the logs give."""
    found = parsed(*logs, **settings).events
    assert len(found) == 1, found
    return found[0]


def filled(*logs: object, **settings: Any) -> VaultFilled:
    event = only(*logs, **settings)
    assert isinstance(event, VaultFilled), event
    return event


def skipped(*logs: object, **settings: Any) -> FillSkipped:
    event = only(*logs, **settings)
    assert isinstance(event, FillSkipped), event
    return event


def unparsed(*logs: object, **settings: Any) -> LogUnparsed:
    event = only(*logs, **settings)
    assert isinstance(event, LogUnparsed), event
    return event


def test_the_takers_output_is_what_our_order_received() -> None:
    fill = filled(take())
    assert (fill.side, fill.token_amount, fill.usdc_amount) == (Side.SELL, Decimal("0.5"), Decimal("146.3"))
    assert (fill.shares, fill.price, fill.ratio) == (Decimal("0.5"), Decimal("292.6"), Decimal(1))
    assert (fill.underlying, fill.token, fill.usdc, fill.instrument) == ("COIN", "wtCOIN", "USDC", "base:wtCOIN")
    assert (fill.owner, fill.account, fill.kind) == ("alice", "vault-a", "take_order_v3")
    assert (fill.key.chain, fill.key.tx, fill.key.log_index, fill.key.block_hash) == (8453, TX, 5, BLOCK_HASH)


def test_an_order_that_received_tokens_bought() -> None:
    fill = filled(take(WT_COIN, "3", USDC, "600"))
    assert (fill.side, fill.shares, fill.price) == (Side.BUY, Decimal(3), Decimal(200))


def test_amounts_stay_exact_and_shares_and_price_are_cut_to_eighteen_decimals() -> None:
    fill = filled(take(USDC, "64.169234", WT_COIN, "0.374000000000000000001"))
    assert fill.token_amount == Decimal("0.374000000000000000001")
    assert fill.shares == Decimal("0.374")
    assert str(fill.price) == "171.575491978609625667"


def test_events_survive_the_journal() -> None:
    events = parsed(take(), take(gave=UNKNOWN, at=place(9)), take(WT_SPLG, "1", USDC, "1", at=place(12))).events
    assert [type(event).__name__ for event in events] == ["VaultFilled", "FillSkipped", "FillUnvalued"]
    assert decode_events(encode_events(events)) == events


def test_an_order_of_somebody_else_is_ignored() -> None:
    assert parsed(take(owner=STRANGER)).ignored == (IgnoreReason.NOT_OUR_ORDER,)


def test_a_contract_that_is_not_configured_is_ignored_whatever_it_says() -> None:
    spam = take(at=place(5, address=UNKNOWN)) | {"data": "0x12", "topics": ["rubbish"]}
    assert parsed(spam).ignored == (IgnoreReason.FOREIGN_CONTRACT,)


def test_a_topic_of_the_inventory_means_nothing_at_an_order_book() -> None:
    log = moved(Topic.OPERATOR_DEPOSIT, USDC, 5, log_index=1) | {"address": PLACE.address}
    assert parsed(log).ignored == (IgnoreReason.UNKNOWN_TOPIC,)


def test_a_removed_log_is_ignored() -> None:
    assert parsed(take() | {"removed": True}).ignored == (IgnoreReason.REMOVED,)


def test_a_log_of_another_block_is_refused() -> None:
    refusal = unparsed(take() | {"blockHash": "0x" + "99" * 32})
    assert refusal.reason is UnparsedReason.MALFORMED
    assert "not the one it stands in" in refusal.detail


def test_alice_and_bob_are_told_by_the_owner_of_their_order() -> None:
    sold = filled(*clear(ALICE, STRANGER))
    assert (sold.side, sold.usdc_amount, sold.key.log_index, sold.kind) == (
        Side.SELL,
        Decimal(300),
        5,
        "clear_v3:alice",
    )
    bought = filled(*clear(STRANGER, BOB))
    assert (bought.side, bought.usdc_amount, bought.key.log_index, bought.kind) == (
        Side.BUY,
        Decimal(301),
        5,
        "clear_v3:bob",
    )


def test_an_order_that_was_deployed_anew_is_ours_all_the_same() -> None:
    first = traded(ALICE, USDC, "300", WT_COIN, "2")
    anew = msgspec.structs.replace(first, order=msgspec.structs.replace(first.order, nonce=7, bytecode=b"\x09" * 40))
    logs = [encode_take_order_v3(place(index), each, taker=STRANGER) for index, each in ((5, first), (6, anew))]
    assert logs[0]["data"] != logs[1]["data"]
    assert [(event.owner, event.key.log_index) for event in parsed(*logs).events if isinstance(event, VaultFilled)] == [
        ("alice", 5),
        ("alice", 6),
    ]


def test_a_clear_between_two_of_our_owners_is_two_fills_under_two_logs() -> None:
    events = parsed(*clear(ALICE, BOB)).events
    assert [(event.owner, event.side, event.key.log_index) for event in events if isinstance(event, VaultFilled)] == [
        ("alice", Side.SELL, 5),
        ("bob", Side.BUY, 6),
    ]


def test_each_clear_takes_the_nearest_later_after_clear_once() -> None:
    first = encode_clear_v3(
        place(1), traded(ALICE, USDC, "100", WT_COIN, "1"), traded(STRANGER, WT_COIN, "1", USDC, "100"), sender=STRANGER
    )
    second = encode_clear_v3(
        place(3), traded(ALICE, USDC, "500", WT_COIN, "2"), traded(STRANGER, WT_COIN, "2", USDC, "500"), sender=STRANGER
    )
    events = parsed(*second, *first).events
    found = [(event.key.log_index, event.usdc_amount) for event in events if isinstance(event, VaultFilled)]
    assert found == [(1, Decimal(100)), (3, Decimal(500))]


def test_two_clears_before_their_after_clears_pair_in_order() -> None:
    outer = clear(STRANGER, BOB, at=place(1), after_index=3)
    inner = clear(ALICE, STRANGER, at=place(2), after_index=4)
    events = parsed(*outer, *inner).events
    assert [(event.key.log_index, event.kind) for event in events if isinstance(event, VaultFilled)] == [
        (1, "clear_v3:bob"),
        (2, "clear_v3:alice"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"address": OTHER_BOOK},
        {"transactionHash": OTHER_TX},
        {"logIndex": "0x4"},
        {"topics": [Topic.AFTER_CLEAR.value]},
    ],
)
def test_an_after_clear_of_another_place_or_version_does_not_count(changes: dict[str, object]) -> None:
    cleared, after = clear(ALICE, STRANGER)
    reasons = {(event.key.log_index, event.reason) for event in parsed(cleared, after | changes).events}  # type: ignore[attr-defined]
    assert (5, UnparsedReason.AFTER_CLEAR_MISSING) in reasons
    assert len(reasons) == 2


def raw_take(paid: int, gave: int, *, decimals: int, token: str = T_AAPL) -> dict[str, object]:
    """Returns a TakeOrderV2 log: alice's order received `paid` base units of USDC and gave `gave` of a token."""
    sides = [[(USDC, 6, 4)], [(token, decimals, 3)]]
    order = (ALICE, (STRANGER, STRANGER, b""), *sides, bytes(32))
    values: tuple[object, ...] = (STRANGER, (order, 0, 0, []), gave, paid)
    return take() | {
        "topics": [Topic.TAKE_ORDER_V2.value],
        "data": "0x" + encode(LAYOUTS[Topic.TAKE_ORDER_V2], values).hex(),
    }


def test_the_v4_order_book_states_base_units() -> None:
    fill = filled(raw_take(2_300_000_000, 9 * 10**18, decimals=18))
    assert (fill.side, fill.shares, fill.usdc_amount, fill.kind) == (
        Side.SELL,
        Decimal(9),
        Decimal(2300),
        "take_order_v2",
    )


def test_decimals_that_contradict_the_configured_ones_are_skipped_with_the_configured_amount() -> None:
    fill = skipped(raw_take(2_300_000_000, 9 * 10**18, decimals=8))
    assert (fill.reason, fill.gave_amount, fill.shares) == (SkipReason.DECIMALS_MISMATCH, Decimal(9), Decimal(9))


def test_an_unknown_token_of_the_v4_order_book_counts_in_the_decimals_of_the_log() -> None:
    fill = skipped(raw_take(2_300_000_000, 9 * 10**8, decimals=8, token=UNKNOWN))
    assert (fill.reason, fill.gave_amount) == (SkipReason.UNKNOWN_TOKEN, Decimal(9))


def test_a_clear_of_strangers_needs_no_after_clear() -> None:
    assert parsed(clear(STRANGER, STRANGER)[0]).ignored == (IgnoreReason.NOT_OUR_ORDER,)


def test_an_index_beyond_the_tokens_of_the_order_is_refused() -> None:
    bad = msgspec.structs.replace(traded(ALICE, USDC, "1", WT_COIN, "1"), input_index=1)
    log = encode_take_order_v3(PLACE, bad, taker=STRANGER)
    assert unparsed(log).reason is UnparsedReason.INDEX_OUT_OF_RANGE


def test_a_number_with_too_many_digits_is_refused() -> None:
    assert unparsed(take(USDC, "1e18", WT_COIN, "1")).reason is UnparsedReason.PRECISION
    assert isinstance(only(take(USDC, "1", WT_COIN, "1e2000000000")), LogUnparsed)


def test_an_amount_with_more_than_thirty_six_decimals_is_cut_there_and_traded() -> None:
    fill = filled(take(USDC, "10", WT_COIN, "3." + "3" * 66))
    assert (fill.side, fill.usdc_amount) == (Side.SELL, Decimal(10))
    assert fill.token_amount == Decimal("3." + "3" * 36)
    assert (fill.shares, fill.price) == (Decimal("3." + "3" * 18), Decimal(3))


def test_an_amount_that_is_cut_to_nothing_is_no_trade() -> None:
    assert skipped(take(USDC, "1", WT_COIN, "9e-37")).reason is SkipReason.ZERO_EQUITY
    assert skipped(take(USDC, "9e-37", WT_COIN, "1")).reason is SkipReason.NON_POSITIVE_PRICE


def test_a_truncated_log_is_refused_and_never_raises() -> None:
    log = take()
    for size in range(2, len(str(log["data"])), 64):
        refusal = unparsed(log | {"data": log["data"][:size]})
        assert (refusal.reason, refusal.topic) == (UnparsedReason.MALFORMED, Topic.TAKE_ORDER_V3.value)


@pytest.mark.parametrize("name", ["address", "topics", "data", "logIndex", "transactionHash"])
def test_a_log_without_a_field_is_refused_under_an_identity_of_its_own(name: str) -> None:
    log = {key: value for key, value in take().items() if key != name}
    first, again = unparsed(log), unparsed(dict(reversed(log.items())))
    assert first == again
    assert first.reason is UnparsedReason.MALFORMED


def test_two_logs_without_transaction_are_two_refusals() -> None:
    logs = [{**take(gave_amount=amount), "transactionHash": None} for amount in ("1", "2")]
    assert len({event.key for event in parsed(*logs, logs[0]).events}) == 2  # type: ignore[attr-defined]


def test_a_second_topic_is_malformed() -> None:
    assert (
        unparsed(take() | {"topics": [Topic.TAKE_ORDER_V3.value, "0x" + "00" * 32]}).reason is UnparsedReason.MALFORMED
    )


def test_a_copy_of_a_log_counts_once() -> None:
    found = parsed(take(), take(), take())
    assert (len(found.events), found.ignored) == (1, (IgnoreReason.DUPLICATE, IgnoreReason.DUPLICATE))


def test_two_different_logs_under_one_index_give_no_fill() -> None:
    refusal = unparsed(take(), take(gave_amount="0.6"))
    assert refusal.reason is UnparsedReason.MALFORMED
    assert unparsed(take(gave_amount="0.6"), take()) == refusal


def test_a_token_that_is_not_configured_is_skipped_with_its_exact_amounts() -> None:
    fill = skipped(take(USDC, "10", UNKNOWN, "2.5"))
    assert (fill.reason, fill.received, fill.received_amount) == (SkipReason.UNKNOWN_TOKEN, "USDC", Decimal(10))
    assert (fill.gave, fill.gave_amount, fill.shares, fill.instrument) == (
        f"8453:{UNKNOWN}",
        Decimal("2.5"),
        None,
        None,
    )


def test_a_known_share_against_an_unknown_token_still_moves() -> None:
    fill = skipped(take(UNKNOWN, "10", WT_COIN, "2"))
    assert (fill.reason, fill.side, fill.shares, fill.underlying) == (
        SkipReason.UNKNOWN_TOKEN,
        Side.SELL,
        Decimal(2),
        "COIN",
    )


def test_two_shares_are_no_supported_pair() -> None:
    fill = skipped(take(WT_COIN, "1", T_AAPL, "1"))
    assert (fill.reason, fill.side, fill.shares) == (SkipReason.PAIR_NOT_SUPPORTED, None, None)


@pytest.mark.parametrize(
    ("received", "gave", "reason", "shares"),
    [
        ("10", "0", SkipReason.ZERO_EQUITY, Decimal(0)),
        ("10", "1e-19", SkipReason.ZERO_EQUITY, Decimal(0)),
        ("0", "1", SkipReason.NON_POSITIVE_PRICE, Decimal(1)),
        ("1e-30", "1", SkipReason.NON_POSITIVE_PRICE, Decimal(1)),
        ("-1", "1", SkipReason.NEGATIVE_AMOUNT, Decimal(1)),
        ("1", "-1", SkipReason.NEGATIVE_AMOUNT, None),
        ("1", "1000.000000000000000001", SkipReason.OVER_SHARE_CAP, Decimal("1000.000000000000000001")),
    ],
)
def test_what_cannot_be_hedged_is_skipped_with_what_moved(
    received: str, gave: str, reason: SkipReason, shares: Decimal | None
) -> None:
    fill = skipped(take(USDC, received, WT_COIN, gave))
    assert (fill.reason, fill.side, fill.shares) == (reason, Side.SELL, shares)
    assert (fill.received_amount, fill.gave_amount) == (Decimal(received), Decimal(gave))


def test_a_token_that_states_another_symbol_is_skipped() -> None:
    fill = skipped(take(), facts=facts(symbols={WT_COIN: "wtC0IN"}))
    assert (fill.reason, fill.shares) == (SkipReason.SYMBOL_MISMATCH, Decimal("0.5"))
    assert filled(take(), facts=facts(symbols={WT_COIN: "wtCOIN"})).shares == Decimal("0.5")


def test_a_token_is_known_only_within_its_dates() -> None:
    starting = msgspec.structs.replace(CONFIG.tokens[0], since=instant_of_text("2025-12-01T15:00:01Z"))
    ended = msgspec.structs.replace(CONFIG.tokens[0], until=instant_of_text("2025-12-01T15:00:00Z"))
    for outside in (starting, ended):
        config = msgspec.structs.replace(CONFIG, tokens=(outside,))
        assert skipped(take(), config=config).reason is SkipReason.UNKNOWN_TOKEN


def test_a_rename_holds_from_its_date() -> None:
    ratio = {WT_SPLG: Decimal(1)}
    log = take(USDC, "160.15507752", WT_SPLG, "2")
    assert filled(log, facts=facts(ratios=ratio)).underlying == "SPYM"
    before = facts(ratios=ratio, at=instant_of_text("2025-10-30T23:59:59Z"))
    assert filled(log, facts=before).underlying == "SPLG"


def test_the_ratio_of_the_block_turns_tokens_into_shares() -> None:
    fill = filled(take(USDC, "105", WT_COIN, "1"), facts=facts(ratios={WT_COIN: Decimal("1.05")}))
    assert (fill.token_amount, fill.shares, fill.price) == (Decimal(1), Decimal("1.05"), Decimal(100))


def test_a_fill_without_the_ratio_of_its_block_is_unvalued() -> None:
    log = take(USDC, "105", WT_SPLG, "1")
    known = only(log, facts=facts(ratios_before={WT_SPLG: Decimal("1.05")}))
    assert isinstance(known, FillUnvalued)
    assert (known.ratio_assumed, known.shares_assumed) == (Decimal("1.05"), Decimal("1.05"))
    never = only(log)
    assert isinstance(never, FillUnvalued)
    assert (never.ratio_assumed, never.shares_assumed) == (Decimal(1), Decimal(1))


def test_a_token_that_wraps_nothing_has_the_ratio_one() -> None:
    assert filled(take(USDC, "250", T_AAPL, "1")).ratio == Decimal(1)


def test_the_gas_of_the_taker_is_kept_as_information() -> None:
    receipts = {TX: Receipt(sender=STRANGER, gas_wei=2_882_434_750_000, success=True)}
    assert filled(take(), facts=facts(receipts=receipts)).taker_gas_wei == Decimal(2_882_434_750_000)


def test_the_gas_of_our_own_transactions_is_a_cost_and_never_the_takers() -> None:
    receipts = {
        TX: Receipt(sender=ALICE, gas_wei=7, success=True),
        OTHER_TX: Receipt(sender=BOT, gas_wei=9, success=False),
    }
    fill, *spent = parsed(take(), facts=facts(receipts=receipts)).events
    assert isinstance(fill, VaultFilled)
    assert fill.taker_gas_wei is None
    costs = [(gas.tx, gas.owner, gas.wei_amount, gas.success) for gas in spent if isinstance(gas, GasSpent)]
    assert costs == [(TX, "alice", Decimal(7), True), (OTHER_TX, "desk", Decimal(9), False)]


def test_an_own_transaction_whose_receipt_hides_its_gas_is_reported() -> None:
    receipts = {TX: Receipt(sender=BOT, gas_wei=None, success=True)}
    refusal = unparsed(facts=facts(receipts=receipts))
    assert (refusal.key.tx, refusal.key.log_index, refusal.reason) == (TX, -1, UnparsedReason.MALFORMED)


def test_a_deposit_and_a_withdrawal_of_one_operator_are_a_trade_under_the_withdrawal() -> None:
    fill = filled(
        moved(Topic.OPERATOR_WITHDRAW, WT_COIN, 34_172_366_621_067_031, log_index=155),
        moved(Topic.OPERATOR_DEPOSIT, USDC, 5_000_000, log_index=167),
    )
    assert (fill.side, fill.shares, fill.usdc_amount) == (Side.SELL, Decimal("0.034172366621067031"), Decimal(5))
    assert (fill.key.log_index, fill.kind, fill.owner) == (155, "inventory", "desk")
    assert fill.price == Decimal("146.317053642914333450")


def test_an_operator_that_takes_dollars_sold_us_shares() -> None:
    fill = filled(
        moved(Topic.OPERATOR_DEPOSIT, WT_COIN, 10**16, log_index=1),
        moved(Topic.OPERATOR_WITHDRAW, USDC, 2_000_000, log_index=2),
    )
    assert (fill.side, fill.shares, fill.price) == (Side.BUY, Decimal("0.01"), Decimal(200))


def test_what_our_own_wallet_moves_is_no_trade() -> None:
    found = parsed(
        moved(Topic.OPERATOR_DEPOSIT, WT_COIN, 5, log_index=1, operator=BOT),
        moved(Topic.OPERATOR_WITHDRAW, USDC, 5, log_index=2, operator=BOT),
    )
    assert (found.events, found.ignored) == ((), (IgnoreReason.OWN_OPERATOR, IgnoreReason.OWN_OPERATOR))


def test_moves_that_do_not_pair_are_booked_each_and_held() -> None:
    events = parsed(
        moved(Topic.OPERATOR_WITHDRAW, WT_COIN, 10**18, log_index=1),
        moved(Topic.OPERATOR_WITHDRAW, WT_COIN, 2 * 10**18, log_index=2),
        moved(Topic.OPERATOR_DEPOSIT, USDC, 900_000_000, log_index=3),
    ).events
    held = [event for event in events if isinstance(event, FillSkipped)]
    assert [(fill.key.log_index, fill.reason) for fill in held] == [
        (1, SkipReason.UNPAIRED_SETTLEMENT),
        (2, SkipReason.UNPAIRED_SETTLEMENT),
        (3, SkipReason.UNPAIRED_SETTLEMENT),
    ]
    assert [(fill.side, fill.shares, fill.gave_amount, fill.received_amount) for fill in held] == [
        (Side.SELL, Decimal(1), Decimal(1), None),
        (Side.SELL, Decimal(2), Decimal(2), None),
        (None, None, None, Decimal(900)),
    ]


def test_moves_of_two_operators_do_not_pair() -> None:
    events = parsed(
        moved(Topic.OPERATOR_WITHDRAW, WT_COIN, 10**18, log_index=1),
        moved(Topic.OPERATOR_DEPOSIT, USDC, 9, log_index=2, operator=STRANGER),
    ).events
    assert [type(event) for event in events] == [FillSkipped, FillSkipped]


def test_a_move_of_an_unknown_token_keeps_its_raw_amount() -> None:
    fill = skipped(moved(Topic.OPERATOR_WITHDRAW, UNKNOWN, 123, log_index=1))
    assert (fill.gave, fill.gave_amount) == (f"8453:{UNKNOWN}", None)
    assert fill.detail == f"123 base units of {UNKNOWN}"


def test_a_malformed_move_is_refused_and_the_others_are_held() -> None:
    bad = moved(Topic.OPERATOR_DEPOSIT, USDC, 9, log_index=2) | {"data": "0x12"}
    events = parsed(moved(Topic.OPERATOR_WITHDRAW, WT_COIN, 10**18, log_index=1), bad).events
    assert [type(event) for event in events] == [FillSkipped, LogUnparsed]


def test_events_stand_in_the_order_of_their_logs() -> None:
    logs = [take(at=place(index, tx=tx)) for index, tx in ((9, OTHER_TX), (2, TX), (30, TX), (5, OTHER_TX))]
    events = parsed(*logs).events
    assert [event.key.log_index for event in events if isinstance(event, VaultFilled)] == [2, 5, 9, 30]
