"""Asks the strategy of offers after every input, and books what it wants: calls that pull wait for no check of risk.

It is asked each time and not on wakes of its own: whatever an input changed, nothing that must be pulled is missed.
"""

from __future__ import annotations

from flatbook.engine.rules import OfferRules
from flatbook.engine.take_calls import cancel_call, intend_call
from flatbook.engine.turn import Turn
from flatbook.engine.views import next_open, route_of
from flatbook.events.control import AlertName, HaltCause
from flatbook.state.calls import ChainCall
from flatbook.state.halts import Halt
from flatbook.state.intents import CallIntent
from flatbook.state.offers import Offer
from flatbook.state.positions import NetKey
from flatbook.strategies.capacity import Capacity, capacity_of
from flatbook.strategies.offers import OffersView, decide, unwanted_calls
from flatbook.values.ids import CallId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.sessions import run_end, session_at

START_GRACE_S = 60


def decide_offers(turn: Turn) -> None:
    """Decides on the offers of every (owner, underlying) that has any, and says when time alone changes that."""
    moments: list[Instant] = []
    for key, rules in turn.rules.offers.items():
        offers = turn.state.offers.of(*key)
        if not offers:
            continue
        if (until := _starts_until(turn, key)) is not None:
            moments.append(until)
        view = offers_view(turn, key, rules, offers)
        for call_id in unwanted_calls(view, rules.params):
            cancel_call(turn, turn.state.calls[call_id], "something speaks against the order by now")
        decision = decide(view, rules.params)
        for note in decision.notes:
            turn.book(note)
        for intent in decision.intents:
            if isinstance(intent, CallIntent):
                intend_call(turn, intent)
        waits = (decision.wake.at, turn.state.freezes.next_at(key[1], turn.now))
        moments += [at for at in waits if at is not None]
    turn.wakes.offers_at = min(moments, default=None)


def _starts_until(turn: Turn, key: NetKey) -> Instant | None:
    """Returns until when a fresh start gives its accounts and prices time to be read; None once it has, or had."""
    began = turn.wakes.began_at
    if turn.wakes.is_resumed(key) or began is None:
        return None
    until = later(began, seconds=START_GRACE_S)
    return until if turn.now < until else None


def offers_view(turn: Turn, key: NetKey, rules: OfferRules, offers: tuple[Offer, ...]) -> OffersView:
    """Returns what the strategy of offers of a net can see now."""
    state, now, params = turn.state, turn.now, rules.params
    hedge, net = turn.rules.hedges[key], state.positions.net(*key)
    price = turn.market.quote(key[1], hedge.params.price_source)
    halts = [halt for halt in state.halts.values() if _covers(turn, key, offers, halt)]
    accounts = hedge.accounts
    silent = any((AlertName.VENUE_SILENT, account) in state.alerts for account in accounts)
    unread = any(
        chain == params.chain and (AlertName.CHAIN_UNREAD, source) in state.alerts
        for source, chain in turn.rules.chains.items()
    )
    return OffersView(
        now=now,
        owner=key[0],
        underlying=key[1],
        net=net.known,
        offers=offers,
        reasons={side: state.offers.reasons[(*key, side)] for side in Side if (*key, side) in state.offers.reasons},
        calls=_calls(turn, offers),
        capacity=_capacity(turn, key),
        price=price,
        dollars={leg.dollar: state.mark(leg.dollar) for offer in offers for leg in offer.seen.legs},
        session=session_at(now),
        pauses_at=run_end(now, params.sessions),
        next_open=next_open(params.sessions, now),
        halted=bool(halts),
        killed=any(halt.cause is HaltCause.KILLED for halt in halts),
        draining=state.draining,
        leaving=turn.wakes.leaving is not None,
        broker_down=silent or any(account not in state.opened for account in accounts[:1]),
        chain_unread=unread,
        frozen=state.freezes.covers(key[1], now),
        is_ready=turn.wakes.is_resumed(key),
        is_starting=_starts_until(turn, key) is not None,
    )


def _covers(turn: Turn, key: NetKey, offers: tuple[Offer, ...], halt: Halt) -> bool:
    """Whether a halt stops what would hedge the offers, or the vaults they stand in."""
    named = [(each.account, each.id) for each in turn.rules.hedges[key].named[:1]]
    named += [(offer.seen.account, leg.instrument) for offer in offers for leg in offer.seen.legs]
    return any(halt.covers(key[0], account, instrument) for account, instrument in named)


def _calls(turn: Turn, offers: tuple[Offer, ...]) -> dict[CallId, ChainCall]:
    ids = (offer.call_id for offer in offers if offer.call_id is not None)
    return {call_id: turn.state.calls[call_id] for call_id in ids if call_id in turn.state.calls}


def _capacity(turn: Turn, key: NetKey) -> Capacity:
    """Returns what the first account of a hedge can still do."""
    hedge = turn.rules.hedges[key]
    route = route_of(turn.state, key[0], hedge.instrument, turn.rules)
    price = turn.market.quote(key[1], hedge.params.price_source)
    return capacity_of(route, None if price is None else price.price, shorting=hedge.params.shorting)
