"""Judges of the books: what breaks them, and what does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events import chain, control, orders
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import CASH, SHARE, TOKEN
from flatbook.values.ids import AccountId, AssetId, ChainId, ExecutionId, OrderId, OwnerId, Underlying
from flatbook.values.money import Price, Quantity
from tests.unit.sim.judges.story import (
    EXPECTS,
    HASH,
    ORDER,
    TX,
    alert,
    aloud,
    at,
    before_end,
    block,
    broken,
    chain_fill,
    changed,
    executed,
    fill_reversed,
    filled,
    foreign_filled,
    intended,
    log_key,
    opened,
    replaced,
    row,
    story,
    vault_filled,
    what,
)


def unknown() -> orders.OrderUnknown:
    return orders.OrderUnknown(order_id=OrderId(ORDER), attempt=0, reason=orders.UnknownReason.TIMED_OUT, seen_at=at(4))


def rejected() -> orders.OrderRejected:
    return orders.OrderRejected(
        order_id=OrderId(ORDER), reason=orders.RejectReason.OTHER, code="", message="", happened_at=at(4), seen_at=at(4)
    )


def overfilled() -> orders.OrderOverfilled:
    return orders.OrderOverfilled(
        order_id=OrderId(ORDER), ordered=Quantity(Decimal("1.5")), filled=Quantity(Decimal(2)), seen_at=at(6)
    )


def diverged() -> control.BooksDiverged:
    return control.BooksDiverged(
        account=AccountId("alpha"), subject="COIN", instrument=None, ours=Quantity(Decimal("11.5")),
        theirs=Quantity(Decimal("10.5")), stated_at=at(30), seen_at=at(30),
    )  # fmt: skip


NEXT_HASH = "0xb10d0000000000"
STRANGER = executed(20, execution_id="x2", venue_id="v7", client_id=None, sign=-1, qty=SHARE, price=2_500_000, fee=0)
FORCED = replaced(STRANGER, forced=True)


def test_an_execution_that_is_not_booked_is_a_fill_lost() -> None:
    assert what(changed(filled=None), "I3") == ["execution x1 at alpha is not booked"]


def test_an_execution_that_never_happened_is_found() -> None:
    assert what(before_end(row(20, 8, foreign_filled())), "I3") == ["execution x2 is booked and never happened"]


@pytest.mark.parametrize(
    ("fields", "flaw"),
    [
        ({"qty": Quantity(Decimal("1.4"))}, "quantity"),
        ({"price": Price(Decimal("250.10001"))}, "price"),
        ({"fees": ()}, "fee"),
        ({"underlying": Underlying("NVDA")}, "underlying"),
    ],
)
def test_an_execution_that_is_booked_otherwise_is_found(fields: dict, flaw: str) -> None:
    assert f"execution x1 is booked with another {flaw}" in what(changed(filled=row(6, 7, filled(**fields))), "I3")


def test_an_execution_of_ours_that_is_booked_as_foreign_is_found() -> None:
    foreign = foreign_filled(
        execution_id=filled().execution_id, side=filled().side, qty=filled().qty, price=filled().price,
        fees=filled().fees,
    )  # fmt: skip
    assert what(changed(filled=row(6, 7, foreign)), "I3") == ["execution x1 is booked with another order"]


def test_an_execution_of_a_stranger_that_is_booked_as_ours_is_found() -> None:
    ours = filled(
        execution_id="x2", side=foreign_filled().side, qty=Quantity(Decimal(1)), price=Price(Decimal(250)), fees=()
    )
    assert "execution x2 is booked with another order" in what(before_end(STRANGER, row(21, 8, ours)), "I3")


def test_an_execution_of_a_stranger_is_booked_as_foreign() -> None:
    assert broken(aloud(before_end(STRANGER, row(21, 8, foreign_filled())))) == []
    assert broken(before_end(STRANGER)) == ["I3", "I5"]


def test_both_halves_of_a_trade_between_orders_of_one_account_must_be_booked() -> None:
    half = executed(5, venue_id="by-hand", client_id=None, sign=-1, fee=0)
    booked = foreign_filled(
        execution_id=ExecutionId("x1:sell"), qty=Quantity(Decimal("1.5")), price=Price(Decimal("250.1"))
    )
    assert "I3" not in broken(before_end(half, row(20, 8, booked)))
    assert what(before_end(half), "I3") == ["execution x1 at alpha is not booked"]
    twice = before_end(half, row(20, 8, booked, replaced(booked, execution_id=ExecutionId("x1"))))
    assert what(twice, "I4") == ["execution x1 is booked twice"]


def test_an_execution_of_a_stranger_before_the_opening_is_part_of_it() -> None:
    early = replaced(STRANGER, at=at(0))
    balances = tuple(
        replaced(each, change=Quantity(Decimal("9" if each.asset == "COIN" else "1250"))) for each in opened()
    )
    assert broken(changed(opening=(early, row(1, 2, *balances)))) == []
    assert broken(changed(opening=(early, row(1, 2, *opened())))) == ["I5"]


def test_a_fill_of_the_chain_that_is_not_booked_is_lost() -> None:
    told = before_end(block(20, 6, NEXT_HASH, chain_fill(log_index=1, tokens=TOKEN // 10, usdc=1)))
    assert what(told, "I3") == [f"fill {TX}:1@{NEXT_HASH[:10]} is not booked"]


def test_a_fill_that_was_never_on_the_chain_is_found() -> None:
    invented = vault_filled(key=log_key(log_index=9))
    assert what(before_end(row(20, 8, invented)), "I3") == [
        f"fill {TX}:9@{HASH[:10]} is booked and was never on the chain"
    ]


@pytest.mark.parametrize(
    ("fields", "flaw"),
    [
        ({"token_amount": Quantity(Decimal("1.500000000000000001"))}, "amount"),
        ({"usdc_amount": Quantity(Decimal("375.000001"))}, "amount"),
        ({"shares": Quantity(Decimal("1.499999999999999999"))}, "quantity of shares"),
        ({"owner": OwnerId("other")}, "owner or underlying"),
        ({"key": log_key(block=4)}, "block"),
    ],
)
def test_a_fill_that_is_booked_otherwise_is_found(fields: dict, flaw: str) -> None:
    told = changed(intent=row(3, 4, vault_filled(**fields), intended()))
    assert what(told, "I3") == [f"fill {TX}:0@{HASH[:10]} is booked with another {flaw}"]


def test_a_fill_is_worth_the_shares_of_its_own_block() -> None:
    split = replaced(EXPECTS, ratios={"COIN": ((0, 2 * TOKEN), (5, TOKEN), (6, 3 * TOKEN))})
    assert broken(changed(), split) == []
    late = replaced(EXPECTS, ratios={"COIN": ((0, 2 * TOKEN), (6, TOKEN))})
    assert "I3" in broken(changed(), late)


def test_a_fill_whose_block_was_replaced_stands_in_the_books_only_until_it_is_reversed() -> None:
    cut = (rec.BlocksCut(at=at(19), from_number=5), block(19, 5, NEXT_HASH))
    back = replaced(EXPECTS, bounds={})
    assert what(before_end(*cut), "I3", back) == [f"fill {TX}:0@{HASH[:10]} stands in the books and its block is gone"]
    assert broken(aloud(before_end(*cut, row(20, 8, fill_reversed()))), back) == []


def test_an_execution_that_is_booked_twice_is_found() -> None:
    assert "I4" in broken(before_end(row(20, 8, filled())))


def test_a_fill_that_is_booked_twice_is_found() -> None:
    assert what(before_end(row(20, 8, vault_filled())), "I4") == [f"fill {TX}:0@{HASH[:10]} is booked twice"]


def test_a_fill_that_is_reversed_twice_is_found() -> None:
    cut = (rec.BlocksCut(at=at(19), from_number=5), block(19, 5, NEXT_HASH))
    told = before_end(*cut, row(20, 8, fill_reversed(), fill_reversed()))
    assert what(told, "I4") == [f"fill {TX}:0@{HASH[:10]} is reversed and does not stand in the books"]


def test_balances_are_compared_to_the_last_unit() -> None:
    told = changed(
        account=rec.AccountOpened(at=at(0), account="alpha", cash=1_000 * CASH + 1, holdings={"COIN": 10 * SHARE})
    )
    assert what(told, "I5") == ["alpha holds 624.8400000000001 USD, the books say 624.84"]


def test_a_balance_that_differs_at_the_end_and_is_told_is_for_a_person_to_settle() -> None:
    richer = rec.AccountOpened(at=at(0), account="alpha", cash=1_000 * CASH + 1, holdings={"COIN": 10 * SHARE})
    diverged = control.BooksDiverged(
        account=AccountId("alpha"), subject="USD", instrument=None, ours=Quantity(Decimal("624.84")),
        theirs=Quantity(Decimal("624.8400000000001")), stated_at=at(30), seen_at=at(30),
    )  # fmt: skip
    assert what(changed(account=richer, safety=(row(30, 8, diverged), story()["safety"])), "I5") == []


def test_an_account_that_was_never_opened_is_found() -> None:
    told = changed(opening=None, intent=row(3, 2, vault_filled(), intended()))
    assert "alpha holds 11.5 COIN, the books say 1.5, never opened" in what(told, "I5")


def test_an_overwritten_position_holds_for_both_sides() -> None:
    overwritten = control.PositionOverwritten(
        owner=OwnerId("desk"), account=AccountId("alpha"), instrument=filled().instrument,
        underlying=Underlying("COIN"), before=Quantity(Decimal("1.5")), after=Quantity(Decimal("1.25")),
        contract_size=Decimal(1), price=Price(Decimal(250)), reason="counted", decided_at=at(20),
    )  # fmt: skip
    assert broken(before_end(row(20, 8, overwritten))) == []


def test_an_assigned_foreign_position_moves_the_net_of_its_owner() -> None:
    assigned = orders.ForeignAssigned(
        account=AccountId("alpha"), instrument=filled().instrument, underlying=Underlying("COIN"),
        owner=OwnerId("desk"), qty=Quantity(Decimal(-1)), reason="mine", decided_at=at(22),
    )  # fmt: skip
    held = control.HedgeHeld(
        owner=OwnerId("desk"), underlying=Underlying("COIN"), reason=control.HoldReason.HALTED,
        net=Quantity(Decimal(-1)), decided_at=at(22),
    )  # fmt: skip
    told = before_end(STRANGER, row(21, 8, foreign_filled()), row(22, 9, assigned, held))
    assert broken(aloud(told)) == []


def test_an_unvalued_fill_is_compared_once_it_is_valued() -> None:
    known = vault_filled()
    unvalued = chain.FillUnvalued(
        key=known.key, owner=known.owner, account=known.account, instrument=known.instrument,
        underlying=known.underlying, token=known.token, side=known.side, token_amount=known.token_amount,
        usdc_amount=known.usdc_amount, usdc=known.usdc, ratio_assumed=Decimal(2),
        shares_assumed=Quantity(Decimal(3)), reason=chain.UnvaluedReason.RATIO_MISSING, kind=known.kind,
        taker_gas_wei=None, happened_at=at(2), seen_at=at(3),
    )  # fmt: skip
    valued = chain.FillValued(
        chain=ChainId(1), tx=TX, log_index=0, ratio=Decimal(1), shares=Quantity(Decimal("1.5")),
        price=Price(Decimal(250)), seen_at=at(20),
    )  # fmt: skip
    first = row(3, 4, unvalued, intended())
    assert broken(changed(intent=first)) == ["I5"]
    assert broken(changed(intent=first, filled=(row(6, 7, filled()), row(20, 8, valued)))) == []


def test_a_skipped_fill_is_compared_by_what_was_received_and_given() -> None:
    known = vault_filled()
    skipped = chain.FillSkipped(
        key=known.key, owner=known.owner, account=known.account, reason=chain.SkipReason.OVER_SHARE_CAP,
        received=AssetId("USDC"), received_amount=Quantity(Decimal(375)), gave=AssetId("wtCOIN"),
        gave_amount=Quantity(Decimal("1.5")), instrument=known.instrument, underlying=known.underlying,
        side=known.side, shares=known.shares, detail="", happened_at=at(2), seen_at=at(3),
    )  # fmt: skip
    assert broken(changed(intent=row(3, 4, skipped, intended()))) == []
    short = replaced(skipped, gave_amount=Quantity(Decimal("1.4")))
    assert broken(changed(intent=row(3, 4, short, intended()))) == ["I3", "I5"]


def test_a_difference_that_stands_too_long_without_a_word_is_not_honest() -> None:
    late = (STRANGER, row(90, 8, foreign_filled()))
    assert what(aloud(before_end(*late)), "I20") == ["alpha holds 10.5 COIN and the books said 11.5 without a word"]


def test_a_difference_that_is_told_is_honest() -> None:
    told = before_end(STRANGER, row(30, 8, diverged()), row(90, 9, foreign_filled()))
    assert broken(aloud(told)) == []


def test_a_process_that_was_dead_has_time_to_tell_a_difference() -> None:
    later = (STRANGER, rec.LifeBegan(at=at(80), process="desk", life=2), row(90, 8, foreign_filled(), life=2, epoch=8))
    assert broken(aloud(before_end(*later))) == []


def test_a_forced_close_that_is_not_booked_as_foreign_is_found() -> None:
    assert "I23" in broken(before_end(FORCED))
    ours = filled(execution_id="x2", order_id=OrderId(ORDER), side=foreign_filled().side)
    assert "I23" in broken(before_end(FORCED, row(21, 8, ours)))


def reduced(owner: str, qty: str) -> ForcedReduction:
    """Returns a part of the forced close."""
    whole = foreign_filled()
    return ForcedReduction(
        owner=OwnerId(owner), account=whole.account, instrument=whole.instrument, underlying=whole.underlying,
        forced=orders.ForcedBy.DELEVERAGING, venue_order_id=whole.venue_order_id, execution_id=whole.execution_id,
        side=whole.side, qty=Quantity(Decimal(qty)), price=whole.price, quote=whole.quote,
        contract_size=whole.contract_size, fees=(), product=whole.product, realised=None, happened_at=at(20),
        seen_at=at(21),
    )  # fmt: skip


@pytest.mark.parametrize(("rest", "found"), [("0.6", []), ("0.5", ["execution x2 is booked with another quantity"])])
def test_what_was_closed_by_force_for_two_owners_is_one_execution(rest: str, found: list[str]) -> None:
    told = before_end(FORCED, row(21, 8, reduced("desk", "0.4"), reduced("unassigned", rest)))
    assert what(told, "I3") == found


def test_a_forced_close_that_is_seen_too_late_is_found() -> None:
    assert broken(aloud(before_end(FORCED, row(21, 8, foreign_filled())))) == []
    assert "I23" in broken(before_end(FORCED, row(85, 8, foreign_filled())))


@pytest.mark.parametrize(
    ("surprise", "alert"),
    [
        (foreign_filled(), "ForeignFilled at seq 8 raised no alert foreign_activity about alpha:COIN@alpha"),
        (fill_reversed(), "FillReversed at seq 8 raised no alert fill_reversed about desk:COIN"),
        (unknown(), f"OrderUnknown at seq 8 raised no alert order_unknown about {ORDER}"),
        (rejected(), "OrderRejected at seq 8 raised no alert order_rejected about desk:COIN"),
        (overfilled(), "OrderOverfilled at seq 8 raised no alert order_overfilled about desk:COIN"),
        (diverged(), "BooksDiverged at seq 8 raised no alert books_diverged about alpha:COIN"),
    ],
)
def test_a_surprise_is_followed_by_its_alert_in_the_same_row(surprise: Event, alert: str) -> None:
    quiet = before_end(row(20, 8, surprise))
    assert alert in what(quiet, "I20")
    assert alert not in what(aloud(quiet), "I20")


def test_what_was_announced_and_undone_may_be_told_and_whole_again_in_one_row() -> None:
    undone = fill_reversed(key=replaced(log_key(), block_hash="preconfirmed"))
    cleared = control.AlertCleared(name=control.AlertName("fill_reversed"), subject="desk:COIN", cleared_at=at(20))
    said = "what was announced and undone raised no alert"
    assert [each[: len(said)] for each in what(before_end(row(20, 8, undone)), "I20")] == [said]
    assert what(before_end(row(20, 8, undone, alert("fill_reversed", "desk:COIN"), cleared)), "I20") == []


def test_an_alert_that_stands_is_not_raised_again() -> None:
    told = before_end(row(20, 8, diverged()), row(21, 9, diverged()))
    assert what([*aloud(told)[:-3], row(21, 10, diverged())], "I20") == []


def test_a_difference_is_told_with_what_the_books_add_up_to() -> None:
    wrong = replaced(diverged(), ours=Quantity(Decimal("11.4")))
    found = what(aloud(before_end(row(20, 8, wrong))), "I20")
    assert found == ["BooksDiverged says 11.4 of books that add up to 11.5"]


def test_a_balance_that_is_stated_again_needs_a_command() -> None:
    again = replaced(opened()[1], change=Quantity(Decimal(0)))
    command = control.CommandAccepted(
        key="k1", actor="ann", verb="balance", reason="r", arguments={}, accepted_at=at(20)
    )
    assert what(before_end(row(20, 8, again)), "I20") == ["the balance of alpha was corrected without a command"]
    assert what(before_end(row(20, 8, command, again)), "I20") == []
