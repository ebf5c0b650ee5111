"""A small desk: one vault that sells wtCOIN for USDC, one broker that hedges it, and the events they leave behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from flatbook.engine.ports import Row
from flatbook.events import chain, control, orders, risk
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.event import Event
from flatbook.events.refs import ref_of
from flatbook.projections.fold import Projection, fold_all
from flatbook.values.ids import (
    AccountId,
    ActivityId,
    AssetId,
    ChainId,
    Epoch,
    EventRef,
    ExecutionId,
    InstrumentId,
    OrderId,
    OwnerId,
    Seq,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ONE, Money, Price, Quantity, cut, divide_cut

OWNER = OwnerId("coin-hedge")
VAULT = AccountId("vault")
BROKER = AccountId("broker")
TOKEN = AssetId("wtCOIN")
USDC = AssetId("USDC")
USD = AssetId("USD")
COIN = Underlying("COIN")
COIN_ASSET = AssetId("COIN")
ONCHAIN = InstrumentId("vault:wtCOIN")
STOCK = InstrumentId("broker:COIN")
BASE = ChainId(8453)
T0 = instant_of_text("2025-12-01T15:00:00Z")
ORDER = OrderId("fb" + "a" * 24)


def at(seconds: int) -> Instant:
    """Returns an instant that many seconds into the scene."""
    return Instant(T0 + seconds * NS_PER_S)


def log_key(number: int, block_hash: str = "0x" + "b" * 64) -> chain.LogKey:
    return chain.LogKey(chain=BASE, tx=f"0x{number:064x}", log_index=1, block=100 + number, block_hash=block_hash)


def fill(
    number: int, side: Side, tokens: str, usdc: str, seconds: int, *, ratio: str = "1", owner: OwnerId = OWNER
) -> chain.VaultFilled:
    """Returns an onchain fill; side buy means that our vault received the token."""
    shares = cut(Decimal(tokens) * Decimal(ratio), decimals=18)
    return chain.VaultFilled(
        key=log_key(number),
        owner=owner,
        account=VAULT,
        instrument=ONCHAIN,
        underlying=COIN,
        token=TOKEN,
        side=side,
        token_amount=Quantity(Decimal(tokens)),
        usdc_amount=Money(Decimal(usdc)),
        usdc=USDC,
        ratio=Decimal(ratio),
        shares=Quantity(shares),
        price=Price(divide_cut(Decimal(usdc), shares, decimals=18)),
        kind="take",
        taker_gas_wei=Quantity(Decimal(1234)),
        happened_at=at(seconds),
        seen_at=at(seconds + 2),
    )


def unvalued(number: int, side: Side, tokens: str, usdc: str, seconds: int, *, assumed: str) -> chain.FillUnvalued:
    return chain.FillUnvalued(
        key=log_key(number),
        owner=OWNER,
        account=VAULT,
        instrument=ONCHAIN,
        underlying=COIN,
        token=TOKEN,
        side=side,
        token_amount=Quantity(Decimal(tokens)),
        usdc_amount=Money(Decimal(usdc)),
        usdc=USDC,
        ratio_assumed=Decimal(assumed),
        shares_assumed=Quantity(cut(Decimal(tokens) * Decimal(assumed), decimals=18)),
        reason=chain.UnvaluedReason.RATIO_MISSING,
        kind="take",
        taker_gas_wei=None,
        happened_at=at(seconds),
        seen_at=at(seconds + 2),
    )


def valued(number: int, *, ratio: str, shares: str, price: str) -> chain.FillValued:
    key = log_key(number)
    return chain.FillValued(
        chain=key.chain,
        tx=key.tx,
        log_index=key.log_index,
        ratio=Decimal(ratio),
        shares=Quantity(Decimal(shares)),
        price=Price(Decimal(price)),
        seen_at=at(500),
    )


def skipped(number: int, seconds: int, **known: Any) -> chain.FillSkipped:
    """Returns a skipped fill: it received 5 USDC for 2 of a token that nobody configured, unless told otherwise."""
    fields: dict[str, Any] = {
        "key": log_key(number),
        "owner": OWNER,
        "account": VAULT,
        "reason": chain.SkipReason.UNKNOWN_TOKEN,
        "received": USDC,
        "received_amount": Quantity(Decimal(5)),
        "gave": AssetId("0xdead"),
        "gave_amount": Quantity(Decimal(2)),
        "instrument": None,
        "underlying": None,
        "side": None,
        "shares": None,
        "detail": "token 0xdead is not configured",
        "happened_at": at(seconds),
        "seen_at": at(seconds + 2),
    }
    return chain.FillSkipped(**(fields | known))


def released(number: int, *, hedge: bool) -> chain.SkippedFillReleased:
    key = log_key(number)
    return chain.SkippedFillReleased(
        chain=key.chain,
        tx=key.tx,
        log_index=key.log_index,
        hedge=hedge,
        reason="looked at it",
        decided_at=at(900),
    )


def reversal(event: chain.VaultFilled | chain.FillUnvalued) -> chain.FillReversed:
    """Returns the reversal of a fill."""
    bought = event.side is Side.BUY
    tokens, money = event.token_amount, Quantity(event.usdc_amount)
    return chain.FillReversed(
        key=event.key,
        owner=event.owner,
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        side=event.side,
        shares=event.shares if isinstance(event, chain.VaultFilled) else event.shares_assumed,
        received=event.token if bought else event.usdc,
        received_amount=tokens if bought else money,
        gave=event.usdc if bought else event.token,
        gave_amount=money if bought else tokens,
        seen_at=at(800),
    )


def intended(
    side: Side, qty: str, seconds: int, *, because: Event | None = None, order_id: OrderId = ORDER, **evidence: str
) -> orders.OrderIntended:
    return orders.OrderIntended(
        order_id=order_id,
        owner=OWNER,
        account=BROKER,
        instrument=STOCK,
        underlying=COIN,
        side=side,
        qty=Quantity(Decimal(qty)),
        limit=Price(Decimal(300)),
        contract_size=ONE,
        reduce_only=False,
        style=orders.OrderStyle.LIMIT,
        product=Product.SPOT,
        slot=None,
        together=None,
        because=ref_of(because) if because is not None else None,
        evidence=evidence,
        decided_at=at(seconds),
        good_until=at(seconds + 60),
    )


def accepted(seconds: int, order_id: OrderId = ORDER, venue_id: str = "venue-77") -> orders.OrderAccepted:
    return orders.OrderAccepted(
        order_id=order_id,
        venue_order_id=VenueOrderId(venue_id),
        happened_at=at(seconds),
        seen_at=at(seconds),
    )


def executed(
    side: Side,
    qty: str,
    price: str,
    seconds: int,
    *,
    number: int = 1,
    fees: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> orders.OrderFilled:
    """Returns an execution of ours at the broker; fees as (asset, amount)."""
    fields: dict[str, Any] = {
        "order_id": ORDER,
        "owner": OWNER,
        "account": BROKER,
        "instrument": STOCK,
        "underlying": COIN,
        "execution_id": ExecutionId(f"x{number}"),
        "side": side,
        "qty": Quantity(Decimal(qty)),
        "price": Price(Decimal(price)),
        "quote": USD,
        "contract_size": ONE,
        "fees": tuple(orders.Fee(asset=AssetId(asset), amount=Money(Decimal(amount))) for asset, amount in fees),
        "product": Product.SPOT,
        "realised": None,
        "maker": None,
        "happened_at": at(seconds),
        "seen_at": at(seconds + 1),
    }
    return orders.OrderFilled(**(fields | more))


def foreign(side: Side, qty: str, price: str, seconds: int, *, number: int = 1) -> orders.ForeignFilled:
    return orders.ForeignFilled(
        account=BROKER,
        instrument=STOCK,
        underlying=COIN,
        venue_order_id=VenueOrderId("theirs"),
        execution_id=ExecutionId(f"f{number}"),
        side=side,
        qty=Quantity(Decimal(qty)),
        price=Price(Decimal(price)),
        quote=USD,
        contract_size=ONE,
        fees=(),
        product=Product.SPOT,
        realised=None,
        maker=None,
        happened_at=at(seconds),
        seen_at=at(seconds + 1),
    )


def assigned(qty: str, seconds: int) -> orders.ForeignAssigned:
    return orders.ForeignAssigned(
        account=BROKER,
        instrument=STOCK,
        underlying=COIN,
        owner=OWNER,
        qty=Quantity(Decimal(qty)),
        reason="bought by hand",
        decided_at=at(seconds),
    )


def overwritten(before: str, after: str, price: str | None, seconds: int) -> control.PositionOverwritten:
    return control.PositionOverwritten(
        owner=OWNER,
        account=BROKER,
        instrument=STOCK,
        underlying=COIN,
        before=Quantity(Decimal(before)),
        after=Quantity(Decimal(after)),
        contract_size=None,
        price=None if price is None else Price(Decimal(price)),
        reason="counted again",
        decided_at=at(seconds),
    )


def corrected(qty: str, price: str | None, usd: str | None, seconds: int) -> risk.BooksCorrected:
    """Returns a correction of the shares at the broker; price in the quote of its instrument."""
    return risk.BooksCorrected(
        owner=OWNER,
        account=BROKER,
        instrument=STOCK,
        underlying=COIN,
        product=Product.SPOT,
        subject=str(COIN),
        qty=Quantity(Decimal(qty)),
        contract_size=ONE,
        price=None if price is None else Price(Decimal(price)),
        usd=None if usd is None else Decimal(usd),
        ours=Quantity(Decimal(0)),
        theirs=Quantity(Decimal(qty)),
        stated_at=at(seconds),
        seen_at=at(seconds + 1),
    )


def mark(asset: AssetId, usd: str, seconds: int) -> control.MarkSet:
    return control.MarkSet(asset=asset, usd=Price(Decimal(usd)), source="config", marked_at=at(seconds))


def stated(asset: AssetId, change: str, seconds: int, account: AccountId = BROKER) -> control.BalanceStated:
    return control.BalanceStated(
        account=account, asset=asset, change=Quantity(Decimal(change)), reason="opening", stated_at=at(seconds)
    )


def gas(number: int, wei: str, coin_usd: str | None, seconds: int, *, success: bool = True) -> chain.GasSpent:
    return chain.GasSpent(
        chain=BASE,
        tx=f"0x{number:064x}",
        block=number,
        owner=OWNER,
        account=VAULT,
        coin=AssetId("ETH"),
        wei_amount=Quantity(Decimal(wei)),
        coin_usd=None if coin_usd is None else Price(Decimal(coin_usd)),
        success=success,
        happened_at=at(seconds),
        seen_at=at(seconds),
    )


def activity(number: int, kind: ActivityKind, amount: str, seconds: int) -> AccountActivityBooked:
    """Returns what the broker booked besides executions, into the account above zero."""
    return AccountActivityBooked(
        account=BROKER,
        activity_id=ActivityId(f"a{number}"),
        kind=kind,
        venue_kind=kind.value.upper(),
        owner=OWNER,
        underlying=COIN,
        instrument=STOCK,
        order_id=None,
        asset=USD,
        amount=Quantity(Decimal(amount)),
        detail="",
        happened_at=at(seconds),
        seen_at=at(seconds + 1),
    )


def rows_of(events: Iterable[Event]) -> tuple[Row, ...]:
    """Returns the events as commits of one event, made one second after the other."""
    return tuple(
        Row(
            first=Seq(number),
            last=Seq(number),
            epoch=Epoch(1),
            at=at(number),
            cursors={},
            events=(event,),
            previous_hash=b"",
            hash=b"",
        )
        for number, event in enumerate(events, 1)
    )


def folded(projection: Any, *events: Event) -> Any:
    """Folds the events into a projection and returns it."""
    projections: tuple[Projection, ...] = (projection,)
    fold_all(projections, rows_of(events))
    return projection


def ref(event: Event) -> EventRef:
    """Returns the identity of an event that has one."""
    found = ref_of(event)
    assert found is not None
    return found


def d(value: int | str) -> Decimal:
    """Returns a decimal literal."""
    return Decimal(value)
