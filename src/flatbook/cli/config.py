"""`flatbook config`: check it, show it, describe it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, counted, show

if TYPE_CHECKING:
    from flatbook.ops.config_read import Problem


def check(*, where: Where = HERE) -> int:
    """Says everything that is wrong with the configuration, with file and line. Exits with 4 when something is.

    A recording that is named and not there yet is said too, and is no error: it may come before the desk runs. Where
    there is one, a hedge whose smallest order is above the limits of risk at all its prices is wrong.
    """
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.config import missing_files
    from flatbook.ops.config_read import ConfigRefused
    from flatbook.ops.consent import consent_to
    from flatbook.services.reach import out_of_reach

    path = str(where.config_path)
    try:
        loaded = loaded_of(where)
    except ConfigRefused as refused:
        body: dict[str, Any] = {"path": path, "ok": False, "problems": _problems(refused.problems), "missing": []}
    else:
        missing = _problems(missing_files(loaded))
        never = _problems(out_of_reach(loaded))
        body = {"path": path, "ok": not never, "digest": loaded.digest, "problems": never, "missing": missing}
        body["consent"] = consent_to(loaded)
    show("config.check", body, lambda: _checked(body), as_json=where.as_json)
    return Exit.OK if body["ok"] else Exit.CONFIG


def _problems(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    return [{"where": problem.origin, "key": problem.key, "what": problem.text} for problem in problems]


def _checked(body: dict[str, Any]) -> Iterator[Part]:
    problems, missing = body["problems"], body["missing"]
    wrong = counted(len(problems), "problem") if problems else "nothing is wrong"
    absent = f", but {counted(len(missing), 'file')} that it names cannot be found" if missing else ""
    yield f"{body['path']}: {wrong}{absent}"
    for problem in (*problems, *missing):
        yield "  " + ": ".join(part for part in (problem["where"], problem["key"], problem["what"]) if part)
    if body["ok"] and body["consent"] is not None:
        yield f"it trades with real money: flatbook run --live --consent {body['consent']}"


def show_values(
    *,
    effective: Annotated[bool, says("Also where each value comes from: file and line, environment, default.")] = False,
    where: Where = HERE,
) -> None:
    """Shows every value in force. Of secrets only their place is known here, and shown."""
    from flatbook.api.answers.config import shown_places
    from flatbook.cli.desks import loaded_of

    loaded = loaded_of(where)
    places = shown_places(loaded)
    values = [
        {"key": each.key, "value": places.get(each.key, each.value), **({"origin": each.origin} if effective else {})}
        for each in loaded.effective
    ]
    body = {"path": str(where.config_path), "home": str(loaded.home), "digest": loaded.digest, "values": values}
    show("config.show", body, lambda: _values(values, effective=effective), as_json=where.as_json)


def _values(values: list[dict[str, str]], *, effective: bool) -> Iterator[Part]:
    if effective:
        columns = (Column("key", "key"), Column("value", "value"), Column("from", "origin"))
        yield Table("values in force", columns, values)
        return
    for each in values:
        yield f"{each['key']} = {each['value']}"


def schema() -> None:
    """Prints the JSON schema of the configuration, for editors and other programs."""
    import sys

    from flatbook.ops.config_schema import schema_text

    sys.stdout.write(schema_text())
