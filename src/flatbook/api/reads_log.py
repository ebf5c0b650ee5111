"""What the engine's process said of itself: the newest records of its log, also once it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from flatbook.api.problems import Code, Problem
from flatbook.api.routes import AtSite, reading
from flatbook.ops.config_shape import LogLevel
from flatbook.ops.home import LOG_FILE
from flatbook.ops.log_file import Record, newest_records

LINES_MAX = 1_000
LINES_USUAL = 200
ABOUT_MAX = 128
LEVELS = tuple(level.value for level in LogLevel)
OF_THE_LINE = ("at", "level", "event", "ref", "seq")


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One record: when, how urgent, what, and the names, numbers and states that it holds, all as texts.

    `ref` leads to its story and `seq` to its event, where it is about one.
    """

    at: str
    level: str
    event: str
    ref: str | None
    seq: int | None
    fields: dict[str, str]


class LogAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest records of the engine's log, the newest first. `level` is the least urgent that it writes at all."""

    level: LogLevel
    lines: list[LogLine]


LevelQuery = Annotated[LogLevel, QueryParameter(description="The least urgent level to be told.")]
AboutQuery = Annotated[
    str | None, QueryParameter(description="Only records that hold this text.", min_length=1, max_length=ABOUT_MAX)
]


@reading("/log", "What the engine's process said", tag="events")
async def log(
    site: AtSite,
    level: LevelQuery = LogLevel.INFO,
    about: AboutQuery = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LINES_MAX)] = LINES_USUAL,
) -> LogAnswer:
    """Returns the newest records of the log that the engine keeps in its home, the newest first.

    They hold names, numbers and states alone, as every record does; a record is no evidence, the journal is.
    """
    try:
        found = await asyncio.to_thread(newest_records, site.home / LOG_FILE, _wanted(level, about), limit)
    except OSError as error:
        raise Problem(503, Code.UNAVAILABLE, f"the log cannot be read: {error.strerror}") from error
    return LogAnswer(level=site.loaded.config.log.level, lines=[_line(record) for record in found])


def _wanted(level: LogLevel, about: str | None) -> Callable[[Record], bool]:
    levels = LEVELS[LEVELS.index(level.value) :]

    def wanted(record: Record) -> bool:
        return record.get("level") in levels and (
            about is None or any(about in _text(each) for each in record.values())
        )

    return wanted


def _line(record: Record) -> LogLine:
    seq = record.get("seq")
    return LogLine(
        at=_text(record.get("at")),
        level=_text(record.get("level")),
        event=_text(record.get("event")),
        ref=None if record.get("ref") is None else _text(record["ref"]),
        seq=seq if isinstance(seq, int) else None,
        fields={name: _text(value) for name, value in record.items() if name not in OF_THE_LINE and value is not None},
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


ROUTES: tuple[ControllerRouterHandler, ...] = (log,)
