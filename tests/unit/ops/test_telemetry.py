from __future__ import annotations

import io
import json
import logging

import pytest

from flatbook.ops.config_shape import LogFormat, LogLevel, LogSection
from flatbook.ops.telemetry import Log, LogCounts, open_log, take_library_logs
from flatbook.values.instants import Instant

CANARY = "canary-7f3a91"
NOW = Instant(1_764_685_800_000_000_000)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def opened(stream: io.StringIO, stated: LogSection | None = None, counts: LogCounts | None = None) -> Log:
    return open_log(stream, now=lambda: NOW, stated=stated, counts=counts)


def records(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_programs_get_one_json_object_a_line() -> None:
    stream = io.StringIO()
    log = opened(stream)
    log.info("order_filled", order_id="fb1", qty="5")
    log.bind(account="paper").warning("order_unknown", seq=7)
    assert records(stream) == [
        {"at": "2025-12-02T14:30:00Z", "level": "info", "event": "order_filled", "order_id": "fb1", "qty": "5"},
        {"at": "2025-12-02T14:30:00Z", "level": "warning", "event": "order_unknown", "account": "paper", "seq": 7},
    ]


def test_people_get_lines() -> None:
    stream = Terminal()
    opened(stream).info("order_filled", order_id="fb1", api_key=CANARY)
    assert "order_filled" in stream.getvalue()
    assert "fb1" in stream.getvalue()
    assert CANARY not in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_the_configuration_decides_over_the_terminal() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    opened(terminal, LogSection(format=LogFormat.JSON)).info("order_filled")
    opened(pipe, LogSection(format=LogFormat.TEXT)).info("order_filled")
    assert records(terminal)[0]["event"] == "order_filled"
    assert pipe.getvalue().startswith("2025-12-02T14:30:00Z")


def test_levels_below_the_stated_one_are_left_out() -> None:
    stream = io.StringIO()
    log = opened(stream, LogSection(level=LogLevel.WARNING))
    log.info("order_filled")
    log.error("engine_failed")
    assert [record["event"] for record in records(stream)] == ["engine_failed"]


def test_dropped_fields_and_records_are_counted() -> None:
    counts = LogCounts()
    log = opened(io.StringIO(), counts=counts)
    log.info("a_thing", api_key=CANARY, token_file=CANARY)
    log.info("a_thing")
    log.error("another")
    assert counts.fields_dropped == 2
    assert counts.records == {"info": 2, "error": 1}


@pytest.mark.parametrize("given", ["method", "true", "error"])
def test_an_exception_is_its_kind_and_place_and_never_its_text(given: str) -> None:
    stream = io.StringIO()
    log = opened(stream)
    try:
        raise OSError(5, CANARY)
    except OSError as error:
        if given == "method":
            log.exception("write_failed")
        else:
            log.error("write_failed", exc_info=True if given == "true" else error)
    (record,) = records(stream)
    assert (record["level"], record["error"]) == ("error", "OSError")
    assert str(record["where"]).startswith("test_an_exception_is_its_kind")
    assert CANARY not in stream.getvalue()


def test_positional_arguments_do_not_reach_the_log() -> None:
    stream = io.StringIO()
    opened(stream).info("sent %s", CANARY)
    assert [record["event"] for record in records(stream)] == ["unnamed"]
    assert CANARY not in stream.getvalue()


def test_libraries_are_heard_without_their_words() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.level
    taker = take_library_logs(opened(stream))
    try:
        logging.getLogger("asyncio").error("task died with %s", CANARY, exc_info=ValueError(CANARY))
        logging.getLogger("keyring").info("not urgent %s", CANARY)
    finally:
        root.removeHandler(taker)
        root.setLevel(before)
    (record,) = records(stream)
    assert (record["event"], record["library"], record["level"]) == ("library_record", "asyncio", "error")
    assert record["error"] == "ValueError"
    assert CANARY not in stream.getvalue()
