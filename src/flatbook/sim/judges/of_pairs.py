"""Judges of two runs: the same seed twice, and a run with a crash beside the one without."""

from __future__ import annotations

from flatbook.sim.judges.exact import OF_SHARE, shown
from flatbook.sim.judges.verdict import Violation
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant


def replay(first: rec.Record, second: rec.Record) -> tuple[Violation, ...]:
    """I9: two runs of one seed leave the same record, entry by entry."""
    if first.trace() == second.trace():
        return ()
    for place, (left, right) in enumerate(zip(first.entries, second.entries, strict=False)):
        if left != right:
            return (_violation("I9", left.at, f"the runs part at entry {place}", f"{left} / {right}"),)
    what = f"one run has {len(first.entries)} entries, the other {len(second.entries)}"
    return (_violation("I9", _end(first), what, ""),)


def recovery(uncut: rec.Record, cut: rec.Record) -> tuple[Violation, ...]:
    """I10: a run with a crash ends with the same shares as the run without, and with no order open.

    Shares are those of all accounts together: a crash may decide which of two brokers takes a hedge.
    """
    found: list[Violation] = []
    for record, name in ((uncut, "uncut"), (cut, "cut")):
        found += [
            _violation("I10", _end(record), f"order {venue_id} is open at the end of the {name} run", "")
            for venue_id in _open_orders(record)
        ]
    ours, theirs = _shares(uncut), _shares(cut)
    for symbol in sorted({*ours, *theirs}):
        left, right = ours.get(symbol, 0), theirs.get(symbol, 0)
        if left != right:
            what = f"{shown(left * OF_SHARE)} {symbol} are held without the crash, {shown(right * OF_SHARE)} with it"
            found.append(_violation("I10", _end(cut), what, ""))
    return tuple(found)


def _violation(invariant: str, at: Instant, what: str, evidence: str) -> Violation:
    return Violation(invariant=invariant, at=at, what=what, evidence=evidence)


def _end(record: rec.Record) -> Instant:
    return record.entries[-1].at if record.entries else Instant(0)


def _shares(record: rec.Record) -> dict[str, int]:
    shares: dict[str, int] = {}
    for entry in record.entries:
        if isinstance(entry, rec.AccountOpened):
            for symbol, qty in entry.holdings.items():
                shares[symbol] = shares.get(symbol, 0) + qty
        elif isinstance(entry, rec.Executed):
            shares[entry.symbol] = shares.get(entry.symbol, 0) + entry.sign * entry.qty
    return shares


def _open_orders(record: rec.Record) -> tuple[str, ...]:
    still: dict[str, None] = {}
    for entry in record.entries:
        if isinstance(entry, rec.OrderTaken) and entry.ours:
            still[entry.venue_id] = None
        elif isinstance(entry, rec.OrderOver):
            still.pop(entry.venue_id, None)
    return tuple(still)
