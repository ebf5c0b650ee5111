"""What has gathered of each net and is not hedged yet, beside the size from which on it is."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.api.answers.holdings import Holdings
from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.positions import number_or_none
from flatbook.api.answers.status import is_flat
from flatbook.values.money import divide_cut, plain

USE_DECIMALS = 1
PERCENT = 100


class AccumulatorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What has gathered of one net.

    Units: shares, signed; USD. `due_pct` is its size in percent of the nearer threshold, cut; None where everything is
    hedged, or where the threshold is in USD and no price is known. `working` is what orders may still move it by.
    """

    owner: str
    underlying: str
    net: str
    usd: str | None
    threshold_shares: str | None
    threshold_usd: str | None
    due_pct: str | None
    working: str
    hold: str | None
    flat: bool


class AccumulatorsAnswer(Answer, frozen=True, kw_only=True):
    """The nets that ever moved, by owner and underlying."""

    accumulators: list[AccumulatorBody]


def accumulators_answer(held: Holdings, moment: AsOf) -> AccumulatorsAnswer:
    """Returns what has gathered of each net."""
    rows = []
    for line in held.lines:
        threshold = held.threshold(line.key)
        size, usd = abs(line.exposure.net), None if line.usd is None else abs(line.usd)
        parts = [_percent(size, threshold.shares), _percent(usd, threshold.usd)]
        known = [part for part in parts if part is not None]
        rows.append(
            AccumulatorBody(
                owner=line.owner,
                underlying=line.underlying,
                net=plain(line.exposure.net),
                usd=number_or_none(line.usd),
                threshold_shares=number_or_none(threshold.shares),
                threshold_usd=number_or_none(threshold.usd),
                due_pct=number_or_none(max(known)) if known else None,
                working=plain(line.exposure.may_buy - line.exposure.may_sell),
                hold=None if line.hold is None else line.hold.value,
                flat=is_flat(line, threshold, held.intended(line.key)),
            )
        )
    return AccumulatorsAnswer(as_of=moment, accumulators=rows)


def _percent(size: Decimal | None, threshold: Decimal | None) -> Decimal | None:
    if size is None or not threshold:
        return None
    return divide_cut(size * PERCENT, threshold, decimals=USE_DECIMALS)
