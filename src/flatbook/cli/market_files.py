"""`flatbook data record` and `download`: markets as a venue tells them now, or has them in its history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, above_zero, says
from flatbook.cli.output import note, show
from flatbook.cli.tapes import FOLDER, need_packages

if TYPE_CHECKING:
    from flatbook.services.tape_recorder import Recorder

RAW = "raw"
RecordedMarket = Literal[
    "binance",
    "binanceusdm",
    "bybit-linear",
    "bybit-spot",
    "okx",
    "gate",
    "bitget",
    "bitget-linear",
    "gemini",
    "coinbase",
    "bitstamp",
]


def record(
    venue: Annotated[RecordedMarket, says("Whose markets.")],
    symbols: Annotated[list[str], says("Its symbols, such as BTCUSDT.")],
    /,
    *,
    seconds: Annotated[
        int, Parameter(name="--for", help="How long. Seconds.", validator=lambda _, value: above_zero(value))
    ],
    out: Annotated[Path | None, says("The file to write; in the home under data/raw when left out.")] = None,
    url: Annotated[str | None, says("Another address than the venue's, for tests: ws and REST of one host.")] = None,
    where: Where = HERE,
) -> int:
    """Records what a venue tells, frame by frame, with the time at which each was heard; needs no key.

    `flatbook data convert` makes a tape of it. Broken connections are held anew, and whole books are recorded wherever
    one begins. Ctrl-C ends it early; what was heard stays.
    """
    import asyncio

    from flatbook.ops.clock import SystemClock
    from flatbook.services.recorded_markets import MARKETS
    from flatbook.services.tape_recorder import Recorder, record_until
    from flatbook.values.instants import later

    clock = SystemClock()
    target = _target(out, where, f"{venue}-{'-'.join(symbols)}-{clock.now()}.gz")
    recorder, books = Recorder(target, clock, venue, symbols), MARKETS[venue].books
    try:
        asyncio.run(record_until(books, symbols, recorder, later(clock.now(), seconds=seconds), clock, url=url))
    except KeyboardInterrupt:
        pass
    finally:
        recorder.close()
    if recorder.unheard:
        raise _unheard(venue, recorder)
    body = {"path": str(target), "frames": recorder.frames, "bytes": recorder.bytes}
    show("data.record", body, lambda: (_recorded(body),), as_json=where.as_json)
    return Exit.OK


def _unheard(venue: str, recorder: Recorder) -> Failed:
    """Returns why nothing was heard of a symbol, as far as it is known; no file is left where none was heard of."""
    if not recorder.is_connected:
        return Failed(Exit.ERROR, "nothing was heard: no connection stood", where=venue, do="look at the network")
    symbols = ", ".join(recorder.unheard)
    what, do = f"it was connected, and told nothing of {symbols}", "look whether it has such a symbol, or record longer"
    if recorder.refused is not None:
        what, do = f"it refuses what was asked for: {recorder.refused}", f"name symbols as it does, not {symbols}"
    kept = f"; what it told of the others stands in {recorder.path}" if recorder.is_kept else ""
    return Failed(Exit.ERROR, what + kept, where=venue, do=do)


def _recorded(body: dict[str, Any]) -> str:
    return f"wrote {body['frames']:,} frames to {body['path']}"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Stretch:
    """What of a history is meant."""

    since: Annotated[str, says("From when on, such as 2024-01-01T00:00:00Z.")]
    until: Annotated[str, says("Up to when, not included.")]
    what: Annotated[Literal["bars", "funding"], says("Bars, or realised rates of funding.")] = "bars"
    interval: Annotated[str, says("How long a bar is: 1m, 5m, 1h, 1d and others of the venue.")] = "1m"

    @property
    def name(self) -> str:
        """What it is called in the name of a file."""
        return f"{self.interval if self.what == 'bars' else self.what}-{self.since[:10]}-{self.until[:10]}"


def download(
    venue: Annotated[Literal["binance", "binanceusdm"], says("Whose history.")],
    symbol: Annotated[str, says("Its symbol, such as BTCUSDT.")],
    /,
    *,
    stretch: Stretch,
    out: Annotated[Path | None, says("The file to write; in the home under data/raw when left out.")] = None,
    url: Annotated[str | None, says("Another address than the venue's, for tests.")] = None,
    where: Where = HERE,
) -> int:
    """Downloads bars or rates of funding into a CSV file, page by page; needs no key.

    `flatbook data convert` makes a tape of it.
    """
    import asyncio

    from flatbook.services.tape_download import INTERVALS, MARKETS, Asked, DownloadFailed, Wanted, download_all
    from flatbook.values.instants import instant_of_text

    if stretch.interval not in INTERVALS:
        raise Failed(Exit.USAGE, f"there is no interval {stretch.interval!r}", do=f"name one of {', '.join(INTERVALS)}")
    asked = Asked(
        market=MARKETS[venue],
        wanted=Wanted(stretch.what),
        symbol=symbol,
        interval=stretch.interval,
        since=instant_of_text(stretch.since),
        until=instant_of_text(stretch.until),
    )
    target = _target(out, where, f"{venue}-{symbol}-{stretch.name}.csv.gz")
    try:
        rows = asyncio.run(download_all(asked, target, note, url=url))
    except DownloadFailed as failed:
        raise Failed(Exit.ERROR, str(failed)) from failed
    body = {"path": str(target), "rows": rows}
    show("data.download", body, lambda: (f"wrote {rows:,} rows to {target}",), as_json=where.as_json)
    return Exit.OK


def _target(out: Path | None, where: Where, name: str) -> Path:
    need_packages()
    target = out if out is not None else where.folder / FOLDER / RAW / name
    if target.exists():
        raise Failed(Exit.USAGE, "is there already", where=str(target), do="name another file with --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
