"""What the parts of a configuration that reach outside owe each other: nodes, real accounts, quotes, and the mode."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from flatbook.events.control import Mode
from flatbook.ops.config_accounts import (
    AccountSection,
    AlpacaAccount,
    AlpacaApi,
    BinanceAccount,
    BinanceMarket,
    BrokerAccount,
    BybitAccount,
    CcxtAccount,
    Environment,
    LiveAccount,
    PaperAccount,
    PaperExchangeAccount,
    SchwabAccount,
    WatchedExchange,
    is_real_money,
)
from flatbook.ops.config_backtest import flaw_of_margin
from flatbook.ops.config_chains import HedgeAt, NodesChain, RecordedChain
from flatbook.ops.config_jurisdiction import (
    BUILT_IN,
    allowed_by,
    flaws_of_jurisdiction,
    flaws_of_profiles,
    kind_of_account,
)
from flatbook.ops.config_names import meant
from flatbook.ops.config_prices import AlpacaQuotes, AskedPrices, SchwabQuotes
from flatbook.ops.config_read import Key
from flatbook.ops.config_shape import ClockKind, Config, InstrumentSection
from flatbook.ops.config_urls import ENCRYPTED, PLAIN, flaw_of_loopback, flaw_of_stated, is_here
from flatbook.ops.secrets import PREFIX
from flatbook.values.instruments import Product
from flatbook.values.money import ONE, plain, significant_decimals

NODES_LEAST = 2
CENT = Decimal("0.01")
ALPACA_LOT_DECIMALS = 9
HTTP_SCHEMES = (ENCRYPTED[0], PLAIN[0])
SOCKET_SCHEMES = (ENCRYPTED[1], PLAIN[1])
PAPER_PERPETUALS = (WatchedExchange.BYBIT, WatchedExchange.BITGET, WatchedExchange.OKX, WatchedExchange.GATE)
NO_PERPETUALS = {
    WatchedExchange.GEMINI: "of Gemini spot alone is watched",
    WatchedExchange.COINBASE: "of Coinbase spot alone is watched",
    WatchedExchange.BITSTAMP: "of Bitstamp spot alone is watched",
}
"""Why an exchange has no perpetuals on paper."""
TAKE = "take binance, bybit, bitget, okx or gate"
WATCHED_BY_ADAPTERS = (WatchedExchange.BINANCE, WatchedExchange.BYBIT)
OF_API = {AlpacaApi.TRADING: Environment.PAPER, AlpacaApi.BROKER: Environment.SANDBOX}

Flaw = tuple[Key, str]


def flaws_of_live(config: Config) -> Iterator[Flaw]:
    """Yields what does not agree in what reaches outside: the key and what is wrong there."""
    for name, chain in config.chains.items():
        if isinstance(chain, NodesChain):
            yield from _flaws_of_nodes(config, ("chains", name), chain)
    for name, account in config.accounts.items():
        if isinstance(account, PaperExchangeAccount):
            yield from _flaws_of_watched(("accounts", name), account)
            yield from _flaws_of_margin(config, name, account)
        elif not isinstance(account, PaperAccount):
            yield from _flaws_of_account(config, ("accounts", name), account)
    for name, instrument in config.instruments.items():
        yield from _flaws_of_grid(config, ("instruments", name), instrument)
    for name, source in config.prices.items():
        if isinstance(source, AskedPrices):
            yield from _flaws_of_asked(config, ("prices", name), source)
    yield from _flaws_of_mode(config)
    yield from flaws_of_profiles(config.jurisdictions)
    yield from flaws_of_jurisdiction(config.mode, config.jurisdiction, config.jurisdictions, config.accounts)
    yield from _flaws_of_clock(config)


def secret_flaw(config: Config, key: Key, stated: str) -> Iterator[Flaw]:
    """Yields that a secret which is named is not under [secrets]."""
    name = stated.removeprefix(PREFIX)
    if stated.startswith(PREFIX) and name not in config.secrets:
        yield key, f"there is no secret {name!r}{meant(name, config.secrets)}: state its place under [secrets]"


def _flaws_of_nodes(config: Config, key: Key, chain: NodesChain) -> Iterator[Flaw]:
    if len(chain.nodes) < NODES_LEAST:
        yield (*key, "nodes"), f"at least {NODES_LEAST} nodes are needed: none is believed alone"
    if chain.hedge_at is HedgeAt.PRECONFIRMED and chain.lag_blocks:
        yield (*key, "lag_blocks"), 'what is preconfirmed is taken at once: write 0, or hedge_at = "head"'
    seen: dict[str, str] = {}
    for name, node in chain.nodes.items():
        for field, stated, schemes in (("url", node.url, HTTP_SCHEMES), ("heads", node.heads, SOCKET_SCHEMES)):
            if stated is None:
                continue
            yield from secret_flaw(config, (*key, "nodes", name, field), stated)
            flaw = flaw_of_stated(stated, schemes)
            if flaw is not None:
                yield (*key, "nodes", name, field), flaw
        other = seen.setdefault(node.url, name)
        if other != name:
            yield (*key, "nodes", name, "url"), f"is the address of {other}: two nodes are asked, not one twice"


def _flaws_of_account(config: Config, key: Key, account: LiveAccount) -> Iterator[Flaw]:
    fields = [("key", account.key), ("secret", account.secret)]
    if isinstance(account, SchwabAccount):
        fields.append(("tokens", account.tokens))
    if isinstance(account, CcxtAccount):
        fields += [(name, stated) for name in ("password", "uid") if (stated := getattr(account, name)) is not None]
    for field, stated in fields:
        yield from secret_flaw(config, (*key, field), stated)
    if account.base_url is not None and (flaw := flaw_of_loopback(account.base_url)) is not None:
        yield (*key, "base_url"), flaw
    if isinstance(account, AlpacaAccount):
        allowed = (Environment.LIVE, OF_API[account.api])
        if account.environment not in allowed:
            names = " or ".join(each.value for each in allowed)
            yield (*key, "environment"), f"the {account.api.value} API has {names}"
    elif isinstance(account, SchwabAccount):
        yield from _flaws_of_schwab(key, account)
    elif isinstance(account, CcxtAccount) and account.watched is not None:
        yield from _flaws_of_streams(key, account, account.watched)
    elif isinstance(account, BinanceAccount) and account.environment is Environment.PAPER:
        yield (*key, "environment"), 'Binance has no paper accounts: write "live" or "sandbox"'


def _flaws_of_watched(key: Key, account: PaperExchangeAccount) -> Iterator[Flaw]:
    if account.base_url is not None and (flaw := flaw_of_loopback(account.base_url)) is not None:
        yield (*key, "base_url"), flaw
    if account.base_url is not None and account.recording is not None:
        yield (*key, "recording"), "is played instead of watching: state no base_url"


def _flaws_of_margin(config: Config, name: str, account: PaperExchangeAccount) -> Iterator[Flaw]:
    traded = [each for each in config.instruments.values() if each.account == name]
    key = ("accounts", name, "margin")
    if account.margin is None and any(each.product is Product.LINEAR_PERP for each in traded):
        yield key, "perpetuals need margin: state leverage, such as 5, and maintenance_pct, such as 0.5, as venues do"
    elif account.margin is not None and (flaw := flaw_of_margin(account.margin)) is not None:
        yield (*key, "maintenance_pct"), flaw


def _flaws_of_streams(key: Key, account: CcxtAccount, watched: WatchedExchange) -> Iterator[Flaw]:
    """Yields that an account of ccxt is not at the market that is to be watched for it."""
    if watched in WATCHED_BY_ADAPTERS:
        yield (*key, "watched"), f'{watched.value} has an adapter of its own: write kind = "{watched.value}"'
    if account.environment is not Environment.LIVE and account.base_url is None:
        yield (*key, "watched"), "what is watched is the real market, and not that of a test network: leave it out"


def _flaws_of_schwab(key: Key, account: SchwabAccount) -> Iterator[Flaw]:
    if account.environment is Environment.PAPER:
        yield (*key, "environment"), 'Schwab has no paper accounts: write "live", or "sandbox" with a base_url'
    elif account.environment is Environment.SANDBOX and account.base_url is None:
        yield (*key, "environment"), "Schwab has no sandbox: a server that plays one needs base_url"


def _flaws_of_grid(config: Config, key: Key, instrument: InstrumentSection) -> Iterator[Flaw]:
    """Yields steps of prices and quantities that a broker would refuse in every order, and what is not traded there."""
    account = config.accounts.get(instrument.account)
    if (why := _why_no_perpetual(account, instrument.product)) is not None:
        yield (*key, "product"), why
    elif instrument.product not in _products_at(account):
        yield (*key, "product"), f"{instrument.product.value} is not traded at {instrument.account}"
    if account is not None and (flaw := _flaw_of_product(config, account, instrument.product)) is not None:
        yield (*key, "product"), flaw
    if not isinstance(account, BrokerAccount):
        return
    if instrument.contract_size != ONE:
        yield (*key, "contract_size"), "a share is one share: write 1"
    if instrument.tick < CENT:
        yield (*key, "tick"), f"{plain(instrument.tick)} is below a cent: no broker takes such a price from 1 USD on"
    decimals = ALPACA_LOT_DECIMALS if isinstance(account, AlpacaAccount) else 0
    if significant_decimals(instrument.lot) > decimals:
        what = f"{decimals} decimals of a share at most" if decimals else "whole shares only"
        yield (*key, "lot"), f"{plain(instrument.lot)} cannot be ordered there: {what}"


def _flaw_of_product(config: Config, account: AccountSection, product: Product) -> str | None:
    """Returns why a product cannot be traded at an account: no marks, or a profile that allows the account alone."""
    if isinstance(account, PaperExchangeAccount) and account.recording is not None and product is not Product.SPOT:
        return "a recording tells no marks, which perpetuals need: it plays spot"
    if (
        isinstance(account, PaperExchangeAccount)
        and product is Product.LINEAR_PERP
        and account.exchange in NO_PERPETUALS
    ):
        return f"{NO_PERPETUALS[account.exchange]}: {TAKE}"
    chosen, kind = config.jurisdiction, kind_of_account(account)
    if not is_real_money(account) or chosen not in (*BUILT_IN, *config.jurisdictions):
        return None
    products = allowed_by(chosen, config.jurisdictions).get(kind, (product,))
    return None if product in products else f"{chosen} does not allow {product.value} at {kind}"


def _why_no_perpetual(account: AccountSection | None, product: Product) -> str | None:
    why = NO_PERPETUALS.get(account.exchange) if isinstance(account, PaperExchangeAccount) else None
    return None if why is None or product is not Product.LINEAR_PERP else f"{why}: {TAKE}"


def _products_at(account: AccountSection | None) -> tuple[Product, ...]:
    if account is None:
        return tuple(Product)
    at_binance = isinstance(account, PaperExchangeAccount) and account.exchange is WatchedExchange.BINANCE
    if isinstance(account, BinanceAccount) or (isinstance(account, PaperExchangeAccount) and at_binance):
        return (Product.SPOT if account.market is BinanceMarket.SPOT else Product.LINEAR_PERP,)
    on_paper = isinstance(account, PaperExchangeAccount) and account.exchange in PAPER_PERPETUALS
    has_perpetuals = isinstance(account, BybitAccount | CcxtAccount) or on_paper
    if isinstance(account, CcxtAccount) and account.watched is not None:
        has_perpetuals = False
    return (Product.SPOT, Product.LINEAR_PERP) if has_perpetuals else (Product.SPOT,)


def _flaws_of_asked(config: Config, key: Key, source: AlpacaQuotes | SchwabQuotes) -> Iterator[Flaw]:
    account = config.accounts.get(source.account)
    if account is None:
        known = config.accounts
        yield (*key, "account"), f"there is no account {source.account!r}{meant(source.account, known)}"
        return
    wanted = AlpacaAccount if isinstance(source, AlpacaQuotes) else SchwabAccount
    if not isinstance(account, wanted):
        yield (*key, "account"), f"{source.account} is no account of that broker, whose quotes these are"
    if isinstance(source, AlpacaQuotes) and not source.feeds:
        yield (*key, "feeds"), "at least one feed is needed"
    if not source.underlyings:
        yield (*key, "underlyings"), "at least one share is needed"


def _flaws_of_mode(config: Config) -> Iterator[Flaw]:
    real = [name for name, account in config.accounts.items() if is_real_money(account)]
    if config.mode is Mode.LIVE:
        if not real:
            yield ("mode",), 'no account is one of real money: write "paper"'
        for name, chain in config.chains.items():
            if isinstance(chain, RecordedChain):
                yield ("chains", name, "source"), "fills of a recording are not hedged with real money"
    if config.mode is Mode.PAPER:
        for owner, hedges in config.hedges.items():
            for underlying, hedge in hedges.items():
                for field, place in (("instrument", hedge.instrument), ("backup", hedge.backup)):
                    instrument = config.instruments.get(place or "")
                    if instrument is not None and instrument.account in real:
                        text = f'{instrument.account} is real money: mode = "live" trades there, "observe" only reads'
                        yield ("hedges", owner, underlying, field), text


def _is_played(account: AccountSection) -> bool:
    """Whether an account and its market are in the process of the desk."""
    return isinstance(account, PaperExchangeAccount) and account.recording is not None


def _flaws_of_clock(config: Config) -> Iterator[Flaw]:
    """Yields that a clock other than the machine's meets parts that live by the machine's."""
    kind = config.clock.kind
    if kind is ClockKind.SYSTEM:
        return
    accounts = [
        (name, each)
        for name, each in config.accounts.items()
        if not isinstance(each, PaperAccount) and not _is_played(each)
    ]
    chains = [(name, each) for name, each in config.chains.items() if isinstance(each, NodesChain)]
    if kind is ClockKind.TAPE and (accounts or chains):
        yield ("clock", "kind"), "a tape is no time for nodes and brokers: use the machine's clock"
        return
    away = [name for name, account in accounts if account.base_url is None]
    away += [name for name, chain in chains if not all(is_here(node.url) for node in chain.nodes.values())]
    if away:
        yield ("clock", "kind"), f"a shifted clock is for tests on this machine: {', '.join(away)} is not on it"
