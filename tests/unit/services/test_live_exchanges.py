"""Accounts at exchanges: the hosts of their environment, and an adapter that implements the port."""

from __future__ import annotations

import pytest

from flatbook.ops.config_accounts import BybitAccount, Environment, Shorting
from flatbook.services.live_exchanges import urls_of


def account(environment: Environment, base_url: str | None = None) -> BybitAccount:
    """An account at Bybit."""
    return BybitAccount(
        environment=environment,
        user_id="1",
        key="secret:key",
        secret="secret:secret",
        shorting=Shorting.NEVER,
        base_url=base_url,
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (Environment.LIVE, ("https://api.bybit.com", "wss://stream.bybit.com")),
        (Environment.PAPER, ("https://api-demo.bybit.com", "wss://stream-demo.bybit.com")),
        (Environment.SANDBOX, ("https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com")),
    ],
)
def test_requests_and_stream_are_always_of_one_environment(environment: Environment, expected: tuple[str, str]) -> None:
    assert urls_of(account(environment)) == expected


def test_another_address_serves_both() -> None:
    stated = account(Environment.SANDBOX, "http://127.0.0.1:8080")
    assert urls_of(stated) == ("http://127.0.0.1:8080", "ws://127.0.0.1:8080")
