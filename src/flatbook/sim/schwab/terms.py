"""What kind of customer the simulated Schwab has: accounts, symbols, the application, and how long tokens live."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.terms import FeeRates, OpeningAccount


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal in Schwab's words: the content of its body as it is."""

    status: int
    content: dict[str, object]


def refused(status: int, message: str) -> Refused:
    """Returns a refusal of Schwab's services."""
    return Refused(status=status, content={"message": message, "errors": []})


class SchwabTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One Schwab. An account goes by its number; `hashes` stand for the numbers in paths.

    Units: as in AlpacaTerms; `access_s`, `login_s` and `code_s` are how long tokens, logins and codes live;
    `half_spread` in USD a share. `states_fees` writes the fees of an order into it, besides the
    history. `streamer_url` is where a client is told to stream.
    """

    accounts: tuple[OpeningAccount, ...]
    hashes: dict[str, str]
    symbols: tuple[str, ...]
    key: str
    secret: str
    callback: str = "https://127.0.0.1:8182"
    seed: str = "schwab"
    charges_each_order: bool = True
    fees: tuple[FeeRates, ...] = ()
    requests_per_minute: int = 120
    route_ms: int = 15
    fill_ms: int = 60
    look_ms: int = 1_000
    cancel_ms: int = 40
    cash_decimals: int = 2
    access_s: int = 1_800
    login_s: int = 604_800
    code_s: int = 30
    states_activity_ids: bool = True
    states_fees: bool = False
    half_spread: Decimal = Decimal("0.01")
    quote_age_ms: int = 0
    quotes_are_live: bool = True
    streamer_url: str = "wss://streamer.example/ws"
