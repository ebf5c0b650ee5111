"""What is declared of an exchange of which nothing but ccxt is known, and of an account there."""

from __future__ import annotations

from typing import Any

import msgspec

from flatbook.engine.ports import FillSource, IdRule, VenueCard
from flatbook.values.ids import AccountId, InstrumentId, VenueOrderId
from flatbook.values.instruments import Instrument

PLACE_TIMEOUT_S = 15


class CcxtKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What proves us at an exchange; some want a password or a user id too. Never printed."""

    key: str
    secret: str
    password: str = ""
    uid: str = ""

    def __repr__(self) -> str:
        """Shows nothing."""
        return "CcxtKeys()"


class CcxtAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account: our name for it, ccxt's name of the exchange, and what is traded there.

    `base_url` takes the place of the exchange's own addresses, for a server that plays it.
    """

    account: AccountId
    exchange: str
    instruments: tuple[Instrument, ...]
    sandbox: bool = False
    base_url: str | None = None
    options: dict[str, Any] = {}


def words_of(terms: CcxtAccount) -> dict[str, Any]:
    """Returns how the worker is asked to open an exchange, without what proves us there."""
    return {
        "exchange": terms.exchange,
        "sandbox": terms.sandbox,
        "base_url": terms.base_url,
        "options": terms.options,
    }


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order of ours is, and what the exchange calls it; None while nobody knows."""

    symbol: str
    venue_order_id: VenueOrderId | None


def card_of(exchange: str) -> VenueCard:
    """Returns what is declared of an exchange of which nothing but ccxt is known."""
    return VenueCard(
        name=exchange,
        id_rule=IdRule.NONE,  # Source: ours; ccxt states none, and every venue has its own
        request_window_s=60,  # Source: ours; ccxt sets no window at most venues
        read_lag_max_s=30,  # Source: ours; no venue states a bound
        place_timeout_s=PLACE_TIMEOUT_S,
        fill_source=FillSource.EXECUTIONS,  # Source: fetchMyTrades: each trade has an id
        cash_decimals=8,  # Source: ours; venues state coins to eight decimals or more
    )


class Standing:
    """Whether an exchange is open, and what may be traded there.

    `flaw` says why it could not be opened, None where it is open; `reasons` why instruments are untradable.
    """

    def __init__(self) -> None:
        self.flaw: str | None = "the exchange has not been opened yet"
        self.reasons: dict[InstrumentId, str] = {}
