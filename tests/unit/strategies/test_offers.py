"""When orders of ours on a chain are pulled, and when they are put back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.events.calls import CallPurpose
from flatbook.events.offers import LegQuote, OfferPulled, OfferQuoted, OfferReasonsChanged, OfferRestored, PullReason
from flatbook.market.quotes import Quote
from flatbook.state.calls import CallStatus, ChainCall
from flatbook.state.intents import CallIntent
from flatbook.state.offers import Offer, Reasons
from flatbook.strategies.capacity import Capacity
from flatbook.strategies.decision import Decision
from flatbook.strategies.offers import OfferParams, OffersView, decide, flaw_of_bound, unwanted_calls
from flatbook.values.ids import AccountId, AssetId, CallId, SourceId, WalletId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.values.sessions import SessionKind, run_end, session_at
from tests.desk import BASE, COIN, OWNER
from tests.unit.engine.test_take_offers import HASH, offer_seen

NOON = instant_of_text("2025-12-02T17:00:00Z")
CLOSE = instant_of_text("2025-12-02T21:00:00Z")
USDC = AssetId("USDC")
CALL = CallId("fc" + "a" * 24)
PARAMS = OfferParams(
    sessions=(SessionKind.REGULAR,),
    cutoff_s=120,
    fill_shares=Decimal(2),
    standing_shares_max=Decimal(20),
    threshold_shares=Decimal(1),
    order_shares_max=Decimal(5),
    venues=1,
    price_age_s_max=30,
    chain=BASE,
    wallet=WalletId("0x" + "0a" * 20),
    gas_account=AccountId("base:wallet"),
)


def offer(shares: str | None = "10", *, side: Side = Side.SELL, **changes: Any) -> Offer:
    """Returns an order that stands, and what it was last read to offer."""
    seen = offer_seen(side=side)
    leg = LegQuote(
        shares=Quantity(Decimal(shares or 0)), price=Price(Decimal(251)), balance=Quantity(Decimal(shares or 0))
    )
    quote = OfferQuoted(
        chain=BASE, source=SourceId("base"), order_hash=HASH, block=11, block_hash="0xb11", legs=(leg,), seen_at=NOON
    )
    fields: dict[str, Any] = {
        "seen": seen,
        "stands": True,
        "pulled": False,
        "quote": None if shares is None else quote,
        "gone_block": None,
        "call_id": None,
        "calls": 0,
        "changed_at": NOON,
    }
    return Offer(**{**fields, **changes})


def call(purpose: CallPurpose, status: CallStatus, *, changed_at: Instant = NOON) -> ChainCall:
    """Returns the newest call of an order."""
    return ChainCall(
        call_id=CALL,
        owner=OWNER,
        account=PARAMS.gas_account,
        chain=BASE,
        wallet=PARAMS.wallet,
        purpose=purpose,
        to="0x" + "b0" * 20,
        payload="0x",
        value=Quantity(Decimal(0)),
        asset=None,
        amount=None,
        destination=None,
        urgent=True,
        after=None,
        because=None,
        status=status,
        attempts=(),
        signed=0,
        mined=None,
        cancel_pending=False,
        decided_at=changed_at,
        good_until=later(changed_at, seconds=3600),
        sent_at=Instant(0),
        changed_at=changed_at,
    )


def view(
    *offers: Offer, now: Instant = NOON, net: str = "0", last: ChainCall | None = None, **changes: Any
) -> OffersView:
    """Returns a desk on which nothing speaks against its offers, and what a test changes."""
    plain = OffersView(
        now=now,
        owner=OWNER,
        underlying=COIN,
        net=Quantity(Decimal(net)),
        offers=offers or (offer(),),
        reasons={},
        calls={} if last is None else {CALL: last},
        capacity=Capacity(buy=Quantity(Decimal(100)), sell=Quantity(Decimal(100))),
        price=Quote(price=Price(Decimal(250)), happened_at=now, seen_at=now),
        dollars={USDC: Price(Decimal(1))},
        session=session_at(now),
        pauses_at=run_end(now, PARAMS.sessions),
        next_open=instant_of_text("2025-12-03T14:30:00Z"),
        halted=False,
        killed=False,
        draining=False,
        leaving=False,
        broker_down=False,
        chain_unread=False,
        frozen=False,
        is_ready=True,
        is_starting=False,
    )
    return msgspec.structs.replace(plain, **changes)


def calls(decision: Decision) -> list[tuple[str, bool]]:
    intents = [intent for intent in decision.intents if isinstance(intent, CallIntent)]
    assert len(intents) == len(decision.intents)
    return [(intent.purpose.value, intent.urgent) for intent in intents]


def why(decision: Decision) -> list[tuple[str, ...]]:
    return [tuple(reason.value for reason in note.reasons) for note in decision.notes if isinstance(note, OfferPulled)]


REMOVED, ADDED = [("remove_order", True)], [("add_order", False)]


def test_an_offer_stands_while_nothing_speaks_against_it() -> None:
    decision = decide(view(), PARAMS)
    assert (decision.intents, decision.notes) == ((), ())
    assert decision.wake.at == Instant(later(NOON, seconds=30) + 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"now": later(CLOSE, seconds=-120)}, "session"),
        ({"now": later(CLOSE, seconds=60)}, "session"),
        ({"capacity": Capacity(buy=Quantity(Decimal("1.99")), sell=None)}, "capacity"),
        ({"broker_down": True}, "broker_down"),
        ({"chain_unread": True}, "chain_unread"),
        ({"halted": True}, "halted"),
        ({"killed": True}, "killed"),
        ({"price": None}, "stale_price"),
        ({"dollars": {USDC: Price(Decimal("0.9949"))}}, "depegged"),
        ({"dollars": {USDC: None}}, "depegged"),
        ({"draining": True}, "draining"),
        ({"leaving": True}, "shutdown"),
        ({"frozen": True}, "frozen"),
        ({"net": "-16.01"}, "bound"),
    ],
)
def test_each_reason_pulls_at_once(changes: dict[str, Any], reason: str) -> None:
    decision = decide(view(**changes), PARAMS)
    assert calls(decision) == REMOVED
    assert why(decision) == [(reason,)]


def test_an_offer_that_nobody_can_read_is_pulled_after_a_minute_for_no_bound_counts_it() -> None:
    unread = (offer(None),)
    early, due = later(NOON, seconds=59), later(NOON, seconds=60)
    first = decide(view(offers=unread, now=early), PARAMS)
    assert (first.intents, first.wake.at) == ((), due)
    then = decide(view(offers=unread, now=due), PARAMS)
    assert (calls(then), why(then)) == (REMOVED, [("unread",)])
    assert calls(decide(view(offers=unread, now=due, is_starting=True), PARAMS)) == []
    assert calls(decide(view(offers=(offer(None, stands=False),), now=due), PARAMS)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"now": later(CLOSE, seconds=-121)},
        {"capacity": Capacity(buy=Quantity(Decimal(2)), sell=Quantity(Decimal(0)))},
        {"dollars": {USDC: Price(Decimal("0.995"))}},
        {"net": "-16"},
        {"net": "36"},
    ],
)
def test_what_is_within_its_bound_pulls_nothing(changes: dict[str, Any]) -> None:
    assert calls(decide(view(**changes), PARAMS)) == []


def test_a_fresh_start_does_not_take_for_down_what_it_has_not_read_yet() -> None:
    unread: dict[str, Any] = {"price": None, "broker_down": True, "is_starting": True, "is_ready": False}
    assert calls(decide(view(**unread), PARAMS)) == []
    assert calls(decide(view(**unread, halted=True), PARAMS)) == REMOVED
    assert calls(decide(view(now=CLOSE, **unread), PARAMS)) == REMOVED


def test_only_the_side_whose_hedge_has_no_capacity_is_pulled() -> None:
    none_to_sell = Capacity(buy=None, sell=Quantity(Decimal(0)))
    assert calls(decide(view(offer(side=Side.SELL), capacity=none_to_sell), PARAMS)) == []
    assert calls(decide(view(offer(side=Side.BUY), capacity=none_to_sell), PARAMS)) == REMOVED


def test_a_pull_is_asked_once_while_it_is_under_way_and_again_after_it_failed() -> None:
    pulled = offer(call_id=CALL, pulled=True, calls=1)
    for status in (CallStatus.INTENDED, CallStatus.SENT, CallStatus.UNKNOWN, CallStatus.MINED):
        under_way = call(CallPurpose.REMOVE_ORDER, status)
        assert calls(decide(view(pulled, last=under_way, halted=True), PARAMS)) == []
    failed = call(CallPurpose.REMOVE_ORDER, CallStatus.REVERTED)
    early, due = later(NOON, seconds=29), later(NOON, seconds=30)
    assert calls(decide(view(pulled, last=failed, halted=True, now=early), PARAMS)) == []
    assert calls(decide(view(pulled, last=failed, halted=True, now=due), PARAMS)) == REMOVED
    done = call(CallPurpose.REMOVE_ORDER, CallStatus.CONFIRMED)
    assert calls(decide(view(pulled, last=done, halted=True, now=later(NOON, seconds=59)), PARAMS)) == []
    assert calls(decide(view(pulled, last=done, halted=True, now=later(NOON, seconds=60)), PARAMS)) == REMOVED


def gone(**changes: Any) -> Offer:
    """Returns an order that we pulled and that is gone."""
    return offer(stands=False, pulled=True, call_id=CALL, calls=1, **changes)


def quiet(*reasons: PullReason, since: Instant = NOON) -> dict[Side, Reasons]:
    return {side: Reasons(reasons=reasons, since=since) for side in Side}


def back(now_s: int = 30, **changes: Any) -> Decision:
    removed = call(CallPurpose.REMOVE_ORDER, CallStatus.CONFIRMED)
    fields = {"reasons": quiet(), "last": removed, "now": later(NOON, seconds=now_s), **changes}
    return decide(view(gone(), **fields), PARAMS)


def test_it_is_restored_once_nothing_has_spoken_against_it_for_a_while() -> None:
    assert calls(back(29)) == []
    assert calls(back(30)) == ADDED
    assert [type(note) for note in back(30).notes] == [OfferRestored]
    assert back(29).wake.at == later(NOON, seconds=30)


def test_the_end_of_the_reasons_is_noted_and_the_while_counts_from_there() -> None:
    decision = back(30, reasons=quiet(PullReason.HALTED))
    assert calls(decision) == []
    assert [note.reasons for note in decision.notes if isinstance(note, OfferReasonsChanged)] == [(), ()]


@pytest.mark.parametrize(
    "changes",
    [
        {"halted": True},
        {"net": "-1"},
        {"net": "1"},
        {"is_ready": False},
        {"offers": (gone(), offer(None))},
        {"offers": (gone(), offer("11"))},
        {"offers": (offer(stands=False, pulled=False),)},
    ],
)
def test_it_is_not_restored_while_the_net_is_out_or_too_much_would_stand(changes: dict[str, Any]) -> None:
    assert calls(back(30, **changes)) == []


def test_one_order_is_restored_at_a_time() -> None:
    both = (gone(), offer("5", stands=False, pulled=True))
    assert calls(back(30, offers=both)) == ADDED


def test_a_restore_that_failed_is_tried_again_and_one_under_way_counts_as_standing() -> None:
    failed = call(CallPurpose.ADD_ORDER, CallStatus.REVERTED)
    lost = offer(stands=False, pulled=False, call_id=CALL, calls=2)
    late = later(NOON, seconds=30)
    assert calls(decide(view(lost, last=failed, reasons=quiet(), now=late), PARAMS)) == ADDED
    under_way = call(CallPurpose.ADD_ORDER, CallStatus.SENT)
    other = offer("11", stands=False, pulled=True)
    assert calls(decide(view(lost, other, last=under_way, reasons=quiet(), now=late), PARAMS)) == []


@pytest.mark.parametrize("status", [CallStatus.INTENDED, CallStatus.SIGNED, CallStatus.SENT, CallStatus.UNKNOWN])
def test_a_restore_under_way_is_taken_back_when_something_speaks_against_its_order(status: CallStatus) -> None:
    away = offer(stands=False, call_id=CALL, calls=2)
    under_way = call(CallPurpose.ADD_ORDER, status)
    assert unwanted_calls(view(away, last=under_way), PARAMS) == ()
    assert unwanted_calls(view(away, last=under_way, draining=True), PARAMS) == (CALL,)
    assert unwanted_calls(view(away, last=under_way, now=CLOSE), PARAMS) == (CALL,)


def test_what_is_in_a_block_or_taken_back_already_or_takes_an_order_away_is_not_taken_back() -> None:
    away = offer(stands=False, call_id=CALL, calls=2)
    taken_back = msgspec.structs.replace(call(CallPurpose.ADD_ORDER, CallStatus.SENT), cancel_pending=True)
    lasts = (
        taken_back,
        call(CallPurpose.ADD_ORDER, CallStatus.MINED),
        call(CallPurpose.ADD_ORDER, CallStatus.CONFIRMED),
        call(CallPurpose.REMOVE_ORDER, CallStatus.SENT),
    )
    assert [unwanted_calls(view(away, last=last, halted=True), PARAMS) for last in lasts] == [()] * 4


def test_an_order_that_its_owner_removed_by_hand_stays_away() -> None:
    assert calls(decide(view(offer(stands=False), reasons=quiet(), now=later(NOON, seconds=60)), PARAMS)) == []


def test_a_pull_carries_the_numbers_it_was_decided_on() -> None:
    (intent,) = decide(view(net="-16.01"), PARAMS).intents
    assert isinstance(intent, CallIntent)
    assert (intent.to, intent.payload) == (offer().seen.order_book, offer().seen.removal)
    assert intent.evidence["reasons"] == "bound"
    assert (intent.evidence["net"], intent.evidence["worst_sell"]) == ("-16.01", "26.01")


@pytest.mark.parametrize(("loss", "is_flawed"), [("624", True), ("650", False)])
def test_the_worst_net_may_not_lose_more_than_is_allowed(loss: str, is_flawed: bool) -> None:
    assert PARAMS.bound_shares == 26
    flaw = flaw_of_bound(Decimal(26), price=Decimal(250), loss_usd_max=Decimal(loss), shock_bps=1_000)
    assert (flaw is not None) is is_flawed
