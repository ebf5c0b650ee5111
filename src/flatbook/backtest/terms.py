"""On what terms a backtest meets its market: latencies, queue, fees, and what the desk may do."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

import msgspec

from flatbook.matcher.margin import Tier
from flatbook.matcher.rule import MILLION, SPREAD_NS_MAX
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.values.ids import AssetId, InstrumentId, OwnerId
from flatbook.values.money import ONE, ZERO, Price, scaled_integer, significant_decimals

SEED_MAX = 2**31 - 1
FEE_DECIMALS = 8
LEVERAGE_MAX = 200
MILLIONTHS = 6
TIERS_MAX = 64


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long messages are under way: the least, and how much more is drawn for each order.

    Units: ns.
    """

    least_ns: int = 0
    spread_ns: int = 0

    def __post_init__(self) -> None:
        if self.least_ns < 0 or not 0 <= self.spread_ns <= SPREAD_NS_MAX:
            raise ValueError(f"a latency is at least 0 ns, and its spread at most {SPREAD_NS_MAX} ns")


class FeeRates(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue takes of the notional of an execution; below zero it pays. Units: parts of one.

    With `in_quote` the fee of a spot purchase is taken in the quote too, and not in what was bought.
    """

    maker: Decimal = ZERO
    taker: Decimal = ZERO
    in_quote: bool = False

    def __post_init__(self) -> None:
        if not -ONE < self.maker < ONE or not -ONE < self.taker < ONE:
            raise ValueError("a fee is less than what is traded: its rate is between -1 and 1")


class MarginTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue wants an account to have for a contract, of what it is worth at the mark.

    Initial margin is the worth divided by `leverage`, maintenance margin the worth times `maintenance`, and of each
    part that is above a tier times the rate of that.
    Units: rates in parts of one, no finer than MILLIONTHS; tiers above zero, smallest first, each with a higher rate.
    """

    leverage: int
    maintenance: Decimal
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.leverage <= LEVERAGE_MAX:
            raise ValueError(f"a leverage is a whole number from 1 to {LEVERAGE_MAX}")
        if not ZERO < self.maintenance * self.leverage < ONE:
            raise ValueError("maintenance is above zero, and less than an order needs: one divided by the leverage")
        rates, bounds = (self.maintenance, *(tier.rate for tier in self.tiers)), [tier.above for tier in self.tiers]
        if any(significant_decimals(rate) > MILLIONTHS for rate in rates):
            raise ValueError(f"maintenance has at most {MILLIONTHS} decimals")
        if any(low >= high for low, high in (*pairwise(rates), *pairwise([ZERO, *bounds]))) or rates[-1] >= ONE:
            raise ValueError("tiers must rise: what is above more needs more, more than maintenance and less than one")
        if len(self.tiers) > TIERS_MAX:
            raise ValueError(f"a contract has at most {TIERS_MAX} tiers")

    @property
    def millionths(self) -> tuple[int, ...]:
        """How much more each part needs than the one below it, from the first on, in millionths."""
        rates = (self.maintenance, *(tier.rate for tier in self.tiers))
        whole = [scaled_integer(rate, decimals=MILLIONTHS) for rate in rates]
        return whole[0], *(high - low for low, high in pairwise(whole))


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run depends on beside its tape and its seats: the same terms give the same journal.

    `share` is how much of what is canceled at a price stood before our order, in millionths; `front` says that nothing
    stands before an order at a price whose size was not known. `marks` are what assets are worth in USD, `cash` what
    the account has of each at the start; with `checks_funds` a spot order for which it has too little is turned down.
    `margins` are of contracts: without one, the margin of a contract is not looked at. `sample_ns` is how far apart the
    prices stand that the report values with.
    """

    limits: Mapping[OwnerId, QuoteLimits]
    marks: Mapping[AssetId, Price]
    cash: Mapping[AssetId, Decimal]
    fees: Mapping[InstrumentId, FeeRates] = {}
    margins: Mapping[InstrumentId, MarginTerms] = {}
    placing: Latency = Latency()
    canceling: Latency = Latency()
    reporting: Latency = Latency()
    seed: int = 0
    share: int = 0
    front: bool = False
    sample_ns: int = 60 * 10**9
    checks_funds: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= SEED_MAX:
            raise ValueError(f"a seed is a number from 0 to {SEED_MAX}")
        if not 0 <= self.share <= MILLION:
            raise ValueError(f"the share of cancellations ahead is a number from 0 to {MILLION}")
        if self.sample_ns <= 0:
            raise ValueError("sample_ns must be above zero")
