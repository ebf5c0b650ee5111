"""By which rules a desk trades: what kinds of accounts and which products a profile allows. Anything else is refused.

A profile is a fence against mistakes and no advice: whoever runs the desk answers for what they may trade.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from flatbook.events.control import Mode
from flatbook.ops.config_accounts import AccountSection, is_real_money
from flatbook.ops.config_names import meant
from flatbook.ops.config_profiles import ProfileSection
from flatbook.values.instruments import Product

Allowed = Mapping[str, tuple[Product, ...]]
Key = tuple[str, ...]
Flaw = tuple[Key, str]

SPOT = (Product.SPOT,)
PERPS = (Product.SPOT, Product.LINEAR_PERP)
KINDS = tuple(str(each.__struct_config__.tag) for each in get_args(AccountSection))


# Source: Binance and Bybit serve no US person (their terms of use). The FCA bans the sale of derivatives of
# crypto-assets to retail consumers since 2021-01-06 (PS20/10).
BUILT_IN: dict[str, Allowed] = {
    "us": {"alpaca": SPOT, "schwab": SPOT},
    "uk_retail": dict.fromkeys((kind for kind in KINDS if kind != "paper"), SPOT),
    "other": dict.fromkeys((kind for kind in KINDS if kind != "paper"), PERPS),
}


def flaws_of_profiles(profiles: Mapping[str, ProfileSection]) -> Iterator[Flaw]:
    """Yields what is wrong with profiles of one's own: the key and what."""
    for name, profile in profiles.items():
        if name in BUILT_IN:
            yield ("jurisdictions", name), "is the name of a profile that is built in: take another one"
        for kind in profile.allowed:
            if kind not in KINDS:
                yield ("jurisdictions", name, "allowed", kind), f"is no kind of account{meant(kind, KINDS)}"


def flaws_of_jurisdiction(
    mode: Mode, chosen: str | None, profiles: Mapping[str, ProfileSection], accounts: Mapping[str, AccountSection]
) -> Iterator[Flaw]:
    """Yields that a live desk chose no profile, or one that there is not, and the accounts that it does not allow."""
    known = (*BUILT_IN, *profiles)
    if chosen is None:
        if mode is Mode.LIVE:
            names = ", ".join(known)
            yield ("jurisdiction",), f"a live desk says by which rules it trades: {names}, or a profile of your own"
        return
    if chosen not in known:
        yield ("jurisdiction",), f"there is no profile {chosen!r}{meant(chosen, known)}: there are {', '.join(known)}"
        return
    allowed = allowed_by(chosen, profiles)
    for name, account in accounts.items():
        kind = kind_of_account(account)
        if is_real_money(account) and kind not in allowed:
            yield ("accounts", name, "kind"), f"{chosen} does not allow accounts at {kind}"


def allowed_by(chosen: str, profiles: Mapping[str, ProfileSection]) -> Allowed:
    """Returns what a profile allows, by kind of account. Needs: there is such a profile."""
    return BUILT_IN[chosen] if chosen in BUILT_IN else profiles[chosen].allowed


def kind_of_account(account: AccountSection) -> str:
    """Returns the word under which an account is configured."""
    return str(account.__struct_config__.tag)
