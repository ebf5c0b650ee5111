"""A small simulated desk for tests: one owner, one share, a paper broker, recorded bars and a scripted chain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from flatbook.engine.ports import IdRule
from flatbook.engine.reports import Execution, ExecutionLine
from flatbook.engine.rules import HedgeRules, Rules
from flatbook.events.chain import LogKey, VaultFilled
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.risk.limits import Limits
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import FaultPlan
from flatbook.sim.broker.spec import NO_FEES, BrokerSpec, FeeSchedule, OpeningAccount, Shorting
from flatbook.sim.tapes.bars import Bar, BarQuotes, Bars
from flatbook.sim.tapes.clock import TapeClock
from flatbook.sim.tapes.script import ScriptedBlocks, ScriptedChain
from flatbook.sim.world.process import CrashPoint
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Instrument, Side, TradingRules
from flatbook.values.money import Money, Price, Quantity, cut, divide_cut
from flatbook.values.sessions import SessionKind
from flatbook.venues.paper.venue import paper_card
from tests.lives import Desk, Life

OPEN = instant_of_text("2025-12-02T14:30:00Z")
OWNER = OwnerId("desk")
COIN = Underlying("COIN")
PAPER = AccountId("paper")
VAULT = AccountId("base:vault")
BASE = ChainId(8453)
CHAIN = SourceId("base")
WTCOIN = InstrumentId("wtCOIN/USDC@base")
USDC = AssetId("USDC")

HEDGE = HedgeParams(
    threshold_shares=Decimal(1),
    threshold_usd=None,
    order_shares_max=None,
    sessions=(SessionKind.REGULAR,),
    price_source=SourceId("paper-bars"),
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
    order_notional_usd_max=Decimal(1_000_000),
    order_shares_max=Decimal(10_000),
    collar_bps_max=150,
    second_bps_max=1_000,
    price_age_s_max=180,
    day_loss_usd_max=Decimal(1_000_000),
    open_orders_max=50,
    orders_per_minute_max=60,
)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from test to test."""

    hedge: HedgeParams = HEDGE
    limits: Limits = LIMITS
    lot: str = "1"
    id_rule: IdRule = IdRule.FOR_EVER
    fees: FeeSchedule = NO_FEES
    plan: FaultPlan = FaultPlan()
    fill_qty_max: Quantity | None = None
    read_lag_ms: int = 0
    minutes: int = 120
    start: Instant = OPEN
    price: str = "250"
    shares: str = "10000"


def coin(lot: str) -> Instrument:
    """Returns the share at the paper broker, whole or fractional."""
    rules = TradingRules(
        tick=Decimal("0.01"),
        tick_below_one=Decimal("0.0001"),
        lot=Decimal(lot),
        qty_min=Decimal(lot),
        notional_min=Decimal(0),
    )
    return Instrument(
        id=InstrumentId("COIN/USD"), account=PAPER, symbol="COIN", underlying=COIN, quote=AssetId("USD"), rules=rules
    )


def fill(number: int, side: str, shares: str, *, at: Instant, block_hash: str = "0xaa", price: str = "250") -> Event:
    """Returns an onchain fill of ratio one."""
    amount = Decimal(shares)
    return VaultFilled(
        key=LogKey(chain=BASE, tx=f"0x{number:064x}", log_index=0, block=1000 + number, block_hash=block_hash),
        owner=OWNER,
        account=VAULT,
        instrument=WTCOIN,
        underlying=COIN,
        token=AssetId("wtCOIN"),
        side=Side(side),
        token_amount=Quantity(amount),
        usdc_amount=Money(amount * Decimal(price)),
        usdc=USDC,
        ratio=Decimal(1),
        shares=Quantity(cut(amount, decimals=18)),
        price=Price(divide_cut(amount * Decimal(price), amount, decimals=18)),
        kind="take_order_v3",
        taker_gas_wei=None,
        happened_at=at,
        seen_at=at,
    )


def bars_of(setting: Setting) -> Bars:
    """Returns a bar a minute at a price that moves a cent a minute."""
    price = Decimal(setting.price)
    return Bars(
        Bar(
            starts_at=later(setting.start, seconds=60 * minute),
            open=Price(price + minute * Decimal("0.01")),
            close=Price(price + minute * Decimal("0.01")),
        )
        for minute in range(setting.minutes)
    )


def desk_of(setting: Setting, script: Sequence[ScriptedBlocks]) -> Desk:
    """Returns a desk over a script of chain events."""
    instrument = coin(setting.lot)
    clock = TapeClock(setting.start)
    bars = bars_of(setting)
    spec = BrokerSpec(
        accounts=(
            OpeningAccount(
                account=PAPER, cash=Money(Decimal(10_000_000)), holdings={"COIN": Quantity(Decimal(setting.shares))}
            ),
        ),
        rules={"COIN": instrument.rules},
        fees=setting.fees,
        seed="desk",
        id_rule=setting.id_rule,
        shorting=Shorting.NEVER,
        fill_qty_max=setting.fill_qty_max,
        read_lag_ms=setting.read_lag_ms,
    )
    key = (OWNER, COIN)
    rules = Rules(
        hedges={key: HedgeRules(params=setting.hedge, instrument=instrument, backup=None)},
        instruments={instrument.id: instrument},
        cards={PAPER: paper_card(id_rule=setting.id_rule, read_lag_max_s=10)},
        chains={CHAIN: BASE},
        limits=setting.limits,
        marks={USDC: Price(Decimal(1))},
        residue_usd_max=Decimal(100_000),
        depeg_bps_max=50,
        resends_max=5,
        config_digest="test",
    )
    return Desk(
        rules=rules,
        broker=Broker(spec, {"COIN": bars}, plan=setting.plan),
        account=PAPER,
        instruments=(instrument,),
        sources=(ScriptedChain(CHAIN, script, clock.now),),
        prices=(BarQuotes({COIN: bars}),),
        clock=clock,
        store=MemoryStore(),
    )


def readable(lines: Sequence[ExecutionLine]) -> tuple[Execution, ...]:
    """Returns the executions of a page on which nothing is unreadable."""
    executions = tuple(line for line in lines if isinstance(line, Execution))
    assert len(executions) == len(lines)
    return executions


def live(desk: Desk, until: Instant, crash_at: CrashPoint | None = None) -> Life:
    """Runs one process life of a desk and returns it."""
    life = Life(desk, crash_at=crash_at)
    asyncio.run(life.run(until))
    return life


def journalled(desk: Desk) -> tuple[Event, ...]:
    """Returns all events of a desk's journal."""
    return tuple(event for row in MemoryJournal(desk.store).read() for event in row.events)


def at(minutes: int, seconds: int = 0) -> Instant:
    """Returns an instant after the open."""
    return later(OPEN, seconds=60 * minutes + seconds)
