"""The desk of a scenario: its rules, its venues' terms and hours, its vaults."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.ports import FillSource, VenueCard
from flatbook.engine.rules import HedgeRules, OfferRules, Rules, WalletRules
from flatbook.risk.call_limits import AllowedCall, CallLimits
from flatbook.risk.limits import Limits
from flatbook.sim.catalogue.row import Level
from flatbook.sim.runs.scenario import PRICES, Broker, Scenario, Shape
from flatbook.sim.world.chain import CHAIN, SOURCE, STABLE, Ratios, VaultNames
from flatbook.sim.world.exchange import Hours, Terms
from flatbook.sim.world.offers import ADD, BOOK, REMOVE, PlacedOffer
from flatbook.sim.world.record import PRICE, SHARE, TOKEN
from flatbook.sim.world.seat import QUOTE, SEAT_ACCOUNT, seat_rules_of
from flatbook.state.positions import NetKey
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.strategies.offers import OfferParams
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId, SourceId, Underlying, WalletId
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Instrument, TradingRules
from flatbook.values.money import Price, divide_cut, from_base_units
from flatbook.values.sessions import SessionKind
from flatbook.venues.alpaca.venue import ALPACA_CARD
from flatbook.venues.schwab.venue import SCHWAB_CARD

OWNER = OwnerId("desk")
VAULT = AccountId("base:vault")
FIRST, SECOND = "alpha", "beta"
FEED = SourceId("feed")
WALLET = WalletId("0x" + "0a" * 20)
COIN = AssetId("ETH")
COIN_USD = 2_500
OFFER_CUTOFF_S = 20
CASH_UNITS = 10_000_000 * SHARE * PRICE
SHARES_HELD = 10_000 * SHARE


def accounts_of(scenario: Scenario) -> tuple[str, ...]:
    """Returns the accounts of the desk, the first one first."""
    if scenario.shape.grid is not None:
        return (SEAT_ACCOUNT,)
    return (FIRST, SECOND) if scenario.shape.backup else (FIRST,)


def vaults_of(scenario: Scenario) -> VaultNames:
    """Returns the names of the desk's vaults."""
    symbols = scenario.shape.symbols
    return VaultNames(
        account=VAULT,
        instruments={symbol: InstrumentId(f"wt{symbol}/USDC@base") for symbol in symbols},
        tokens={symbol: AssetId(f"wt{symbol}") for symbol in symbols},
    )


def ratios_of(scenario: Scenario) -> Ratios:
    """Returns what the tokens wrap, from which block on. Units: 1e-18 share per token."""
    return {
        symbol: tuple((each.block, each.ratio) for each in scenario.ratios if each.symbol == symbol)
        for symbol in scenario.shape.symbols
    }


def terms_of(scenario: Scenario, name: str) -> Terms:
    """Returns what the venue of an account is like."""
    shape = scenario.shape
    return Terms(
        account=name,
        id_rule=shape.id_rule,
        id_window_s=shape.id_window_s,
        request_window_s=shape.request_window_s,
        lot=shape.lot,
        depth=shape.depth,
        spread_ticks=2,
        refill_s=shape.refill_s,
        fee_bps=shape.fee_bps,
        levy_ppm=shape.levy_ppm,
        hours=hours_of(scenario),
        queues=shape.queues,
        honours_good_until=shape.honours_good_until,
        pending=shape.pending,
        cash=CASH_UNITS,
        holdings=dict.fromkeys(shape.symbols, SHARES_HELD),
    )


def hours_of(scenario: Scenario) -> tuple[Hours, ...]:
    """Returns the sessions that the venues of a world trade in: that of its start, and the next one.

    Gives: what stands in a list here and is not asked of the product's calendar, so that a wrong calendar is seen.
    Errors: ValueError for a start that the list does not cover.
    """
    coming = [hours for hours in SESSIONS if scenario.start < hours.closes_at]
    if len(coming) < 2 or scenario.start < SESSIONS[0].opens_at:
        raise ValueError("the simulated venues trade from 2025-11-26 to 2025-12-04 only: take a start between")
    return tuple(coming[:2])


def _session(day: str, opens: str, closes: str) -> Hours:
    return Hours(opens_at=instant_of_text(f"{day}T{opens}Z"), closes_at=instant_of_text(f"{day}T{closes}Z"))


# Source: hours of the New York Stock Exchange; 2025-11-27 is Thanksgiving, 2025-11-28 a half day.
SESSIONS = (
    _session("2025-11-26", "14:30:00", "21:00:00"),
    _session("2025-11-28", "14:30:00", "18:00:00"),
    _session("2025-12-01", "14:30:00", "21:00:00"),
    _session("2025-12-02", "14:30:00", "21:00:00"),
    _session("2025-12-03", "14:30:00", "21:00:00"),
    _session("2025-12-04", "14:30:00", "21:00:00"),
)


def marks_of(scenario: Scenario, life: int) -> dict[AssetId, Price]:
    """Returns the marks that the configuration of a life of the desk states."""
    shape = scenario.shape
    if shape.grid is not None:
        return dict.fromkeys((AssetId(QUOTE), *((STABLE,) if scenario.fills else ())), Price(Decimal(1)))
    again = shape.stable_mark_again
    usd = shape.stable_mark if life == 1 or again is None else again
    coin = {COIN: Price(Decimal(COIN_USD))} if scenario.offers else {}
    return {STABLE: Price(from_base_units(usd, decimals=4))} | coin


