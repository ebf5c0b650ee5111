"""What the sections of a configuration owe each other: names that must exist, and values that must agree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

from flatbook.events.control import Mode
from flatbook.ops.config_accounts import (
    USD,
    AccountSection,
    ExchangeAccount,
    PaperAccount,
    PaperExchangeAccount,
    Shorting,
    currency_of,
)
from flatbook.ops.config_api import ApiSection
from flatbook.ops.config_backtest import flaws_of_backtest
from flatbook.ops.config_chains import ChainSection, Form, NodesChain, StablecoinSection, TokenSection
from flatbook.ops.config_channels import flaws_of_alerts
from flatbook.ops.config_grid import flaws_of_grids
from flatbook.ops.config_instruments import instrument_of
from flatbook.ops.config_live import flaws_of_live
from flatbook.ops.config_names import meant
from flatbook.ops.config_offers import flaws_of_offers
from flatbook.ops.config_oracle import flaws_of_pyth
from flatbook.ops.config_prices import RecordedBars, RecordedPrices, priced_by, quote_of
from flatbook.ops.config_read import Key
from flatbook.ops.config_risk import flaws_of_breakers, flaws_of_monitors, flaws_of_reconciling
from flatbook.ops.config_shape import NONE, VERSION, ClockKind, Config, HedgeSection, InstrumentSection
from flatbook.ops.config_urls import ENCRYPTED, PLAIN, flaw_of_address
from flatbook.ops.config_wallets import flaws_of_wallets
from flatbook.ops.secret_places import parse_reference
from flatbook.ops.secret_value import SecretRefused
from flatbook.values.ids import UNASSIGNED
from flatbook.values.money import plain
from flatbook.values.sessions import SessionKind

MARK_LEAST, MARK_MOST = Decimal("0.1"), Decimal(2)

SHOWN_SCHEMES = (ENCRYPTED[0], PLAIN[0])
Flaw = tuple[Key, str]


def flaws(config: Config) -> Iterator[Flaw]:
    """Yields what does not agree within a configuration: the key and what is wrong there."""
    yield from _flaws_of_head(config)
    for name, chain in config.chains.items():
        yield from _flaws_of_chain(config, name, chain)
        yield from flaws_of_pyth(name, chain.pyth)
    yield from _flaws_of_owners(config)
    for name, account in config.accounts.items():
        if isinstance(account, PaperAccount):
            yield from _flaws_of_paper(config, name, account)
    yield from _flaws_of_instruments(config)
    for name, source in config.prices.items():
        yield from _flaws_of_quote(config, ("prices", name, "quote"), quote_of(source))
    yield from _flaws_of_hedges(config)
    yield from _flaws_of_marks(config)
    yield from _flaws_of_secrets(config)
    yield from flaws_of_live(config)
    yield from flaws_of_alerts(config.alerts, config.secrets)
    yield from _flaws_of_api(config.api)
    tokens = {
        name: (*chain.stablecoins, *chain.tokens)
        for name, chain in config.chains.items()
        if isinstance(chain, NodesChain)
    }
    vaults = {name: tuple(owner.vaults) for name, owner in config.owners.items()}
    yield from _flaws_of_grids(config)
    yield from flaws_of_backtest(config.backtest, config.instruments)
    yield from _flaws_of_risk(config)
    yield from flaws_of_offers(config.offers, config.hedges, config.wallets)
    yield from flaws_of_wallets(config.wallets, tokens, vaults, config.secrets)


def exchanges_of(config: Config) -> tuple[str, ...]:
    """Returns the accounts that are reconciled as those of exchanges: they are at one, or a grid trades there."""
    at_exchange = [name for name, account in config.accounts.items() if isinstance(account, ExchangeAccount)]
    named = (name for names in config.grid.values() for name in names if name in config.instruments)
    return tuple(dict.fromkeys((*at_exchange, *(config.instruments[name].account for name in named))))


def _flaws_of_risk(config: Config) -> Iterator[Flaw]:
    owners = (*config.hedges, *config.grid)
    yield from flaws_of_monitors(config.monitors, config.instruments, owners)
    yield from flaws_of_breakers(config.breakers, owners)
    yield from flaws_of_reconciling(config.reconcile, config.accounts, exchanges_of(config))


def _flaws_of_grids(config: Config) -> Iterator[Flaw]:
    named = (name for names in config.grid.values() for name in names if name in config.instruments)
    instruments = {name: instrument_of(config, name) for name in named}
    yield from flaws_of_grids(config.grid, config.instruments, config.hedges, instruments)
    for owner, names in config.grid.items():
        for name in names:
            if name in instruments:
                yield from _flaws_of_quote(config, ("grid", owner, name), instruments[name].quote)


def _missing(key: Key, name: str, kind: str, known: Collection[str]) -> Iterator[Flaw]:
    if name not in known:
        yield key, f"there is no {kind} {name!r}{meant(name, known)}"


def _doubled(key: Key, what: str, values: list[str]) -> Iterator[Flaw]:
    for value in dict.fromkeys(value for value in values if values.count(value) > 1):
        yield key, f"{what} {value} stands more than once"


def _flaws_of_head(config: Config) -> Iterator[Flaw]:
    if config.version != VERSION:
        yield ("version",), f"this flatbook reads version {VERSION}, not {config.version}"
    clock = config.clock
    ends = (clock.start, clock.end)
    if clock.kind is not ClockKind.TAPE and ends != (None, None):
        yield ("clock", "kind"), 'start and end belong to a tape: leave them out, or write kind = "tape"'
    if (clock.kind is ClockKind.SHIFTED) != (clock.shift_s != 0):
        yield ("clock", "shift_s"), 'shift_s and kind = "shifted" belong together'
    if clock.kind is ClockKind.TAPE and (clock.start is None or clock.end is None or clock.start >= clock.end):
        yield ("clock", "kind"), "a tape needs start and end, the start before the end"


def _flaws_of_chain(config: Config, name: str, chain: ChainSection) -> Iterator[Flaw]:
    key = ("chains", name)
    if not chain.order_books:
        yield (*key, "order_books"), "at least one order book is needed"
    for address in chain.generations:
        yield from _missing((*key, "generations", address), address, "order book", chain.order_books)
    if not chain.stablecoins:
        yield (*key, "stablecoins"), "at least one dollar token is needed"
    yield from _doubled((*key, "id"), "the chain id", [str(other.id) for other in config.chains.values()])
    for asset, token in chain.tokens.items():
        yield from _flaws_of_token((*key, "tokens", asset), token)
    shares = (USD, *(instrument.underlying for instrument in config.instruments.values()))
    yield from _flaws_of_addresses(key, chain, shares)


def _flaws_of_token(key: Key, token: TokenSection) -> Iterator[Flaw]:
    prefixed = token.form in (Form.PREFIX_T, Form.PREFIX_WT)
    symbol = token.form.value + token.underlying if prefixed else token.underlying + token.form.value
    if token.symbol != symbol:
        yield (*key, "symbol"), f"{token.underlying} in the form {token.form.value} is {symbol}, not {token.symbol}"
    if token.ratios and token.form is not Form.PREFIX_WT:
        yield (*key, "ratios"), "only a token of the form wt wraps another one and has ratios"


def _flaws_of_addresses(key: Key, chain: ChainSection, shares: Collection[str]) -> Iterator[Flaw]:
    known: list[tuple[str, StablecoinSection | TokenSection]] = [*chain.stablecoins.items(), *chain.tokens.items()]
    for position, (name, token) in enumerate(known):
        if token.since is not None and token.until is not None and token.since >= token.until:
            yield (*key, "tokens", name, "until"), "must be later than since"
        if name in shares:
            yield (*key, "tokens", name), "is the name of a share or of cash: a token needs a name of its own"
        for earlier, other in known[:position]:
            if name == earlier:
                yield (*key, "tokens", name), "is the name of a dollar token too"
            if token.address == other.address and _overlap((token.since, token.until), (other.since, other.until)):
                yield (*key, "tokens", name, "address"), f"is the address of {earlier} at the same time"


def _overlap(one: tuple[datetime | None, datetime | None], two: tuple[datetime | None, datetime | None]) -> bool:
    (since, until), (other_since, other_until) = one, two
    ends_before = until is not None and other_since is not None and until <= other_since
    begins_after = other_until is not None and since is not None and other_until <= since
    return not ends_before and not begins_after


def _flaws_of_owners(config: Config) -> Iterator[Flaw]:
    seen: dict[tuple[str, str], str] = {}
    for name, owner in config.owners.items():
        if name == UNASSIGNED:
            yield ("owners", name), "is the owner of what nobody ordered: choose another name"
        for chain_name, vault in owner.vaults.items():
            key = ("owners", name, "vaults", chain_name)
            yield from _missing(key, chain_name, "chain", config.chains)
            if vault.account in config.accounts:
                yield (*key, "account"), f"{vault.account} is an account at a broker: vaults need one of their own"
            for address in (*vault.addresses, *vault.inventories):
                other = seen.setdefault((chain_name, address), name)
                if other != name:
                    yield (*key, "addresses"), f"{address} belongs to {other} already"
            if chain_name in config.chains and config.mode is not Mode.OBSERVE:
                yield from _unhedged(config, name, key, config.chains[chain_name])


def _unhedged(config: Config, owner: str, key: Key, chain: ChainSection) -> Iterator[Flaw]:
    covered = (*config.hedges.get(owner, {}), *config.owners[owner].unhedged)
    for asset, token in chain.tokens.items():
        for underlying in underlyings_of(config, token):
            if underlying not in covered:
                yield (
                    key,
                    (
                        f"fills of {asset} expose {owner} to {underlying}: add [hedges.{owner}.{underlying}], "
                        f"or name it in owners.{owner}.unhedged"
                    ),
                )


def underlyings_of(config: Config, token: TokenSection) -> tuple[str, ...]:
    """Returns the tickers that a token stands for during its life, oldest first, its renames applied."""
    names, ticker = [], token.underlying
    for _ in range(len(config.renames) + 1):
        rename = config.renames.get(ticker)
        always = rename is not None and (
            rename.since is None or (token.since is not None and rename.since <= token.since)
        )
        if not always:
            names.append(ticker)
        if rename is None or (rename.since is not None and token.until is not None and token.until <= rename.since):
            break
        ticker = rename.new
    return tuple(names)


def _flaws_of_paper(config: Config, name: str, account: PaperAccount) -> Iterator[Flaw]:
    key = ("accounts", name)
    mine = {each.symbol: each.underlying for each in config.instruments.values() if each.account == name}
    yield from _missing((*key, "bars"), account.bars, "price source", config.prices)
    source = config.prices.get(account.bars)
    yield from _flaws_of_quote(config, (*key, "currency"), account.currency)
    if source is not None and quote_of(source) != account.currency:
        yield (*key, "bars"), f"{account.bars} has prices in {quote_of(source)}: {name} trades in {account.currency}"
    if source is not None and not isinstance(source, RecordedBars):
        yield (*key, "bars"), f"{account.bars} has no bars: a paper broker trades at recorded_bars"
    for symbol, underlying in mine.items():
        if source is not None and underlying not in priced_by(source):
            yield (*key, "bars"), f"{account.bars} has no recording of {underlying}, which {name} trades as {symbol}"
    for symbol in account.holdings:
        yield from _missing((*key, "holdings", symbol), symbol, f"instrument of {name} with the symbol", mine)
    brokers = [other for other in config.accounts.values() if isinstance(other, PaperAccount)]
    ledgers = [config.journal.path, *(other.ledger for other in brokers)]
    if ledgers.count(account.ledger) > 1:
        yield (*key, "ledger"), f"{account.ledger} is used twice: each ledger and the journal has its own file"


def _flaws_of_instruments(config: Config) -> Iterator[Flaw]:
    taken: dict[tuple[str, str, str, str], str] = {}
    for name, instrument in config.instruments.items():
        key = ("instruments", name)
        yield from _missing((*key, "account"), instrument.account, "account", config.accounts)
        for field, value in (("symbol", instrument.symbol), ("underlying", instrument.underlying)):
            other = taken.setdefault((instrument.account, instrument.product.value, field, value), name)
            if other != name:
                yield (*key, field), f"{value} is traded at {instrument.account} as {other} already"
        account = config.accounts.get(instrument.account)
        currency = None if account is None else currency_of(account)
        if currency is not None and instrument.quote != currency:
            yield (*key, "quote"), f"is not the currency of {instrument.account}, which is {currency}"


def _flaws_of_quote(config: Config, key: Key, quote: str) -> Iterator[Flaw]:
    if quote != USD and quote not in config.marks:
        yield key, f"{quote} has no mark: state what it is worth under [marks]"


def _flaws_of_hedges(config: Config) -> Iterator[Flaw]:
    for owner, hedges in config.hedges.items():
        yield from _missing(("hedges", owner), owner, "owner", config.owners)
        for underlying, hedge in hedges.items():
            key = ("hedges", owner, underlying)
            yield from _flaws_of_places(config, key, hedge)
            yield from _flaws_of_prices(config, key, hedge)
            yield from _flaws_of_caps(config, key, hedge)
            yield from _flaws_of_ramp(config, key, hedge)


def _flaws_of_ramp(config: Config, key: Key, hedge: HedgeSection) -> Iterator[Flaw]:
    ramp = hedge.ramp
    if ramp is None:
        return
    if not hedge.collar_bps <= ramp.collar_bps_max <= config.risk.collar_bps_max:
        bounds = f"collar_bps {hedge.collar_bps} and risk.collar_bps_max {config.risk.collar_bps_max}"
        yield (*key, "ramp", "collar_bps_max"), f"{ramp.collar_bps_max} must lie between {bounds}"
    if ramp.before_close_s <= hedge.close_cutoff_s:
        yield (
            (*key, "ramp", "before_close_s"),
            f"must be above close_cutoff_s, {hedge.close_cutoff_s}: nothing is sent then",
        )


def _flaws_of_places(config: Config, key: Key, hedge: HedgeSection) -> Iterator[Flaw]:
    names = [("instrument", hedge.instrument), *([("backup", hedge.backup)] if hedge.backup is not None else [])]
    accounts = []
    for field, name in names:
        yield from _missing((*key, field), name, "instrument", config.instruments)
        instrument = config.instruments.get(name)
        if instrument is None:
            continue
        accounts.append(instrument.account)
        if instrument.underlying != key[-1]:
            yield (*key, field), f"{name} stands for {instrument.underlying}, not for {key[-1]}"
        yield from _flaws_of_sessions((*key, "sessions"), hedge, config.accounts.get(instrument.account))
        yield from _flaws_of_threshold((*key, "threshold_shares"), hedge, instrument)
    if len(accounts) > len(set(accounts)):
        yield (*key, "backup"), f"is at {accounts[0]} too: a backup is at another account"


def _flaws_of_sessions(key: Key, hedge: HedgeSection, account: AccountSection | None) -> Iterator[Flaw]:
    never_closes = ExchangeAccount | PaperExchangeAccount
    extended = account is not None and (isinstance(account, never_closes) or account.extended_hours)
    open_kinds = (SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE) if extended else (SessionKind.REGULAR,)
    closed = [kind.value for kind in hedge.sessions if kind not in open_kinds]
    if not hedge.sessions:
        yield key, "at least one session is needed"
    if account is not None and closed:
        yield key, f"the account does not trade in {', '.join(closed)}: see extended_hours"
    if account is not None and hedge.shorting and account.shorting is Shorting.NEVER:
        yield (*key[:-1], "shorting"), "the account never sells what it does not hold"


def _flaws_of_threshold(key: Key, hedge: HedgeSection, instrument: InstrumentSection) -> Iterator[Flaw]:
    smallest = max(instrument.qty_min, instrument.lot) * instrument.contract_size
    if hedge.threshold_shares is not None and hedge.threshold_shares < smallest:
        yield key, f"{plain(hedge.threshold_shares)} shares cannot be ordered: the smallest order is {plain(smallest)}"
    if hedge.order_shares_max < smallest:
        yield (*key[:-1], "order_shares_max"), f"is below the smallest order of {plain(smallest)} shares"


def _flaws_of_prices(config: Config, key: Key, hedge: HedgeSection) -> Iterator[Flaw]:
    sources = {"price_source": hedge.price_source}
    if hedge.second_source != NONE:
        sources["second_source"] = hedge.second_source
        if hedge.second_age_s_max is None or hedge.second_bps_max is None:
            yield (*key, "second_source"), "a second source needs second_age_s_max and second_bps_max"
    for field, name in sources.items():
        yield from _missing((*key, field), name, "price source", config.prices)
        source = config.prices.get(name)
        if source is not None and key[-1] not in priced_by(source):
            what = "has no recording of" if isinstance(source, RecordedPrices) else "does not ask for"
            yield (*key, field), f"{name} {what} {key[-1]}"
    if hedge.second_source == hedge.price_source:
        yield (*key, "second_source"), f'is the first one: name another one, or "{NONE}"'


def _flaws_of_caps(config: Config, key: Key, hedge: HedgeSection) -> Iterator[Flaw]:
    if hedge.threshold_shares is None and hedge.threshold_usd is None:
        yield (*key, "threshold_shares"), "is missing, and so is threshold_usd: state one of them, or both"
    risk = config.risk
    caps = [
        ("order_shares_max", hedge.order_shares_max, "order_shares_max", risk.order_shares_max),
        ("price_age_s_max", Decimal(hedge.price_age_s_max), "price_age_s_max", Decimal(risk.price_age_s_max)),
        ("collar_bps", Decimal(hedge.collar_bps), "collar_bps_max", Decimal(risk.collar_bps_max)),
        ("second_bps_max", Decimal(hedge.second_bps_max or 0), "second_bps_max", Decimal(risk.second_bps_max)),
    ]
    for field, value, limit, cap in caps:
        if value > cap:
            yield (
                (*key, field),
                f"{plain(value)} is above risk.{limit}, {plain(cap)}: risk would refuse every such order",
            )


def _flaws_of_api(section: ApiSection) -> Iterator[Flaw]:
    if section.grafana is None:
        return
    if (flaw := flaw_of_address(section.grafana, SHOWN_SCHEMES)) is not None:
        yield ("api", "grafana"), flaw
    elif "@" in urlsplit(section.grafana).netloc:
        yield ("api", "grafana"), "an address with a password has no place here: the console shows it"


def _flaws_of_marks(config: Config) -> Iterator[Flaw]:
    for name, chain in config.chains.items():
        for asset in chain.stablecoins:
            mark = config.marks.get(asset)
            if mark is None:
                yield ("marks", asset), f"is missing: {asset} pays the fills on {name}, state what it is worth in USD"
            elif not MARK_LEAST <= mark <= MARK_MOST:
                yield ("marks", asset), f"{plain(mark)} is no mark of a dollar token: {MARK_LEAST} to {MARK_MOST}"


def _flaws_of_secrets(config: Config) -> Iterator[Flaw]:
    for name, reference in config.secrets.items():
        try:
            parse_reference(reference)
        except SecretRefused as error:
            yield ("secrets", name), str(error)
