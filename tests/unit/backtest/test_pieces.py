"""Texts of events that are put together from pieces are what the codec writes."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.pieces import pieces_of, shape_of
from flatbook.events.codec import encode_event
from flatbook.events.orders import (
    CancelIntended,
    CancelReason,
    Fee,
    OrderAccepted,
    OrderDone,
    OrderEnd,
    OrderFilled,
    OrderIntended,
    OrderStyle,
)
from flatbook.values.ids import EventRef, ExecutionId, OrderId, OwnerId, Slot, VenueOrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity
from tests.unit.engine.quote_scene import SPOT as TRADED

OWNER, PREFIX = OwnerId("maker"), "fb12abcdefghijklm"
AT, SEEN = Instant(1_764_685_800_000_000_000), Instant(1_764_685_800_004_000_000)
PIECES = pieces_of(OWNER, TRADED, PREFIX)
encode = msgspec.msgpack.Encoder().encode
counts = st.integers(0, 999_999_999)
numbers = st.integers(1, 10**9)
instants = st.integers(0, 2**62).map(Instant)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9)


def id_of(count: int) -> tuple[bytes, OrderId]:
    """Returns the digits that an id ends in, and the id."""
    return f"{count:09}".encode(), OrderId(f"{PREFIX}{count:09}")


def times(happened_at: Instant, seen_at: Instant) -> bytes:
    return PIECES[desk.HAPPENED_AT] + encode(happened_at) + PIECES[desk.SEEN_AT] + encode(seen_at)


@given(count=counts, number=numbers, happened_at=instants, seen_at=instants)
def test_an_acceptance_is_put_together_as_the_codec_writes_it(
    count: int, number: int, happened_at: Instant, seen_at: Instant
) -> None:
    digits, order_id = id_of(count)
    name = VenueOrderId(f"s{number}")
    text = PIECES[desk.ACCEPTED_HEAD] + digits + PIECES[desk.ACCEPTED_VENUE_ID] + encode(name)
    event = OrderAccepted(order_id=order_id, venue_order_id=name, happened_at=happened_at, seen_at=seen_at)
    assert text + times(happened_at, seen_at) == encode_event(event)


@given(
    count=counts,
    side=st.sampled_from(Side),
    qty=amounts,
    price=amounts,
    fee=st.none() | amounts,
    realised=st.none() | st.just(Decimal(0)) | amounts,
    made=st.booleans(),
)
def test_an_execution_is_put_together_as_the_codec_writes_it(
    count: int, *, side: Side, qty: Decimal, price: Decimal, fee: Decimal | None, realised: Decimal | None, made: bool
) -> None:
    digits, order_id = id_of(count)
    execution = ExecutionId("s7-2")
    texts = [
        PIECES[desk.FILLED_HEAD] + digits,
        PIECES[desk.FILLED_ID] + encode(execution),
        PIECES[desk.SIDE_KEY] + PIECES[desk.BUY if side is Side.BUY else desk.SELL],
        PIECES[desk.QTY_KEY] + encode(qty),
        PIECES[desk.PRICE_KEY] + encode(price),
        PIECES[desk.FEES_KEY] + (PIECES[desk.NO_FEES] if fee is None else PIECES[desk.FEE_HEAD] + encode(fee)),
        PIECES[desk.REALISED_KEY] + _realised(realised),
        PIECES[desk.MAKER_KEY] + PIECES[desk.MADE if made else desk.TOOK],
        times(AT, SEEN),
    ]
    event = OrderFilled(
        order_id=order_id,
        owner=OWNER,
        account=TRADED.account,
        instrument=TRADED.id,
        underlying=TRADED.underlying,
        execution_id=execution,
        side=side,
        qty=Quantity(qty),
        price=Price(price),
        quote=TRADED.quote,
        contract_size=TRADED.contract_size,
        fees=() if fee is None else (Fee(asset=TRADED.quote, amount=Money(fee)),),
        product=TRADED.product,
        realised=None if realised is None else Money(realised),
        maker=made,
        happened_at=AT,
        seen_at=SEEN,
    )
    assert b"".join(texts) == encode_event(event)


def _realised(amount: Decimal | None) -> bytes:
    if amount is None:
        return PIECES[desk.NO_REALISED]
    return PIECES[desk.NONE_REALISED] if str(amount) == "0" else encode(amount)


@pytest.mark.parametrize(("end", "piece"), [(OrderEnd.CANCELED, desk.BY_CANCEL), (OrderEnd.EXPIRED, desk.BY_TIME)])
@given(count=counts, filled=amounts)
def test_an_end_is_put_together_as_the_codec_writes_it(end: OrderEnd, piece: int, count: int, filled: Decimal) -> None:
    digits, order_id = id_of(count)
    text = PIECES[desk.DONE_HEAD] + digits + PIECES[desk.END_KEY] + PIECES[piece]
    text += PIECES[desk.FILLED_QTY_KEY] + encode(filled) + times(AT, SEEN)
    event = OrderDone(order_id=order_id, end=end, filled_qty=Quantity(filled), happened_at=AT, seen_at=SEEN)
    assert text == encode_event(event)


@pytest.mark.parametrize("reason", CancelReason)
@given(count=counts, attempt=st.integers(1, 10**6), decided_at=instants)
def test_a_cancel_is_put_together_as_the_codec_writes_it(
    reason: CancelReason, count: int, attempt: int, decided_at: Instant
) -> None:
    digits, order_id = id_of(count)
    place = list(CancelReason).index(reason)
    text = PIECES[desk.CANCEL_HEAD] + digits + PIECES[desk.ATTEMPT_KEY] + encode(attempt)
    text += PIECES[desk.CANCEL_REASON + place] + encode(decided_at)
    event = CancelIntended(order_id=order_id, attempt=attempt, reason=reason, because=None, decided_at=decided_at)
    assert text == encode_event(event)


@given(
    counts=st.tuples(counts, counts),
    limits=st.tuples(amounts, amounts),
    slot=st.none() | st.just(Slot("buy-3")),
    because=st.none() | st.just(EventRef("fill:1")),
    reduce_only=st.booleans(),
)
def test_a_shape_of_an_intended_order_fits_all_that_differ_in_id_limit_and_times(
    counts: tuple[int, int],
    limits: tuple[Decimal, Decimal],
    slot: Slot | None,
    because: EventRef | None,
    reduce_only: bool,
) -> None:
    def intended(count: int, limit: Decimal, decided_at: Instant) -> OrderIntended:
        return OrderIntended(
            order_id=id_of(count)[1],
            owner=OWNER,
            account=TRADED.account,
            instrument=TRADED.id,
            underlying=TRADED.underlying,
            side=Side.SELL,
            qty=Quantity(Decimal("0.5")),
            limit=Price(limit),
            contract_size=TRADED.contract_size,
            reduce_only=reduce_only,
            style=OrderStyle.POST_ONLY,
            product=TRADED.product,
            slot=slot,
            because=because,
            evidence=None,
            together=None,
            decided_at=decided_at,
            good_until=Instant(decided_at + 60),
        )

    head, limit, decided_at, good_until = shape_of(intended(counts[0], limits[0], AT), PREFIX)
    text = head + id_of(counts[1])[0] + limit + encode(limits[1]) + decided_at + encode(SEEN)
    assert text + good_until + encode(SEEN + 60) == encode_event(intended(counts[1], limits[1], SEEN))


def test_each_instrument_has_all_pieces() -> None:
    assert len(PIECES) == desk.PIECES == desk.CANCEL_REASON + len(CancelReason)
    assert all(PIECES)