def rules_of(scenario: Scenario) -> Rules:
    """Returns the rules of the first life of the desk of a scenario; later ones may state other marks."""
    shape = scenario.shape
    if shape.grid is not None:
        return _with_hedge(scenario, seat_rules_of(scenario))
    instruments = {
        (account, symbol): _instrument(account, symbol, shape)
        for account in accounts_of(scenario)
        for symbol in shape.symbols
    }
    params = _params(scenario)
    card = (
        CARDS[shape.broker]
        if scenario.level is Level.FULL
        else VenueCard(
            name="simulated",
            id_rule=shape.id_rule,
            id_window_s=shape.id_window_s,
            request_window_s=shape.request_window_s,
            read_lag_max_s=shape.read_lag_s,
            place_timeout_s=5,
            fill_source=FillSource.TOTALS if shape.totals else FillSource.EXECUTIONS,
        )
    )
    return Rules(
        hedges={
            (OWNER, Underlying(symbol)): HedgeRules(
                params=params,
                instrument=instruments[FIRST, symbol],
                backup=instruments.get((SECOND, symbol)),
            )
            for symbol in shape.symbols
        },
        instruments={each.id: each for each in instruments.values()},
        cards={AccountId(account): card for account in accounts_of(scenario)},
        chains={SOURCE: CHAIN},
        limits=LIMITS,
        marks=marks_of(scenario, 1),
        residue_usd_max=Decimal(100_000),
        depeg_bps_max=50,
        resends_max=3,
        config_digest="simulated",
        pegged=(STABLE,),
        offers=_offer_rules(scenario),
        wallets={(CHAIN, WALLET): _wallet_rules()} if scenario.offers else {},
    )


def _with_hedge(scenario: Scenario, rules: Rules) -> Rules:
    """Returns the rules of a desk with a grid that also hedges fills of its chain, on the very market of the grid."""
    if not scenario.fills:
        return rules
    (traded,) = rules.instruments.values()
    hedge = HedgeRules(params=_params(scenario), instrument=traded, backup=None)
    return msgspec.structs.replace(
        rules, hedges={(OWNER, traded.underlying): hedge}, chains={SOURCE: CHAIN}, marks=marks_of(scenario, 1)
    )


def offers_of(scenario: Scenario) -> tuple[PlacedOffer, ...]:
    """Returns the orders that the desk's owner adds by hand, at the first price of their symbol."""
    return tuple(
        PlacedOffer(
            symbol=each.symbol,
            sign=each.sign,
            tokens=each.qty * (TOKEN // SHARE),
            price=PRICES[each.symbol],
            block=each.block,
        )
        for each in scenario.offers
    )


def standing_max(scenario: Scenario) -> int:
    """Returns what may stand on one side: what stands there from the first block on. Units: 1e-9 share."""
    first = [each.qty for each in scenario.offers if each.block == 1]
    return max(first, default=0)


def _offer_rules(scenario: Scenario) -> dict[NetKey, OfferRules]:
    if not scenario.offers or scenario.shape.order_max is None:
        return {}
    params = OfferParams(
        sessions=(SessionKind.REGULAR,),
        cutoff_s=OFFER_CUTOFF_S,
        fill_shares=Decimal(1),
        standing_shares_max=from_base_units(standing_max(scenario), decimals=9),
        threshold_shares=from_base_units(scenario.shape.threshold, decimals=9),
        order_shares_max=from_base_units(scenario.shape.order_max, decimals=9),
        venues=len(accounts_of(scenario)),
        price_age_s_max=10,
        chain=CHAIN,
        wallet=WALLET,
        gas_account=AccountId("base:wallet"),
        quiet_s=5,
    )
    return {(OWNER, Underlying(symbol)): OfferRules(params=params) for symbol in scenario.shape.symbols}


def _wallet_rules() -> WalletRules:
    allowed = tuple(AllowedCall(to=BOOK, selector=selector) for selector in (REMOVE, ADD))
    limits = CallLimits(
        allowed=allowed, amount_max={}, amount_day_max={}, calls_day_max=10_000, fee_coin_max=Decimal(1)
    )
    return WalletRules(account=AccountId("base:wallet"), coin=COIN, limits=limits, coin_low=Decimal(0), confirmations=1)


CARDS = {Broker.ALPACA: ALPACA_CARD, Broker.SCHWAB: SCHWAB_CARD}
LIMITS = Limits(
    order_notional_usd_max=Decimal(1_000_000),
    order_shares_max=Decimal(10_000),
    collar_bps_max=150,
    second_bps_max=1_000,
    price_age_s_max=30,
    day_loss_usd_max=Decimal(1_000_000),
    open_orders_max=50,
    orders_per_minute_max=60,
)


def _params(scenario: Scenario) -> HedgeParams:
    shape = scenario.shape
    return HedgeParams(
        threshold_shares=from_base_units(shape.threshold, decimals=9),
        threshold_usd=None,
        order_shares_max=None if shape.order_max is None else from_base_units(shape.order_max, decimals=9),
        sessions=(SessionKind.REGULAR,),
        price_source=FEED,
        price_age_s_max=10,
        collar_bps=100,
        second_source=None,
        second_age_s_max=600,
        second_bps_max=500,
        order_ttl_s=shape.order_ttl_s,
        close_cutoff_s=15,
        retry_s=3,
        shorting=False,
    )


def _instrument(account: str, symbol: str, shape: Shape) -> Instrument:
    size = from_base_units(shape.contract, decimals=9)
    step = divide_cut(from_base_units(shape.lot, decimals=9), size, decimals=18)
    return Instrument(
        id=InstrumentId(f"{symbol}@{account}"),
        account=AccountId(account),
        symbol=symbol,
        underlying=Underlying(symbol),
        quote=AssetId("USD"),
        contract_size=size,
        rules=TradingRules(tick=Decimal("0.01"), lot=step, qty_min=step, notional_min=Decimal(0)),
    )
