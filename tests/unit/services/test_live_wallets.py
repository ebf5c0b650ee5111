"""Wallets of a configuration: what they may call is what is named, and their keys are in a keystore or elsewhere."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.ops.config import load_text
from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.secret_value import Secret
from flatbook.services.desk import compose
from flatbook.services.keystore import KeystoreRefused, keep_key, key_of_text
from flatbook.services.signing import signing_rules_of
from flatbook.values.ids import AccountId, AssetId, ChainId, WalletId
from flatbook.venues.evm.signing import address_of_key

KEY = "0x" + "5a" * 32
WALLET = address_of_key(KEY)
BOOK, USDC = "0xd2938e7c9fe3597f78832ce780feb61945c377d7", "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"
SECRETS = {"NODE": "https://node.example/v2/a-key", "KEY": "PK1", "WORD": "word", "HOT": "correct horse"}
WALLETS = f"""
[wallets.hot]
chain = "base"
account = "hot"
keystore = "keys/hot.json"
password = "secret:hot"
order_books = ["{BOOK}"]

[wallets.hot.moves.USDC]
owner = "desk"
book = "{BOOK}"
vault = "0xfab"
amount_max = "1000"
amount_day_max = "5000"

[secrets]
hot = "env:HOT"
"""


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch) -> str:
    """The example of a live desk with a wallet; its secrets are in the environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    text = LIVE_EXAMPLE.replace("keyring:flatbook/base_node_one", "env:NODE")
    text = text.replace("keyring:flatbook/alpaca_key", "env:KEY").replace("keyring:flatbook/alpaca_secret", "env:WORD")
    return text.replace("\n[secrets]\n", WALLETS)


def test_a_composed_desk_has_a_sender_and_exactly_what_is_named(stated: str, tmp_path: Path) -> None:
    keep_key(tmp_path / "keys" / "hot.json", key_of_text(KEY), Secret(SECRETS["HOT"]))
    desk = compose(load_text(stated, tmp_path))
    rules, key = desk.engine.parts.rules, (ChainId(8453), WALLET)
    assert list(desk.engine.parts.senders) == [key]
    wallet, vault = rules.wallets[key], rules.vaults[AccountId("vault"), AssetId("USDC")]
    calls = [(each.to, each.selector, each.destinations) for each in wallet.limits.allowed]
    assert calls[:3] == [(USDC, "0x095ea7b3", (BOOK,)), (BOOK, "0x2fbc4ba0", ()), (BOOK, "0x60746119", ())]
    assert {to for to, _, _ in calls[3:]} == {BOOK}
    assert (wallet.coin, wallet.coin_low, wallet.confirmations) == ("ETH", Decimal("0.05"), 3)
    assert (vault.owner, vault.decimals, vault.token, vault.book) == ("desk", 6, USDC, BOOK)
    desk.close()


def test_a_desk_that_observes_opens_no_key(stated: str, tmp_path: Path) -> None:
    keep_key(tmp_path / "keys" / "hot.json", key_of_text(KEY), Secret("another"))
    desk = compose(load_text(stated.replace('mode = "live"', 'mode = "observe"'), tmp_path))
    assert desk.engine.parts.senders == {}
    desk.close()


def test_a_wrong_password_composes_nothing(stated: str, tmp_path: Path) -> None:
    keep_key(tmp_path / "keys" / "hot.json", key_of_text(KEY), Secret("another"))
    with pytest.raises(KeystoreRefused, match="the password is wrong"):
        compose(load_text(stated, tmp_path))


def test_a_signer_in_another_process_needs_no_keystore_here(stated: str, tmp_path: Path) -> None:
    text = stated.replace('keystore = "keys/hot.json"\npassword = "secret:hot"', f'signer = "s"\naddress = "{WALLET}"')
    desk = compose(load_text(text, tmp_path))
    (sender,) = desk.engine.parts.senders.values()
    assert sender.wallet == WalletId(WALLET)
    desk.close()


def test_the_signer_of_a_wallet_has_the_same_section_as_its_rules(stated: str, tmp_path: Path) -> None:
    loaded = load_text(stated, tmp_path)
    rules = signing_rules_of(loaded, loaded.config.wallets["hot"], WALLET)
    (move,) = rules.moves
    assert (move.token, move.book, move.vault, move.amount_max) == (USDC, BOOK, 0xFAB, Decimal(1000))
    assert (rules.chain, rules.order_books, rules.fee_wei_max) == (8453, (BOOK,), 10**16)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('chain = "base"\naccount', 'chain = "bass"\naccount', "there is no chain 'bass' that is read from nodes"),
        ('password = "secret:hot"', 'password = "secret:cold"', "there is no secret 'cold'"),
        ('password = "secret:hot"\n', "", "a keystore needs what opens it"),
        ('keystore = "keys/hot.json"\n', "", "state either a keystore with its password, or the socket of a signer"),
        ('keystore = "keys/hot.json"', 'signer = "s"', "a signer does not say whose key it holds"),
        ("[wallets.hot.moves.USDC]", "[wallets.hot.moves.DAI]", "chain base knows no token 'DAI'"),
        ('owner = "desk"', 'owner = "disk"', "there is no owner 'disk' with a vault on base"),
        ('amount_day_max = "5000"', 'amount_day_max = "5"', "is below amount_max"),
    ],
)
def test_what_does_not_agree_is_told(stated: str, tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in stated
    with pytest.raises(ConfigRefused, match=told):
        load_text(stated.replace(before, after), tmp_path)
