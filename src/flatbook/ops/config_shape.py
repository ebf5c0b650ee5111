"""The shape of a configuration: one struct per section, one description per key.

What moves money (limits, thresholds, caps, collars, prices, quantities) has no default. What paces or displays has.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

from flatbook.events.control import Mode
from flatbook.ops.config_accounts import AccountSection
from flatbook.ops.config_alerts import AlertsSection
from flatbook.ops.config_api import ApiSection
from flatbook.ops.config_backtest import BacktestSection
from flatbook.ops.config_chains import ChainSection
from flatbook.ops.config_fields import INSTRUMENT_TEXT, amount, bps, said, seconds, text, whole
from flatbook.ops.config_grid import GridSection
from flatbook.ops.config_offers import OfferSection
from flatbook.ops.config_prices import PriceSection
from flatbook.ops.config_profiles import ProfileSection
from flatbook.ops.config_risk import BreakerSection, MonitorSection, ReconcileSection
from flatbook.ops.config_section import Address, InstrumentName, Name, SecretName, Section, Symbol, Ticker
from flatbook.ops.config_wallets import WalletSection
from flatbook.strategies.hedge_terms import OPEN_WAIT_S
from flatbook.values.instruments import Product
from flatbook.values.sessions import SessionKind

VERSION = 1
NONE = "none"
CLOSE_CUTOFF_S_LEAST = 10

FORMS_SAID = "keyring:service/name, age:path#name, env:NAME, file:path or exec:command."


class JournalSection(Section, frozen=True, kw_only=True):
    """Where the journal is."""

    path: Annotated[str, text("File of the journal. Relative paths of all sections start at FLATBOOK_HOME.")] = (
        "journal.sqlite"
    )


class ClockKind(Enum):
    """Where the engine gets the time from."""

    SYSTEM = "system"
    TAPE = "tape"
    SHIFTED = "shifted"


class ClockSection(Section, frozen=True, kw_only=True):
    """Which clock the engine follows."""

    kind: Annotated[ClockKind, said("The machine's clock, that clock shifted for tests, or a tape of the past.")] = (
        ClockKind.SYSTEM
    )
    start: Annotated[datetime | None, said("Where the tape begins. Needed with a tape, refused without.")] = None
    end: Annotated[datetime | None, said("Where the tape ends. Needed with a tape, refused without.")] = None
    speed: Annotated[
        int, whole("Seconds of tape per real second; 0 is as fast as it goes.", unit="to 1", least=0, most=1_000_000)
    ] = 0
    shift_s: Annotated[
        int, whole("What is added to the machine's clock when shifted.", unit="seconds", least=-(2**31), most=2**31)
    ] = 0


class PaceSection(Section, frozen=True, kw_only=True):
    """How often the outside is asked."""

    chain_poll_s: Annotated[int, seconds("Between two looks for new blocks.", least=1, most=600)] = 2
    order_poll_s: Annotated[int, seconds("Between two questions while an order works.", least=1, most=600)] = 1
    idle_poll_s: Annotated[int, seconds("Between two questions otherwise.", least=1, most=3600)] = 10
    statement_s: Annotated[int, seconds("Between two reconciliations with a venue.", least=1, most=86_400)] = 300
    retry_s: Annotated[int, seconds("Before a venue that did not answer is asked again.", least=1, most=3600)] = 5
    scan_s: Annotated[int, seconds("Between two scans of the nets, which find nothing.", least=1, most=3600)] = 60


class LogFormat(Enum):
    """How log records are written."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class LogLevel(Enum):
    """Which log records are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSection(Section, frozen=True, kw_only=True):
    """What is logged, and how."""

    format: Annotated[LogFormat, said("Auto is text on a terminal and JSON everywhere else.")] = LogFormat.AUTO
    level: Annotated[LogLevel, said("The least urgent level that is written.")] = LogLevel.INFO


class RenameSection(Section, frozen=True, kw_only=True):
    """A share that changed its ticker while its token kept the old name."""

    new: Annotated[Ticker, said("The ticker it has now.")]
    since: Annotated[datetime | None, said("From which instant on; left out: always.")] = None


class VaultSection(Section, frozen=True, kw_only=True):
    """What an owner has on one chain."""

    account: Annotated[Name, said("The account that the vaults' balances are kept under.")]
    addresses: Annotated[tuple[Address, ...], said("Owners of orders: their fills are ours.")]
    inventories: Annotated[
        dict[Address, tuple[Address, ...]],
        said("Shared inventories of ours, each with its own wallets; what those move is rebalancing and no trade."),
    ] = {}


class OwnerSection(Section, frozen=True, kw_only=True):
    """One strategy instance: what it owns on chains, and what it leaves unhedged on purpose."""

    vaults: Annotated[dict[Name, VaultSection], said("Its vaults, by the name of the chain.")]
    unhedged: Annotated[tuple[Ticker, ...], said("Shares it knowingly does not hedge.")] = ()


class InstrumentSection(Section, frozen=True, kw_only=True):
    """What is traded at an account, and on which grid."""

    account: Annotated[Name, said("The account it is traded at.")]
    symbol: Annotated[Symbol, said("Its name where it is traded.")]
    underlying: Annotated[Ticker, said("The share it stands for.")]
    quote: Annotated[Name, said("What it is priced in; other than USD it needs a mark.")]
    tick: Annotated[Decimal, amount("Smallest step of a price.", unit="quote", most="100")]
    lot: Annotated[Decimal, amount("Smallest step of a quantity.", unit="contracts", most="1000000")]
    qty_min: Annotated[Decimal, amount("Smallest quantity of an order.", unit="contracts", most="1000000")]
    notional_min: Annotated[Decimal, amount("Smallest value of an order.", unit="quote", least="0", most="1000000")]
    contract_size: Annotated[Decimal, amount("Shares per contract; 1 for shares.", unit="shares", most="1000000")]
    tick_below_one: Annotated[
        Decimal | None, amount("Replaces tick where the price would be below one.", unit="quote", most="1")
    ] = None
    product: Annotated[Product, said("The thing itself, or a perpetual that is settled in its quote.")] = Product.SPOT


class RampSection(Section, frozen=True, kw_only=True):
    """How what is left is flattened before the last session ends: lower threshold, widening collar, short orders."""

    before_close_s: Annotated[int, seconds("How long before the sessions pause it begins.", least=1, most=14_400)]
    threshold_shares: Annotated[Decimal, amount("A net of so many is flattened.", unit="shares", most="10000000")]
    collar_bps_max: Annotated[int, bps("The collar at the close; it widens evenly from collar_bps.")]
    reprice_s: Annotated[int, seconds("How long each of its orders may work.", least=1, most=3600)]


class HedgeSection(Section, frozen=True, kw_only=True):
    """How an owner hedges an underlying, and where. At least one threshold is stated; either makes a hedge due."""

    instrument: Annotated[InstrumentName, said("Where it is hedged.")]
    order_shares_max: Annotated[Decimal, amount("Cap of each single order.", unit="shares", most="10000000")]
    sessions: Annotated[tuple[SessionKind, ...], said("The sessions in which it is hedged.")]
    price_source: Annotated[Name, said("The price source it is priced from.")]
    price_age_s_max: Annotated[int, seconds("An older price is not used.", least=1, most=3600)]
    collar_bps: Annotated[int, bps("How far beyond the price the limit of an order may lie.")]
    second_source: Annotated[Name, said('A price source that must agree, or "none".')]
    order_ttl_s: Annotated[int, seconds("How long an order may work.", least=1, most=86_400)]
    close_cutoff_s: Annotated[
        int, seconds("Nothing new is sent so shortly before a session ends.", least=CLOSE_CUTOFF_S_LEAST, most=7200)
    ]
    retry_s: Annotated[int, seconds("First wait after a refusal; it doubles with each.", least=1, most=3600)]
    shorting: Annotated[bool, said("Whether it may sell what the account does not hold.")]
    threshold_shares: Annotated[
        Decimal | None, amount("A net of so many shares is hedged.", unit="shares", most="10000000")
    ] = None
    threshold_usd: Annotated[
        Decimal | None, amount("A net worth so much is hedged.", unit="USD", most="1000000000")
    ] = None
    second_age_s_max: Annotated[
        int | None, seconds("An older second price is not used. Needed with a second source.", least=1, most=3600)
    ] = None
    second_bps_max: Annotated[int | None, bps("How far the two prices may differ. Needed with a second source.")] = None
    open_wait_s: Annotated[
        int, seconds("So long after a session opened even a flatten has a limit.", least=0, most=3600)
    ] = OPEN_WAIT_S
    ramp: Annotated[RampSection | None, said("How the rest is flattened before a close; left out: not at all.")] = None
    backup: Annotated[
        str | None, text("A second broker, for what no unknown order at the first can cover.", INSTRUMENT_TEXT)
    ] = None


class RiskSection(Section, frozen=True, kw_only=True):
    """The limits that every intent must respect, and the bounds of the whole desk. None has a default."""

    order_notional_usd_max: Annotated[Decimal, amount("Value of one order.", unit="USD", most="1000000000")]
    order_shares_max: Annotated[Decimal, amount("Shares of one order.", unit="shares", most="10000000")]
    collar_bps_max: Annotated[int, bps("Distance of a limit from the price.")]
    second_bps_max: Annotated[int, bps("Distance of a limit from the second price.")]
    price_age_s_max: Annotated[int, seconds("Age of the price decided on.", least=1, most=3600)]
    day_loss_usd_max: Annotated[
        Decimal, amount("Loss of a day, per owner and underlying, that stops new risk.", unit="USD", most="1000000000")
    ]
    open_orders_max: Annotated[int, whole("Orders open at a time.", unit="orders", least=1, most=10_000)]
    orders_per_minute_max: Annotated[int, whole("Orders in 60 seconds.", unit="orders", least=1, most=10_000)]
    residue_usd_max: Annotated[
        Decimal, amount("Unhedged rest over all nets; beyond it there is an alert.", unit="USD", most="1000000000")
    ]
    depeg_bps_max: Annotated[int, bps("Distance of a mark from one dollar; beyond it there is an alert.")]
    resends_max: Annotated[int, whole("Sends of one order after the first.", unit="sends", least=0, most=10)]


class AgeSection(Section, frozen=True, kw_only=True):
    """How age files of secrets are opened."""

    identity: Annotated[str, text("File of the identity; mode 0600.")] = "age-identity.txt"


class Config(Section, frozen=True, kw_only=True):
    """All of a configuration."""

    version: Annotated[int, said(f"The version of this format: {VERSION}.")]
    mode: Annotated[Mode, said("observe hedges nothing; paper hedges where money is not real; live where it is.")]
    chains: Annotated[dict[Name, ChainSection], said("The chains, by name.")]
    owners: Annotated[dict[Name, OwnerSection], said("The owners, by name.")]
    risk: Annotated[RiskSection, said("The limits.")]
    marks: dict[Name, Annotated[Decimal, amount("Value of an asset in USD.", unit="USD", most="10000000")]]
    accounts: Annotated[dict[Name, AccountSection], said("The accounts at brokers, by name.")] = {}
    instruments: Annotated[dict[InstrumentName, InstrumentSection], said("The instruments, by id.")] = {}
    hedges: Annotated[dict[Name, dict[Ticker, HedgeSection]], said("The hedges, by owner and underlying.")] = {}
    prices: Annotated[dict[Name, PriceSection], said("The price sources, by name.")] = {}
    renames: Annotated[dict[Ticker, RenameSection], said("Shares that changed their ticker, by the old one.")] = {}
    jurisdiction: Annotated[
        Name | None, said("By which rules the desk trades: us, uk_retail, other or a profile of your own. Needed live.")
    ] = None
    jurisdictions: Annotated[dict[Name, ProfileSection], said("Profiles of your own, by name.")] = {}
    journal: JournalSection = JournalSection()
    clock: ClockSection = ClockSection()
    pace: PaceSection = PaceSection()
    log: LogSection = LogSection()
    alerts: AlertsSection = AlertsSection()
    api: ApiSection = ApiSection()
    wallets: Annotated[dict[Name, WalletSection], said("The wallets that send transactions, by name.")] = {}
    offers: Annotated[
        dict[Name, dict[Ticker, OfferSection]], said("Orders of our own on chains, by owner and underlying.")
    ] = {}
    grid: Annotated[dict[Name, dict[InstrumentName, GridSection]], said("The grids, by owner and instrument.")] = {}
    monitors: Annotated[dict[Name, MonitorSection], said("The monitors of markets, by name.")] = {}
    breakers: Annotated[dict[Name, BreakerSection], said("The breakers, by owner.")] = {}
    reconcile: Annotated[
        dict[Name, ReconcileSection], said("How accounts at exchanges are reconciled, where not as usual, by account.")
    ] = {}
    backtest: Annotated[BacktestSection | None, said("The terms of a backtest of the grids.")] = None
    secrets: Annotated[
        dict[SecretName, Annotated[str, said(FORMS_SAID)]],
        said("Where secrets are, by name; never the secrets themselves."),
    ] = {}
    age: AgeSection = AgeSection()
