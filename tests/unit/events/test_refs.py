"""An outside identity names one event and no other."""

from __future__ import annotations

import msgspec

from flatbook.events import chain, orders
from flatbook.events.codec import name_of
from flatbook.events.refs import ref_of, ref_of_execution, ref_of_fill, ref_of_log, ref_of_order
from flatbook.values.ids import ExecutionId, InstrumentId
from tests.unit.events.samples import BASE, KEY, ORDER, PAPER, SAMPLES, STOCK, TX

OF_TAG = {name_of(type(sample)): sample for sample in SAMPLES}


def test_identities_are_stable_texts() -> None:
    assert ref_of_fill(KEY) == f"fill:8453:{TX}:7@0xabababab"
    assert ref_of_log(BASE, TX, 7) == f"log:8453:{TX}:7"
    assert ref_of_order(ORDER) == "order:fbabcdefghijklmnopqrstuvwx"
    assert ref_of_execution(PAPER, STOCK, ExecutionId("X-1")) == "exec:paper:COIN/USD:X-1"


def test_each_event_that_can_be_a_cause_has_an_identity_of_its_own() -> None:
    refs = [ref for sample in SAMPLES if (ref := ref_of(sample)) is not None]
    fills = [ref for ref in refs if ref.startswith("fill:")]
    assert len(fills) == 3
    assert set(fills) == {f"fill:8453:{TX}:7@0xabababab"}
    others = [ref for ref in refs if not ref.startswith("fill:")]
    assert len(set(others)) == len(others) == 32


def test_the_same_log_in_another_block_is_another_fill() -> None:
    moved = msgspec.structs.replace(KEY, block_hash="0x" + "cd" * 32)
    assert ref_of_fill(moved) != ref_of_fill(KEY)
    assert ref_of_log(moved.chain, moved.tx, moved.log_index) == ref_of_log(KEY.chain, KEY.tx, KEY.log_index)


def test_a_venue_may_use_an_execution_id_again_for_another_instrument() -> None:
    other = InstrumentId("HOOD/USD")
    assert ref_of_execution(PAPER, STOCK, ExecutionId("1")) != ref_of_execution(PAPER, other, ExecutionId("1"))


def test_each_refused_cancel_and_each_attempt_has_an_identity_of_its_own() -> None:
    refused = OF_TAG["cancel_refused"]
    assert isinstance(refused, orders.CancelRefused)
    again = msgspec.structs.replace(refused, attempt=2)
    assert ref_of(refused) == "order:fbabcdefghijklmnopqrstuvwx:cancel_refused:1"
    assert ref_of(again) == "order:fbabcdefghijklmnopqrstuvwx:cancel_refused:2"


def test_a_reversal_is_not_the_fill_it_reverses() -> None:
    reversal = OF_TAG["fill_reversed"]
    assert isinstance(reversal, chain.FillReversed)
    assert ref_of(reversal) == f"reversed:fill:8453:{TX}:7@0xabababab"
