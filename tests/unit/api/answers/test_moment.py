"""The session of a trade: that of its US share, and none of what trades at all hours."""

from __future__ import annotations

from flatbook.api.answers.moment import session_or_none
from flatbook.values.ids import Underlying
from flatbook.values.instants import instant_of_text

COIN, BTC = Underlying("COIN"), Underlying("BTC")
SHARES = (COIN,)


def test_a_share_has_the_session_of_its_market_and_a_coin_has_none() -> None:
    at = instant_of_text("2025-12-02T15:00:00Z")
    assert (session_or_none(at, COIN, SHARES), session_or_none(at, BTC, SHARES)) == ("regular", None)


def test_what_no_table_of_sessions_covers_has_none() -> None:
    assert session_or_none(instant_of_text("1999-12-02T15:00:00Z"), COIN, SHARES) is None
