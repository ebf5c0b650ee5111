"""What profit and loss stands on: trades, stated positions, assignments, costs and marks, drawn from events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import Enum
from sys import intern
from typing import Any

import msgspec

from flatbook.events import chain, control, orders
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.event import Event
from flatbook.events.fees import fee_in_kind, is_in_kind
from flatbook.events.forced import ForcedReduction
from flatbook.events.refs import ref_of_fill, ref_of_log
from flatbook.events.risk import BooksCorrected
from flatbook.projections.fold import Recorded, identity_of
from flatbook.projections.lots import Place
from flatbook.projections.marks import USD
from flatbook.projections.postings import WEI_DECIMALS
from flatbook.values.ids import UNASSIGNED, AccountId, AssetId, EventRef, InstrumentId, OrderId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, ZERO, Money, Price, Quantity


class TradeFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fill or an execution.

    Units: qty in underlying, as executed; `in_kind` is what a fee took of it, a rebate below zero; money in units of
    `asset`, both None where the fill was no trade against money. `assumed`: the quantity rests on an assumed ratio.
    """

    ref: EventRef
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId | None
    underlying: Underlying
    place: Place
    side: Side
    qty: Quantity
    money: Money | None
    asset: AssetId | None
    assumed: bool
    order_id: OrderId | None
    at: Instant
    in_kind: Quantity = Quantity(ZERO)

    @property
    def kept(self) -> Quantity:
        """By how much the position moved: less where a fee took a part of what was bought. Units: underlying."""
        return Quantity(self.qty - self.side.sign * self.in_kind)


class StatedFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An operator stated a position.

    Units: change in underlying, signed; price in USD per unit of underlying.
    """

    ref: EventRef
    owner: OwnerId
    underlying: Underlying
    change: Quantity
    price: Price | None
    at: Instant


class AssignedFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An operator gave an unassigned quantity to an owner.

    Units: qty in underlying, signed.
    """

    ref: EventRef
    owner: OwnerId
    underlying: Underlying
    qty: Quantity
    at: Instant


class CorrectedFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A position was brought in line with its venue.

    Units: change in underlying, signed; usd what it is worth, above zero, None where nobody knows.
    """

    ref: EventRef
    owner: OwnerId
    underlying: Underlying
    change: Quantity
    usd: Money | None
    at: Instant


class CostKind(Enum):
    """What a cost was paid for."""

    BROKER_FEE = "broker_fee"
    GAS = "gas"
    FUNDING = "funding"
    TOKENIZATION = "tokenization"
    BRIDGE = "bridge"


class CostFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One observation of a cost; a rebate is below zero.

    Units: amount in units of the asset, None when it was charged and nobody stated how much; `each` per unit in units
    of `each_in` where the event states it, otherwise the asset's mark counts. `in_kind`: it was taken of what was
    traded, and is worth what that was traded at.
    """

    ref: EventRef
    kind: CostKind
    owner: OwnerId
    underlying: Underlying | None
    order_id: OrderId | None
    asset: AssetId
    amount: Money | None
    each: Price | None
    at: Instant
    each_in: AssetId = USD
    in_kind: bool = False


class MarkFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stated mark.

    Units: usd per unit of the asset.
    """

    asset: AssetId
    usd: Price
    at: Instant


class SizeFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The contract size that an instrument traded with.

    Units: base per contract.
    """

    size: Decimal


MatchedFact = TradeFact | StatedFact | AssignedFact | CorrectedFact
Fact = MatchedFact | CostFact | MarkFact | SizeFact
Keyed = tuple[str, Fact | None]
Executed = orders.OrderFilled | orders.ForeignFilled | ForcedReduction


def facts_of(item: Recorded, known: Callable[[str], Fact | None]) -> Iterator[Keyed]:
    """Yields the rows that an event writes, None where it removes one.

    Needs: `known` looks a row up by its key, so that an event can correct what an earlier one wrote.
    """
    draw = _DRAWN.get(type(item.event))
    return draw(item, item.event, known) if draw is not None else iter(())


def fee_key(number: int, ref: EventRef) -> str:
    """Returns the key of one of the fees of an execution."""
    return f"fee:{number}:{ref}"


