"""A synthetic journal as a hedging desk writes it: an onchain fill and its intent, the answer, the execution."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from flatbook.events.chain import LogKey, VaultFilled
from flatbook.events.control import BalanceStated, EngineStarted, MarkSet, Mode
from flatbook.events.event import Event
from flatbook.events.orders import Fee, OrderAccepted, OrderFilled, OrderIntended, OrderStyle
from flatbook.events.refs import ref_of_fill
from flatbook.values.ids import (
    AccountId,
    AssetId,
    ChainId,
    Epoch,
    ExecutionId,
    InstrumentId,
    OwnerId,
    SourceId,
    Underlying,
    VenueOrderId,
    order_id_of_event,
)
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ONE, Money, Price, Quantity, cut

START = Instant(1_764_685_800 * NS_PER_S)
STEP_NS = 700 * 1_000_000
EVENTS_PER_CYCLE = 4
ROWS_PER_CYCLE = 3

OWNER = OwnerId("hedge-desk")
PAPER = AccountId("paper-1")
VAULT = AccountId("base:vault")
BASE = ChainId(8453)
USDC, USD = AssetId("USDC"), AssetId("USD")
SHARES = ("AAPL", "COIN", "MSFT", "NVDA", "TSLA")

Commit = tuple[tuple[Event, ...], dict[SourceId, str]]


def opening() -> Commit:
    """Returns the first commit of the journal."""
    usdc = MarkSet(asset=USDC, usd=Price(ONE), source="config", marked_at=START)
    cash = BalanceStated(
        account=PAPER, asset=USD, change=Quantity(Decimal(50_000_000)), reason="opening", stated_at=START
    )
    started = EngineStarted(epoch=Epoch(1), mode=Mode.PAPER, version="1", config_digest="synthetic", started_at=START)
    return (started, usdc, cash), {}


def fill_at(number: int) -> VaultFilled:
    """Returns the onchain fill that begins a cycle; sides alternate, quantities differ, a hash per transaction."""
    at = Instant(START + number * STEP_NS)
    share = SHARES[number % len(SHARES)]
    shares = Decimal(100 + number % 1900).scaleb(-2)
    price = Decimal(20_000 + number % 5_000).scaleb(-2)
    return VaultFilled(
        key=LogKey(
            chain=BASE, tx=f"0x{number:064x}", log_index=number % 97, block=number, block_hash=f"0x{number:064x}"
        ),
        owner=OWNER,
        account=VAULT,
        instrument=InstrumentId(f"wt{share}/USDC@base"),
        underlying=Underlying(share),
        token=AssetId(f"wt{share}"),
        side=Side.BUY if number // len(SHARES) % 2 else Side.SELL,
        token_amount=Quantity(shares),
        usdc_amount=Money(shares * price),
        usdc=USDC,
        ratio=ONE,
        shares=Quantity(cut(shares, decimals=18)),
        price=Price(cut(price, decimals=18)),
        kind="take_order_v3",
        taker_gas_wei=None,
        happened_at=at,
        seen_at=Instant(at + 1_234_567),
    )


def intent_of(fill: VaultFilled) -> OrderIntended:
    """Returns the intent that hedges a fill in full."""
    cause = ref_of_fill(fill.key)
    return OrderIntended(
        order_id=order_id_of_event(fill.owner, cause, index=0),
        owner=fill.owner,
        account=PAPER,
        instrument=InstrumentId(f"{fill.underlying}/USD"),
        underlying=fill.underlying,
        side=fill.side.opposite,
        qty=fill.shares,
        limit=fill.price,
        contract_size=ONE,
        reduce_only=False,
        style=OrderStyle.LIMIT,
        product=Product.SPOT,
        slot=None,
        together=None,
        because=cause,
        evidence={"bid": "231.10", "ask": "231.16"},
        decided_at=fill.seen_at,
        good_until=Instant(fill.seen_at + 600 * NS_PER_S),
    )


def accepted_of(intent: OrderIntended, number: int) -> OrderAccepted:
    """Returns the broker's acceptance."""
    at = Instant(intent.decided_at + 80_000_000)
    return OrderAccepted(
        order_id=intent.order_id, venue_order_id=VenueOrderId(f"venue-{number:012d}"), happened_at=at, seen_at=at
    )


def filled_of(intent: OrderIntended, number: int) -> OrderFilled:
    """Returns the one execution of an order, with a fee."""
    at = Instant(intent.decided_at + 160_000_000)
    price = intent.limit if intent.limit is not None else Price(ONE)
    return OrderFilled(
        order_id=intent.order_id,
        owner=intent.owner,
        account=intent.account,
        instrument=intent.instrument,
        underlying=intent.underlying,
        execution_id=ExecutionId(f"X-{number}"),
        side=intent.side,
        qty=intent.qty,
        price=price,
        quote=USD,
        contract_size=ONE,
        fees=(Fee(asset=USD, amount=Money(Decimal("0.35"))),),
        product=Product.SPOT,
        realised=None,
        maker=None,
        happened_at=at,
        seen_at=at,
    )


def commits(cycles: int, *, first: int = 0) -> Iterator[Commit]:
    """Yields the commits of as many fills from a number on, each hedged by one order."""
    for number in range(first, first + cycles):
        fill = fill_at(number)
        intent = intent_of(fill)
        yield (fill, intent), {SourceId("base"): str(number)}
        yield (accepted_of(intent, number),), {}
        yield (filled_of(intent, number),), {SourceId("executions:paper-1"): f"X-{number}"}
