"""Routes of the tasks that an administrator may start, and of the files that they leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, SkipValidation
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from flatbook.api.access import Access
from flatbook.api.access_routes import AtDoor, Key, actor_of
from flatbook.api.access_scopes import Lane
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.commands_answered import once
from flatbook.api.commands_once import Known
from flatbook.api.home_files import file_of, files_of, saved
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import AtSite, problems, reading
from flatbook.api.site import Site
from flatbook.api.tasks import BACKUP_FOLDER, EXPORT_FOLDER, TaskBody, TaskKind, Tasks
from flatbook.values.instants import NS_PER_S, Instant, text_of_instant

NAME_TEXT_MAX = 128
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,2}(?!\n)$"
BACKTESTS, TAPES, JOURNALS = ("backtests", "*/report.json"), ("data", "**/*.parquet"), (BACKUP_FOLDER, "*.sqlite")
EXPORTS = (EXPORT_FOLDER, "*.*")
EXPORT_KINDS = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}
LISTED_MAX, NAMES_MAX = 500, 16

AtTasks = NamedDependency[SkipValidation[Tasks]]
FileName = Annotated[str, Meta(pattern=FILE_NAME, description="A name of the list; no path.")]
OwnerName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?!\n)$")]


NamePair = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@:-]{0,63}=[A-Za-z0-9][A-Za-z0-9._/@:-]{0,63}(?!\n)$")
]


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task that needs to be told nothing."""


class CheckBackup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read a backup whole, as a restore does before it puts anything back."""

    backup: FileName


class RunBacktest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Run the grids of this home over a tape of its folder, of one owner or of all.

    `names` are pairs OURS=TAPED, of instruments that the tape names otherwise.
    """

    tape: FileName
    owner: OwnerName | None = None
    names: Annotated[list[NamePair], Meta(max_length=NAMES_MAX)] = []


class CompareRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how what this desk traded differs from a backtest over the same window, by cause."""

    backtest: FileName


class ExportTableName(Enum):
    """A table of what moved."""

    FILLS = "fills"
    HEDGES = "hedges"
    FEES = "fees"
    GAS = "gas"
    REVERSALS = "reversals"
    ACTIVITIES = "activities"
    PRICES = "prices"


class ExportForm(Enum):
    """The form of a file."""

    CSV = "csv"
    PARQUET = "parquet"


class ExportTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write one table of what moved, one row each, every number exact."""

    table: ExportTableName
    form: ExportForm = ExportForm.CSV


