"""Random journals of one small desk: fills, executions, corrections and operators, in any order of time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from flatbook.events import chain
from flatbook.events.activities import ActivityKind
from flatbook.events.event import Event
from flatbook.values.ids import AssetId, OwnerId
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity, cut
from tests.unit.projections import scene
from tests.unit.projections.scene import OWNER, USDC

EVENTS_MAX = 14
sides = st.sampled_from(Side)
seconds = st.integers(0, 400)
tokens = st.decimals("0.000001", "1000", places=19).map(str)
money = st.decimals("0.01", "100000", places=20).map(str)
lots = st.decimals("0.001", "500", places=9).map(str)
prices = st.decimals("0.0001", "9999", places=4).map(str)
ratios = st.sampled_from(["1", "1.05", "0.333333333333333333"])
owners = st.sampled_from([OWNER, OwnerId("other")])
fees = st.lists(
    st.sampled_from([("USD", "0.65"), ("USD", "-0.2"), ("BNB", "0.001"), ("COIN", "0.0003"), ("COIN", "-0.0001")]),
    max_size=2,
)
"""One in COIN is in kind: it makes less of what is bought."""


@st.composite
def fills(draw: Any, number: int) -> Event:
    side, amount, usdc, when = draw(sides), draw(tokens), draw(money), draw(seconds)
    if draw(st.booleans()):
        return scene.fill(number, side, amount, usdc, when, ratio=draw(ratios), owner=draw(owners))
    return scene.unvalued(number, side, amount, usdc, when, assumed=draw(ratios))


@st.composite
def executions(draw: Any, number: int) -> Event:
    side, qty, price, when = draw(sides), draw(lots), draw(prices), draw(seconds)
    if draw(st.booleans()):
        return scene.executed(side, qty, price, when, number=number, fees=draw(fees), owner=draw(owners))
    return scene.foreign(side, qty, price, when, number=number)


@st.composite
def statements(draw: Any, number: int) -> Event:
    when = draw(seconds)
    return draw(
        st.one_of(
            st.builds(scene.mark, st.just(USDC), st.sampled_from(["1", "0.9", "1.0005"]), st.just(when)),
            st.builds(scene.mark, st.just(AssetId("BNB")), st.just("600"), st.just(when)),
            st.builds(scene.gas, st.just(number), st.just("21000000000001"), st.sampled_from([None, "3000"]), seconds),
            st.builds(scene.overwritten, lots, lots, st.none() | prices, st.just(when * 1000 + number)),
            st.builds(scene.assigned, lots, st.just(when * 1000 + number)),
            st.builds(scene.stated, st.just(scene.USD), lots, st.just(when)),
            st.builds(scene.skipped, st.just(number), st.just(when)),
            st.builds(scene.activity, st.just(number), st.sampled_from(ActivityKind), lots, st.just(when)),
        )
    )


def value_of(fill: chain.FillUnvalued) -> chain.FillValued:
    """Returns the value that comes later for a fill seen without one."""
    ratio = Decimal("1.07")
    shares = cut(fill.token_amount * ratio, decimals=18)
    return chain.FillValued(
        chain=fill.key.chain,
        tx=fill.key.tx,
        log_index=fill.key.log_index,
        ratio=ratio,
        shares=Quantity(shares),
        price=Price(Decimal(1)),
        seen_at=scene.at(500),
    )


@st.composite
def journals(draw: Any) -> list[Event]:
    """Draws a journal: what happened, and behind it some values, decisions and reversals of its fills."""
    numbers = range(draw(st.integers(0, EVENTS_MAX)))
    happened = (draw(st.one_of(fills(number), executions(number), statements(number))) for number in numbers)
    events: list[Event] = [scene.mark(USDC, "1", -60), *happened]
    for event in tuple(events):
        follow_up = draw(st.booleans())
        if isinstance(event, chain.FillUnvalued) and follow_up:
            events.append(value_of(event))
        if isinstance(event, chain.FillSkipped) and follow_up:
            events.append(scene.released(_number(event), hedge=draw(st.booleans())))
        if isinstance(event, chain.VaultFilled | chain.FillUnvalued) and draw(st.integers(0, 3)) == 0:
            events.append(scene.reversal(event))
    return events


def _number(event: chain.FillSkipped) -> int:
    return int(event.key.tx, 16)
