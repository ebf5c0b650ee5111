"""The shape of what watches a desk: monitors of markets, breakers of owners, and how accounts are reconciled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Annotated

from flatbook.ops.config_fields import amount, said, seconds, whole
from flatbook.ops.config_names import offered
from flatbook.ops.config_section import InstrumentName, Name, Section
from flatbook.risk.breaker import BreakerLimits
from flatbook.risk.corrections import CorrectionRules
from flatbook.risk.monitor import INSTRUMENTS_MAX, WINDOW_MAX, Policy


class MonitorSection(Section, frozen=True, kw_only=True):
    """A monitor: in an abnormal market its owners buy no more in a fall and sell no more in a rise."""

    instruments: Annotated[tuple[InstrumentName, ...], said("The instruments that are watched.")]
    owners: Annotated[tuple[Name, ...], said("Whose new risk is stopped.")]
    policy: Annotated[Policy, said("Whether any of the instruments must be abnormal for a stop, or all.")] = Policy.ALL
    recovery: Annotated[
        int, whole("So many must be normal again.", unit="instruments", least=1, most=INSTRUMENTS_MAX)
    ] = 1
    interval_s: Annotated[int, seconds("Length of a candle.", least=1, most=86_400)] = 60
    window: Annotated[int, whole("Closed candles that are averaged.", unit="candles", least=1, most=WINDOW_MAX)] = 20
    volume_multiple: Annotated[
        Decimal, amount("Abnormal is a volume above the mean times this.", unit="times", most="1000")
    ] = Decimal(3)
    calm_multiple: Annotated[
        Decimal | None,
        amount("Calm is a volume up to the mean times this; left out: two thirds of it.", unit="times", most="1000"),
    ] = None
    calm_s: Annotated[
        int, seconds("So long without a break must a market be calm before a side is freed.", least=0, most=86_400)
    ] = 60
    missing_s: Annotated[
        int, seconds("What nobody has heard of for so long counts as abnormal.", least=1, most=86_400)
    ] = 120


class BreakerSection(Section, frozen=True, kw_only=True):
    """The breaker of an owner: it halts, and only a person lifts it. One limit at least is stated."""

    losses_max: Annotated[
        int | None, whole("Losing trades in a row that trip it.", unit="trades", least=1, most=1_000)
    ] = None
    drawdown_usd_max: Annotated[
        Decimal | None, amount("A total since the last reset below less this trips it.", unit="USD", most="1000000000")
    ] = None


class ReconcileSection(Section, frozen=True, kw_only=True):
    """How the books of an account at an exchange are brought in line. What is more than this halts the instrument."""

    correct_percent_below: Annotated[
        Decimal, amount("Smaller differences are corrected.", unit="percent", least="0", most="100")
    ] = Decimal(5)
    floor_lots: Annotated[
        Decimal,
        amount("Differences up to this are always small.", unit="lots", least="0", most="100"),
    ] = Decimal(1)
    corrections_day_max: Annotated[
        int, whole("Corrections of one position on a UTC day.", unit="corrections", least=0, most=100)
    ] = 3
    notional_day_percent_max: Annotated[
        Decimal, amount("What a day may correct of a position.", unit="percent", least="0", most="100")
    ] = Decimal(1)
    usd_day_floor: Annotated[
        Decimal, amount("What a day may correct however small the position.", unit="USD", least="0", most="1000000")
    ] = Decimal(50)
    misses: Annotated[int, whole("So often in a row the same must be found.", unit="statements", least=1, most=2)] = 2
    grace_s: Annotated[int, seconds("Younger orders are left aside.", least=0, most=3600)] = 30
    foreign_halts: Annotated[bool, said("Whether an order that is not ours halts its instrument.")] = False


def correction_rules(section: ReconcileSection) -> CorrectionRules:
    """Returns the rules of an account."""
    return CorrectionRules(
        correct_percent_below=section.correct_percent_below,
        floor_lots=section.floor_lots,
        corrections_day_max=section.corrections_day_max,
        notional_day_percent_max=section.notional_day_percent_max,
        usd_day_floor=section.usd_day_floor,
        misses=section.misses,
        grace_s=section.grace_s,
        foreign_halts=section.foreign_halts,
    )


def breaker_limits(section: BreakerSection) -> BreakerLimits:
    """Returns the limits of a breaker. Errors: ValueError where none is stated."""
    return BreakerLimits(losses_max=section.losses_max, drawdown_usd_max=section.drawdown_usd_max)


def flaws_of_monitors(
    monitors: Mapping[str, MonitorSection], instruments: Collection[str], owners: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree in the monitors: the key and what is wrong there."""
    for name, section in monitors.items():
        key = ("monitors", name)
        for instrument in section.instruments:
            if instrument not in instruments:
                yield (*key, "instruments"), f"there is no instrument {instrument!r}{offered(instrument, instruments)}"
        for owner in section.owners:
            if owner not in owners:
                yield (*key, "owners"), f"{owner!r} trades nothing on this desk"
        if not section.instruments:
            yield (*key, "instruments"), "name one at least"
        if not section.owners:
            yield (*key, "owners"), "name one at least: a monitor that stops nobody is none"
        if section.recovery > max(1, len(section.instruments)):
            yield (*key, "recovery"), f"cannot be more than the {len(section.instruments)} instruments"
        if section.calm_multiple is not None and section.calm_multiple > section.volume_multiple:
            yield (*key, "calm_multiple"), f"cannot be more than {section.volume_multiple}, above which it is abnormal"


def flaws_of_breakers(
    breakers: Mapping[str, BreakerSection], owners: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree in the breakers."""
    for owner, section in breakers.items():
        if owner not in owners:
            yield ("breakers", owner), f"{owner!r} trades nothing on this desk"
        if section.losses_max is None and section.drawdown_usd_max is None:
            yield ("breakers", owner), "state losses_max, drawdown_usd_max, or both"


def flaws_of_reconciling(
    sections: Mapping[str, ReconcileSection], accounts: Collection[str], exchanges: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree in how accounts are reconciled."""
    for account in sections:
        if account not in accounts:
            yield ("reconcile", account), f"there is no account {account!r}"
        elif account not in exchanges:
            yield ("reconcile", account), "the books of a broker are never corrected: this is for exchanges"
