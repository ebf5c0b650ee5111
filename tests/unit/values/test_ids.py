"""Identifiers are derived: the same everywhere for the same thing, and different for different things."""

from __future__ import annotations

import re

from flatbook.values.ids import (
    Epoch,
    EventRef,
    OwnerId,
    digest_text,
    halt_id_of,
    order_id_of_event,
    order_id_of_observation,
)

DESK, CAUSE = OwnerId("desk"), EventRef("fill:8453:0xaa:1@0xbbbbbbbb")


def test_an_order_id_is_the_same_in_every_run() -> None:
    assert order_id_of_event(DESK, CAUSE, index=0) == "fbbizriel6eodpt2phy3dv6qlp"
    assert order_id_of_event(DESK, CAUSE, index=1) == "fbyfbct5tdhy4rjjkeyegta663"
    assert order_id_of_observation(DESK, epoch=Epoch(7), count=0) == "fboytcgqoi227a6gs000000000"
    assert halt_id_of("all", "", "operator") == "halt-hv4sindtkq"


def test_an_order_id_is_26_lower_case_letters_and_digits() -> None:
    for index in range(500):
        assert re.fullmatch(r"fb[a-z2-7]{24}", order_id_of_event(DESK, CAUSE, index=index))


def test_every_part_of_an_intent_changes_its_order_id() -> None:
    ids = {
        order_id_of_event(DESK, CAUSE, index=0),
        order_id_of_event(OwnerId("other"), CAUSE, index=0),
        order_id_of_event(DESK, EventRef("fill:8453:0xaa:1@0xcccccccc"), index=0),
        order_id_of_event(DESK, CAUSE, index=1),
        order_id_of_event(DESK, CAUSE, index=0, attempt=1),
        order_id_of_observation(DESK, epoch=Epoch(1), count=0),
        order_id_of_observation(DESK, epoch=Epoch(2), count=0),
        order_id_of_observation(DESK, epoch=Epoch(1), count=1),
        order_id_of_observation(DESK, epoch=Epoch(1), count=0, attempt=1),
    }
    assert len(ids) == 9


def test_the_borders_between_the_parts_count() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ("abc",), ("a", "b", "c")]
    assert len({digest_text(*each) for each in parts}) == 6
    assert order_id_of_event(OwnerId("a"), EventRef("bc"), index=0) != order_id_of_event(
        OwnerId("ab"), EventRef("c"), index=0
    )


def test_letters_beyond_ascii_have_an_id_too() -> None:
    assert digest_text("\u00fc") != digest_text("u")
    assert len(digest_text("\u00fc" * 1000)) == 32


def test_a_halt_has_one_id_for_each_scope_target_and_cause() -> None:
    ids = {
        halt_id_of("all", "", "operator"),
        halt_id_of("all", "", "killed"),
        halt_id_of("instrument", "COIN/USD", "operator"),
        halt_id_of("venue", "COIN/USD", "operator"),
    }
    assert len(ids) == 4
    assert halt_id_of("all", "", "operator") == halt_id_of("all", "", "operator")
