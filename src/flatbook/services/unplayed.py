"""Grids whose recorded market will not be played: said when a desk starts, for all else about them looks well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from flatbook.backtest.refused import TapeRefused
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import PaperExchangeAccount
from flatbook.ops.config_seats import grid_seats
from flatbook.ops.config_shape import ClockKind
from flatbook.services.played_books import frames_of
from flatbook.services.tape_lines import head_of, lines_of

FRAMES_READ = 2_000
NAMES_TOLD = 5
_NAMES = re.compile(rb'"(?:s|symbol|whole)":"([^"]{1,40})"')

Unplayed = tuple[str, str]
"""The name of an instrument, and why nothing of its market will be played."""


def unplayed(loaded: Loaded) -> Iterator[Unplayed]:
    """Yields the instruments of grids whose recording never begins, or tells nothing of them, as far as it says."""
    config = loaded.config
    traded = {each.id: each for seated in grid_seats(config).values() for each in seated.seat.instruments}
    for name, instrument in traded.items():
        account = config.accounts[instrument.account]
        if not isinstance(account, PaperExchangeAccount) or account.recording is None:
            continue
        if config.clock.kind is ClockKind.TAPE:
            when = f"it begins when the tape has ended, at {config.clock.end}, and the desk ends then too"
            yield name, f"{when}: set the clock to system, or run the demo, which stays"
        elif (why := _silent(loaded, account.recording, instrument.symbol)) is not None:
            yield name, f"{account.recording} {why}"


def _silent(loaded: Loaded, recording: str, symbol: str) -> str | None:
    """Returns why a recording tells nothing of a symbol; None where it may. Nothing but its begin is read.

    A recording without a head is known by its frames, of which one that names the symbol is enough.
    """
    path = loaded.place(recording)
    try:
        if next(frames_of(path), None) is None:
            return "holds no frame: record it again"
        head = next((head_of(line) for _, line in lines_of(path)), None)
        if head is None:
            return _silent_in_frames(path, symbol)
    except (OSError, EOFError, TapeRefused) as error:
        return f"cannot be read ({error}): record it again, or name another one"
    if symbol in head.symbols:
        return None
    return f"is of {', '.join(head.symbols)} at {head.recorded}, and tells nothing of {symbol}: name another one"


def _silent_in_frames(path: Path, symbol: str) -> str | None:
    """Returns why the first frames of a recording tell nothing of a symbol, with the names that they do tell of."""
    wanted, found = symbol.lower().encode(), dict[str, None]()
    for _, frame in islice(frames_of(path), FRAMES_READ):
        if wanted in frame.lower():
            return None
        if len(found) < NAMES_TOLD:
            found.update(dict.fromkeys(name.decode(errors="replace") for name in _NAMES.findall(frame)))
    named = ", ".join(islice(found, NAMES_TOLD)) or "no symbol that it names"
    return f"is of {named}, and tells nothing of {symbol}: correct the symbol, or name another recording"
