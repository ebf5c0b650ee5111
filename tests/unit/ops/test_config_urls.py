"""Addresses of the outside."""

from __future__ import annotations

import pytest

from flatbook.ops.config_urls import flaw_of_address, flaw_of_loopback, flaw_of_stated, is_here

HTTP = ("https", "http")


@pytest.mark.parametrize(
    "address",
    [
        "https://node.example",
        "https://node.example:8545/v2",
        "http://127.0.0.1:8545",
        "http://127.8.8.8",
        "http://[::1]:8545",
        "http://localhost:1",
        "secret:node",
    ],
)
def test_what_is_encrypted_on_this_machine_or_a_secret_may_stand_there(address: str) -> None:
    assert flaw_of_stated(address, HTTP) is None


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://node.example", "is not encrypted"),
        ("http://127.0.0.1.example", "is not encrypted"),
        ("http://localhost.example", "is not encrypted"),
        ("http://0.0.0.0:8545", "is not encrypted"),
        ("http://10.0.0.1", "is not encrypted"),
        ("wss://node.example", "is no address"),
        ("node.example", "is no address"),
        ("https://", "is no address"),
        ("https://[::1", "is no address"),
        ("https://node.example:port", "is no address"),
        ("https://user@node.example", "is a secret"),
        ("https://user:word@node.example", "is a secret"),
        ("http://:word@127.0.0.1", "is a secret"),
        ("https://node.example/?apikey=1", "is a secret"),
    ],
)
def test_all_else_may_not(address: str, said: str) -> None:
    assert said in str(flaw_of_stated(address, HTTP))


def test_an_address_from_a_secret_may_hold_a_key_and_is_not_shown() -> None:
    assert flaw_of_address("https://me:word@node.example/v2/a-key?x=1", HTTP) is None
    assert "a-key" not in str(flaw_of_address("http://node.example/v2/a-key", HTTP))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:8700", None),
        ("http://localhost:8700/", None),
        ("https://127.0.0.1:8700", "it is http:// and a host"),
        ("http://127.0.0.1:8700/v2", "with no path"),
        ("http://broker.example", "must be on this machine"),
    ],
)
def test_a_server_that_plays_a_broker_is_on_this_machine(address: str, said: str | None) -> None:
    found = flaw_of_loopback(address)
    assert found is None if said is None else said in str(found)


def test_nobody_knows_whether_a_secret_address_is_here() -> None:
    assert is_here("http://127.0.0.1:1")
    assert not is_here("secret:node")
    assert not is_here("https://node.example")
