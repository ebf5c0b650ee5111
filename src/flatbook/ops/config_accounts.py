"""The shape of an account at a broker: one section for each kind of broker."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated

from flatbook.engine.ports import IdRule
from flatbook.ops.config_fields import WORTH_TEXT, amount, said, seconds, text, whole
from flatbook.ops.config_section import SECRET_REFERENCE, Name, Section, Ticker

USD = "USD"
LEVERAGE_MAX = 200
URL_SAID = "Another address, on this machine only: for a server that plays the broker."

SecretReference = Annotated[str, text('"secret:" and the name of a secret.', SECRET_REFERENCE)]


class Shorting(Enum):
    """What a paper broker does with a sell above the shares held."""

    NEVER = "never"
    WHOLE_SHARES = "whole_shares"


class WhenClosed(Enum):
    """What a paper broker does with an order while the market is closed."""

    QUEUE = "queue"
    REJECT = "reject"


class FeesSection(Section, frozen=True, kw_only=True):
    """What a paper broker charges."""

    commission_per_order: Annotated[Decimal, amount("Per order that executes.", unit="USD", least="0", most="1000")]
    commission_per_share: Annotated[Decimal, amount("Per share.", unit="USD", least="0", most="100")]
    sell_notional_rate: Annotated[Decimal, amount("Of each USD sold.", unit="USD per USD", least="0", most="0.01")]
    sell_per_share: Annotated[Decimal, amount("Per share sold.", unit="USD", least="0", most="1")]


class PaperAccount(Section, frozen=True, kw_only=True, tag_field="kind", tag="paper"):
    """An account at a simulated broker inside the process of the desk, which has a ledger of its own."""

    ledger: Annotated[str, text("File of the broker's own ledger; it is never the journal.")]
    bars: Annotated[Name, said("The price source whose bars the broker trades at.")]
    cash: Annotated[Decimal, amount("Cash when the account is opened.", unit="currency", least="0", most="1000000000")]
    fees: Annotated[FeesSection, said("What the broker charges.")]
    seed: Annotated[str, text("What its latencies and partial fills are drawn from.")]
    holdings: Annotated[
        dict[Ticker, Annotated[Decimal, amount("Shares held when opened.", unit="shares", most="10000000")]],
        said("Shares held when the account is opened, by symbol."),
    ] = {}
    currency: Annotated[
        Name, said("What its cash is, and its prices and fees are in; other than USD it needs a mark.")
    ] = "USD"
    id_rule: Annotated[IdRule, said("For how long a client id may not come again.")] = IdRule.FOR_EVER
    id_window_s: Annotated[int, seconds("How long, with the rule window.", least=0, most=31_536_000)] = 0
    extended_hours: Annotated[bool, said("Whether orders work in the early and late sessions too.")] = False
    when_closed: Annotated[WhenClosed, said("What happens to orders sent while it is closed.")] = WhenClosed.QUEUE
    shorting: Annotated[Shorting, said("Whether it sells what is not held.")] = Shorting.NEVER
    latency_ms: Annotated[int, whole("From request to answer.", unit="ms", least=0, most=60_000)] = 40
    latency_jitter_ms: Annotated[int, whole("Added by chance.", unit="ms", least=0, most=60_000)] = 20
    cancel_ms: Annotated[int, whole("Until a cancel acts.", unit="ms", least=0, most=60_000)] = 0
    read_lag_ms: Annotated[int, whole("How far reads trail the truth.", unit="ms", least=0, most=60_000)] = 0
    request_window_s: Annotated[int, seconds("Older requests are refused.", least=1, most=600)] = 5
    partial_bps: Annotated[
        int, whole("Chance that a bar fills a part only.", unit="basis points", least=0, most=10_000)
    ] = 0
    fill_qty_max: Annotated[
        Decimal | None,
        amount("At most so much of an order per bar; left out: no bound.", unit="shares", most="10000000"),
    ] = None


class AlpacaApi(Enum):
    """Which of Alpaca's two APIs an account is reached by."""

    TRADING = "trading"
    BROKER = "broker"


class Environment(Enum):
    """Whether an account is one of real money."""

    LIVE = "live"
    PAPER = "paper"
    SANDBOX = "sandbox"