def size_key(instrument: InstrumentId) -> str:
    """Returns the key of an instrument's contract size."""
    return f"size:{instrument}"


def _from_vault(_item: Recorded, event: chain.VaultFilled, _known: Any) -> Iterator[Keyed]:
    yield _log_key(event.key), _trade_of_vault(event, event.shares, assumed=False)


def _from_unvalued(_item: Recorded, event: chain.FillUnvalued, _known: Any) -> Iterator[Keyed]:
    yield _log_key(event.key), _trade_of_vault(event, event.shares_assumed, assumed=True)


def _log_key(key: chain.LogKey) -> str:
    return ref_of_log(key.chain, key.tx, key.log_index)


def _trade_of_vault(event: chain.VaultFilled | chain.FillUnvalued, shares: Quantity, *, assumed: bool) -> TradeFact:
    return TradeFact(
        ref=ref_of_fill(event.key),
        owner=OwnerId(intern(event.owner)),
        account=AccountId(intern(event.account)),
        instrument=InstrumentId(intern(event.instrument)),
        underlying=Underlying(intern(event.underlying)),
        place=Place.ONCHAIN,
        side=event.side,
        qty=shares,
        money=event.usdc_amount,
        asset=AssetId(intern(event.usdc)),
        assumed=assumed,
        order_id=None,
        at=event.happened_at,
    )


def _from_skipped(_item: Recorded, event: chain.FillSkipped, _known: Any) -> Iterator[Keyed]:
    if event.underlying is None or event.side is None or event.shares is None:
        return
    bought = event.side is Side.BUY
    asset, amount = (event.gave, event.gave_amount) if bought else (event.received, event.received_amount)
    yield (
        _log_key(event.key),
        TradeFact(
            ref=ref_of_fill(event.key),
            owner=event.owner,
            account=event.account,
            instrument=event.instrument,
            underlying=event.underlying,
            place=Place.ONCHAIN,
            side=event.side,
            qty=event.shares,
            money=None if amount is None else Money(amount),
            asset=asset,
            assumed=False,
            order_id=None,
            at=event.happened_at,
        ),
    )


def _from_valued(_item: Recorded, event: chain.FillValued, known: Callable[[str], Fact | None]) -> Iterator[Keyed]:
    key = ref_of_log(event.chain, event.tx, event.log_index)
    fact = known(key)
    if isinstance(fact, TradeFact) and fact.assumed:
        yield key, msgspec.structs.replace(fact, qty=event.shares, assumed=False)


def _from_reversed(_item: Recorded, event: chain.FillReversed, _known: Any) -> Iterator[Keyed]:
    yield _log_key(event.key), None


def _from_execution(item: Recorded, event: Executed, _known: Any) -> Iterator[Keyed]:
    ref = identity_of(item)
    owner = UNASSIGNED if isinstance(event, orders.ForeignFilled) else OwnerId(intern(event.owner))
    underlying = Underlying(intern(event.underlying))
    order_id = event.order_id if isinstance(event, orders.OrderFilled) else None
    qty = event.qty * event.contract_size
    yield (
        ref,
        TradeFact(
            ref=ref,
            owner=owner,
            account=AccountId(intern(event.account)),
            instrument=InstrumentId(intern(event.instrument)),
            underlying=underlying,
            place=Place.OFFCHAIN,
            side=event.side,
            qty=Quantity(qty),
            money=Money(qty * event.price),
            asset=AssetId(intern(event.quote)),
            assumed=False,
            order_id=order_id,
            at=event.happened_at,
            in_kind=Quantity(fee_in_kind(event) * event.contract_size),
        ),
    )
    if event.contract_size != ONE:
        yield size_key(event.instrument), SizeFact(size=event.contract_size)
    for number, fee in enumerate(event.fees):
        in_kind = is_in_kind(event, fee)
        yield (
            fee_key(number, ref),
            CostFact(
                ref=ref,
                kind=CostKind.BROKER_FEE,
                owner=owner,
                underlying=underlying,
                order_id=order_id,
                asset=AssetId(intern(fee.asset)),
                amount=fee.amount,
                each=event.price if in_kind else None,
                at=event.happened_at,
                each_in=AssetId(intern(event.quote)) if in_kind else USD,
                in_kind=in_kind,
            ),
        )


