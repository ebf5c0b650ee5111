"""What a desk offers itself, from its configuration to the rules that pull and restore it."""

from __future__ import annotations

import msgspec

from flatbook.engine.rules import OfferRules, Rules
from flatbook.ops.config import Loaded
from flatbook.ops.config_offers import OfferSection
from flatbook.services.live_wallets import wallet_key_of
from flatbook.state.positions import NetKey
from flatbook.strategies.offers import OfferParams
from flatbook.values.ids import AccountId, OwnerId, Underlying


def with_offers(rules: Rules, loaded: Loaded) -> Rules:
    """Returns the rules of a desk with those of what it offers.

    Needs: the configuration was checked.
    Errors: KeystoreRefused where the address of a wallet cannot be read.
    """
    offers: dict[NetKey, OfferRules] = {}
    for owner, sections in loaded.config.offers.items():
        for underlying, section in sections.items():
            key = (OwnerId(owner), Underlying(underlying))
            offers[key] = OfferRules(params=_params(rules, loaded, key, section))
    return msgspec.structs.replace(rules, offers=offers)


def _params(rules: Rules, loaded: Loaded, key: NetKey, section: OfferSection) -> OfferParams:
    hedge, wallet = rules.hedges[key], loaded.config.wallets[section.wallet]
    chain, address = wallet_key_of(loaded, wallet)
    threshold, order_max = hedge.params.threshold_shares, hedge.params.order_shares_max
    assert threshold is not None
    assert order_max is not None
    return OfferParams(
        sessions=hedge.params.sessions,
        cutoff_s=section.cutoff_s,
        fill_shares=section.fill_shares,
        standing_shares_max=section.standing_shares_max,
        threshold_shares=threshold,
        order_shares_max=order_max,
        venues=len(hedge.named),
        price_age_s_max=hedge.params.price_age_s_max,
        chain=chain,
        wallet=address,
        gas_account=AccountId(wallet.account),
        peg_bps_max=rules.depeg_bps_max,
        quiet_s=section.quiet_s,
    )
