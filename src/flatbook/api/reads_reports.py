"""The backtests that are kept in the home, each with its report."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar.params import PathParameter

from flatbook.api.answers.moment import instant_or_none
from flatbook.api.home_files import content_of, files_of, unreadable
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import AtSite, reading

FOLDER = "backtests"
BODY = "report.json"
LISTED_MAX = 500
BODY_BYTES_MAX = 8 * 1024 * 1024
NAME_MAX = 128
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

NameParameter = Annotated[str, PathParameter(description="The name in the list.", max_length=NAME_MAX)]


class ReportLineBody(msgspec.Struct, frozen=True, kw_only=True):
    """One kept backtest: its folder's name, and when it was written. Units: bytes of its report."""

    name: str
    written_at: str
    size: int


class ReportsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The backtests in the home, the newest first, at most LISTED_MAX of `found`."""

    found: int
    reports: list[ReportLineBody]


class KeptReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one backtest reported, as `flatbook backtest --json` said it then."""

    name: str
    report: dict[str, Any]


@reading("/reports", "Backtests that are kept", tag="reports")
async def reports(site: AtSite) -> ReportsAnswer:
    """Returns the backtests in the home, the newest first."""
    lines = await asyncio.to_thread(_listed, site.home)
    return ReportsAnswer(found=len(lines), reports=lines[:LISTED_MAX])


def _listed(home: Path) -> list[ReportLineBody]:
    """Returns the backtests that can be asked for."""
    return [
        ReportLineBody(name=file.path.parent.name, written_at=instant_or_none(file.written_at) or "", size=file.size)
        for file in files_of(home, FOLDER, f"*/{BODY}")
        if _NAME.fullmatch(file.path.parent.name) is not None
    ]


@reading("/reports/{name:str}", "One backtest", tag="reports")
async def kept_report(site: AtSite, name: NameParameter) -> KeptReport:
    """Returns what one backtest reported."""
    path = folder_of(site.home, name) / BODY
    if path.stat().st_size > BODY_BYTES_MAX:
        raise Problem(503, Code.TOO_LARGE, f"the report is larger than {BODY_BYTES_MAX} bytes: look into its folder")
    return KeptReport(name=name, report=await asyncio.to_thread(_report, path))


def _report(path: Path) -> dict[str, Any]:
    """Returns what a backtest wrote.

    Errors: Problem where it cannot be read.
    """
    try:
        return msgspec.json.decode(content_of(path), type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise unreadable(path, "it is no report of a backtest") from error


def folder_of(home: Path, name: str) -> Path:
    """Returns the folder of a kept backtest.

    Errors: Problem where the home has none of this name.
    """
    folder = home / FOLDER / name
    if _NAME.fullmatch(name) is None or not (folder / BODY).is_file():
        raise Problem(404, Code.NOT_FOUND, "no backtest of this home has this name")
    return folder


ROUTES = (reports, kept_report)
