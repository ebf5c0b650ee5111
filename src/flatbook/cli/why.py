"""`flatbook why`: the whole story of whatever has an id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, At, Where, says
from flatbook.cli.output import Column, Part, Table, Told, brief, cents, short, show

CUT = ".."


def why(
    fragment: Annotated[
        str, says("An order, transaction, execution, halt, key of a command or id at the venue; a part will do.")
    ],
    /,
    *,
    at: At = None,
    where: Where = HERE,
) -> int:
    """Tells the story of one thing: its events, what caused them, what they caused, and what it earned.

    Where a fragment fits several things they are listed, and the exit code is 2.
    """
    import msgspec

    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.story import story_answer
    from flatbook.cli.reading import past_of
    from flatbook.projections.timeline import Candidates
    from flatbook.projections.timeline import why as story_of

    with past_of(where, at) as past:
        story = story_of(past.read, fragment.partition(CUT)[0])
        moment = past.moment()
    if not isinstance(story, Candidates):
        body = body_of(story_answer(story, moment))
        show("why", body, lambda: _parts(body), as_json=where.as_json)
        return Exit.OK
    if not story.found:
        raise Failed(
            Exit.USAGE,
            "nothing in the journal has such an id",
            where=fragment,
            do="see flatbook trades, orders or status",
        )
    candidates = {"as_of": msgspec.to_builtins(moment), "found": story.found, "candidates": list(story.subjects)}
    show("why", candidates, lambda: _candidates(fragment, candidates), as_json=where.as_json)
    return Exit.USAGE


def _candidates(fragment: str, body: dict[str, Any]) -> Iterator[Part]:
    yield f"{fragment} fits {body['found']} things; name one of them more fully:"
    for subject in body["candidates"]:
        yield f"  {subject}"


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield f"{body['subject']}, {as_of_line(body)}"
    for line in body["events"]:
        known = [f"{name}={brief(value)}" for name, value in line["fields"].items() if not _is_told(name, line)]
        yield Told(f"{line['seq']:>8}  {line['at']}  {line['type']}", known)
    yield Table(
        "what was matched",
        (
            Column("opened by", lambda row: brief(row["opening"])),
            Column("closed by", lambda row: brief(row["closing"])),
            Column("side", "side"),
            Column("quantity>", lambda row: short(row["qty"])),
            Column("opened at>", lambda row: short(row["opening_price"])),
            Column("closed at>", lambda row: short(row["closing_price"])),
            Column("earned USD>", lambda row: cents(row["realised_usd"])),
            Column("bucket", "bucket"),
            Column("late", "delayed"),
        ),
        body["slices"],
    )
    yield Table(
        "how long it took",
        (
            Column("order", "order"),
            Column("fill to seen ms>", "seen_ms"),
            Column("to decided ms>", "decided_ms"),
            Column("to accepted ms>", "accepted_ms"),
            Column("to executed ms>", "executed_ms"),
            Column("fill to hedged ms>", "total_ms"),
        ),
        body["latencies"],
    )


def _is_told(name: str, line: dict[str, Any]) -> bool:
    return name.endswith("_at") and line["fields"][name] == line["at"]
