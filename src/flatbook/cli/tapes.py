"""`flatbook data`: tapes of recorded markets, made, listed and looked through."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, counted, progress, show

if TYPE_CHECKING:
    from decimal import Decimal

    from flatbook.backtest.tape import TapeHead
    from flatbook.backtest.tape_doctor import Examined, Looked
    from flatbook.backtest.tape_file import FileTape
    from flatbook.services.tape_sources import Stated
    from flatbook.services.tapes import Steps

FOLDER = "data"
SUFFIX, EVENTS = ".parquet", ".npz"
NS_PER_MS = 1_000_000

Sources = Annotated[list[Path], says("Files of recordings; those of one market in order of time.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Given:
    """What a recording does not say itself."""

    tick: Annotated[str | None, says("The tick, where the one found is not the venue's.")] = None
    lot: Annotated[str | None, says("The lot, where the one found is not the venue's.")] = None

    venue: Annotated[str | None, says("The venue, where the recording does not say it.")] = None
    symbol: Annotated[str | None, says("The symbol, where the recording does not say it.")] = None
    product: Annotated[
        Literal["spot", "linear", "inverse"] | None, says("The product, where the recording does not say it.")
    ] = None

    def stated(self) -> Stated:
        """Returns what was stated."""
        from flatbook.market.ticks import Product
        from flatbook.services.tape_sources import Stated

        return Stated(self.venue, self.symbol, None if self.product is None else Product(self.product))

    def steps(self) -> Steps:
        """Returns the tick and the lot that were stated."""
        from flatbook.services.tapes import Steps

        return Steps(_step(self.tick, "--tick"), _step(self.lot, "--lot"))


AS_RECORDED = Given()


def convert(
    sources: Sources,
    /,
    *,
    out: Annotated[Path | None, says("The file to write; in the home under data when left out.")] = None,
    to: Annotated[Literal["tape", "hftbacktest"], says("What to make.")] = "tape",
    instrument: Annotated[str | None, says("The one to write for hftbacktest, where there are several.")] = None,
    given: Given = AS_RECORDED,
    where: Where = HERE,
) -> int:
    """Makes a tape of recordings: rows in whole ticks and lots, in order of the venue's time.

    What is repaired or left out is counted by its reason, and stands in the tape. With --to hftbacktest one instrument
    of a tape, or of recordings, becomes an event array.
    """
    need_packages()
    suffix = SUFFIX if to == "tape" else EVENTS
    target = out if out is not None else where.folder / FOLDER / (sources[0].name.split(".", 1)[0] + suffix)
    if target.exists():
        raise Failed(Exit.USAGE, "is there already", where=str(target), do="name another file with --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    if to == "tape":
        body = _made(sources, target, given)
        show("data.convert", body, lambda: _head_parts(body), as_json=where.as_json)
        return Exit.OK
    with _tape_of(sources, given) as tape:
        inst = _inst(tape, instrument)
        from flatbook.backtest.tape_hftbacktest import write_events

        events = write_events(target, tape, inst)
        body = {"path": str(target), "instrument": tape.head.instruments[inst].id, "events": events}
    show("data.convert", body, lambda: (_events_told(body),), as_json=where.as_json)
    return Exit.OK


def _events_told(body: dict[str, Any]) -> str:
    return f"wrote {body['events']:,} events of {body['instrument']} to {body['path']}"


def _made(sources: Sequence[Path], target: Path, given: Given) -> dict[str, Any]:
    from flatbook.services.tape_sources import recordings_of
    from flatbook.services.tapes import make_tape, surveyed

    found = [surveyed(recording) for recording in recordings_of(sources, given.stated())]
    head = make_tape(target, found, given.steps(), progress("writing the tape"))
    return {"path": str(target), **_head(head), "recordings": [_survey(each.survey) for each in found]}


@contextmanager
def _tape_of(sources: Sequence[Path], given: Given) -> Iterator[FileTape]:
    """Gives the tape that a file is, or one that is made of recordings and is gone afterwards."""
    from tempfile import TemporaryDirectory

    from flatbook.backtest.tape_file import FileTape, is_tape

    if len(sources) == 1 and is_tape(sources[0]):
        yield FileTape(sources[0])
        return
    with TemporaryDirectory() as folder:
        made = Path(folder) / f"made{SUFFIX}"
        _made(sources, made, given)
        yield FileTape(made)


def _inst(tape: FileTape, named: str | None) -> int:
    ids = [instrument.id for instrument in tape.head.instruments]
    if named is None and len(ids) == 1:
        return 0
    if named not in ids:
        raise Failed(Exit.USAGE, f"name one of {', '.join(ids)}", where="--instrument")
    return ids.index(named)


def doctor(
    paths: Sources,
    /,
    *,
    gap_s: Annotated[int, says("A silence of an instrument that is a gap. Seconds.")] = 60,
    where: Where = HERE,
) -> int:
    """Looks through a tape, or recordings, for what a backtest must not be run on. Exits with 1 where there is any."""
    need_packages()
    from tempfile import TemporaryDirectory

    from flatbook.backtest.tape_doctor import examine
    from flatbook.backtest.tape_file import FileTape, is_tape

    if len(paths) == 1 and is_tape(paths[0]):
        return _tell_examined(examine(FileTape(paths[0]), gap_s=gap_s), [], where)
    with TemporaryDirectory() as folder:
        made = Path(folder) / f"made{SUFFIX}"
        recordings = _made(paths, made, AS_RECORDED)["recordings"]
        examined = examine(FileTape(made), gap_s=gap_s)
    return _tell_examined(examined, recordings, where)


def listing(*, where: Where = HERE) -> int:
    """Lists the tapes in the home, what they hold and from when to when."""
    need_packages()
    from flatbook.backtest.refused import TapeRefused
    from flatbook.backtest.tape_file import read_head

    tapes: list[dict[str, Any]] = []
    for path in sorted((where.folder / FOLDER).rglob(f"*{SUFFIX}")):
        try:
            tapes.append({"path": str(path), **_head(read_head(path)), "refused": None})
        except TapeRefused as refused:
            tapes.append({"path": str(path), "instruments": [], "rows": 0, "refused": str(refused)})
    body = {"folder": str(where.folder / FOLDER), "tapes": tapes}
    show("data.list", body, lambda: _list_parts(body), as_json=where.as_json)
    return Exit.ERROR if any(tape["refused"] for tape in tapes) else Exit.OK


def need_packages() -> None:
    """Passes when what tapes need is installed, and says so where it must be compiled first.

    Errors: Failed.
    """
    from importlib.util import find_spec

    missing = [name for name in ("numpy", "numba", "pyarrow") if find_spec(name) is None]
    if missing:
        raise Failed(
            Exit.ERROR, f"tapes need {', '.join(missing)}", do="install flatbook[backtest]; in a clone: make deps"
        )
    from flatbook.backtest.kernel.native import is_kept

    if not is_kept():
        print("compiling the simulator: some 30 s of CPU, this once", file=sys.stderr)


def _step(text: str | None, name: str) -> Decimal | None:
    from flatbook.values.money import NumberRefused, parse_number

    if text is None:
        return None
    try:
        step = parse_number(text)
    except NumberRefused as refused:
        raise Failed(Exit.USAGE, str(refused), where=name) from refused
    if step <= 0:
        raise Failed(Exit.USAGE, "must be above zero", where=name)
    return step


def _head(head: TapeHead) -> dict[str, Any]:
    from flatbook.market.ticks import Kind
    from flatbook.values.instants import Instant, text_of_instant
    from flatbook.values.money import plain

    def instrument(inst: int) -> dict[str, Any]:
        each = head.instruments[inst]
        covers = [cover for cover in head.covers if cover.inst == inst]
        return {
            "id": each.id,
            "product": each.product.value,
            "tick": plain(each.tick),
            "lot": plain(each.lot),
            "contract_size": plain(each.contract_size),
            "quote": each.quote,
            "from": text_of_instant(Instant(min((cover.first_ts for cover in covers), default=0))),
            "to": text_of_instant(Instant(max((cover.last_ts for cover in covers), default=0))),
            "rows": {Kind(cover.kind).name.lower(): cover.rows for cover in covers},
        }

    return {
        "rows": head.rows,
        "instruments": [instrument(inst) for inst in range(len(head.instruments))],
        "clocks": [clocks.rule for clocks in head.clocks],
        "counts": dict(head.counts),
        "origins": [{"name": origin.name, "sha256": origin.sha256} for origin in head.origins],
    }


def _head_parts(body: dict[str, Any]) -> Iterator[Part]:
    yield f"wrote {body['rows']:,} rows to {body['path']}"
    yield Table("instruments", _INSTRUMENT, body["instruments"])
    yield Table(
        "what was decided about its clocks", (Column("rule", "rule"),), [{"rule": rule} for rule in body["clocks"]]
    )
    yield _counts_table(body["counts"])


def _counts_table(counts: dict[str, int]) -> Table:
    rows = [{"what": name, "count": count} for name, count in counts.items()]
    return Table("repaired, left out or noted", (Column("what", "what"), Column("count>", "count")), rows)


def _kinds(row: Any) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in row["rows"].items())


_INSTRUMENT = (
    Column("instrument", "id"),
    Column("product", "product"),
    Column("tick>", "tick"),
    Column("lot>", "lot"),
    Column("from", "from"),
    Column("to", "to"),
    Column("rows", _kinds),
)


def _list_parts(body: dict[str, Any]) -> Iterator[Part]:
    yield f"{counted(len(body['tapes']), 'tape')} in {body['folder']}"
    for tape in body["tapes"]:
        if tape["refused"]:
            yield f"REFUSED  {tape['refused']}"
        else:
            yield Table(tape["path"], _INSTRUMENT, tape["instruments"])


def _survey(survey: Any) -> dict[str, Any]:
    return {
        "messages": survey.messages,
        "streams": {symbol: dict(each.streams) for symbol, each in survey.symbols.items()},
        "unread": dict(survey.unread),
        "unused": survey.unused,
        "local_backwards": survey.local_backwards,
        "repeated": survey.repeated,
        "feed_latency_ms": {"median": survey.sent.median // NS_PER_MS, "least": survey.sent.least // NS_PER_MS},
        "offset_ms": survey.offset_ns // NS_PER_MS,
        "whole_book": any(each.has_whole for each in survey.symbols.values()),
    }


def _tell_examined(examined: Examined, surveys: list[dict[str, Any]], where: Where) -> int:
    from flatbook.backtest.tape_doctor import without_trades

    body = {
        **_head(examined.head),
        "recordings": surveys,
        "without_trades": [examined.head.instruments[inst].id for inst in without_trades(examined.head)],
        "latency_ms": examined.latency // NS_PER_MS,
        "looked": [_looked(examined.head, each) for each in examined.looked],
        "findings": [_finding(examined, finding) for finding in examined.findings],
    }
    show("data.doctor", body, lambda: _doctor_parts(body), as_json=where.as_json)
    return Exit.ERROR if examined.findings else Exit.OK


def _finding(examined: Examined, finding: Any) -> dict[str, Any]:
    of = None if finding.inst is None else examined.head.instruments[finding.inst].id
    return {"ill": finding.ill.value, "instrument": of, "count": finding.count, "says": finding.says}


def _looked(head: TapeHead, looked: Looked) -> dict[str, Any]:
    from flatbook.values.instants import Instant, text_of_instant

    return {
        "instrument": head.instruments[looked.inst].id,
        "rows": looked.rows,
        "gaps": looked.gaps,
        "longest_silence_ms": looked.longest // NS_PER_MS,
        "longest_silence_at": text_of_instant(Instant(looked.longest_at)),
        "whole_books": looked.whole_books,
        "crossed": looked.crossed,
        "compared_with_quotes": looked.compared,
        "equal_to_quotes": looked.equal,
    }


def _doctor_parts(body: dict[str, Any]) -> Iterator[Part]:
    for recording in body["recordings"]:
        lag = recording["feed_latency_ms"]
        streams = (f"{name} {count:,}" for each in recording["streams"].values() for name, count in each.items())
        yield f"recording: {recording['messages']:,} messages ({', '.join(streams)})"
        yield (
            f"  feed latency {lag['median']} ms in the middle, {lag['least']} ms at least; clock corrected by"
            f" {recording['offset_ms']} ms; whole book inside: {'yes' if recording['whole_book'] else 'no'}; local time"
            f" backwards: {recording['local_backwards']}"
        )
    yield Table("instruments", _INSTRUMENT, body["instruments"])
    yield Table(
        "looked at",
        (
            Column("instrument", "instrument"),
            Column("gaps>", "gaps"),
            Column("longest silence ms>", "longest_silence_ms"),
            Column("whole books>", "whole_books"),
            Column("crossed>", "crossed"),
            Column("as the quotes say>", lambda row: f"{row['equal_to_quotes']:,} of {row['compared_with_quotes']:,}"),
        ),
        body["looked"],
    )
    yield _counts_table(body["counts"])
    for instrument in body["without_trades"]:
        yield f"NOTE    {instrument} has a book and no trades: an order fills only where the other side reaches it"
    for finding in body["findings"]:
        yield f"BROKEN  {finding['ill']}: {finding['says']}"
    if not body["findings"]:
        yield "nothing is wrong with it"
