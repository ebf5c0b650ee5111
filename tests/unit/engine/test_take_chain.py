"""Chain reads: each fill once, whatever a chain does to its blocks and a source to its reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine.ports import ChainRead, Preconfirmed
from flatbook.engine.step import Step
from flatbook.events import chain, control
from flatbook.events.codec import decode_events, encode_events
from flatbook.events.event import Event
from flatbook.state.chain_fold import provisional_shares
from flatbook.values.ids import AssetId, SourceId
from flatbook.values.instants import Instant, later
from flatbook.values.money import Money, Price, Quantity
from tests.desk import BASE, CHAIN, OWNER, VAULT
from tests.unit.engine.scene import KEY, POISONED, START, Bench, effects, execution, one, tags
from tests.unit.state.scene import qty, skipped, unvalued, valued, vault_filled


def read(bench: Bench, *events: Event, removed_from: int | None = None, cursor: str = "c") -> Step:
    return bench.take(ChainRead(source=CHAIN, events=events, cursor=cursor, removed_from=removed_from))


def test_a_fill_is_booked_with_the_cursor_it_came_with_and_hedged() -> None:
    bench = Bench().resume()
    done = read(bench, vault_filled(1, "sell", "10.75"), cursor="1001")
    assert tags(done) == ["vault_filled", "order_intended"]
    assert done.cursors == {"base": "1001"}
    assert effects(done) == ["place"]
    assert bench.placed()[0].because == f"fill:8453:0x{1:064x}:0@0xaa"


def test_the_same_log_is_booked_once_in_one_read_and_in_two() -> None:
    bench = Bench().resume()
    event = vault_filled(1, "sell", "2")
    assert read(bench, event, event).dropped == ("fill_known",)
    assert read(bench, event).dropped == ("fill_known",)
    assert (bench.net, bench.orders()) == (-2, ["buy 2.000"])


def test_the_same_log_in_another_block_is_a_reorganisation_that_nobody_announced() -> None:
    bench = Bench().resume()
    read(bench, vault_filled(1, "sell", "2"))
    done = read(bench, vault_filled(1, "sell", "2", block_hash="0xbb"))
    assert tags(done) == ["fill_reversed", "vault_filled"]
    assert bench.net == -2
    assert len(bench.placed()) == 1


def test_removed_blocks_reverse_their_fills_newest_first_and_the_hedge_goes_back() -> None:
    bench = Bench().resume()
    read(bench, vault_filled(1, "sell", "2"), vault_filled(2, "sell", "3"), vault_filled(3, "buy", "1"))
    order_id = bench.placed()[0].order_id
    bench.executions(execution("4", order_id=order_id))
    assert bench.net == 0
    done = read(bench, removed_from=1002)
    assert tags(done) == ["blocks_removed", "fill_reversed", "fill_reversed", "order_intended"]
    assert [event.key.block for event in done.events if isinstance(event, chain.FillReversed)] == [1003, 1002]
    assert one(done, chain.BlocksRemoved).last_block == 1003
    assert bench.orders() == ["buy 4.000", "sell 2.000"]
    assert bench.alerts == ["fill_reversed"]


def test_the_alert_of_a_reversal_stands_until_the_net_rests() -> None:
    bench = Bench().resume()
    read(bench, vault_filled(1, "sell", "2"))
    bench.executions(execution("2", order_id=bench.placed()[0].order_id))
    read(bench, removed_from=1001)
    assert bench.alerts == ["fill_reversed"]
    bench.executions(execution("2", 2, order_id=bench.placed()[1].order_id, side=bench.placed()[1].side))
    assert (bench.net, bench.alerts) == (0, [])


def test_a_fill_that_the_same_read_states_again_in_its_block_was_never_gone() -> None:
    bench = Bench().resume()
    event = vault_filled(1, "sell", "2")
    read(bench, event)
    done = read(bench, event, vault_filled(2, "sell", "1"), removed_from=1001)
    assert tags(done) == ["blocks_removed", "vault_filled"]
    assert done.dropped == ("fill_known",)
    assert (bench.net, bench.orders()) == (-3, ["buy 2.000"])


def test_a_fill_that_comes_back_in_another_block_of_the_same_read_is_reversed_and_booked_again() -> None:
    bench = Bench().resume()
    read(bench, vault_filled(1, "sell", "2"))
    done = read(bench, vault_filled(1, "sell", "2", block_hash="0xbb"), removed_from=1001)
    assert tags(done) == ["blocks_removed", "fill_reversed", "vault_filled"]
    assert (bench.net, bench.orders()) == (-2, ["buy 2.000"])


def test_a_fill_that_comes_back_after_its_block_was_removed_is_booked_again() -> None:
    bench = Bench().resume()
    event = vault_filled(1, "sell", "2")
    read(bench, event)
    assert tags(read(bench, removed_from=1001))[:2] == ["blocks_removed", "fill_reversed"]
    assert tags(read(bench, event))[0] == "vault_filled"
    assert bench.net == -2


def test_a_chain_that_cannot_be_read_is_told_once_and_moves_no_cursor() -> None:
    bench = Bench().resume()
    silent = ChainRead(source=CHAIN, events=(), cursor="c", trouble="two nodes disagree")
    done = bench.take(silent)
    raised = one(done, control.AlertRaised)
    assert (raised.name.value, raised.subject, raised.detail) == ("chain_unread", "base", "two nodes disagree")
    assert done.cursors == {}
    assert bench.take(silent).events == ()
    assert one(read(bench, cursor="d"), control.AlertCleared).subject == "base"
    assert bench.alerts == []


def test_two_intents_never_share_an_order_id_even_if_a_chain_goes_back_and_forth() -> None:
    bench = Bench().resume()
    here, there = vault_filled(1, "sell", "2"), vault_filled(1, "sell", "2", block_hash="0xbb")
    for number, event in enumerate((here, there, here, there, here)):
        read(bench, event, removed_from=1001 if number else None)
        order = bench.placed()[-1]
        bench.executions(execution(str(order.qty), number, order_id=order.order_id, side=order.side))
        read(bench, removed_from=1001)
        back = bench.placed()[-1]
        bench.executions(execution(str(back.qty), 100 + number, order_id=back.order_id, side=back.side))
    ids = [order.order_id for order in bench.placed()]
    assert len(ids) == len(set(ids)) == 10
    assert bench.net == 0


def test_blocks_of_another_chain_stay() -> None:
    bench = Bench().resume()
    read(bench, vault_filled(1, "sell", "2"))
    other = SourceId("other")
    bench.rules.chains[other] = type(BASE)(1)
    done = bench.take(ChainRead(source=other, events=(), cursor="", removed_from=1))
    assert tags(done) == ["blocks_removed"]
    assert bench.net == -2


def test_a_fill_below_all_that_is_remembered_is_dropped() -> None:
    bench = Bench().resume()
    bench.state.fill_watermarks[BASE] = 1001
    assert read(bench, vault_filled(1, "sell", "2")).dropped == ("fill_below_watermark",)
    assert tags(read(bench, vault_filled(2, "sell", "2")))[0] == "vault_filled"


# Fills that wait.


def test_a_skipped_fill_is_posted_told_and_hedged_when_it_is_released() -> None:
    bench = Bench().resume()
    event = skipped(1)
    assert tags(read(bench, event)) == ["fill_skipped"]
    assert (bench.net, bench.orders(), bench.alerts) == (-3, [], ["fill_skipped"])
    done = bench.command("fill_release", chain="8453", tx=event.key.tx, log_index="0")
    assert tags(done) == ["command_accepted", "skipped_fill_released", "order_intended"]
    assert (bench.orders(), bench.alerts) == (["buy 3.000"], [])


def test_a_reversal_of_a_skipped_or_unvalued_fill_clears_what_was_told_of_it() -> None:
    for event in (skipped(1), unvalued(vault_filled(1, "sell", "3"), "3")):
        bench = Bench().resume()
        read(bench, event)
        assert len(bench.alerts) == 1
        read(bench, removed_from=1001)
        assert (bench.net, bench.alerts) == (0, [])


def test_a_fill_without_value_is_exposure_told_and_hedged_once_it_has_one() -> None:
    bench = Bench().resume()
    event = vault_filled(1, "sell", "3")
    assert tags(read(bench, unvalued(event, "2.5"))) == ["fill_unvalued"]
    assert (bench.net, bench.orders(), bench.alerts) == (Decimal("-2.5"), [], ["fill_unvalued"])
    assert tags(read(bench, valued(event))) == ["fill_valued", "order_intended"]
    assert (bench.net, bench.orders(), bench.alerts) == (-3, ["buy 3.000"], [])
    assert read(bench, valued(event)).dropped == ("value_not_awaited",)


def test_a_value_that_nobody_waits_for_is_dropped() -> None:
    bench = Bench().resume()
    assert read(bench, valued(vault_filled(1, "sell", "3"))).dropped == ("value_not_awaited",)


@pytest.mark.parametrize("field", ["ratio", "shares", "price"])
@pytest.mark.parametrize("name", ["NaN", "negative", "zero", "67 digits"])
def test_a_poisoned_value_is_refused_and_the_fill_keeps_waiting(field: str, name: str) -> None:
    bench = Bench().resume()
    event = vault_filled(1, "sell", "3")
    read(bench, unvalued(event, "2.5"))
    done = read(bench, msgspec.structs.replace(valued(event), **{field: POISONED[name]}))
    assert (tags(done), bench.alerts) == ([], ["fill_unvalued", "log_unparsed"])
    read(bench, valued(event))
    assert (bench.net, bench.alerts) == (-3, [])


# What cannot be.

LARGE = Quantity(Decimal("1E+18"))


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {field: POISONED[name]}
            for field in ("token_amount", "shares", "price", "ratio")
            for name in ("NaN", "sNaN")
        ),
        {"usdc_amount": Money(POISONED["infinity"])},
        {"usdc_amount": Money(Decimal(0))},
        {"token_amount": Quantity(Decimal(-1))},
        {"token_amount": LARGE},
        {"token_amount": Quantity(Decimal("1E-37"))},
        {"shares": POISONED["67 digits"]},
        {"shares": POISONED["19 decimals"]},
        {"price": Price(Decimal(0))},
        {"happened_at": Instant(0)},
        {"happened_at": later(START, seconds=86_401)},
    ],
    ids=str,
)
def test_a_fill_that_cannot_be_is_kept_as_unparsed_once_and_changes_nothing(changes: dict[str, Any]) -> None:
    bench = Bench().resume()
    poison = msgspec.structs.replace(vault_filled(1, "sell", "3"), **changes)
    done = read(bench, poison, vault_filled(2, "sell", "1"), cursor="7")
    assert tags(done) == ["log_unparsed", "vault_filled", "order_intended"]
    assert one(done, chain.LogUnparsed).reason is chain.UnparsedReason.MALFORMED
    assert (bench.net, done.cursors) == (-1, {"base": "7"})
    assert read(bench, poison).dropped == ("log_unparsed_before",)
    assert decode_events(encode_events(bench.events)) == tuple(bench.events)


def test_a_skipped_fill_may_have_amounts_that_cannot_be_hedged_but_no_poison() -> None:
    bench = Bench().resume()
    negative = msgspec.structs.replace(skipped(1), received_amount=qty("-5"), shares=None)
    assert tags(read(bench, negative)) == ["fill_skipped"]
    poison = msgspec.structs.replace(skipped(2), gave_amount=POISONED["NaN"])
    assert tags(read(bench, poison)) == ["log_unparsed"]
    assert bench.state.balances[VAULT, AssetId("USDC")] == -5


def test_an_unparsed_log_is_told_once() -> None:
    bench = Bench().resume()
    event = chain.LogUnparsed(
        key=vault_filled(1, "sell", "1").key,
        source=CHAIN,
        reason=chain.UnparsedReason.PRECISION,
        topic="0x",
        detail="too long",
        seen_at=START,
    )
    assert tags(read(bench, event)) == ["log_unparsed"]
    assert (read(bench, event).dropped, bench.alerts) == (("log_unparsed_before",), ["log_unparsed"])


def test_gas_is_booked_once_per_transaction() -> None:
    bench = Bench().resume()
    event = chain.GasSpent(
        chain=BASE,
        tx="0x01",
        block=1,
        owner=OWNER,
        account=VAULT,
        coin=AssetId("ETH"),
        wei_amount=qty("1000000000000000"),
        coin_usd=None,
        success=True,
        happened_at=START,
        seen_at=START,
    )
    assert tags(read(bench, event, event)) == ["gas_spent"]
    assert read(bench, event).dropped == ("gas_known",)
    assert bench.state.balances[VAULT, AssetId("ETH")] == Decimal("-0.001")
    for name in ("NaN", "sNaN", "67 digits"):
        poison = msgspec.structs.replace(event, tx=name, wei_amount=POISONED[name])
        assert tags(read(bench, poison)) == []
    assert bench.state.balances[VAULT, AssetId("ETH")] == Decimal("-0.001")


def test_what_is_no_event_of_a_chain_is_dropped() -> None:
    bench = Bench().resume()
    event = control.FlattenIntended(owner=OWNER, underlying=KEY[1], reason="", decided_at=START)
    assert read(bench, event).dropped == ("not_of_a_chain",)
    assert not bench.state.positions.net(*KEY).flattening


def test_many_small_fills_become_one_order_when_they_reach_a_share_together() -> None:
    bench = Bench(lot="1").resume()
    for number, shares in enumerate(("0.3", "0.5", "0.4"), 1):
        read(bench, vault_filled(number, "sell", shares))
    assert bench.orders() == ["buy 1"]
    bench.executions(execution("1", order_id=bench.placed()[0].order_id))
    assert (bench.net, bench.orders()) == (Decimal("-0.2"), ["buy 1"])


# Certainty.


def preconfirmed(number: int) -> chain.VaultFilled:
    """Returns a fill that stands in no block yet."""
    event = vault_filled(number, "sell", "10")
    return msgspec.structs.replace(event, key=msgspec.structs.replace(event.key, block_hash=chain.PRECONFIRMED_HASH))


def beyond(bench: Bench, *events: chain.VaultFilled, seen: tuple[tuple[str, int], ...] | None = None) -> Step:
    """Takes a read of what no block holds yet."""
    logs = tuple((event.key.tx, event.key.log_index) for event in events) if seen is None else seen
    stated = Preconfirmed(events=events, seen=logs)
    return bench.take(ChainRead(source=CHAIN, events=(), cursor="1", final=0, preconfirmed=stated))


def test_an_announced_fill_is_booked_hedged_and_provisional() -> None:
    bench = Bench().resume()
    done = beyond(bench, preconfirmed(1))
    assert tags(done) == ["blocks_finalized", "vault_filled", "order_intended"]
    assert provisional_shares(bench.state) == {KEY: -10}
    assert beyond(bench, preconfirmed(1)).events == ()


def test_an_announced_fill_that_comes_with_its_block_is_booked_anew_and_hedged_once() -> None:
    bench = Bench().resume()
    beyond(bench, preconfirmed(1))
    done = read(bench, vault_filled(1, "sell", "10"))
    assert tags(done) == ["fill_reversed", "vault_filled"]
    assert bench.alerts == []
    assert bench.net == -10
    assert len(bench.placed()) == 1


def test_an_announced_fill_that_nobody_states_any_more_is_undone_and_told() -> None:
    bench = Bench().resume()
    event = preconfirmed(1)
    beyond(bench, event)
    kept = beyond(bench, seen=((event.key.tx, event.key.log_index),))
    assert kept.events == ()
    gone = beyond(bench)
    assert tags(gone) == ["fill_reversed", "cancel_intended"]
    told = [event.name.value for event in gone.events if isinstance(event, control.AlertRaised)]
    assert told == ["fill_reversed"]
    assert (bench.net, provisional_shares(bench.state)) == (0, {})


def test_a_fill_is_provisional_until_its_block_is_final() -> None:
    bench = Bench().resume()
    event = vault_filled(1, "sell", "10")
    block = event.key.block
    first = bench.take(ChainRead(source=CHAIN, events=(event,), cursor="1", final=block - 1))
    assert tags(first)[0] == "blocks_finalized"
    assert provisional_shares(bench.state) == {KEY: -10}
    still = bench.take(ChainRead(source=CHAIN, events=(), cursor="2", final=block - 1))
    assert still.events == ()
    last = bench.take(ChainRead(source=CHAIN, events=(), cursor="3", final=block))
    assert tags(last) == ["blocks_finalized"]
    assert provisional_shares(bench.state) == {}
    assert bench.take(ChainRead(source=CHAIN, events=(), cursor="4", final=block + 9)).events == ()


def test_a_source_that_says_nothing_of_finality_makes_no_fill_provisional() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "10")
    assert provisional_shares(bench.state) == {}
