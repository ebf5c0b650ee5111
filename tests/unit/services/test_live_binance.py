"""Accounts at Binance: the hosts of their market and environment, and an adapter that implements the ports."""

from __future__ import annotations

import asyncio

import pytest

from flatbook.engine.ports import CancelsAll, DeadMansSwitch
from flatbook.ops.clock import SystemClock
from flatbook.ops.config_accounts import BinanceAccount, BinanceMarket, Environment, Shorting
from flatbook.services.live_binance import binance_hosts, binance_venue, binance_ways
from flatbook.venues.binance.venue import BinanceVenue


def account(market: BinanceMarket, environment: Environment, base_url: str | None = None) -> BinanceAccount:
    """An account at Binance."""
    return BinanceAccount(
        market=market,
        environment=environment,
        key="secret:key",
        secret="secret:secret",
        shorting=Shorting.NEVER,
        base_url=base_url,
    )


@pytest.mark.parametrize(
    ("market", "environment", "expected"),
    [
        (
            BinanceMarket.SPOT,
            Environment.LIVE,
            ("https://api.binance.com", "wss://ws-api.binance.com", "https://api.binance.com"),
        ),
        (
            BinanceMarket.SPOT,
            Environment.SANDBOX,
            ("https://testnet.binance.vision", "wss://ws-api.testnet.binance.vision", None),
        ),
        (
            BinanceMarket.USD_M,
            Environment.LIVE,
            ("https://fapi.binance.com", "wss://fstream.binance.com", "https://api.binance.com"),
        ),
        (
            BinanceMarket.USD_M,
            Environment.SANDBOX,
            ("https://demo-fapi.binance.com", "wss://demo-fstream.binance.com", None),
        ),
    ],
)
def test_all_hosts_are_of_one_environment(
    market: BinanceMarket, environment: Environment, expected: tuple[str, str, str | None]
) -> None:
    hosts = binance_hosts(account(market, environment))
    assert (hosts.rest, hosts.stream, hosts.rights) == expected


def test_another_address_serves_all() -> None:
    hosts = binance_hosts(account(BinanceMarket.SPOT, Environment.SANDBOX, "http://127.0.0.1:8080"))
    assert (hosts.rest, hosts.stream, hosts.rights) == (
        "http://127.0.0.1:8080",
        "ws://127.0.0.1:8080",
        "http://127.0.0.1:8080",
    )


def venue_of(stated: BinanceAccount) -> tuple[BinanceVenue, int]:
    async def composed() -> tuple[BinanceVenue, int]:
        clock = SystemClock(0)
        found = binance_ways(stated, clock, lambda: ("key", "secret"))
        return binance_venue("binance", stated, (), found, clock), len(found.https)

    return asyncio.run(composed())


def test_only_usd_m_has_a_switch_and_a_live_key_is_asked_about_at_spot() -> None:
    futures, ways = venue_of(account(BinanceMarket.USD_M, Environment.LIVE))
    assert isinstance(futures, DeadMansSwitch)
    assert ways == 2
    spot, ways = venue_of(account(BinanceMarket.SPOT, Environment.LIVE))
    assert not isinstance(spot, DeadMansSwitch)
    assert isinstance(spot, CancelsAll)
    assert ways == 1