class AlpacaAccount(Section, frozen=True, kw_only=True, tag_field="kind", tag="alpaca"):
    """An account at Alpaca."""

    api: Annotated[AlpacaApi, said("The API of one's own account, or that of brokers for their customers.")]
    environment: Annotated[
        Environment, said("Live is real money; paper belongs to the trading API, sandbox to the broker API.")
    ]
    account_id: Annotated[str, text("The account's id; keys of another account are refused.", "[0-9A-Za-z-]{1,64}")]
    key: Annotated[str, text('The key of the API: "secret:" and its name.', SECRET_REFERENCE)]
    secret: Annotated[str, text('The secret of the API: "secret:" and its name.', SECRET_REFERENCE)]
    shorting: Annotated[Shorting, said("Whether it sells what is not held.")]
    extended_hours: Annotated[bool, said("Whether orders work in the early and late sessions too.")] = False
    base_url: Annotated[str | None, text(URL_SAID)] = None


class SchwabAccount(Section, frozen=True, kw_only=True, tag_field="kind", tag="schwab"):
    """An account at Charles Schwab, which has no environment for paper."""

    environment: Annotated[Environment, said("Live is real money; sandbox is a server of ours that plays Schwab.")]
    number: Annotated[str, text("The number of the account; a login of another one is refused.", "[0-9]{4,16}")]
    key: Annotated[str, text('The key of the application: "secret:" and its name.', SECRET_REFERENCE)]
    secret: Annotated[str, text('The secret of the application: "secret:" and its name.', SECRET_REFERENCE)]
    tokens: Annotated[str, text('Where its login is kept: "secret:" and its name.', SECRET_REFERENCE)]
    shorting: Annotated[Shorting, said("Whether it sells what is not held.")]
    extended_hours: Annotated[bool, said("Whether orders work in the early and late sessions too.")] = False
    callback: Annotated[str, text("The callback address as the application has it registered.")] = (
        "https://127.0.0.1:8182"
    )
    base_url: Annotated[str | None, text(URL_SAID)] = None


class BybitAccount(Section, frozen=True, kw_only=True, tag_field="kind", tag="bybit"):
    """A unified account at Bybit: spot and perpetuals that are paid in a stablecoin."""

    environment: Annotated[
        Environment, said("Live is real money; paper is Bybit's demo trading, sandbox its test network.")
    ]
    user_id: Annotated[str, text("The id of the account; keys of another account are refused.", "[0-9]{1,20}")]
    key: Annotated[str, text('The key of the API: "secret:" and its name.', SECRET_REFERENCE)]
    secret: Annotated[str, text('The secret of the API: "secret:" and its name.', SECRET_REFERENCE)]
    shorting: Annotated[Shorting, said("Whether it sells what is not held.")]
    dead_man_s: Annotated[
        int | None,
        seconds(
            "After so long without our stream Bybit cancels all orders; Bybit grants that on request.",
            least=3,
            most=300,
        ),
    ] = None
    base_url: Annotated[str | None, text(URL_SAID)] = None


class BinanceMarket(Enum):
    """Which market of Binance an account is at; each has keys, balances and limits of its own."""

    SPOT = "spot"
    USD_M = "usdm"


class BinanceMargin(Enum):
    """Whether the positions of an account share their margin."""

    CROSSED = "crossed"
    ISOLATED = "isolated"


class BinanceAccount(Section, frozen=True, kw_only=True, tag_field="kind", tag="binance"):
    """An account at Binance: spot, or perpetuals that are paid in a stablecoin (USD-M)."""

    market: Annotated[BinanceMarket, said("Spot, or the perpetuals of USD-M.")]
    environment: Annotated[Environment, said("Live is real money; sandbox is Binance's test network.")]
    key: Annotated[str, text('The key of the API: "secret:" and its name.', SECRET_REFERENCE)]
    secret: Annotated[str, text('The secret of the API: "secret:" and its name.', SECRET_REFERENCE)]
    shorting: Annotated[Shorting, said("Whether it sells what is not held.")]
    margin: Annotated[
        BinanceMargin, said("How the margin of each symbol is set at USD-M; another setting there stops orders.")
    ] = BinanceMargin.CROSSED
    base_url: Annotated[str | None, text(URL_SAID)] = None


class WatchedExchange(Enum):
    """Whose public streams show a market."""

    BINANCE = "binance"
    BYBIT = "bybit"
    OKX = "okx"
    GATE = "gate"
    BITGET = "bitget"
    GEMINI = "gemini"
    COINBASE = "coinbase"
    BITSTAMP = "bitstamp"


