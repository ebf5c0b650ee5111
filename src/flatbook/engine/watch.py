"""Bounds over the whole desk, looked at when something moved: the residue of all nets, and the peg of the cash."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.turn import Turn
from flatbook.events import chain
from flatbook.events import orders as ev
from flatbook.events.control import AlertName, MarkSet, PositionOverwritten, Severity
from flatbook.events.forced import ForcedReduction
from flatbook.events.risk import BooksCorrected
from flatbook.values.ids import UNASSIGNED
from flatbook.values.money import BPS, ONE, ZERO, plain

_MOVES = frozenset(
    (
        chain.VaultFilled,
        chain.FillSkipped,
        chain.FillReversed,
        chain.FillValued,
        chain.FillUnvalued,
        ev.OrderFilled,
        ev.ForeignFilled,
        ev.ForeignAssigned,
        ForcedReduction,
        BooksCorrected,
        PositionOverwritten,
    )
)
RESIDUE_SUBJECT = "desk"
CALM = Decimal("0.8")
"""An alert is cleared at this part of what raises it, so that what hovers at a bound is told once."""


def watch(turn: Turn) -> None:
    """Raises or clears the alerts of the desk's own bounds, after a turn that moved a position or a mark."""
    for event in turn.events:
        if type(event) in _MOVES:
            _watch_residue(turn)
            break
    if turn.rules.pegged:
        for event in tuple(turn.events):
            if type(event) is MarkSet and event.asset in turn.rules.pegged:
                _watch_peg(turn, event)


def _watch_residue(turn: Turn) -> None:
    """Sums what is unhedged of all nets that must be flat; one that cannot be valued is not taken for a small one."""
    nets = turn.state.positions.nets
    sizes = {key: abs(net.known) for key, net in nets.items() if key in turn.rules.hedges or key[0] == UNASSIGNED}
    worth = {key: turn.usd(key, size) for key, size in sizes.items() if size}
    residue = sum((usd for usd in worth.values() if usd is not None), ZERO)
    unpriced = " ".join(dict.fromkeys(key[1] for key, usd in worth.items() if usd is None))
    if residue > turn.rules.residue_usd_max or unpriced:
        without = f", without {unpriced}: no price known" if unpriced else ""
        allowed = plain(turn.rules.residue_usd_max)
        detail = f"{plain(residue)} USD of nets are unhedged, {allowed} are allowed{without}"
        turn.alert(AlertName.RESIDUE_LIMIT, RESIDUE_SUBJECT, detail, severity=Severity.WARNING)
    elif residue <= turn.rules.residue_usd_max * CALM:
        turn.clear(AlertName.RESIDUE_LIMIT, RESIDUE_SUBJECT)


def _watch_peg(turn: Turn, mark: MarkSet) -> None:
    off, allowed = abs(mark.usd - ONE), turn.rules.depeg_bps_max * BPS
    if off > allowed:
        detail = f"{mark.asset} is worth {plain(mark.usd)} USD: hedging goes on, offers should be pulled"
        turn.alert(AlertName.MARK_DEPEGGED, mark.asset, detail, severity=Severity.CRITICAL)
    elif off <= allowed * CALM:
        turn.clear(AlertName.MARK_DEPEGGED, mark.asset)
