"""The desk that the measurements of step, hops and latency use: five shares at one paper broker."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.workload import BASE, OWNER, PAPER, SHARES, START, USD, USDC
from flatbook.engine.ports import IdRule
from flatbook.engine.rules import HedgeRules, Rules
from flatbook.events.control import BalanceStated
from flatbook.market.quotes import Quote
from flatbook.risk.limits import Limits
from flatbook.sim.tapes.bars import PAPER_BARS
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.ids import AssetId, InstrumentId, SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, TradingRules
from flatbook.values.money import ONE, Price, Quantity
from flatbook.values.sessions import SessionKind
from flatbook.venues.paper.venue import paper_card

CHAIN = SourceId("base")
HELD = Quantity(Decimal(1_000_000))
RULES = TradingRules(tick=Decimal("0.01"), lot=Decimal("0.001"), qty_min=Decimal("0.001"), notional_min=Decimal(0))
PARAMS = HedgeParams(
    threshold_shares=ONE,
    threshold_usd=None,
    order_shares_max=None,
    sessions=(SessionKind.REGULAR,),
    price_source=PAPER_BARS,
    price_age_s_max=120,
    collar_bps=100,
    second_source=None,
    second_age_s_max=600,
    second_bps_max=500,
    order_ttl_s=600,
    close_cutoff_s=15,
    retry_s=10,
    shorting=False,
)
LIMITS = Limits(
    order_notional_usd_max=Decimal(10_000_000),
    order_shares_max=Decimal(100_000),
    collar_bps_max=150,
    second_bps_max=1_000,
    price_age_s_max=180,
    day_loss_usd_max=Decimal(1_000_000_000),
    open_orders_max=1_000,
    orders_per_minute_max=100_000,
)
CARD = paper_card(id_rule=IdRule.FOR_EVER, read_lag_max_s=10)


def instrument(share: str) -> Instrument:
    """Returns a share at the paper broker, fractional."""
    return Instrument(
        id=InstrumentId(f"{share}/USD"),
        account=PAPER,
        symbol=share,
        underlying=Underlying(share),
        quote=USD,
        rules=RULES,
    )


def rules() -> Rules:
    """Returns the rules of the desk."""
    instruments = [instrument(share) for share in SHARES]
    return Rules(
        hedges={
            (OWNER, each.underlying): HedgeRules(params=PARAMS, instrument=each, backup=None) for each in instruments
        },
        instruments={each.id: each for each in instruments},
        cards={PAPER: CARD},
        chains={CHAIN: BASE},
        limits=LIMITS,
        marks={USDC: Price(ONE)},
        residue_usd_max=Decimal(1_000_000_000),
        depeg_bps_max=50,
        resends_max=5,
        config_digest="synthetic",
    )


def quote_at(at: Instant, price: Price) -> Quote:
    """Returns a price seen as it happened."""
    return Quote(price=price, happened_at=at, seen_at=at)


def holdings() -> tuple[BalanceStated, ...]:
    """Returns what the broker holds for us at the beginning."""
    return tuple(
        BalanceStated(account=PAPER, asset=AssetId(share), change=HELD, reason="opening", stated_at=START)
        for share in SHARES
    )
