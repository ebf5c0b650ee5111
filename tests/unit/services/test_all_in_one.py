"""What a desk says at its end."""

from __future__ import annotations

import io
import json

import pytest

from flatbook.ops.config_shape import LogFormat, LogLevel, LogSection
from flatbook.ops.telemetry import open_log
from flatbook.services import all_in_one
from flatbook.services.all_in_one import tell_working
from flatbook.state.desk import State
from tests.desk import OPEN
from tests.unit.engine.scene import Bench


def told_of(state: State) -> list[dict[str, str]]:
    stream = io.StringIO()
    log = open_log(stream, now=lambda: OPEN, stated=LogSection(level=LogLevel.WARNING, format=LogFormat.JSON))
    tell_working(state, log)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_order_that_outlives_its_engine_is_named() -> None:
    bench = Bench()
    order_id = bench.working("10")
    (line,) = told_of(bench.state)
    assert (line["event"], line["level"], line["order_id"]) == ("order_stays_open", "warning", order_id)
    assert (line["account"], line["side"], line["qty"], line["status"]) == ("paper", "buy", "10", "accepted")
    assert line["reason"] == "it may still execute; the next start asks its venue for it by this id"


def test_nothing_is_said_when_nothing_works() -> None:
    assert told_of(Bench().resume().state) == []


def test_only_the_first_of_many_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_in_one, "ORDERS_TOLD_MAX", 0)
    bench = Bench()
    bench.working("10")
    (line,) = told_of(bench.state)
    assert (line["event"], line["count"]) == ("orders_stay_open", 1)
