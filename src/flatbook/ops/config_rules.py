"""What the parts of a desk are told, made from its configuration.

The parser of logs and the paper broker have settings of their own in packages that this one may not import: the
caller hands in their type, and gets it filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from flatbook.engine.follow import Pace
from flatbook.engine.ports import VenueCard
from flatbook.engine.rules import HedgeRules, Rules
from flatbook.events.control import Mode
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import PaperAccount
from flatbook.ops.config_chains import StablecoinSection, TokenSection
from flatbook.ops.config_instruments import instrument_of, instruments_at
from flatbook.ops.config_read import ConfigRefused, Problem
from flatbook.ops.config_shape import NONE, Config, HedgeSection
from flatbook.risk.limits import Limits
from flatbook.state.positions import NetKey
from flatbook.strategies.hedge_terms import CloseRamp, HedgeParams
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import NS_PER_S, SECONDS_PER_DAY, Instant
from flatbook.values.instruments import Instrument
from flatbook.values.money import Price

NS_PER_MICROSECOND = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LIMITS_OF_DESK = ("residue_usd_max", "depeg_bps_max", "resends_max")
NOT_OF_BROKER = ("ledger", "bars", "cash", "holdings")

T = TypeVar("T")


def rules_of(loaded: Loaded, cards: Mapping[AccountId, VenueCard]) -> Rules:
    """Returns the rules of a desk. `cards` are what the adapters of its accounts declare.

    Gives: in mode observe there are no hedges, so that everything is booked and nothing is sent.
    """
    config = loaded.config
    instruments = {InstrumentId(name): instrument_of(config, name) for name in config.instruments}
    return Rules(
        hedges={} if config.mode is Mode.OBSERVE else _hedges(config, instruments),
        instruments=instruments,
        cards=dict(cards),
        chains={source_of(name): ChainId(chain.id) for name, chain in config.chains.items()},
        limits=_limits(config),
        marks={AssetId(asset): Price(usd) for asset, usd in config.marks.items()},
        residue_usd_max=config.risk.residue_usd_max,
        depeg_bps_max=config.risk.depeg_bps_max,
        resends_max=config.risk.resends_max,
        config_digest=loaded.digest,
        pegged=tuple(dict.fromkeys(AssetId(name) for chain in config.chains.values() for name in chain.stablecoins)),
    )


def source_of(chain: str) -> SourceId:
    """Returns the name under which the cursor of a chain is stored."""
    return SourceId(f"raindex:{chain}")


def pace_of(config: Config) -> Pace:
    """Returns how often the outside is asked."""
    return Pace(**msgspec.structs.asdict(config.pace))


def _limits(config: Config) -> Limits:
    stated = msgspec.structs.asdict(config.risk)
    return Limits(**{name: value for name, value in stated.items() if name not in LIMITS_OF_DESK})


def _hedges(config: Config, instruments: Mapping[InstrumentId, Instrument]) -> dict[NetKey, HedgeRules]:
    return {
        (OwnerId(owner), Underlying(underlying)): HedgeRules(
            params=_params(hedge),
            instrument=instruments[InstrumentId(hedge.instrument)],
            backup=instruments[InstrumentId(hedge.backup)] if hedge.backup is not None else None,
        )
        for owner, hedges in config.hedges.items()
        for underlying, hedge in hedges.items()
    }


def _params(hedge: HedgeSection) -> HedgeParams:
    second = None if hedge.second_source == NONE else SourceId(hedge.second_source)
    return HedgeParams(
        threshold_shares=hedge.threshold_shares,
        threshold_usd=hedge.threshold_usd,
        order_shares_max=hedge.order_shares_max,
        sessions=hedge.sessions,
        price_source=SourceId(hedge.price_source),
        price_age_s_max=hedge.price_age_s_max,
        collar_bps=hedge.collar_bps,
        second_source=second,
        second_age_s_max=hedge.second_age_s_max or hedge.price_age_s_max,
        second_bps_max=hedge.second_bps_max or hedge.collar_bps,
        order_ttl_s=hedge.order_ttl_s,
        close_cutoff_s=hedge.close_cutoff_s,
        retry_s=hedge.retry_s,
        shorting=hedge.shorting,
        open_wait_s=hedge.open_wait_s,
        ramp=CloseRamp(**msgspec.structs.asdict(hedge.ramp)) if hedge.ramp is not None else None,
    )


def raindex_of(loaded: Loaded, chain: str, shape: type[T]) -> T:
    """Returns the settings of the parser of Raindex logs for one chain, as the type that its package declares.

    Errors: ConfigRefused when that type refuses a value.
    """
    config = loaded.config
    stated = config.chains[chain]
    settings = {
        "source": source_of(chain),
        "chain": stated.id,
        "order_books": stated.order_books,
        "generations": stated.generations,
        "inventories": _inventories(config, chain),
        "owners": _vault_owners(config, chain),
        "tokens": [_token(config, chain, asset, token) for asset, token in stated.tokens.items()],
        "usdc": [_dollar(asset, dollar) for asset, dollar in stated.stablecoins.items()],
        "renames": [
            {"old": old, "new": rename.new, "since": _instant(rename.since)} for old, rename in config.renames.items()
        ],
        "shares_max": stated.fill_shares_max,
        "gas_coin": stated.gas_coin,
    }
    return _filled(shape, settings, f"chains.{chain}")


def pyth_of(loaded: Loaded, chain: str, shape: type[T]) -> T | None:
    """Returns what a desk knows of Pyth on one chain, as the type that its package declares; None where it knows none.

    Errors: ConfigRefused when that type refuses a value.
    """
    stated = loaded.config.chains[chain].pyth
    if stated is None:
        return None
    feeds = {ticker: {"id": feed.id, "sessions": feed.sessions or None} for ticker, feed in stated.feeds.items()}
    return _filled(shape, {**msgspec.structs.asdict(stated), "feeds": feeds}, f"chains.{chain}.pyth")


def _vault_owners(config: Config, chain: str) -> list[dict[str, str]]:
    return [
        {"address": address, "owner": name, "account": vault.account}
        for name, owner in config.owners.items()
        if chain in owner.vaults
        for vault in (owner.vaults[chain],)
        for address in vault.addresses
    ]


def _inventories(config: Config, chain: str) -> list[dict[str, Any]]:
    return [
        {"address": address, "wallets": wallets, "owner": name, "account": vault.account}
        for name, owner in config.owners.items()
        if chain in owner.vaults
        for vault in (owner.vaults[chain],)
        for address, wallets in vault.inventories.items()
    ]


def _token(config: Config, chain: str, asset: str, token: TokenSection) -> dict[str, Any]:
    dollar = next(iter(config.chains[chain].stablecoins))
    return {
        **_dollar(asset, token),
        "instrument": f"{asset}/{dollar}@{chain}",
        "form": token.form.value,
        "ticker": token.underlying,
        "ratios": [
            {"block": int(block), "ratio": ratio}
            for block, ratio in sorted(token.ratios.items(), key=lambda entry: int(entry[0]))
        ],
    }


def _dollar(asset: str, token: TokenSection | StablecoinSection) -> dict[str, Any]:
    return {
        "address": token.address,
        "asset": asset,
        "symbol": token.symbol,
        "decimals": token.decimals,
        "since": _instant(token.since),
        "until": _instant(token.until),
    }


def _instant(at: datetime | None) -> Instant | None:
    return None if at is None else instant_of(at)


def instant_of(at: datetime) -> Instant:
    """Returns the instant of a date and time with zone, exactly."""
    since = at - EPOCH
    seconds = since.days * SECONDS_PER_DAY + since.seconds
    return Instant(seconds * NS_PER_S + since.microseconds * NS_PER_MICROSECOND)


def broker_of(loaded: Loaded, account: str, stated: PaperAccount, shape: type[T]) -> T:
    """Returns the settings of the paper broker of one account, as the type that its package declares.

    Errors: ConfigRefused when that type refuses a value.
    """
    config = loaded.config
    settings = {name: value for name, value in msgspec.structs.asdict(stated).items() if name not in NOT_OF_BROKER}
    settings["accounts"] = [{"account": account, "cash": stated.cash, "holdings": stated.holdings}]
    settings["rules"] = {each.symbol: each.rules for each in instruments_at(config, account)}
    return _filled(shape, settings, f"accounts.{account}")


def _filled(shape: type[T], settings: dict[str, Any], key: str) -> T:
    try:
        return msgspec.convert(msgspec.to_builtins(settings), shape)
    except msgspec.ValidationError as error:
        raise ConfigRefused((Problem(origin="", key=key, text=str(error)),)) from error
