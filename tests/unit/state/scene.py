"""Events of one desk that trades one share: short to write, literal to read."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events import chain, control
from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity
from tests.desk import BASE, CHAIN, COIN, OPEN, OWNER, PAPER, USDC, VAULT, WTCOIN, fill

KEY = (OWNER, COIN)
STOCK = InstrumentId("COIN/USD")
USD = AssetId("USD")
ONE = OrderId("fb1")
THERE = VenueOrderId("V-1")


def at(seconds: int) -> Instant:
    """Returns an instant after the open."""
    return later(OPEN, seconds=seconds)


def qty(text: str) -> Quantity:
    """Returns a quantity."""
    return Quantity(Decimal(text))


def these(text: str) -> tuple[Decimal, ...]:
    """Returns the numbers of a text."""
    return tuple(Decimal(part) for part in text.split())


def intended(side: str = "buy", size: str = "10", order_id: str = ONE, **changes: Any) -> ev.OrderIntended:
    """Returns an intent of the desk."""
    event = ev.OrderIntended(
        order_id=OrderId(order_id),
        owner=OWNER,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        side=Side(side),
        qty=qty(size),
        limit=Price(Decimal("252.5")),
        contract_size=Decimal(1),
        reduce_only=False,
        style=ev.OrderStyle.LIMIT,
        product=Product.SPOT,
        slot=None,
        together=None,
        because=None,
        evidence=None,
        decided_at=at(0),
        good_until=at(600),
    )
    return msgspec.structs.replace(event, **changes)


def executed(
    size: str, number: int = 1, *, side: str = "buy", price: str = "250", order_id: str = ONE, seconds: int = 5
) -> ev.OrderFilled:
    """Returns an execution of an order of the desk."""
    return ev.OrderFilled(
        order_id=OrderId(order_id),
        owner=OWNER,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        execution_id=ExecutionId(f"X-{number}"),
        side=Side(side),
        qty=qty(size),
        price=Price(Decimal(price)),
        quote=USD,
        contract_size=Decimal(1),
        fees=(),
        product=Product.SPOT,
        realised=None,
        maker=None,
        happened_at=at(seconds),
        seen_at=at(seconds),
    )


def foreign(size: str, number: int = 90, side: str = "sell") -> ev.ForeignFilled:
    """Returns an execution that is not ours."""
    return ev.ForeignFilled(
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        venue_order_id=None,
        execution_id=ExecutionId(f"F-{number}"),
        side=Side(side),
        qty=qty(size),
        price=Price(Decimal(250)),
        quote=USD,
        contract_size=Decimal(1),
        fees=(ev.Fee(asset=USD, amount=Money(Decimal("0.5"))),),
        product=Product.SPOT,
        realised=None,
        maker=None,
        happened_at=at(5),
        seen_at=at(5),
    )


def submitted(order_id: str = ONE) -> ev.OrderSubmitted:
    """Returns that an order is pending at the venue."""
    return ev.OrderSubmitted(order_id=OrderId(order_id), venue_order_id=THERE, seen_at=at(1))


def accepted(order_id: str = ONE) -> ev.OrderAccepted:
    """Returns that an order works."""
    return ev.OrderAccepted(order_id=OrderId(order_id), venue_order_id=THERE, happened_at=at(1), seen_at=at(1))


def found(filled: str = "0", order_id: str = ONE) -> ev.OrderFound:
    """Returns that an order was found at the venue."""
    return ev.OrderFound(order_id=OrderId(order_id), venue_order_id=THERE, filled_qty=qty(filled), seen_at=at(2))


def rejected(order_id: str = ONE) -> ev.OrderRejected:
    """Returns that an order was not taken."""
    return ev.OrderRejected(
        order_id=OrderId(order_id),
        reason=ev.RejectReason.NO_MARKET,
        code="",
        message="",
        happened_at=at(2),
        seen_at=at(2),
    )


def not_sent(order_id: str = ONE) -> ev.OrderNotSent:
    """Returns that an order never left."""
    return ev.OrderNotSent(order_id=OrderId(order_id), attempt=0, reason=ev.NotSentReason.HALTED, seen_at=at(2))


def unknown(attempt: int = 0, seconds: int = 3, order_id: str = ONE) -> ev.OrderUnknown:
    """Returns that the fate of an order is not known."""
    return ev.OrderUnknown(
        order_id=OrderId(order_id), attempt=attempt, reason=ev.UnknownReason.TIMED_OUT, seen_at=at(seconds)
    )


def absent(*, proven: bool, order_id: str = ONE) -> ev.OrderAbsent:
    """Returns that a venue does not know an order."""
    return ev.OrderAbsent(order_id=OrderId(order_id), attempt=0, proven=proven, seen_at=at(4))


def resent(attempt: int = 1, seconds: int = 4, order_id: str = ONE) -> ev.OrderResent:
    """Returns that an order is sent again."""
    return ev.OrderResent(order_id=OrderId(order_id), attempt=attempt, decided_at=at(seconds))


def done(filled: str = "0", end: str = "canceled", order_id: str = ONE) -> ev.OrderDone:
    """Returns that an order ended with a rest."""
    return ev.OrderDone(
        order_id=OrderId(order_id), end=ev.OrderEnd(end), filled_qty=qty(filled), happened_at=at(6), seen_at=at(6)
    )


def cancel_intended(attempt: int = 1, order_id: str = ONE) -> ev.CancelIntended:
    """Returns that we ask for a cancel."""
    return ev.CancelIntended(
        order_id=OrderId(order_id),
        attempt=attempt,
        reason=ev.CancelReason.OPERATOR,
        because=None,
        decided_at=at(4),
    )


def cancel_refused(attempt: int = 1, order_id: str = ONE) -> ev.CancelRefused:
    """Returns that a venue refused to cancel."""
    return ev.CancelRefused(order_id=OrderId(order_id), attempt=attempt, message="too late", seen_at=at(5))


def vault_filled(
    number: int, side: str, shares: str, *, price: str = "250", seconds: int = 0, block_hash: str = "0xaa"
) -> chain.VaultFilled:
    """Returns an onchain fill of ratio one."""
    event = fill(number, side, shares, at=at(seconds), block_hash=block_hash, price=price)
    assert isinstance(event, chain.VaultFilled)
    return event


def reversed_fill(
    event: chain.VaultFilled | chain.FillUnvalued | chain.FillSkipped, seconds: int = 9
) -> chain.FillReversed:
    """Returns the reversal of a fill. Only its key is folded; the rest is for readers of the journal."""
    return chain.FillReversed(
        key=event.key,
        owner=event.owner,
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        side=event.side,
        shares=None,
        received=None,
        received_amount=None,
        gave=None,
        gave_amount=None,
        seen_at=at(seconds),
    )


def unvalued(event: chain.VaultFilled, assumed: str) -> chain.FillUnvalued:
    """Returns a fill as it is booked while its ratio is not known."""
    return chain.FillUnvalued(
        key=event.key,
        owner=event.owner,
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        token=event.token,
        side=event.side,
        token_amount=event.token_amount,
        usdc_amount=event.usdc_amount,
        usdc=event.usdc,
        ratio_assumed=Decimal(1),
        shares_assumed=qty(assumed),
        reason=chain.UnvaluedReason.RATIO_MISSING,
        kind=event.kind,
        taker_gas_wei=None,
        happened_at=event.happened_at,
        seen_at=event.seen_at,
    )


def valued(event: chain.VaultFilled) -> chain.FillValued:
    """Returns the value that was missing."""
    return chain.FillValued(
        chain=event.key.chain,
        tx=event.key.tx,
        log_index=event.key.log_index,
        ratio=event.ratio,
        shares=event.shares,
        price=event.price,
        seen_at=at(8),
    )


def skipped(
    number: int, *, side: str | None = "sell", shares: str | None = "3", amount: str = "3"
) -> chain.FillSkipped:
    """Returns a fill that is booked and not hedged."""
    known = side is not None
    return chain.FillSkipped(
        key=chain.LogKey(chain=BASE, tx=f"0x{number:064x}", log_index=0, block=1000 + number, block_hash="0xaa"),
        owner=OWNER,
        account=VAULT,
        reason=chain.SkipReason.OVER_SHARE_CAP,
        received=USDC,
        received_amount=qty("750"),
        gave=AssetId("wtCOIN"),
        gave_amount=qty(amount),
        instrument=WTCOIN if known else None,
        underlying=COIN if known else None,
        side=Side(side) if side is not None else None,
        shares=qty(shares) if shares is not None else None,
        detail="",
        happened_at=at(1),
        seen_at=at(1),
    )


def released(event: chain.FillSkipped, *, hedge: bool = True) -> chain.SkippedFillReleased:
    """Returns an operator's decision on a skipped fill."""
    key = event.key
    return chain.SkippedFillReleased(
        chain=key.chain, tx=key.tx, log_index=key.log_index, hedge=hedge, reason="looked at", decided_at=at(9)
    )


def marked(asset: AssetId, usd: str) -> control.MarkSet:
    """Returns the value of an asset."""
    return control.MarkSet(asset=asset, usd=Price(Decimal(usd)), source="config", marked_at=at(0))


def stated(asset: AssetId, change: str, account: AccountId = PAPER, seconds: int = 0) -> control.BalanceStated:
    """Returns an opening balance."""
    return control.BalanceStated(
        account=account, asset=asset, change=qty(change), reason="opening", stated_at=at(seconds)
    )


def folded(events: Iterable[Event]) -> State:
    """Returns the state that the events tell."""
    state = State()
    for event in events:
        apply(state, event)
    return state


__all__ = ["BASE", "CHAIN", "COIN", "OPEN", "OWNER", "PAPER", "USDC", "VAULT", "WTCOIN"]
