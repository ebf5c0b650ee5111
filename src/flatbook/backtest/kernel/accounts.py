"""What the compiled simulator keeps an account by, in whole numbers: made of the exact terms once, before a run."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import gcd

from flatbook.backtest.kernel import tables as at
from flatbook.backtest.kernel.margin import FAR
from flatbook.backtest.kernel.tables import Longs
from flatbook.backtest.terms import FEE_DECIMALS
from flatbook.backtest.venue_account import KeptInstrument
from flatbook.values.money import plain, significant_decimals

PARTS_DECIMALS_MIN = FEE_DECIMALS + 1


def keep_account(t: Longs, kept: Sequence[KeptInstrument]) -> None:
    """Writes an account into the table of a simulator.

    Errors: ValueError where its amounts are too large, or its steps too fine, for whole numbers of 62 bits.
    """
    decimals = {each.coin: PARTS_DECIMALS_MIN for each in kept}
    for each in kept:
        decimals[each.coin] = max(decimals[each.coin], significant_decimals(_worth(each)) + 1)
    tiers = 0
    if sum(len(each.margin.tiers) for each in kept if each.margin is not None) > at.TIERS_MAX:
        raise ValueError(f"the contracts of a run have at most {at.TIERS_MAX} tiers of margin together")
    for each in kept:
        unit, cash = (_parts(each, amount, decimals[each.coin]) for amount in (_worth(each), each.cash))
        maker, taker = (_fee(unit, rate, decimals[each.coin]) for rate in (each.rates.maker, each.rates.taker))
        row = t[at.V0 + each.place]
        row[at.COIN], row[at.PART_UNIT] = at.V0 + each.coin, unit // 2
        t[at.V0 + each.coin, at.CASH] = cash
        row[[at.AT_MAKER, at.AT_MAKER_OVER, at.AT_TAKER, at.AT_TAKER_OVER]] = (*maker, *taker)
        row[at.FEE_PARTS], row[at.IN_KIND] = 10 ** (decimals[each.coin] - FEE_DECIMALS), int(each.pays_in_kind)
        if each.margin is not None:
            row[at.LEVERAGE], row[at.MAINTENANCE] = each.margin.leverage, each.margin.millionths[0]
            row[at.TIERS_AT], row[at.TIERS] = tiers, len(each.margin.tiers)
            for tier, more in zip(each.margin.tiers, each.margin.millionths[1:], strict=True):
                t[at.T0 + tiers, [at.TIER_ABOVE, at.TIER_MORE]] = _far(tier.above, decimals[each.coin]), more
                tiers += 1
        t[at.I0 + each.place, at.SAFE_LOW] = at.NEVER


def _worth(each: KeptInstrument) -> Decimal:
    """Returns what a lot is worth for each tick."""
    rules = each.instrument.rules
    return rules.tick * rules.lot * each.instrument.contract_size


def _parts(each: KeptInstrument, amount: Decimal, decimals: int) -> int:
    top, bottom = amount.as_integer_ratio()
    parts: int = top * 10**decimals // bottom
    if abs(parts) >= FAR:
        raise ValueError(
            f"{plain(amount)} {each.instrument.quote} in parts of {decimals} decimals, as the steps of"
            f" {each.instrument.id} want them, is beyond all bounds: state less cash, or a coarser tick and lot"
        )
    return parts


def _far(amount: Decimal, decimals: int) -> int:
    """Returns an amount in parts; what nothing here can be worth counts as FAR."""
    top, bottom = amount.as_integer_ratio()
    parts: int = top * 10**decimals // bottom
    return min(parts, FAR)


def _fee(unit: int, rate: Decimal, decimals: int) -> tuple[int, int]:
    """Returns the fee on each half tick of a lot, in the last of its decimals: so many over so many."""
    top, bottom = (rate * unit).as_integer_ratio()
    over = bottom * 2 * 10 ** (decimals - FEE_DECIMALS)
    shared = gcd(top, over)
    return top // shared, over // shared
