"""How much of each share can still be bought and sold at each account, and what stands behind it."""

from __future__ import annotations

import msgspec

from flatbook.api.answers.moment import Answer, AsOf, instant_or_none
from flatbook.api.answers.positions import Asked, number_or_none
from flatbook.engine.rules import Rules
from flatbook.projections.capacity import CapacityLine, capacity_lines
from flatbook.state.desk import State


class CapacityBody(msgspec.Struct, frozen=True, kw_only=True):
    """What can still be hedged of a share at one account.

    Units: cash in the quote; shares; USD per share. None where nobody states it. `stated_at` is when the venue did.
    """

    owner: str
    underlying: str
    account: str
    instrument: str
    quote: str
    cash: str | None
    held: str | None
    price_usd: str | None
    buy: str | None
    sell: str | None
    shorting: bool
    lends: bool | None
    good_faith: int | None
    stated_at: str | None


class CapacityAnswer(Answer, frozen=True, kw_only=True):
    """What can still be hedged, by owner and share, the backup account of a hedge after its own."""

    capacity: list[CapacityBody]


def capacity_answer(state: State, moment: AsOf, rules: Rules, asked: Asked) -> CapacityAnswer:
    """Returns what can still be hedged of what is asked for."""
    lines = capacity_lines(state, rules)
    return CapacityAnswer(
        as_of=moment,
        capacity=[capacity_body(line) for line in lines if asked.is_about(line.owner, line.underlying)],
    )


def capacity_body(line: CapacityLine) -> CapacityBody:
    """Returns one line of capacity as programs read it."""
    return CapacityBody(
        owner=line.owner,
        underlying=line.underlying,
        account=line.account,
        instrument=line.instrument,
        quote=line.quote,
        cash=number_or_none(line.cash),
        held=number_or_none(line.held),
        price_usd=number_or_none(line.price),
        buy=number_or_none(line.capacity.buy),
        sell=number_or_none(line.capacity.sell),
        shorting=line.shorting,
        lends=line.lends,
        good_faith=line.good_faith,
        stated_at=instant_or_none(line.stated_at),
    )
