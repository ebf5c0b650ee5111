"""Where the levels of a grid are laid, and the notes that lock, stop and resume it."""

from __future__ import annotations

from msgspec.structs import replace

from flatbook.events.event import Event
from flatbook.events.grid import GridLaid, GridLocked, GridResumed, GridStopped, RangeEnd
from flatbook.market.orderbook import Touch
from flatbook.state.grid import GridMemory
from flatbook.strategies.grid_scene import price_of
from flatbook.strategies.grid_terms import ATR, CLOSE, GridParams
from flatbook.strategies.quoting import QuoteView
from flatbook.values.instants import later
from flatbook.values.lattice import MICRO, Lattice, Spacing, in_micro, widened_step
from flatbook.values.money import Price, proportion

LATTICES_KEPT_MAX = 16
PCT = 100


def true_range_of(view: QuoteView, params: GridParams) -> int:
    """Returns the average true range where the grid uses it, 0 otherwise and until it is known.

    Units: millionths of a tick.
    """
    known = view.feature(ATR) if params.follows_range else None
    return 0 if known is None else in_micro(known)


def volatility_of(view: QuoteView, params: GridParams) -> int:
    """Returns the average true range by the close of the newest bar, so that it holds for as long as that bar.

    Units: millionths of a millionth.
    """
    close = view.feature(CLOSE) if params.follows_range else None
    return proportion(true_range_of(view, params), part=MICRO * MICRO, of=in_micro(close)) if close else 0


def laid(
    view: QuoteView, params: GridParams, memory: GridMemory, touch: Touch, used: set[int]
) -> tuple[tuple[Lattice, ...], tuple[Event, ...]]:
    """Returns the lattices of a grid, the present one first, and the note of one that was laid anew.

    `used` are the numbers of the lattices in whose slots something is held or stands. The anchor is remembered: only
    parameters move it. While too many lattices are in use the present one stays. Where the tick of the instrument is
    another one than theirs, all are forgotten: what their levels were in ticks are other prices now.
    """
    tick, remembered = params.instrument.rules.tick, () if is_of_another_tick(memory, params) else memory.lattices
    present = remembered[0] if remembered else None
    wanted = _wanted(view, params, touch, present, number=1 + (memory.lattices[0].number if memory.lattices else 0))
    lattices = remembered
    if present is None or _differs(present, wanted, params):
        kept = tuple(lattice for lattice in remembered if lattice.number in used)
        lattices = (wanted, *kept) if len(kept) < LATTICES_KEPT_MAX else remembered
    if lattices is memory.lattices and tick == memory.tick:
        return lattices, ()
    note = GridLaid(
        owner=view.owner,
        instrument=params.instrument.id,
        lattice=lattices[0],
        kept=lattices[1:],
        tick=Price(tick),
        decided_at=view.now,
    )
    return lattices, (note,)


def is_of_another_tick(memory: GridMemory, params: GridParams) -> bool:
    """Whether what a grid remembers is counted in another tick than that of its instrument now."""
    return memory.tick not in (None, params.instrument.rules.tick)


def _wanted(view: QuoteView, params: GridParams, touch: Touch, present: Lattice | None, *, number: int) -> Lattice:
    middle = touch.bid + touch.ask
    anchor = params.anchor or (proportion(middle, part=1, of=2) if present is None else present.anchor)
    reads = true_range_of if params.spacing is Spacing.ARITHMETIC else volatility_of
    step = widened_step(params.step, reads(view, params), scale_pct=params.atr_scale_pct)
    return Lattice(number=number, spacing=params.spacing, anchor=anchor, step=step)


def _differs(present: Lattice, wanted: Lattice, params: GridParams) -> bool:
    """Whether another lattice is worth laying: another anchor or spacing, or a step that differs by enough."""
    if (present.spacing, present.anchor) != (wanted.spacing, wanted.anchor):
        return True
    if not params.atr_scale_pct:
        return present.step != wanted.step
    return abs(wanted.step - present.step) * PCT > present.step * params.relay_pct


def lock_of(
    view: QuoteView, params: GridParams, memory: GridMemory
) -> tuple[GridLocked | None, tuple[GridLocked, ...]]:
    """Returns the lock that holds now, None without one, and the note of a new one.

    An order turned down soon after a lock ended makes the next one twice as long.
    """
    before, refused = memory.lock, view.turned_down(params.instrument.id)
    if refused is None or (before is not None and refused.at <= before.decided_at):
        return (before if before is not None and view.now < before.until else None), ()
    soon = before is not None and refused.at < later(before.until, seconds=params.lock_s_max)
    times = before.times + 1 if before is not None and soon else 1
    wait_s = min(params.lock_s << min(times - 1, 30), params.lock_s_max)
    lock = GridLocked(
        owner=view.owner,
        instrument=params.instrument.id,
        short=refused.short,
        times=times,
        until=later(refused.at, seconds=wait_s),
        decided_at=view.now,
    )
    return (lock if view.now < lock.until else None), (lock,)


def range_note(view: QuoteView, params: GridParams, memory: GridMemory, touch: Touch) -> tuple[bool, tuple[Event, ...]]:
    """Returns whether a grid is stopped by its range, and the note of a change of that.

    A stopped grid resumes only with another range in which the price lies; the same one in another tick is none.
    """
    end = _end_of(params, touch)
    stop = memory.stop
    if stop is not None and is_of_another_tick(memory, params) and _is_same_range(stop, memory.tick, params):
        return True, (replace(stop, low=params.low, high=params.high, decided_at=view.now),)
    if stop is not None:
        if end is not None or (stop.low, stop.high) == (params.low, params.high):
            return True, ()
        return False, (GridResumed(owner=view.owner, instrument=params.instrument.id, decided_at=view.now),)
    if end is None:
        return False, ()
    note = GridStopped(
        owner=view.owner,
        instrument=params.instrument.id,
        end=end,
        low=params.low,
        high=params.high,
        decided_at=view.now,
    )
    return True, (note,)


def _is_same_range(stop: GridStopped, tick: Price | None, params: GridParams) -> bool:
    """Whether a range that was stated in another tick is that of the parameters. Units: quote per base."""
    before = tuple(None if end is None or tick is None else end * tick for end in (stop.low, stop.high))
    return before == tuple(None if end is None else price_of(end, params) for end in (params.low, params.high))


def _end_of(params: GridParams, touch: Touch) -> RangeEnd | None:
    if params.low is not None and touch.bid <= params.low:
        return RangeEnd.LOW
    return RangeEnd.HIGH if params.high is not None and touch.ask >= params.high else None
