"""`flatbook init`: a configuration to begin with, and on request recordings for it to run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import show

FILE_MODE = 0o644
KEPT_SUFFIX = ".old"
FRAGMENT = "recordings.toml"
LEAD_S = 3_600
SPEED = 60


def init(
    *,
    recordings: Annotated[
        bool, says("Also lay the demo's recordings beside it, and let the clock follow them: it runs at once.")
    ] = False,
    live: Annotated[bool, says("Write that of a live desk: a chain read from nodes, an account at a broker.")] = False,
    jurisdiction: Annotated[
        str | None, says("With --live: by which rules the desk trades: us, uk_retail or other.")
    ] = None,
    force: Annotated[bool, says("Write it even if there is one; the old one is kept beside it as .old.")] = False,
    where: Where = HERE,
) -> None:
    """Writes a commented configuration in which every limit is stated, and checks it: of a paper desk, or a live one.

    It never overwrites one unless it is forced to. What --recordings adds stands in a file of its own under
    flatbook.d, with the addresses of the recording; remove that file when your own recordings are in place.
    """
    from flatbook.journal.files import make_folder, written_whole
    from flatbook.ops.config import load_text
    from flatbook.ops.config_example import EXAMPLE
    from flatbook.ops.home import CONFIG_FILE

    if live and recordings:
        raise Failed(Exit.USAGE, "a live desk does not run on recordings", where="--recordings", do="leave one out")
    if jurisdiction is not None and not live:
        raise Failed(Exit.USAGE, "only a live desk needs it", where="--jurisdiction", do="add --live, or leave it out")
    text = _live_text(jurisdiction) if live else EXAMPLE
    stated = where.config_path
    path = stated / CONFIG_FILE if stated.is_dir() else stated
    kept = path.with_name(path.name + KEPT_SUFFIX)
    there = path.exists()
    if there and not force:
        raise Failed(Exit.USAGE, "is there already", where=str(path), do="edit it, or give --force to replace it")
    load_text(text, where.folder, name=path.name)
    make_folder(where.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    if there:
        path.replace(kept)
    with written_whole(path, mode=FILE_MODE) as part:
        part.write_text(text, encoding="utf-8")
    laid = _lay_recordings(where, path) if recordings else []
    body = {
        "path": str(path),
        "home": str(where.folder),
        "kept": str(kept) if there else None,
        "recordings": [str(file) for file in laid],
    }
    show("init", body, lambda: _told(path, kept if there else None, laid, live=live), as_json=where.as_json)


def _live_text(jurisdiction: str | None) -> str:
    """Returns the configuration of a live desk that trades by rules that somebody chose."""
    from flatbook.ops.config_example import EXAMPLE_JURISDICTION, LIVE_EXAMPLE
    from flatbook.ops.config_jurisdiction import BUILT_IN

    if jurisdiction in BUILT_IN:
        return LIVE_EXAMPLE.replace(EXAMPLE_JURISDICTION, f'jurisdiction = "{jurisdiction}"', 1)
    unsaid = "a live desk says by which rules it trades"
    why = unsaid if jurisdiction is None else f"there is no profile {jurisdiction!r}"
    raise Failed(Exit.USAGE, why, where="--jurisdiction", do=f"write one of {', '.join(BUILT_IN)}")


def _told(path: Path, kept: Path | None, laid: list[Path], *, live: bool) -> Iterator[str]:
    yield f"wrote {path}"
    for file in laid:
        yield f"wrote {file}"
    if kept is not None:
        yield f"the old one is {kept}"
    yield f"next: flatbook config check, then flatbook doctor, then flatbook run{' --live' if live else ''}"
    if live:
        yield "write your own addresses and limits into it, and set its secrets with flatbook secrets set"
    elif not laid:
        yield "it runs on recordings of yours, where the configuration names them; --recordings lays the demo's there"


def _lay_recordings(where: Where, path: Path) -> list[Path]:
    """Writes the demo's chain and bars where the example looks for them, and the fragment that goes with them."""
    from importlib.resources import files

    from flatbook.journal.files import make_folder, written_whole
    from flatbook.sim.tapes.demo_chain import write_chain
    from flatbook.sim.tapes.demo_tape import BARS_FILE, TAPE_FOLDER, load_demo_tape

    tape = load_demo_tape()
    folder = where.folder / "recordings"
    chain, bars = folder / "base.jsonl.gz", folder / "coin-bars.csv.gz"
    fragment = path.with_suffix(".d") / FRAGMENT
    for each in (folder, fragment.parent):
        make_folder(each)
    with written_whole(chain, mode=FILE_MODE) as part:
        write_chain(tape, part)
    with written_whole(bars, mode=FILE_MODE) as part:
        part.write_bytes((files("flatbook.sim.tapes") / TAPE_FOLDER / BARS_FILE).read_bytes())
    with written_whole(fragment, mode=FILE_MODE) as part:
        part.write_text(fragment_text(tape.fills[0].at, tape.ends_at), encoding="ascii")
    return [chain, bars, fragment]


def fragment_text(first_fill: int, last_fill: int) -> str:
    """Returns the fragment that lets a desk follow the recording: its addresses, and a clock on tape."""
    from flatbook.sim.tapes.demo_chain import ORDER_BOOK, OUR_OWNER, WTCOIN
    from flatbook.values.instants import Instant, later, text_of_instant

    return f"""\
# Written by `flatbook init --recordings`: the demo's recording, {SPEED} times as fast as it was.
[clock]
kind = "tape"
start = {text_of_instant(later(Instant(first_fill), seconds=-LEAD_S))}
end = {text_of_instant(later(Instant(last_fill), seconds=LEAD_S))}
speed = {SPEED}

[chains.base]
order_books = ["{ORDER_BOOK}"]

[chains.base.tokens.wtCOIN]
address = "{WTCOIN}"

[owners.desk.vaults.base]
addresses = ["{OUR_OWNER}"]
"""
