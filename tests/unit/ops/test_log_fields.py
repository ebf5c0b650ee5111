from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events.control import HoldReason
from flatbook.ops.log_fields import ALLOWED, cleaned, error_fields, scalar, text
from flatbook.ops.secret_value import Secret

CANARY = "canary-7f3a91"


def test_only_what_is_allowed_stays_and_the_rest_is_counted() -> None:
    kept, dropped = cleaned({"event": "order_filled", "order_id": "fb1", "api_key": CANARY, "headers": {"a": CANARY}})
    assert kept == {"event": "order_filled", "order_id": "fb1"}
    assert dropped == 2


@pytest.mark.parametrize("event", [f"sent {CANARY}", "Order filled", "", None, "a" * 65, "1st", Secret(CANARY)])
def test_a_message_that_is_no_name_is_replaced(event: object) -> None:
    kept, dropped = cleaned({"event": event, "count": 3})
    assert kept == {"event": "unnamed", "count": 3}
    assert dropped == 1


@pytest.mark.parametrize(
    "value", [Secret(CANARY), {"a": CANARY}, [CANARY], (CANARY,), object(), ValueError(CANARY), CANARY.encode()]
)
def test_objects_are_never_shown(value: object) -> None:
    assert cleaned({"event": "e", "account": value}) == ({"event": "e"}, 1)


@pytest.mark.parametrize("value", [f"a sentence with {CANARY}", "two\nlines", "a\x1b[31mb", "tab\there", "\u202eback"])
def test_sentences_and_what_cannot_be_seen_are_no_names(value: str) -> None:
    assert cleaned({"event": "e", "account": value}) == ({"event": "e"}, 1)


def test_a_reason_may_be_a_sentence() -> None:
    assert cleaned({"event": "e", "reason": "the disk is full"})[0]["reason"] == "the disk is full"


def test_numbers_and_words_are_shown_plainly() -> None:
    assert scalar(Decimal("5.00")) == "5"
    assert scalar(HoldReason.NO_MARKET) == "no_market"
    assert (scalar(7), scalar(True), scalar(0.5), scalar("a")) == (7, True, 0.5, "a")
    assert cleaned({"event": "e", "ref": None}) == ({"event": "e", "ref": None}, 0)


def test_urls_lose_users_queries_and_fragments() -> None:
    url = f"https://user:{CANARY}@host.example/v1/orders?key={CANARY}#{CANARY}"
    assert text(url, spaces=False) == "https://host.example/v1/orders"
    assert text(f"at {url} now", spaces=True) == "at https://host.example/v1/orders now"


def test_long_texts_are_cut() -> None:
    cut = text("x" * 10_000, spaces=False)
    assert cut is not None
    assert len(cut) == 256
    assert cut.endswith("x...")


def test_an_error_is_its_kind_and_place_and_never_its_text() -> None:
    def fails() -> None:
        raise ValueError(CANARY)

    with pytest.raises(ValueError, match=CANARY) as raised:
        fails()
    fields = error_fields(raised.value)
    assert fields["error"] == "ValueError"
    assert fields["where"].endswith(f"fails:{fails.__code__.co_firstlineno + 1}")
    assert CANARY not in str(fields)


def test_no_field_is_for_texts_of_others() -> None:
    free = {
        "message",
        "detail",
        "why",
        "text",
        "body",
        "payload",
        "headers",
        "params",
        "url",
        "key",
        "arguments",
        "args",
    }
    assert sorted(free & set(ALLOWED)) == []
