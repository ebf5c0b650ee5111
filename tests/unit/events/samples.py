"""One literal event of each kind, with numbers that a careless codec would change."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import actions, activities, calls, chain, control, forced, funds, offers, orders, orders_v1, prices
from flatbook.events.event import Event
from flatbook.values.ids import (
    AccountId,
    ActivityId,
    AssetId,
    CallId,
    ChainId,
    Epoch,
    EventRef,
    ExecutionId,
    GroupId,
    HaltId,
    InstrumentId,
    OrderId,
    OwnerId,
    Slot,
    SourceId,
    Underlying,
    VenueOrderId,
    WalletId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity

AT = Instant(1_764_685_800_123_456_789)  # 2025-12-02T14:30:00.123456789Z
LATER = Instant(AT + 1_000_000_001)
DESK, COIN = OwnerId("desk"), Underlying("COIN")
PAPER, VAULT = AccountId("paper"), AccountId("base:vault")
STOCK, TOKEN = InstrumentId("COIN/USD"), InstrumentId("wtCOIN/USDC@base")
WTCOIN, USDC, USD, ETH = AssetId("wtCOIN"), AssetId("USDC"), AssetId("USD"), AssetId("ETH")
BASE, SOURCE = ChainId(8453), SourceId("base")
ORDER, THERE = OrderId("fbabcdefghijklmnopqrstuvwx"), VenueOrderId("V-1")
TX = "0x" + "0f" * 32
KEY = chain.LogKey(chain=BASE, tx=TX, log_index=7, block=38_812_345, block_hash="0x" + "ab" * 32)
BECAUSE = EventRef(f"fill:8453:{TX}:7@0xabababab")
ONE, TOKENS = Decimal(1), Quantity(Decimal("10.750000000000000000000000000000000001"))
SHARES, CASH = Quantity(Decimal("10.75")), Money(Decimal("2687.500000"))
RATIO, PRICE = Decimal("1.000000000000000001"), Price(Decimal("250.000000000000000123"))
LIMIT, GAS = Price(Decimal("252.50")), Quantity(Decimal(123456789012345))
FEES = (orders.Fee(asset=USD, amount=Money(Decimal("0.01"))), orders.Fee(asset=USD, amount=Money(Decimal("-0.002"))))

ORDERS: tuple[Event, ...] = (
    orders_v1.OrderIntendedV1(
        order_id=ORDER,
        owner=DESK,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        side=Side.BUY,
        qty=SHARES,
        limit=LIMIT,
        contract_size=ONE,
        reduce_only=False,
        slot=Slot("s"),
        together=GroupId("g"),
        because=BECAUSE,
        evidence={"net": "-10.75", "price": "250"},
        decided_at=AT,
        good_until=LATER,
    ),
    orders.IntentRefused(
        order_id=ORDER,
        owner=DESK,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        side=Side.SELL,
        qty=SHARES,
        rule=orders.RefusalRule.NOTIONAL_MAX,
        limit="1000",
        asked="2687.5",
        because=None,
        decided_at=AT,
    ),
    orders.OrderSubmitted(order_id=ORDER, venue_order_id=None, seen_at=AT),
    orders.OrderAccepted(order_id=ORDER, venue_order_id=THERE, happened_at=AT, seen_at=LATER),
    orders.OrderRejected(
        order_id=ORDER,
        reason=orders.RejectReason.INSUFFICIENT_FUNDS,
        code="40310000",
        message="insufficient buying power: \u20ac 1",
        happened_at=AT,
        seen_at=LATER,
    ),
    orders.OrderNotSent(order_id=ORDER, attempt=0, reason=orders.NotSentReason.EXPIRED, seen_at=AT),
    orders.OrderUnknown(order_id=ORDER, attempt=1, reason=orders.UnknownReason.TIMED_OUT, seen_at=AT),
    orders.OrderFound(order_id=ORDER, venue_order_id=THERE, filled_qty=Quantity(Decimal("0E-9")), seen_at=AT),
    orders.OrderAbsent(order_id=ORDER, attempt=1, proven=False, seen_at=AT),
    orders.OrderResent(order_id=ORDER, attempt=2, decided_at=AT),
    orders_v1.OrderFilledV1(
        order_id=ORDER,
        owner=DESK,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        execution_id=ExecutionId("X-1"),
        side=Side.BUY,
        qty=SHARES,
        price=Price(Decimal("250.0100")),
        quote=USD,
        contract_size=ONE,
        fees=FEES,
        happened_at=AT,
        seen_at=LATER,
    ),
    orders.OrderOverfilled(order_id=ORDER, ordered=SHARES, filled=Quantity(Decimal("11.75")), seen_at=AT),
    orders.OrderDone(
        order_id=ORDER, end=orders.OrderEnd.EXPIRED, filled_qty=Quantity(ONE), happened_at=AT, seen_at=LATER
    ),
    orders.CancelIntended(
        order_id=ORDER, attempt=1, reason=orders.CancelReason.EXCEEDS_NET, because=BECAUSE, decided_at=AT
    ),
    orders.CancelRefused(order_id=ORDER, attempt=1, message="already filled", seen_at=AT),
    orders.ForeignOrderSeen(
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        venue_order_id=THERE,
        side=Side.SELL,
        qty=SHARES,
        filled_qty=Quantity(Decimal("0.75")),
        contract_size=ONE,
        open=True,
        seen_at=AT,
    ),
    orders_v1.ForeignFilledV1(
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        venue_order_id=None,
        execution_id=ExecutionId("X-2"),
        side=Side.SELL,
        qty=Quantity(Decimal("1E+3")),
        price=Price(Decimal("0.0001")),
        quote=USD,
        contract_size=ONE,
        fees=(),
        happened_at=AT,
        seen_at=LATER,
    ),
    orders.ForeignAssigned(
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        owner=DESK,
        qty=Quantity(Decimal(-1000)),
        reason="sold by hand",
        decided_at=AT,
    ),
    orders.ReportRefused(
        account=PAPER,
        instrument=None,
        subject="X-3",
        report="execution",
        state="",
        detail="quantity: NaN is not a finite number",
        seen_at=AT,
    ),
)

CHAIN: tuple[Event, ...] = (
    chain.VaultFilled(
        key=KEY,
        owner=DESK,
        account=VAULT,
        instrument=TOKEN,
        underlying=COIN,
        token=WTCOIN,
        side=Side.SELL,
        token_amount=TOKENS,
        usdc_amount=CASH,
        usdc=USDC,
        ratio=RATIO,
        shares=SHARES,
        price=PRICE,
        kind="take_order_v3",
        taker_gas_wei=GAS,
        happened_at=AT,
        seen_at=LATER,
    ),
    chain.FillSkipped(
        key=KEY,
        owner=DESK,
        account=VAULT,
        reason=chain.SkipReason.UNKNOWN_TOKEN,
        received=USDC,
        received_amount=Quantity(CASH),
        gave=None,
        gave_amount=None,
        instrument=None,
        underlying=None,
        side=None,
        shares=None,
        detail="0xdead is not configured",
        happened_at=AT,
        seen_at=LATER,
    ),
    chain.SkippedFillReleased(chain=BASE, tx=TX, log_index=7, hedge=True, reason="looked at", decided_at=AT),
    chain.FillUnvalued(
        key=KEY,
        owner=DESK,
        account=VAULT,
        instrument=TOKEN,
        underlying=COIN,
        token=WTCOIN,
        side=Side.BUY,
        token_amount=TOKENS,
        usdc_amount=CASH,
        usdc=USDC,
        ratio_assumed=ONE,
        shares_assumed=SHARES,
        reason=chain.UnvaluedReason.RATIO_MISSING,
        kind="clear_v3",
        taker_gas_wei=None,
        happened_at=AT,
        seen_at=LATER,
    ),
    chain.FillValued(chain=BASE, tx=TX, log_index=7, ratio=RATIO, shares=SHARES, price=PRICE, seen_at=AT),
    chain.FillReversed(
        key=KEY,
        owner=DESK,
        account=VAULT,
        instrument=TOKEN,
        underlying=COIN,
        side=Side.SELL,
        shares=SHARES,
        received=USDC,
        received_amount=Quantity(CASH),
        gave=WTCOIN,
        gave_amount=TOKENS,
        seen_at=AT,
    ),
    chain.LogUnparsed(
        key=KEY, source=SOURCE, reason=chain.UnparsedReason.MALFORMED, topic="0x17a5", detail="too short", seen_at=AT
    ),
    chain.BlocksRemoved(source=SOURCE, chain=BASE, first_block=38_812_345, last_block=38_812_346, seen_at=AT),
    chain.GasSpent(
        chain=BASE,
        tx=TX,
        block=38_812_345,
        owner=DESK,
        account=VAULT,
        coin=ETH,
        wei_amount=GAS,
        coin_usd=Price(Decimal("3000.5")),
        success=False,
        happened_at=AT,
        seen_at=LATER,
    ),
)

CALL, WALLET = CallId("fcabcdefghijklmnopqrstuvwx"), WalletId("0x" + "0a" * 20)

CALLS: tuple[Event, ...] = (
    calls.CallIntended(
        call_id=CALL,
        owner=DESK,
        account=VAULT,
        chain=BASE,
        wallet=WALLET,
        purpose=calls.CallPurpose.DEPOSIT,
        to="0x" + "0b" * 20,
        payload="0x2fbc4ba0" + "00" * 32,
        value=Quantity(Decimal(0)),
        asset=USDC,
        amount=Quantity(Decimal("1000.000001")),
        destination=None,
        urgent=False,
        after=CallId("fcbbbbbbbbbbbbbbbbbbbbbbbb"),
        because=BECAUSE,
        evidence={"capacity": "1000.000001"},
        decided_at=AT,
        good_until=LATER,
    ),
    calls.CallRefused(
        call_id=CALL, reason=calls.CallRefusal.DAY_AMOUNT_MAX, detail="2000 USDC in a day, 1500 allowed", seen_at=AT
    ),
    calls.CallSigned(
        call_id=CALL,
        attempt=2,
        nonce=13_476,
        tx=TX,
        raw="0x02f8aa",
        gas=180_000,
        fee_wei_max=1_500_000_007,
        tip_wei_max=1_000_001,
        cancels=False,
        signed_at=AT,
    ),
    calls.CallReleased(call_id=CALL, attempt=1, nonce=13_475, detail="nonce_too_low: next nonce 13476", seen_at=AT),
    calls.CallSent(call_id=CALL, attempt=2, seen_at=AT),
    calls.CallUnknown(call_id=CALL, attempt=2, reason=orders.UnknownReason.TIMED_OUT, seen_at=AT),
    calls.CallDropped(call_id=CALL, attempt=2, misses=3, seen_at=AT),
    calls.CallMined(
        call_id=CALL,
        attempt=2,
        tx=TX,
        block=38_812_345,
        block_hash="0x" + "ab" * 32,
        success=True,
        gas_wei=GAS,
        happened_at=AT,
        seen_at=LATER,
    ),
    calls.CallUnmined(call_id=CALL, tx=TX, block=38_812_345, block_hash="0x" + "ab" * 32, seen_at=AT),
    calls.CallConfirmed(
        call_id=CALL, tx=TX, block=38_812_347, block_hash="0x" + "cd" * 32, success=True, seen_at=LATER
    ),
    calls.VaultMoved(
        call_id=CALL,
        chain=BASE,
        tx=TX,
        owner=DESK,
        account=VAULT,
        wallet_account=AccountId("base:wallet"),
        asset=USDC,
        amount=Quantity(Decimal("-999.999999")),
        happened_at=AT,
        seen_at=LATER,
    ),
    calls.CallDisplaced(call_id=CALL, nonce=13_476, seen_at=AT),
    calls.CallCancelIntended(call_id=CALL, reason="not wanted any more", decided_at=AT),
)

CONTROL: tuple[Event, ...] = (
    control.EngineStarted(
        epoch=Epoch(186_000_000), mode=control.Mode.PAPER, version="0.1.0", config_digest="abc", started_at=AT
    ),
    control.EngineStopped(reason="drained", stopped_at=AT),
    control.CommandAccepted(
        key="k-1", actor="alice", verb="halt", reason="looks odd", arguments={"scope": "all"}, accepted_at=AT
    ),
    control.CommandRefused(key="k-2", actor="alice", verb="lift", why="no halt 'x'", refused_at=AT),
    control.TradingHalted(
        halt_id=HaltId("halt-abcdefghij"),
        scope=control.HaltScope.INSTRUMENT,
        target=STOCK,
        cause=control.HaltCause.FOREIGN_FILL,
        reason="not ours",
        halted_at=AT,
    ),
    control.TradingLifted(halt_id=HaltId("halt-abcdefghij"), reason="explained", lifted_at=AT),
    control.HedgeHeld(
        owner=DESK, underlying=COIN, reason=control.HoldReason.NO_MARKET, net=Quantity(-SHARES), decided_at=AT
    ),
    control.FlattenIntended(owner=DESK, underlying=COIN, reason="going home", decided_at=AT),
    control.FlattenEnded(owner=DESK, underlying=COIN, net=Quantity(Decimal("0.25")), decided_at=AT),
    control.DrainIntended(reason="upgrade", decided_at=AT),
    control.MarkSet(asset=USDC, usd=Price(Decimal("0.9998")), source="config", marked_at=AT),
    control.BooksDiverged(
        account=PAPER,
        subject="COIN",
        instrument=STOCK,
        ours=Quantity(Decimal(-1)),
        theirs=Quantity(Decimal(0)),
        stated_at=AT,
        seen_at=LATER,
    ),
    control.BooksAgreed(account=PAPER, subject="COIN", seen_at=AT),
    control.PositionOverwritten(
        owner=DESK,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        before=SHARES,
        after=Quantity(Decimal(0)),
        price=None,
        reason="counted again",
        decided_at=AT,
    ),
    control.BalanceStated(account=PAPER, asset=USD, change=Quantity(Decimal("-12.34")), reason="opening", stated_at=AT),
    control.AlertRaised(
        name=control.AlertName.BOOKS_DIVERGED,
        severity=control.Severity.CRITICAL,
        subject="paper:COIN",
        detail="ours -1, theirs 0",
        because=None,
        raised_at=AT,
    ),
    control.AlertCleared(name=control.AlertName.BOOKS_DIVERGED, subject="paper:COIN", cleared_at=AT),
)

FUNDS: tuple[Event, ...] = (
    funds.FundsStated(
        account=PAPER,
        asset=USD,
        settled=Quantity(Decimal("31500.123456789")),
        instant=Quantity(Decimal(0)),
        good_faith=1,
        borrowable=(STOCK,),
        stated_at=AT,
        seen_at=LATER,
    ),
    chain.BlocksFinalized(source=SOURCE, chain=BASE, block=38_812_281, seen_at=AT),
)

PRICES: tuple[Event, ...] = (
    prices.FillPriced(
        key=KEY,
        underlying=COIN,
        oracle="pyth",
        feed="0xfee33f2a978bf32dd6b662b65ba8083c6773b494f8401194ec1870c640860245",
        price=Price(Decimal("154.45005")),
        confidence=Price(Decimal("0.21005")),
        published_at=AT,
        source=prices.PriceSource.VIEW,
        doubts=(prices.PriceDoubt.STALE, prices.PriceDoubt.OTHER_SESSION),
        seen_at=LATER,
    ),
)

LEG = offers.OfferLeg(
    underlying=COIN,
    instrument=TOKEN,
    token=WTCOIN,
    dollar=USDC,
    side=Side.SELL,
    gives="0x" + "1a" * 20,
    gives_vault="0x" + "00" * 30 + "0fab",
    wants_vault="0x" + "00" * 31 + "01",
    input_index=0,
    output_index=1,
)
HASH = "0x" + "5e" * 32
OFFERS: tuple[Event, ...] = (
    offers.OfferSeen(
        key=KEY,
        order_hash=HASH,
        order_book="0x" + "b0" * 20,
        owner=DESK,
        account=VAULT,
        legs=(LEG,),
        removal="0x1f69cb75",
        addition="0x709fb8a5",
        quotes=("0x9235084d",),
        balances=("0x41d1514f",),
        happened_at=AT,
        seen_at=LATER,
    ),
    offers.OfferRemoved(key=KEY, order_hash=HASH, owner=DESK, gone=offers.OfferGone.REMOVED, seen_at=AT),
    offers.OfferQuoted(
        chain=BASE,
        source=SOURCE,
        order_hash=HASH,
        block=38_812_346,
        block_hash="0x" + "cd" * 32,
        legs=(offers.LegQuote(shares=SHARES, price=PRICE, balance=TOKENS),),
        seen_at=AT,
    ),
    offers.OfferReasonsChanged(
        owner=DESK,
        underlying=COIN,
        side=Side.SELL,
        reasons=(offers.PullReason.SESSION, offers.PullReason.STALE_PRICE),
        decided_at=AT,
    ),
    offers.OfferPulled(
        chain=BASE,
        order_hash=HASH,
        owner=DESK,
        call_id=CallId("fcabcdefghijklmnopqrstuvwx"),
        reasons=(offers.PullReason.KILLED,),
        decided_at=AT,
    ),
    offers.OfferRestored(
        chain=BASE, order_hash=HASH, owner=DESK, call_id=CallId("fcabcdefghijklmnopqrstuvwy"), decided_at=LATER
    ),
)

ACTIVITIES: tuple[Event, ...] = (
    activities.AccountActivityBooked(
        account=PAPER,
        activity_id=ActivityId("20251202000000000::8a7b6c5d-0000-4000-8000-000000000001"),
        kind=activities.ActivityKind.FEE,
        venue_kind="FEE TAF",
        owner=DESK,
        underlying=COIN,
        instrument=STOCK,
        order_id=ORDER,
        asset=USD,
        amount=Quantity(Decimal("-0.02")),
        detail="TAF fee for proceed of 3 trades on 2025-12-02",
        happened_at=AT,
        seen_at=LATER,
    ),
)

ACTIONS: tuple[Event, ...] = (
    actions.CorporateActionStated(
        action_id="COIN:split:2025-12-03T14:30:00Z",
        underlying=COIN,
        kind=actions.ActionKind.SPLIT,
        freezes_at=AT,
        effective_at=LATER,
        reason="two for one",
        stated_at=AT,
    ),
    actions.FreezeEnded(action_id="COIN:split:2025-12-03T14:30:00Z", reason="re-based", ended_at=LATER),
    actions.RatioJumped(
        action_id="ratio:wtCOIN:38812345",
        underlying=COIN,
        token=WTCOIN,
        before=ONE,
        after=RATIO,
        block=38_812_345,
        seen_at=AT,
    ),
)

PRESENT_ORDERS: tuple[Event, ...] = (
    orders.OrderIntended(
        order_id=ORDER,
        owner=DESK,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        side=Side.BUY,
        qty=SHARES,
        limit=LIMIT,
        contract_size=ONE,
        reduce_only=False,
        style=orders.OrderStyle.POST_ONLY,
        product=Product.LINEAR_PERP,
        slot=Slot("s"),
        together=GroupId("g"),
        because=BECAUSE,
        evidence={"net": "-10.75", "price": "250"},
        decided_at=AT,
        good_until=LATER,
    ),
    orders.OrderFilled(
        order_id=ORDER,
        owner=DESK,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        execution_id=ExecutionId("X-1"),
        side=Side.BUY,
        qty=SHARES,
        price=Price(Decimal("250.0100")),
        quote=USD,
        contract_size=ONE,
        fees=FEES,
        product=Product.LINEAR_PERP,
        realised=Money(Decimal("-12.340")),
        maker=True,
        happened_at=AT,
        seen_at=LATER,
    ),
    orders.ForeignFilled(
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        venue_order_id=None,
        execution_id=ExecutionId("X-2"),
        side=Side.SELL,
        qty=Quantity(Decimal("1E+3")),
        price=Price(Decimal("0.0001")),
        quote=USD,
        contract_size=ONE,
        fees=(),
        product=Product.SPOT,
        realised=None,
        maker=None,
        happened_at=AT,
        seen_at=LATER,
    ),
)

RISK: tuple[Event, ...] = (
    forced.ForcedReduction(
        owner=DESK,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        forced=orders.ForcedBy.DELEVERAGING,
        venue_order_id=THERE,
        execution_id=ExecutionId("X-3"),
        side=Side.SELL,
        qty=SHARES,
        price=PRICE,
        quote=USDC,
        contract_size=Decimal("0.01"),
        fees=FEES,
        product=Product.LINEAR_PERP,
        realised=Money(Decimal("-0.50")),
        happened_at=AT,
        seen_at=LATER,
    ),
)

SAMPLES: tuple[Event, ...] = (
    *ORDERS,
    *CHAIN,
    *CALLS,
    *CONTROL,
    *FUNDS,
    *PRICES,
    *OFFERS,
    *ACTIVITIES,
    *ACTIONS,
    *PRESENT_ORDERS,
    *RISK,
)
