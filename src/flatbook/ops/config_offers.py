"""The shape of what a desk offers itself: until when its orders may stand on a chain, and how much of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from flatbook.ops.config_fields import amount, said, seconds, whole
from flatbook.ops.config_section import Name, Section
from flatbook.strategies.offers import flaw_of_bound, worst_shares

if TYPE_CHECKING:
    from flatbook.ops.config_shape import HedgeSection
    from flatbook.ops.config_wallets import WalletSection

CUTOFF_S = 120
QUIET_S = 30
SHOCK_BPS_MAX = 10_000


class OfferSection(Section, frozen=True, kw_only=True):
    """How the orders of an owner in an underlying are pulled and restored, and what they may lose at worst.

    The worst net is the threshold of the hedge, what stands on a side, and one order at each of its accounts.
    """

    wallet: Annotated[Name, said("The wallet that adds and removes the orders: their owner.")]
    fill_shares: Annotated[
        Decimal, amount("A side is pulled while the broker can hedge less.", unit="shares", most="10000000")
    ]
    standing_shares_max: Annotated[Decimal, amount("What may stand on one side.", unit="shares", most="10000000")]
    price_usd_max: Annotated[
        Decimal,
        amount("The dearest that the share may become; the bound is checked there.", unit="USD", most="10000000"),
    ]
    shock_bps: Annotated[
        int,
        whole(
            "The largest move of the price while nothing can be hedged, a weekend included.",
            unit="basis points (100 are one percent)",
            least=1,
            most=SHOCK_BPS_MAX,
        ),
    ]
    loss_usd_max: Annotated[Decimal, amount("What the worst net may lose in that move.", unit="USD", most="1000000000")]
    cutoff_s: Annotated[
        int, seconds("So long before the sessions of the hedge pause nothing stands.", least=0, most=7200)
    ] = CUTOFF_S
    quiet_s: Annotated[
        int, seconds("An order comes back once nothing spoke against it for so long.", least=1, most=3600)
    ] = QUIET_S


def flaws_of_offers(
    offers: Mapping[str, Mapping[str, OfferSection]],
    hedges: Mapping[str, Mapping[str, HedgeSection]],
    wallets: Mapping[str, WalletSection],
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree in the offers: the key and what is wrong there."""
    for owner, sections in offers.items():
        for underlying, section in sections.items():
            key = ("offers", owner, underlying)
            hedge = hedges.get(owner, {}).get(underlying)
            if section.wallet not in wallets:
                yield (*key, "wallet"), f"there is no wallet {section.wallet!r}"
            elif not wallets[section.wallet].order_books:
                yield (
                    (*key, "wallet"),
                    f"wallet {section.wallet!r} may not add or remove orders: name its order_books",
                )
            if hedge is None:
                yield key, f"{owner} does not hedge {underlying}: nothing would take back what these orders trade"
            elif hedge.threshold_shares is None:
                yield key, f"the hedge of {underlying} needs threshold_shares: the worst net is counted in shares"
            elif (flaw := _flaw_of_bound(section, hedge, hedge.threshold_shares)) is not None:
                yield (*key, "standing_shares_max"), flaw


def _flaw_of_bound(section: OfferSection, hedge: HedgeSection, threshold: Decimal) -> str | None:
    worst = worst_shares(
        threshold=threshold,
        standing=section.standing_shares_max,
        order_max=hedge.order_shares_max,
        venues=1 if hedge.backup is None else 2,
    )
    return flaw_of_bound(
        worst, price=section.price_usd_max, loss_usd_max=section.loss_usd_max, shock_bps=section.shock_bps
    )
