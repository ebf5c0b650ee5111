"""The chart of accounts: asset by place and state, and what stands against it.

| account | holds |
|---|---|
| `holdings:<account>:<state>` | what lies at a venue or in a vault, by state |
| `cash:<owner>:<underlying>` | the other side of money that trades moved |
| `goods:<owner>:<underlying>` | the other side of tokens and shares that trades moved |
| `position:<owner>:<underlying>` | the economic position, in shares of the underlying |
| `residue:<underlying>` | what was cut off when a position moved by a rounded quantity |
| `exposure:<underlying>` | the other side of positions and residues |
| `fees:<account>` | fees charged with executions; rebates lower it |
| `dividend:<account>`, `interest:<account>` | what a venue paid without a trade; what it took lowers it |
| `funding:<account>` | funding of positions; what was paid raises it |
| `entered:<account>:<instrument>` | what a position in margin was entered at; what trades moved and margin did not |
| `gas:<account>` | gas of our own transactions |
| `external:<account>` | balances brought in, taken out, or explained from outside |
| `suspense:<subject>` | what has moved and is not explained yet |
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NewType

from flatbook.values.ids import AccountId, EventRef, InstrumentId, OwnerId, Underlying

LedgerAccount = NewType("LedgerAccount", str)

ACCOUNTS_CACHED_MAX = 4_096

HOLDINGS = "holdings:"
CASH = "cash:"
GOODS = "goods:"
EXTERNAL = "external:"
FEES = "fees:"
GAS = "gas:"
FUNDING = "funding:"
SUSPENSE = "suspense:"


class Holding(Enum):
    """In which state an asset lies at its account."""

    FREE = "free"
    RESERVED = "reserved"
    IN_TRANSIT = "in_transit"
    MARGIN = "margin"


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def holdings(account: AccountId, state: Holding = Holding.FREE) -> LedgerAccount:
    """Returns the account of what lies at a venue or in a vault."""
    return LedgerAccount(f"{HOLDINGS}{account}:{state.value}")


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def cash(owner: OwnerId, underlying: Underlying) -> LedgerAccount:
    """Returns the other side of money that trades moved."""
    return LedgerAccount(f"{CASH}{owner}:{underlying}")


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def goods(owner: OwnerId, underlying: Underlying) -> LedgerAccount:
    """Returns the other side of tokens and shares that trades moved."""
    return LedgerAccount(f"{GOODS}{owner}:{underlying}")


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def position(owner: OwnerId, underlying: Underlying) -> LedgerAccount:
    """Returns the account of an economic position."""
    return LedgerAccount(f"position:{owner}:{underlying}")


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def residue(underlying: Underlying) -> LedgerAccount:
    """Returns the account of what rounding a position's move cut off."""
    return LedgerAccount(f"residue:{underlying}")


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def exposure(underlying: Underlying) -> LedgerAccount:
    """Returns the other side of positions and residues."""
    return LedgerAccount(f"exposure:{underlying}")


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def fees(account: AccountId) -> LedgerAccount:
    """Returns the account of fees charged with executions."""
    return LedgerAccount(f"{FEES}{account}")


@lru_cache(maxsize=ACCOUNTS_CACHED_MAX)
def entered(account: AccountId, instrument: InstrumentId) -> LedgerAccount:
    """Returns the account of what a position in margin was entered at."""
    return LedgerAccount(f"entered:{account}:{instrument}")


def income(account: AccountId, kind: str) -> LedgerAccount:
    """Returns the account of what a venue paid without a trade, such as dividends; what it took lowers it."""
    return LedgerAccount(f"{kind}:{account}")


def gas(account: AccountId) -> LedgerAccount:
    """Returns the account of gas of our own transactions."""
    return LedgerAccount(f"{GAS}{account}")


def external(account: AccountId) -> LedgerAccount:
    """Returns the account of balances brought in, taken out, or explained from outside."""
    return LedgerAccount(f"{EXTERNAL}{account}")


def suspense(subject: EventRef) -> LedgerAccount:
    """Returns the account of what one fact has moved and nobody has explained."""
    return LedgerAccount(f"{SUSPENSE}{subject}")
