"""The seat of a grid at a desk: what it trades, what it wants to be counted for it, and how it decides."""

from __future__ import annotations

from flatbook.strategies.grid import decide
from flatbook.strategies.grid_terms import ATR, GridParams
from flatbook.strategies.quoting import Feature, FeatureKind, Seat
from flatbook.values.ids import OwnerId


def seat_of(owner: OwnerId, params: GridParams) -> Seat:
    """Returns the seat of a grid. The true range is counted only where its step or its sizes follow it."""
    true_range = Feature(
        name=ATR,
        kind=FeatureKind.ATR,
        instrument=params.instrument.id,
        span_ns=params.atr_span_ns,
        count=params.atr_count,
    )
    return Seat(
        owner=owner,
        instruments=(params.instrument,),
        observes=(params.instrument.id,),
        features=(true_range,) if params.follows_range else (),
        params=params,
        decide=decide,
    )