class CcxtAccount(Section, frozen=True, kw_only=True, tag_field="kind", tag="ccxt"):
    """An account at an exchange that is reached through ccxt, which runs in a process of its own."""

    exchange: Annotated[str, text("The name that ccxt has for it, such as kraken.", "[a-z0-9]{2,32}")]
    python: Annotated[str, text("The interpreter of the virtual environment that has ccxt.")]
    environment: Annotated[Environment, said("Live is real money; sandbox is the exchange's test network.")]
    key: Annotated[str, text('The key of the API: "secret:" and its name.', SECRET_REFERENCE)]
    secret: Annotated[str, text('The secret of the API: "secret:" and its name.', SECRET_REFERENCE)]
    shorting: Annotated[Shorting, said("Whether it sells what is not held.")]
    password: Annotated[
        str | None,
        text('The passphrase of the API, where the exchange has one: "secret:" and its name.', SECRET_REFERENCE),
    ] = None
    uid: Annotated[
        str | None, text('The user id, where the exchange wants one: "secret:" and its name.', SECRET_REFERENCE)
    ] = None
    watched: Annotated[
        WatchedExchange | None,
        said("Whose own streams tell its spot books and trades; left out: ccxt tells its books, and no trades."),
    ] = None
    base_url: Annotated[str | None, text(URL_SAID)] = None


Worth = Annotated[str, text("What a part is above, in the quote.", WORTH_TEXT)]


class MarginSection(Section, frozen=True, kw_only=True):
    """What an exchange wants an account to have for contracts, of what they are worth."""

    leverage: Annotated[
        int, whole("An order needs its worth divided by this.", unit="to 1", least=1, most=LEVERAGE_MAX)
    ]
    maintenance_pct: Annotated[
        Decimal,
        amount("Positions are closed by force below this part of their worth.", unit="percent", most="99"),
    ]
    tiers: Annotated[
        dict[Worth, Annotated[Decimal, amount("What the part above it needs.", unit="percent", most="99")]],
        said("What larger positions need, part by part, by what the part is above in the quote."),
    ] = {}


class PaperExchangeAccount(Section, frozen=True, kw_only=True, tag_field="kind", tag="paper_exchange"):
    """An account at an exchange inside the process of the desk, which watches the market of a real one."""

    exchange: Annotated[
        WatchedExchange, said("Whose market is watched; orders go through the adapter of Binance, elsewhere of Bybit.")
    ]
    ledger: Annotated[str, text("File of the exchange's own ledger; it is never the journal.")]
    coins: Annotated[
        dict[Name, Annotated[Decimal, amount("Held when opened.", unit="coins", most="1000000000")]],
        said("What the account holds when it is opened, by coin."),
    ]
    maker_bps: Annotated[Decimal, amount("Fee of what rests.", unit="basis points", least="-100", most="1000")]
    taker_bps: Annotated[Decimal, amount("Fee of what takes.", unit="basis points", least="0", most="1000")]
    shorting: Annotated[Shorting, said("Whether it sells what is not held.")]
    market: Annotated[BinanceMarket, said("At Binance: spot, or the perpetuals of USD-M.")] = BinanceMarket.SPOT
    margin: Annotated[
        MarginSection | None, said("What contracts need; stated wherever the account trades perpetuals.")
    ] = None
    recording: Annotated[
        str | None,
        text(
            "A recording that is played again and again instead of watching, as `flatbook data record` writes it; on "
            "a tape it begins when that has ended."
        ),
    ] = None
    base_url: Annotated[str | None, text(URL_SAID)] = None


BrokerAccount = AlpacaAccount | SchwabAccount
ExchangeAccount = BybitAccount | BinanceAccount | CcxtAccount
LiveAccount = BrokerAccount | ExchangeAccount
SimulatedAccount = PaperAccount | PaperExchangeAccount
AccountSection = SimulatedAccount | LiveAccount


def currency_of(account: AccountSection) -> str | None:
    """Returns what the cash of an account is, None where it is whatever an instrument is paid in."""
    if isinstance(account, PaperAccount):
        return account.currency
    return USD if isinstance(account, BrokerAccount) else None


def is_real_money(account: AccountSection) -> bool:
    """Returns whether orders at an account move real money."""
    return not isinstance(account, SimulatedAccount) and account.environment is Environment.LIVE
