"""What a desk offers, from its configuration: refused where the worst net could lose too much, else made into rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.engine.rules import Rules
from flatbook.ops.config import load_text
from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.config_rules import rules_of
from flatbook.services.live_offers import with_offers
from flatbook.services.live_wallets import with_wallets
from flatbook.values.ids import OwnerId, Underlying
from flatbook.values.sessions import SessionKind

WALLET = """
[wallets.maker]
chain = "base"
account = "base-vault"
signer = "run/signer.sock"
address = "0x00000000000000000000000000000000000000aa"
order_books = ["0xd2938e7c9fe3597f78832ce780feb61945c377d7"]

"""
OFFERS = """
[offers.desk.COIN]
wallet = "maker"
fill_shares = "5"
standing_shares_max = "50"
price_usd_max = "400"
shock_bps = 2000
loss_usd_max = "12080"

"""


def text(wallet: str = WALLET, offers: str = OFFERS) -> str:
    """Returns the example of a live desk with a wallet and with offers."""
    head, secrets = LIVE_EXAMPLE.split("[secrets]")
    return f"{head}{wallet}{offers}[secrets]{secrets}"


def rules(*changes: tuple[str, str]) -> Rules:
    offers = OFFERS
    for old, new in changes:
        assert old in offers
        offers = offers.replace(old, new)
    loaded = load_text(text(offers=offers), Path("home"))
    return with_offers(with_wallets(rules_of(loaded, {}), loaded), loaded)


def test_the_offers_of_a_net_take_sessions_threshold_and_orders_from_its_hedge() -> None:
    params = rules().offers[OwnerId("desk"), Underlying("COIN")].params
    assert (params.sessions, params.threshold_shares, params.order_shares_max) == ((SessionKind.REGULAR,), 1, 100)
    assert (params.standing_shares_max, params.bound_shares, params.venues) == (50, 151, 1)
    assert (params.wallet, params.gas_account) == ("0x00000000000000000000000000000000000000aa", "base-vault")
    assert (params.cutoff_s, params.quiet_s) == (120, 30)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('"12080"', '"12079"'),
            "151 shares at 400 USD, loses 12080 USD in a move of 2000 basis points",
        ),
        (('"maker"', '"taker"'), "there is no wallet 'taker'"),
        (("desk.COIN", "desk.NVDA"), "desk does not hedge NVDA"),
    ],
)
def test_a_desk_that_could_lose_too_much_is_refused(change: tuple[str, str], said: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        rules(change)
    assert any(said in str(problem) for problem in refused.value.problems)


def test_a_wallet_that_may_not_touch_orders_cannot_pull_them() -> None:
    bare = WALLET.replace('order_books = ["0xd2938e7c9fe3597f78832ce780feb61945c377d7"]\n', "")
    with pytest.raises(ConfigRefused, match="may not add or remove orders"):
        load_text(text(wallet=bare), Path("home"))