_COSTS = {ActivityKind.FEE: CostKind.BROKER_FEE, ActivityKind.FUNDING: CostKind.FUNDING}


def _from_activity(item: Recorded, event: AccountActivityBooked, _known: Any) -> Iterator[Keyed]:
    """A fee is a cost, and so is funding; what else a venue books is none of a trade's, and stands in the ledger."""
    kind = _COSTS.get(event.kind)
    if kind is None:
        return
    ref = identity_of(item)
    cost = CostFact(
        ref=ref,
        kind=kind,
        owner=OwnerId(intern(event.owner)),
        underlying=event.underlying,
        order_id=event.order_id,
        asset=AssetId(intern(event.asset)),
        amount=Money(-event.amount),
        each=None,
        at=event.happened_at,
    )
    yield f"fee:{ref}", cost


def _from_gas(item: Recorded, event: chain.GasSpent, _known: Any) -> Iterator[Keyed]:
    ref = identity_of(item)
    cost = CostFact(
        ref=ref,
        kind=CostKind.GAS,
        owner=event.owner,
        underlying=None,
        order_id=None,
        asset=event.coin,
        amount=Money(event.wei_amount.scaleb(-WEI_DECIMALS)),
        each=event.coin_usd,
        at=event.happened_at,
    )
    yield ref, cost


def _size(known: Callable[[str], Fact | None], instrument: InstrumentId) -> Decimal:
    fact = known(size_key(instrument))
    return fact.size if isinstance(fact, SizeFact) else ONE


def _from_stated(
    item: Recorded, event: control.PositionOverwritten, known: Callable[[str], Fact | None]
) -> Iterator[Keyed]:
    ref = identity_of(item)
    size = _size(known, event.instrument) if event.contract_size is None else event.contract_size
    change = (event.after - event.before) * size
    stated = StatedFact(
        ref=ref,
        owner=event.owner,
        underlying=event.underlying,
        change=Quantity(change),
        price=event.price,
        at=event.decided_at,
    )
    yield ref, stated


def _from_corrected(item: Recorded, event: BooksCorrected, _known: Any) -> Iterator[Keyed]:
    ref = identity_of(item)
    yield (
        ref,
        CorrectedFact(
            ref=ref,
            owner=event.owner,
            underlying=event.underlying,
            change=Quantity(event.qty * event.contract_size),
            usd=None if event.usd is None else Money(abs(event.usd)),
            at=event.stated_at,
        ),
    )


def _from_assigned(
    item: Recorded, event: orders.ForeignAssigned, known: Callable[[str], Fact | None]
) -> Iterator[Keyed]:
    ref = identity_of(item)
    qty = Quantity(event.qty * _size(known, event.instrument))
    yield ref, AssignedFact(ref=ref, owner=event.owner, underlying=event.underlying, qty=qty, at=event.decided_at)


def _from_mark(item: Recorded, event: control.MarkSet, _known: Any) -> Iterator[Keyed]:
    yield f"mark:{event.asset}:{item.seq}", MarkFact(asset=event.asset, usd=event.usd, at=event.marked_at)


_DRAWN: dict[type[Event], Callable[[Recorded, Any, Callable[[str], Fact | None]], Iterator[Keyed]]] = {
    chain.VaultFilled: _from_vault,
    chain.FillUnvalued: _from_unvalued,
    chain.FillSkipped: _from_skipped,
    chain.FillValued: _from_valued,
    chain.FillReversed: _from_reversed,
    chain.GasSpent: _from_gas,
    AccountActivityBooked: _from_activity,
    orders.OrderFilled: _from_execution,
    orders.ForeignFilled: _from_execution,
    ForcedReduction: _from_execution,
    orders.ForeignAssigned: _from_assigned,
    control.PositionOverwritten: _from_stated,
    BooksCorrected: _from_corrected,
    control.MarkSet: _from_mark,
}
