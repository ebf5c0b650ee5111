"""The seat of a grid at a desk: what it trades, what it wants to be counted for it, and how it decides."""

from __future__ import annotations

from flatbook.strategies.grid import decide
from flatbook.strategies.grid_terms import ATR, CLOSE, GridParams
from flatbook.strategies.quoting import Feature, FeatureKind, Seat
from flatbook.values.ids import OwnerId


def seat_of(owner: OwnerId, params: GridParams) -> Seat:
    """Returns the seat of a grid. Bars are counted only where its step or its sizes follow them."""
    return Seat(
        owner=owner,
        instruments=(params.instrument,),
        observes=(params.instrument.id,),
        features=_features(params) if params.follows_range else (),
        params=params,
        decide=decide,
    )


def _features(params: GridParams) -> tuple[Feature, ...]:
    instrument, span_ns = params.instrument.id, params.atr_span_ns
    return (
        Feature(name=ATR, kind=FeatureKind.ATR, instrument=instrument, span_ns=span_ns, count=params.atr_count),
        Feature(name=CLOSE, kind=FeatureKind.BAR_CLOSE, instrument=instrument, span_ns=span_ns),
    )
