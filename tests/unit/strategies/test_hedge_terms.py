"""The terms of a hedge: its parameters by day, the ramp before the sessions pause."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.strategies.hedge import decide
from flatbook.strategies.hedge_terms import CloseRamp, terms_at
from flatbook.values.instants import instant_of_text, later
from flatbook.values.sessions import SessionKind
from tests.unit.strategies.scene import params, placed, quote, view

CLOSE = instant_of_text("2025-12-02T21:00:00Z")
HALF_DAY_LATE_CLOSE = instant_of_text("2025-11-28T22:00:00Z")
RAMP = CloseRamp(before_close_s=900, threshold_shares=Decimal("0.25"), collar_bps_max=400, reprice_s=60)
HEDGE = params(ramp=RAMP)


def test_the_collar_widens_evenly_to_its_bound_at_the_close() -> None:
    collars = [
        terms_at(HEDGE, now=later(CLOSE, seconds=-before), pauses_at=CLOSE).collar_bps for before in (901, 900, 450, 1)
    ]
    assert collars == [100, 100, 250, 399]


def test_an_order_decided_before_the_ramp_ends_where_it_starts() -> None:
    terms = terms_at(HEDGE, now=later(CLOSE, seconds=-1000), pauses_at=CLOSE)
    assert (terms.order_ends_at, terms.next_at, terms.ramping) == (
        later(CLOSE, seconds=-900),
        later(CLOSE, seconds=-900),
        False,
    )


def test_what_is_below_the_threshold_waits_for_the_ramp_and_is_flattened_in_it() -> None:
    before = later(CLOSE, seconds=-1000)
    waiting = decide(view("-0.5", now=before, params=HEDGE), HEDGE)
    assert (waiting.intents, waiting.wake.at) == ((), later(CLOSE, seconds=-900))
    now = later(CLOSE, seconds=-450)
    lot = view("-2", now=now, params=HEDGE)
    intent = placed(decide(lot, HEDGE))
    assert (intent.side.value, intent.qty, intent.limit) == ("buy", Decimal(2), Decimal("256.25"))
    assert intent.good_until == later(now, seconds=60)
    assert intent.evidence["close_ramp_collar_bps"] == "250"


def test_below_the_bound_of_the_ramp_nothing_is_flattened() -> None:
    now = later(CLOSE, seconds=-450)
    assert decide(view("-0.2", now=now, params=HEDGE), HEDGE).intents == ()


def test_on_a_half_day_the_ramp_ends_with_the_late_session_at_17_00() -> None:
    sessions = (SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE)
    hedge = params(ramp=RAMP, sessions=sessions)
    now = later(HALF_DAY_LATE_CLOSE, seconds=-300)
    seen = view("-3", now=now, params=hedge, price=quote("250", at=now))
    assert seen.pauses_at == HALF_DAY_LATE_CLOSE
    assert placed(decide(seen, hedge)).limit == Decimal("257.5")


def test_a_boundary_between_sessions_that_follow_each_other_is_no_close() -> None:
    sessions = (SessionKind.REGULAR, SessionKind.LATE)
    hedge = params(ramp=RAMP, sessions=sessions)
    now = later(CLOSE, seconds=-300)
    assert decide(view("-0.5", now=now, params=hedge), hedge).intents == ()


@pytest.mark.parametrize("field", ["before_close_s", "threshold_shares", "collar_bps_max", "reprice_s"])
def test_a_ramp_without_a_bound_is_refused(field: str) -> None:
    stated = {"before_close_s": 900, "threshold_shares": Decimal(1), "collar_bps_max": 400, "reprice_s": 60}
    with pytest.raises(ValueError, match=field):
        CloseRamp(**{**stated, field: 0})  # type: ignore[arg-type]


def test_a_ramp_that_narrows_the_collar_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be below collar_bps"):
        params(collar_bps=500, ramp=RAMP)