class FileBody(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a task wrote or may read. Units: bytes."""

    name: str
    written_at: str
    size: int


class TasksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest tasks of this process, and the files of the home that they are about; `backups_at` is a folder."""

    tasks: list[TaskBody]
    backups: list[FileBody]
    backups_at: str
    tapes: list[FileBody]
    exports: list[FileBody]


@reading("/tasks", "Tasks, and the files that they are about", tag="tasks")
async def tasks(tasks: AtTasks, site: AtSite) -> TasksAnswer:
    """Lists the newest tasks, the backups of the home and its tapes, the newest first."""
    return TasksAnswer(
        tasks=tasks.all(),
        backups=await asyncio.to_thread(_listed, site.home, JOURNALS),
        backups_at=str(site.home / BACKUP_FOLDER),
        tapes=await asyncio.to_thread(_listed, site.home, TAPES),
        exports=await asyncio.to_thread(_listed, site.home, EXPORTS),
    )


@reading("/tasks/{task_id:str}", "How a task stands", tag="tasks")
async def task(tasks: AtTasks, task_id: Annotated[str, PathParameter(max_length=NAME_TEXT_MAX)]) -> TaskBody:
    """Tells how a task stands: its progress while it runs, then its result."""
    return tasks.look(task_id)


@post(
    "/api/v1/tasks/{task_id:str}/stop",
    opt={"scope": "admin", "lane": Lane.COMMAND},
    tags=["tasks"],
    summary="Stop a task",
    status_code=200,
    responses={
        200: ResponseSpec(TaskBody, description="Its process is gone.", generate_examples=False),
        **problems(400, 401, 403, 404, 409, 422, 429),
    },
)
async def stop_task(
    request: Request[Any, Any, Any],
    access: AtDoor,
    tasks: AtTasks,
    task_id: Annotated[str, PathParameter(max_length=NAME_TEXT_MAX)],
    key: Key = None,
) -> Response[bytes]:
    """Ends the process of a task, with all that it has begun; one that is over stays as it ended."""
    actor = actor_of(request)

    async def stop(_key: str) -> Known:
        stopped = await tasks.stop(task_id, actor.name)
        access.note(actor, f"stop task {stopped.kind.value}", "task_stopped", stopped.state.value)
        return Known(status=200, body=msgspec.json.encode(stopped))

    return await once(access.answers, actor.name, key, (request.url.path, b""), stop)


@reading("/exports/{name:str}", "A table that was exported", tag="tasks")
async def exported(site: AtSite, name: Annotated[str, PathParameter(max_length=NAME_TEXT_MAX)]) -> Response[bytes]:
    """Returns a table that was exported, to be saved."""
    path = file_of(site.home, *EXPORTS, name)
    if not path.resolve().is_relative_to((site.home / EXPORT_FOLDER).resolve()):
        raise Problem(404, Code.NOT_FOUND, f"{name} is a link to another folder: take it from there")
    return await saved(path, EXPORT_KINDS.get(path.suffix, "application/octet-stream"), path.name)


def _listed(home: Path, what: tuple[str, str]) -> list[FileBody]:
    return [
        FileBody(name=file.name, written_at=instant_or_none(file.written_at) or "", size=file.size)
        for file in files_of(home, *what)[:LISTED_MAX]
    ]


def _test_alerts(_site: Site, _body: Nothing) -> tuple[str, ...]:
    return "alerts", "test"


def _backup(site: Site, _body: Nothing) -> tuple[str, ...]:
    folder = site.home / BACKUP_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return "backup", str(folder)


def _export(site: Site, body: ExportTable) -> tuple[str, ...]:
    folder = site.home / EXPORT_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    now = site.clock.now()
    stamp = text_of_instant(Instant(now - now % NS_PER_S)).replace("-", "").replace(":", "")
    path = folder / f"{body.table.value}-{stamp}.{body.form.value}"
    return "export", body.table.value, "--format", body.form.value, "--to", str(path)


def _check_backup(site: Site, body: CheckBackup) -> tuple[str, ...]:
    return "events", "verify", "--backup", str(file_of(site.home, *JOURNALS, body.backup))


def _backtest(site: Site, body: RunBacktest) -> tuple[str, ...]:
    only = () if body.owner is None else ("--only", body.owner)
    named = (word for pair in body.names for word in ("--name", pair))
    return "backtest", "--data", str(file_of(site.home, *TAPES, body.tape)), *only, *named


def _compare(site: Site, body: CompareRun) -> tuple[str, ...]:
    report = file_of(site.home, *BACKTESTS, f"{body.backtest}/report.json")
    return "compare", str(site.home), "--against", str(report.parent)


WordsOf = Callable[[Site, Any], tuple[str, ...]]
_AS_JSON: Any = JSONBody
KINDS: tuple[tuple[TaskKind, type[msgspec.Struct], WordsOf, str], ...] = (
    (TaskKind.TEST_ALERTS, Nothing, _test_alerts, "Send one test message through each channel of alerts"),
    (TaskKind.BACKUP, Nothing, _backup, "Copy the journal as it stands and verify the copy"),
    (TaskKind.CHECK_BACKUP, CheckBackup, _check_backup, "Read a backup whole, as a restore would first"),
    (TaskKind.EXPORT, ExportTable, _export, "Write a table of what moved as a file"),
    (TaskKind.BACKTEST, RunBacktest, _backtest, "Run the grids of the home over a tape"),
    (TaskKind.COMPARE, CompareRun, _compare, "Compare what was traded with a backtest, by cause"),
)


def _route(kind: TaskKind, body: type[msgspec.Struct], words_of: WordsOf, summary: str) -> HTTPRouteHandler:
    name = kind.value.replace("_", "-")

    async def begin(
        request: Request[Any, Any, Any], data: Any, access: AtDoor, site: AtSite, tasks: AtTasks, key: Key = None
    ) -> Response[bytes]:
        work = _beginning(request, access, tasks, kind, partial(words_of, site, data))
        return await once(access.answers, actor_of(request).name, key, _asked(request, data), work)

    begin.__annotations__.update(
        request=Request[Any, Any, Any],
        data=_AS_JSON[body],
        access=AtDoor,
        site=AtSite,
        tasks=AtTasks,
        key=Key,
        **{"return": Response[bytes]},
    )
    begin.__doc__ = f"{summary}, in a process of its own."
    return post(
        f"/api/v1/tasks/{name}",
        opt={"scope": "admin", "lane": Lane.COMMAND},
        operation_id=f"task_{kind.value}",
        tags=["tasks"],
        summary=summary,
        status_code=202,
        responses={
            202: ResponseSpec(TaskBody, description="It runs: look at it by its id.", generate_examples=False),
            **problems(400, 401, 403, 404, 409, 413, 415, 422, 429),
        },
    )(begin)


def _asked(request: Request[Any, Any, Any], data: msgspec.Struct) -> tuple[str, bytes]:
    return request.url.path, msgspec.json.encode(data)


def _beginning(
    request: Request[Any, Any, Any], access: Access, tasks: Tasks, kind: TaskKind, words: Callable[[], tuple[str, ...]]
) -> Callable[[str], Awaitable[Known]]:
    async def begin(_key: str) -> Known:
        actor = actor_of(request)
        try:
            begun = tasks.begin(kind, words(), actor.name)
        except OSError as error:
            raise Problem(503, Code.UNAVAILABLE, f"{error.filename} cannot be written: {error.strerror}") from error
        access.note(actor, f"task {kind.value}", "task_begun", begun.cli)
        return Known(status=202, body=msgspec.json.encode(begun))

    return begin


ROUTES: tuple[ControllerRouterHandler, ...] = (tasks, task, stop_task, exported, *(_route(*each) for each in KINDS))
