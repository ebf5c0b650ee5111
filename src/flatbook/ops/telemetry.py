"""Structured logs: JSON for programs, lines for people, and in both nothing but what the allow-list names."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog

from flatbook.ops import log_fields
from flatbook.ops.config_shape import LogFormat, LogLevel, LogSection
from flatbook.ops.log_file import LogFile
from flatbook.values.instants import Instant, text_of_instant

LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}

Log = structlog.typing.FilteringBoundLogger
Fields = MutableMapping[str, Any]


class LogCounts:
    """How many records were written, by level, and how many fields were dropped because no record may hold them."""

    def __init__(self) -> None:
        self.records: dict[str, int] = {}
        self.fields_dropped = 0


def open_log(
    stream: TextIO,
    *,
    now: Callable[[], Instant],
    stated: LogSection | None = None,
    counts: LogCounts | None = None,
    kept: LogFile | None = None,
    aloud: LogLevel = LogLevel.DEBUG,
) -> Log:
    """Returns a logger that writes to a stream: JSON unless the stream is a terminal or text was asked for.

    What is written is `kept` in a file too, where there is one; what is less urgent than `aloud` only there. Every
    record passes the allow-list; what it does not name is dropped and counted.
    """
    stated, counts = stated or LogSection(), counts or LogCounts()
    as_text = stated.format is LogFormat.TEXT or (stated.format is LogFormat.AUTO and stream.isatty())
    log: Log = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            _errors,
            _filter(counts, now),
            *(() if kept is None else (_keeping(kept),)),
            *(() if aloud is LogLevel.DEBUG else (_saying(aloud),)),
            _renderer(stream) if as_text else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[stated.level]),
        cache_logger_on_first_use=True,
    )
    return log


def _renderer(stream: TextIO) -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False, timestamp_key="at")


def _errors(_log: Any, _method: str, fields: Fields) -> Fields:
    """Puts the kind and place of an exception in the place of the exception."""
    error = fields.pop("exc_info", None)
    if error is not None and not isinstance(error, BaseException):
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        fields.update(log_fields.error_fields(error))
    return fields


def _filter(counts: LogCounts, now: Callable[[], Instant]) -> structlog.typing.Processor:
    def keep(_log: Any, method: str, fields: Fields) -> Fields:
        kept, dropped = log_fields.cleaned(fields)
        counts.fields_dropped += dropped
        level = "error" if method in ("exception", "critical") else method
        counts.records[level] = counts.records.get(level, 0) + 1
        event = kept.pop("event")
        return {"at": text_of_instant(now()), "level": level, "event": event, **kept}

    return keep


def _keeping(file: LogFile) -> structlog.typing.Processor:
    def keep(_log: Any, _method: str, fields: Fields) -> Fields:
        file.write(fields)
        return fields

    return keep


def _saying(level: LogLevel) -> structlog.typing.Processor:
    said = tuple(LogLevel)[tuple(LogLevel).index(level) :]

    def say(_log: Any, _method: str, fields: Fields) -> Fields:
        if LogLevel(fields["level"]) not in said:
            raise structlog.DropEvent
        return fields

    return say


class LibraryRecords(logging.Handler):
    """Takes what libraries log: that they did, who and how urgent. Their texts are not ours to show."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record of a library."""
        error = record.exc_info[1] if record.exc_info else None
        fields = log_fields.error_fields(error) if error is not None else {}
        self._log.log(record.levelno, "library_record", library=record.name, **fields)


def take_library_logs(log: Log, level: int = logging.WARNING) -> LibraryRecords:
    """Sends what libraries log through our log from now on. Returns the handler, to be removed at the end."""
    taker = LibraryRecords(log)
    root = logging.getLogger()
    root.addHandler(taker)
    root.setLevel(level)
    return taker
