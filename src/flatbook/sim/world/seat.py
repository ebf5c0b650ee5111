"""The desk of a scenario at an exchange: a grid at its seat, its market, and what the exchange is like."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.rules import Rules, SeatRules
from flatbook.risk.breaker import BreakerLimits
from flatbook.risk.limits import Limits
from flatbook.risk.monitor import MonitorRules, Policy
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.sim.exchange.terms import ExchangeTerms, Kind, Market, OpeningAccount
from flatbook.sim.runs.planned import PlannedGrid, PlannedGuards
from flatbook.sim.runs.scenario import PRICES, Broker, Scenario
from flatbook.sim.world.record import PRICE, SHARE
from flatbook.strategies.grid_seat import seat_of
from flatbook.strategies.grid_terms import Exits, GridMode, GridParams, QtyPerLevel
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import NS_PER_MS
from flatbook.values.instruments import Instrument, Product, TradingRules
from flatbook.values.lattice import Spacing
from flatbook.values.money import Price, from_base_units
from flatbook.venues.binance.venue import BINANCE_CARD
from flatbook.venues.bybit.venue import BYBIT_CARD

MAKER = OwnerId("maker")
MONITOR = "watch"
CALM_S = 6
DEAD_MAN_S = 30
SEAT_ACCOUNT = "exchange"
QUOTE = "USDT"
KEY, WORD = "exchange-key", "exchange-word"
CASH = Decimal(1_000_000)
HELD = Decimal(1_000)
MAKER_RATE = Decimal("0.0002")
ORDERS_PER_MINUTE = 600
LEVERAGE = 5
CARDS = {Broker.BINANCE: BINANCE_CARD, Broker.BYBIT: BYBIT_CARD}
TICK = Decimal("0.01")


def grid_of(scenario: Scenario) -> PlannedGrid:
    """Returns the grid of a scenario. Needs: it is one at an exchange."""
    assert scenario.shape.grid is not None, "a world at an exchange has a grid"
    return scenario.shape.grid


def symbol_of(scenario: Scenario) -> str:
    """Returns the symbol of the market that the grid quotes on."""
    return f"{scenario.shape.symbols[0]}{QUOTE}"


def instrument_of(scenario: Scenario) -> Instrument:
    """Returns what the grid quotes on."""
    grid, lot = grid_of(scenario), from_base_units(scenario.shape.lot, decimals=9)
    return Instrument(
        id=InstrumentId(f"{symbol_of(scenario)}@{SEAT_ACCOUNT}"),
        account=AccountId(SEAT_ACCOUNT),
        symbol=symbol_of(scenario),
        underlying=Underlying(scenario.shape.symbols[0]),
        quote=AssetId(QUOTE),
        product=Product.SPOT if grid.spot else Product.LINEAR_PERP,
        rules=TradingRules(tick=TICK, lot=lot, qty_min=lot, notional_min=Decimal(5)),
    )


def exchange_terms(scenario: Scenario) -> ExchangeTerms:
    """Returns what the exchange of a scenario is like: one market and one account."""
    grid, instrument, is_bybit = grid_of(scenario), instrument_of(scenario), scenario.shape.broker is Broker.BYBIT
    market = Market(
        kind=Kind.SPOT if grid.spot else Kind.PERP,
        symbol=instrument.symbol,
        coin=str(instrument.underlying),
        quote=QUOTE,
        tick=TICK,
        lot=instrument.rules.lot,
        qty_min=instrument.rules.qty_min,
        maker_rate=MAKER_RATE,
        refuses_taking_maker=not is_bybit,
        refuses_partial_fok=False,
    )
    spot = {QUOTE: CASH, market.coin: HELD} if grid.spot else {}
    opening = OpeningAccount(
        name=SEAT_ACCOUNT, key=KEY, secret=WORD, spot=spot, margin={} if grid.spot else {QUOTE: CASH}
    )
    terms = ExchangeTerms(markets=(market,), accounts=(opening,), seed=scenario.seed, forced_ids=FORCED_IDS)
    return msgspec.structs.replace(terms, unified=True, ids_return=False, forced_ids={}) if is_bybit else terms


FORCED_IDS = {"liquidation": "autoclose-", "adl": "adl_autoclose", "settlement": "settlement_autoclose-"}


def seat_rules_of(scenario: Scenario) -> Rules:
    """Returns the rules of the desk of a scenario at an exchange."""
    grid, instrument = grid_of(scenario), instrument_of(scenario)
    return Rules(
        hedges={},
        instruments={instrument.id: instrument},
        cards={instrument.account: CARDS[scenario.shape.broker]},
        chains={},
        limits=DESK_LIMITS,
        marks={AssetId(QUOTE): Price(Decimal(1))},
        residue_usd_max=Decimal(100_000),
        depeg_bps_max=50,
        resends_max=3,
        config_digest="simulated",
        pegged=(AssetId(QUOTE),),
        seats={MAKER: SeatRules(seat=seat_of(MAKER, grid_params(scenario)), limits=_limits(grid))},
        monitors={} if grid.guards is None else {MONITOR: _monitor(grid.guards, instrument)},
        breakers=_breakers(grid.guards),
    )


def _monitor(guards: PlannedGuards, instrument: Instrument) -> MonitorRules:
    return MonitorRules(
        instruments=(instrument.id,),
        owners=(MAKER,),
        accounts=(instrument.account,),
        interval_s=guards.interval_s,
        window=guards.window,
        volume_multiple=guards.volume_pct / 100,
        policy=Policy.ANY,
        recovery=1,
        missing_s=guards.missing_s,
        calm_multiple=calm_pct(guards) / 100,
        calm_s=CALM_S,
    )


def calm_pct(guards: PlannedGuards) -> int:
    """Returns up to which volume a monitor takes its market for calm. Units: percent of the mean."""
    return max(1, guards.volume_pct * 2 // 3)


def _breakers(guards: PlannedGuards | None) -> dict[OwnerId, BreakerLimits]:
    if guards is None or (guards.losses_max is None and guards.drawdown_usd is None):
        return {}
    drawdown = None if guards.drawdown_usd is None else Decimal(guards.drawdown_usd)
    return {MAKER: BreakerLimits(losses_max=guards.losses_max, drawdown_usd_max=drawdown)}


def grid_params(scenario: Scenario) -> GridParams:
    """Returns the parameters of the grid of a scenario."""
    grid, first = grid_of(scenario), PRICES[scenario.shape.symbols[0]] * 100 // PRICE
    return GridParams(
        instrument=instrument_of(scenario),
        mode=GridMode.NEUTRAL if grid.neutral else GridMode.LONG,
        spacing=Spacing.ARITHMETIC,
        step=grid.step,
        buy_levels=grid.levels,
        sell_levels=grid.levels,
        size=QtyPerLevel(amount=from_base_units(grid.qty, decimals=9)),
        inventory_max=from_base_units(grid.inventory_max, decimals=9),
        fee=MAKER_RATE,
        skew_bps=grid.skew_bps,
        exits=Exits.TAKER if grid.exits_take else Exits.MAKER,
        low=None if grid.range is None else first - grid.range,
        high=None if grid.range is None else first + grid.range,
        flatten=grid.range is not None,
        leverage=LEVERAGE,
        stale_ns=grid.book_age_ms * NS_PER_MS,
    )


DESK_LIMITS = Limits(
    order_notional_usd_max=Decimal(1_000_000),
    order_shares_max=Decimal(10_000),
    collar_bps_max=150,
    second_bps_max=1_000,
    price_age_s_max=30,
    day_loss_usd_max=Decimal(1_000_000),
    open_orders_max=100,
    orders_per_minute_max=ORDERS_PER_MINUTE,
)


def _limits(grid: PlannedGrid) -> QuoteLimits:
    return QuoteLimits(
        order_notional_usd_max=Decimal(1_000_000),
        order_qty_max=Decimal(grid.inventory_max).scaleb(-9),
        position_max=Decimal(grid.inventory_max).scaleb(-9),
        open_orders_max=100,
        orders_per_minute_max=ORDERS_PER_MINUTE,
        day_loss_usd_max=Decimal(1_000_000),
        collar_bps_max=1_000,
        book_age_ms_max=grid.book_age_ms,
    )


def cash_units(amount: Decimal) -> int:
    """Returns an amount of a coin in units of the record. Units: coins; 1e-13 of them."""
    top, bottom = amount.as_integer_ratio()
    return top * (SHARE * PRICE) // bottom
