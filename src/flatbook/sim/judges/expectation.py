"""What a simulated world allows, stated by who composed it: judges take nothing of this from the product."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.values.instants import NS_PER_S, Instant

FOR_EVER, WINDOW = "for_ever", "window"
NetKey = tuple[str, str]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a symbol of a venue is called in our events."""

    account: str
    symbol: str
    instrument: str
    underlying: str


class AccountTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue really does, whatever its card says.

    `id_rule` is one of for_ever, while_open, window and none. `fence_holds` is false where a request may arrive, or a
    read may lag, later than the card declares: then a proof of absence may be wrong. Units: nanoseconds; `id_window` is
    used with the rule window alone, and a request older than `request_window` is refused. With `totals` the venue
    states running totals of its orders and no executions. It states instants in whole steps of `time_step`.
    Where it does not show ids of ours, an order and a copy of it look the same.
    """

    id_rule: str = FOR_EVER
    fence_holds: bool = True
    id_window: int = 0
    request_window: int = 0
    cash_asset: str = "USD"
    totals: bool = False
    time_step: int = 1
    shows_ids: bool = True


class NetBound(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of the exposure bound of one net.

    Units: ints of 1e-9 share. `standing` is what takers may still take before offers are seen to be too many, None
    where nothing bounds it; `order_max` the largest single order; `venues` how many orders may be unresolved at once.
    """

    threshold: int
    standing: int | None = None
    order_max: int = 0
    venues: int = 1


class OfferBound(msgspec.Struct, frozen=True, kw_only=True):
    """What a net may be at worst with all that the desk offers, and from which net on nothing is put back.

    Units: ints of 1e-9 share.
    """

    bound: int
    threshold: int


class SeatBound(msgspec.Struct, frozen=True, kw_only=True):
    """What a quoting strategy may hold on a side, whatever of its orders executes, and what it may have seen.

    Units: `inventory_max` in 1e-9 share; `seen_within` in nanoseconds: the touch that an order stands on was displayed
    so long ago at most, None where the world may hold it up for longer. So many exits in a row as
    `exits_kept_max` may be kept back by the desk itself. Its breaker allows so many losses in a row, and so many USD.
    Its monitor frees no side that it stopped less than `calm_s` seconds ago, and calls no market normal that is louder
    than `calm_pct` percent of its mean. What it leaves is over `dead_within` nanoseconds after its end, where its
    exchange sees to that and nothing kept it from being asked.
    """

    owner: str
    inventory_max: int
    seen_within: int | None
    exits_kept_max: int = 400
    losses_max: int | None = None
    drawdown_usd_max: int | None = None
    calm_s: int = 0
    calm_pct: int | None = None
    dead_within: int | None = None


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What the world allows.

    Units: nanoseconds. A bound that is None is not judged. `bounds` by (owner, underlying). `ratios` by underlying:
    (first block, shares of 1e-18 per token), the last step up to the block of a fill holds; one share per token where
    there is none. `price_age` is how old a price may be by the clock of the process that decides on it; such a price is
    within `price_bps` of one that was true in the last `price_true_within`. `unknown_within` is how long after a
    leg became unknown its net may still take new orders at the same account. `excess_within` is how long orders may
    work beyond their net before a cancel is asked for, `honest_within` how long a difference between books and
    truth may stand without a word. A place leaves at most `places_within_halt` after a halt, and a cancel is asked
    for within `cancels_within`; `cancel_arrives_within` is when it is at its venue, where no journal can tell of
    it. `canaries` are texts that no event may hold. `sessions` are (from, until) of trading. `tokens` are the assets
    that vaults hold, by underlying, and `stable` is what they are paid in. `marks` by asset, ints of 1e-4 USD,
    are those that may be stated for it; money without any is worth one dollar. `offers` bound what the desk offers by
    (owner, underlying); a living desk pulls all of it within `pulled_within` of a kill, or of the end of a session.
    `seat` is what a grid at an exchange may do.
    """

    listings: tuple[Listing, ...]
    accounts: Mapping[str, AccountTerms] = {}
    bounds: Mapping[NetKey, NetBound] = {}
    ratios: Mapping[str, tuple[tuple[int, int], ...]] = {}
    sessions: tuple[tuple[Instant, Instant], ...] = ()
    price_age: int | None = None
    price_bps: int = 0
    price_true_within: int | None = None
    unknown_within: int | None = 0
    excess_within: int | None = None
    honest_within: int | None = None
    forced_within: int | None = None
    cancel_arrives_within: int | None = None
    places_within_halt: int = NS_PER_S
    cancels_within: int = 2 * NS_PER_S
    sends_per_order_max: int | None = None
    orders_per_minute_max: int | None = None
    canaries: tuple[str, ...] = ()
    tokens: Mapping[str, str] = {}
    stable: str = "USDC"
    marks: Mapping[str, tuple[int, ...]] = {}
    offers: Mapping[NetKey, OfferBound] = {}
    pulled_within: int = 30 * NS_PER_S
    seat: SeatBound | None = None

    def terms(self, account: str) -> AccountTerms:
        """Returns the terms of an account; one that is not named keeps ids for ever."""
        return self.accounts.get(account, _STRICT)


_STRICT = AccountTerms()
