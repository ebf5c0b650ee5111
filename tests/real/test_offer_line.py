"""The whole line of an offer on a chain that nobody here wrote: seen, taken, hedged, pulled, put back, pulled again."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from flatbook.engine.inputs import Verb
from flatbook.events.calls import CallConfirmed, CallSigned
from flatbook.events.chain import GasSpent, VaultFilled
from flatbook.events.control import EngineStopped
from flatbook.events.event import Event
from flatbook.events.offers import OfferPulled, OfferRemoved, OfferRestored, OfferSeen
from flatbook.events.orders import OrderFilled
from tests.desk import COIN
from tests.real.anvil import running_anvil
from tests.real.books import Order
from tests.real.offer_desk import OfferDesk, OfferLife
from tests.real.scene import deployed
from tests.real.wallet_desk import HOLDINGS, OWNER, VAULT, mining

pytestmark = pytest.mark.real


def stands(life: OfferLife, order: Order, *, shares: str) -> bool:
    """Whether an order was read to stand with so many shares at 250, and no call of it is under way."""
    offer = life.offer(order)
    if offer is None or offer.quote is None or not offer.stands or life.state.open_calls:
        return False
    (leg,) = offer.quote.legs
    return (leg.shares, leg.price) == (Decimal(shares), 250)


def is_away(life: OfferLife, order: Order) -> bool:
    """Whether both nodes told that an order is gone, and its call is over."""
    offer = life.offer(order)
    return offer is not None and not offer.stands and not life.state.open_calls


def is_hedged(life: OfferLife, shares: str) -> bool:
    """Whether so many shares were bought at the broker, and nothing is left of the net."""
    bought = sum(event.qty for event in _events(life) if isinstance(event, OrderFilled))
    return bought == Decimal(shares) and life.state.positions.net(OWNER, COIN).known == 0


def _events(life: OfferLife) -> tuple[Event, ...]:
    assert isinstance(life.desk, OfferDesk)
    return life.desk.events()


async def line(life: OfferLife, desk: OfferDesk, ask: Order) -> None:
    """Takes of an order, halts, lifts, takes again, and ends the engine as a signal does."""
    scene, chain = desk.scene, desk.chain
    await mining(chain, life.until(lambda: stands(life, ask, shares="10")))
    scene.take(ask, most="2")
    await mining(chain, life.until(lambda: is_hedged(life, "2")))
    assert (await life.command(Verb.HALT, scope="all", target="")).accepted
    await mining(chain, life.until(lambda: is_away(life, ask)))
    assert not scene.is_live(ask)
    assert (await life.command(Verb.LIFT, halt_id=next(iter(life.state.halts)))).accepted
    await mining(chain, life.until(lambda: stands(life, ask, shares="10")))
    assert scene.is_live(ask)
    scene.take(ask, most="3")
    await mining(chain, life.until(lambda: is_hedged(life, "5")))
    life.engine.leave("signal")
    assert await mining(chain, life.ended()) == "signal"
    assert not scene.is_live(ask)


def test_an_offer_is_seen_hedged_pulled_by_a_halt_put_back_and_pulled_again_when_the_engine_ends() -> None:
    with running_anvil() as chain:
        desk = OfferDesk(deployed(chain))
        before = desk.coin_wei()
        ask = desk.ask(price="250", shares="10")

        async def session() -> None:
            life = OfferLife(desk)
            await life.start()
            try:
                await line(life, desk, ask)
            finally:
                await life.kill()

        asyncio.run(session())
        told = desk.events()
        spent = [event for event in told if isinstance(event, GasSpent)]
        assert [event.account for event in spent] == [VAULT, HOLDINGS, HOLDINGS, HOLDINGS]  # the first one by hand
        assert before - desk.coin_wei() == sum(event.wei_amount for event in spent) > 0
        assert desk.scene.vault(desk.wallet, desk.scene.shares["COIN"].wrapper) == 95
        assert desk.shares() == 10_005
    assert [event.shares for event in told if isinstance(event, VaultFilled)] == [2, 3]
    assert [event.reasons[0].value for event in told if isinstance(event, OfferPulled)] == ["halted", "shutdown"]
    assert {event.order_hash for event in told if isinstance(event, OfferSeen | OfferRemoved | OfferRestored)} == {
        ask.hash
    }
    assert [len([event for event in told if isinstance(event, kind)]) for kind in (OfferSeen, OfferRestored)] == [2, 1]
    assert [len([event for event in told if isinstance(event, kind)]) for kind in (CallSigned, CallConfirmed)] == [3, 3]
    assert isinstance(told[-1], EngineStopped)
