"""The shape of what a backtest of a desk needs beyond what the desk needs to trade."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from flatbook.ops.config_accounts import MarginSection
from flatbook.ops.config_fields import amount, said, seconds, whole
from flatbook.ops.config_names import offered
from flatbook.ops.config_section import InstrumentName, Name, Section
from flatbook.values.money import significant_decimals

LATENCY_MS_MAX = 4_000
SEED_MAX = 2**31 - 1
PERCENT = Decimal(100)
PCT_DECIMALS = 4


class RatesSection(Section, frozen=True, kw_only=True):
    """What an exchange takes of the value of an execution; below zero it pays."""

    maker_bps: Annotated[Decimal, amount("Fee of what rests.", unit="basis points", least="-100", most="1000")]
    taker_bps: Annotated[Decimal, amount("Fee of what takes.", unit="basis points", least="0", most="1000")]
    in_quote: Annotated[
        bool, said("Whether the fee of a spot purchase is taken in the quote, and not in what was bought.")
    ] = False


def _ms(words: str) -> object:
    return whole(words, unit="milliseconds", least=0, most=LATENCY_MS_MAX)


def flaw_of_margin(section: MarginSection) -> str | None:
    """Returns what is wrong with margin that is stated."""
    rates = [section.maintenance_pct, *(rate for _, rate in steps_of(section))]
    if any(significant_decimals(rate) > PCT_DECIMALS for rate in rates):
        return f"maintenance_pct, and that of each tier, has at most {PCT_DECIMALS} decimals"
    if section.maintenance_pct * section.leverage >= PERCENT:
        return "maintenance_pct must be less than an order needs, which is 100 divided by the leverage"
    if any(low >= high for low, high in pairwise(rates)):
        return "tiers must rise: a part that is above more needs more, and more than maintenance_pct"
    return None


def steps_of(section: MarginSection) -> list[tuple[Decimal, Decimal]]:
    """Returns above what which part of a position needs how much, smallest first. Units: quote, percent."""
    return sorted((Decimal(above), rate) for above, rate in section.tiers.items())


class BacktestSection(Section, frozen=True, kw_only=True):
    """On what terms the grids of the desk are backtested. A paper account states cash and fees itself."""

    placing_ms: Annotated[int, _ms("From the decision until an order arrives.")] = 5
    canceling_ms: Annotated[int, _ms("From the decision until a cancel arrives.")] = 5
    reporting_ms: Annotated[int, _ms("From what happens until it is reported.")] = 5
    spread_ms: Annotated[int, _ms("How much more is drawn for each order, by the seed.")] = 0
    seed: Annotated[int, whole("What latencies are drawn by.", unit="to 1", least=0, most=SEED_MAX)] = 0
    sample_s: Annotated[int, seconds("Between two points of the curve.", least=1, most=86_400)] = 60
    share_ahead_pct: Annotated[
        int, whole("How much of what is canceled stood before our order.", unit="percent", least=0, most=100)
    ] = 0
    cash: Annotated[
        dict[Name, Annotated[Decimal, amount("Held at the start.", unit="units", most="1000000000")]],
        said("What the account holds at the start, by asset; it takes the place of what a paper account states."),
    ] = {}
    rates: Annotated[
        dict[InstrumentName, RatesSection], said("Fees by instrument, where no paper account states them.")
    ] = {}
    margin: Annotated[
        dict[InstrumentName, MarginSection],
        said("What contracts need, by instrument, where no paper account states it."),
    ] = {}


def flaws_of_backtest(
    section: BacktestSection | None, instruments: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree: the key and what is wrong there."""
    for name in () if section is None else section.rates:
        if name not in instruments:
            yield ("backtest", "rates", name), f"there is no instrument {name!r}{offered(name, instruments)}"
    for name, margin in {}.items() if section is None else section.margin.items():
        key = ("backtest", "margin", name)
        if name not in instruments:
            yield key, f"there is no instrument {name!r}{offered(name, instruments)}"
        elif (flaw := flaw_of_margin(margin)) is not None:
            yield (*key, "maintenance_pct"), flaw
