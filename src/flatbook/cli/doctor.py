"""`flatbook doctor`: what is wrong with a desk, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.cli.faults import Exit
from flatbook.cli.options import HERE, Where
from flatbook.cli.output import Part, counted, show

if TYPE_CHECKING:
    from flatbook.ops.doctor import Finding


def doctor(*, where: Where = HERE) -> int:
    """Checks the interpreter, the home, the disk, the configuration, its files and secrets, the journal, the engine,
    the calendar and the clock; then asks nodes and brokers, if the desk has any. Exits with 1 when a check fails; a
    warning is no failure.

    Works beside a running engine, and changes nothing.
    """
    from flatbook.ops.doctor import examine

    known = examine(where.folder, path=where.config_path, environment=os.environ)
    findings = [
        {"check": each.check, "verdict": each.verdict.value, "found": each.found, "remedy": each.remedy}
        for each in (*known, *_outside(where))
    ]
    failed = sum(each["verdict"] == "fail" for each in findings)
    body = {"ok": not failed, "failed": failed, "findings": findings}
    show("doctor", body, lambda: _parts(body), as_json=where.as_json)
    return Exit.ERROR if failed else Exit.OK


def _outside(where: Where) -> tuple[Finding, ...]:
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.config_read import ConfigRefused

    try:
        loaded = loaded_of(where)
    except ConfigRefused:
        return ()
    from flatbook.services.outside_checks import examine_outside

    return examine_outside(loaded)


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    for finding in body["findings"]:
        remedy = f": {finding['remedy']}" if finding["remedy"] else ""
        yield f"[{finding['verdict']:<4}] {finding['check']}: {finding['found']}{remedy}"
    yield "nothing fails" if body["ok"] else counted(body["failed"], "failure")
