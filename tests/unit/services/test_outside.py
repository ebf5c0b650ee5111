"""What of a desk is reached over a network, composed and not connected."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import NotSent
from flatbook.events.control import Mode
from flatbook.events.orders import NotSentReason, OrderStyle
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded, load_text
from flatbook.ops.config_accounts import AlpacaAccount
from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.secret_value import SecretRefused
from flatbook.services.desk import compose
from flatbook.services.live_accounts import alpaca_url
from flatbook.services.outside import Outside
from flatbook.services.read_only import ReadOnlyVenue
from flatbook.values.ids import AccountId, InstrumentId, OrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity

SECRETS = {"NODE": "https://node.example/v2/a-key", "KEY": "PK1", "WORD": "word"}
AT = AccountId("alpaca")


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch) -> str:
    """The example of a live desk whose secrets are in the environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    text = LIVE_EXAMPLE.replace("keyring:flatbook/base_node_one", "env:NODE")
    return text.replace("keyring:flatbook/alpaca_key", "env:KEY").replace("keyring:flatbook/alpaca_secret", "env:WORD")


def order() -> ApprovedOrder:
    return ApprovedOrder(
        order_id=OrderId("one"),
        account=AT,
        instrument=InstrumentId("COIN/USD@alpaca"),
        side=Side.BUY,
        qty=Quantity(Decimal(1)),
        limit=None,
        reduce_only=False,
        style=OrderStyle.LIMIT,
        attempt=0,
        good_until=Instant(2**62),
    )


def alpaca(loaded: Loaded) -> AlpacaAccount:
    account = loaded.config.accounts["alpaca"]
    assert isinstance(account, AlpacaAccount)
    return account


def test_an_account_of_real_money_is_sent_nothing_by_a_desk_that_observes(stated: str, tmp_path: Path) -> None:
    desk = compose(load_text(stated.replace('mode = "live"', 'mode = "observe"'), tmp_path))
    venue = desk.engine.parts.venues[AT]
    assert isinstance(venue, ReadOnlyVenue)
    assert asyncio.run(venue.place(order())) == NotSent(reason=NotSentReason.REFUSED_LOCALLY)
    assert venue.card.name == "alpaca"
    desk.close()


def test_a_live_desk_reaches_its_account_as_it_is(stated: str, tmp_path: Path) -> None:
    desk = compose(load_text(stated, tmp_path))
    assert not isinstance(desk.engine.parts.venues[AT], ReadOnlyVenue)
    assert desk.engine.parts.mode is Mode.LIVE
    desk.close()


def test_an_account_without_its_secrets_is_not_composed(tmp_path: Path) -> None:
    text = LIVE_EXAMPLE.replace("keyring:flatbook/", "file:missing/")
    with pytest.raises(SecretRefused, match="missing/alpaca_key"):
        Outside(load_text(text, tmp_path), SystemClock())


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://node.example/v2/a-key", r"nodes\.one\.url: is not encrypted"),
        ("node.example/v2/a-key", r"nodes\.one\.url: is no address"),
    ],
)
def test_an_address_that_is_a_secret_is_checked_and_not_shown(
    stated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("NODE", address)
    with pytest.raises(ConfigRefused, match=said) as refused:
        Outside(load_text(stated, tmp_path), SystemClock())
    assert "a-key" not in str(refused.value)


@pytest.mark.parametrize(
    ("api", "environment", "url"),
    [
        ("trading", "live", "https://api.alpaca.markets"),
        ("trading", "paper", "https://paper-api.alpaca.markets"),
        ("broker", "live", "https://broker-api.alpaca.markets"),
        ("broker", "sandbox", "https://broker-api.sandbox.alpaca.markets"),
    ],
)
def test_each_environment_has_an_address_of_its_own(tmp_path: Path, api: str, environment: str, url: str) -> None:
    text = LIVE_EXAMPLE.replace('mode = "live"', 'mode = "observe"').replace('api = "trading"', f'api = "{api}"')
    text = text.replace('environment = "live"', f'environment = "{environment}"')
    assert alpaca_url(alpaca(load_text(text, tmp_path))) == url
