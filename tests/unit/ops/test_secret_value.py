from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest

from flatbook.ops.secret_value import Places, Secret

CANARY = "canary-7f3a91"


def test_a_secret_is_revealed_only_on_request() -> None:
    assert Secret(CANARY).reveal() == CANARY


@pytest.mark.parametrize(
    "text",
    [
        repr(Secret(CANARY)),
        str(Secret(CANARY)),
        f"{Secret(CANARY)}",
        f"{Secret(CANARY)!r:>40}",
        f"{Secret(CANARY):>40}",
        "%s %r" % (Secret(CANARY), Secret(CANARY)),  # noqa: UP031
        str([Secret(CANARY)]),
        str({"a": Secret(CANARY)}),
        ascii(Secret(CANARY)),
    ],
)
def test_no_way_to_text_shows_it(text: str) -> None:
    assert "***" in text
    assert CANARY[:6] not in text


def test_no_encoder_takes_it() -> None:
    secret = Secret(CANARY)
    for refuse in (
        lambda: pickle.dumps(secret),
        lambda: copy.copy(secret),
        lambda: copy.deepcopy({"a": secret}),
        lambda: json.dumps(secret),
        lambda: msgspec.json.encode({"a": secret}),
        lambda: msgspec.msgpack.encode(secret),
        lambda: msgspec.to_builtins(secret),
        lambda: vars(secret),
        lambda: hash(secret),
    ):
        with pytest.raises(TypeError) as refused:
            refuse()
        assert CANARY not in str(refused.value)


def test_inside_other_objects_it_stays_hidden() -> None:
    @dataclasses.dataclass
    class Holder:
        key: Secret

    assert CANARY not in repr(Holder(Secret(CANARY)))
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret("other")
    assert Secret(CANARY) != CANARY


def test_a_traceback_and_a_log_record_do_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match=r"\*\*\*") as raised:
        raise ValueError(Secret(CANARY))
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    logging.getLogger("test").warning("%s", Secret(CANARY))
    assert CANARY not in caplog.text


def test_places_do_not_show_the_environment() -> None:
    places = Places(references={"a": "env:B"}, home=Path("h"), identity=Path("i"), environment={"B": CANARY})
    assert repr(places) == "Places(references=1, home='h')"
