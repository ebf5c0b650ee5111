"""What a row of the fault catalogue states: what happens, what must hold, how it is made, and where it stands."""

from __future__ import annotations

from enum import Enum

import msgspec


class Level(Enum):
    """How deep a world goes: venues at the engine's port, or adapters on bytes, of brokers or of an exchange."""

    CORE = "core"
    FULL = "full"
    EXCHANGE = "exchange"


CORE = (Level.CORE,)
FULL = (Level.FULL,)
BOTH = (Level.CORE, Level.FULL)
CORE_AND_EXCHANGE = (Level.CORE, Level.EXCHANGE)
FULL_AND_EXCHANGE = (Level.FULL, Level.EXCHANGE)
EVERYWHERE = (Level.CORE, Level.FULL, Level.EXCHANGE)


class Awaited(Enum):
    """What a row or a case waits for before it can be made."""

    CORE_WORLD = "core world"
    FULL_WORLD = "full world"
    ALPACA = "venues/alpaca"
    EXCHANGES = "venues/exchanges"
    EVM = "venues/evm"
    SOLANA = "venues/solana"
    SAGAS = "sagas"
    CARRY = "strategies/carry"
    GRID = "strategies/grid"
    GUARD = "guard"
    API = "api"
    CONSOLE = "console"
    KEYCHECK = "ops/keycheck"
    POSTGRES = "journal/postgres"
    KAFKA = "feeds/kafka"
    RELEASE = "release"


AWAITED = {
    Awaited.CORE_WORLD: "the simulated world with venues at the port: exchange, chain, network, disk, processes",
    Awaited.FULL_WORLD: "the simulated world with adapters that speak bytes",
    Awaited.ALPACA: "the rest of Alpaca: quotes, streams, corporate actions, movements of cash, a place in a desk",
    Awaited.EXCHANGES: "the adapters of crypto exchanges: order books, streams, contracts, signatures",
    Awaited.EVM: "live nodes of EVM chains: logs, heads, receipts, balances of vaults",
    Awaited.SOLANA: "live nodes of Solana",
    Awaited.SAGAS: "minting, redeeming, bridging, settling, and orders in two legs",
    Awaited.CARRY: "the strategy that holds two legs for their funding",
    Awaited.GRID: "the strategy that quotes a grid of levels",
    Awaited.GUARD: "a second process that can only cancel",
    Awaited.API: "the door for programs, and its streams and deliveries",
    Awaited.CONSOLE: "the pages for people",
    Awaited.KEYCHECK: "the check of what a key may do, at the start and daily",
    Awaited.POSTGRES: "the journal on a database server",
    Awaited.KAFKA: "the relay of committed events to other processes",
    Awaited.RELEASE: "the building and publishing of releases",
}


class Built(msgspec.Struct, frozen=True, kw_only=True, tag="built"):
    """Simulated worlds make this fault and count each strike under its id. `injectors` are the functions that do so."""

    injectors: tuple[str, ...]


class Proven(msgspec.Struct, frozen=True, kw_only=True, tag="proven"):
    """Tests with real parts show what holds; `tests/faults/rows.toml` names them. No world strikes by chance yet."""


class Awaits(msgspec.Struct, frozen=True, kw_only=True, tag="awaits"):
    """The fault cannot be made before a room exists. Tests that are named show a part of what must hold."""

    what: Awaited


class NotApplicable(msgspec.Struct, frozen=True, kw_only=True, tag="not_applicable"):
    """The fault cannot happen here, for a reason."""

    reason: str


Standing = Built | Proven | Awaits | NotApplicable


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `must_hold` names invariants, or what else must be so; `worlds` are the levels where it can be made."""

    id: str
    what: str
    must_hold: tuple[str, ...]
    how: str
    standing: Standing
    worlds: tuple[Level, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one subject."""

    title: str
    rows: tuple[Fault, ...]
