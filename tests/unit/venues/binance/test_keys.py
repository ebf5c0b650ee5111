"""Keys of Binance that are no HMAC: each signs requests and subscriptions so that their public half agrees."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from flatbook.engine.reports import Accepted, AccountStatement, NotSent, Unknown
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.values.instruments import Side
from flatbook.venues.binance.line import BinanceKey
from flatbook.venues.binance.signing import KeyRefused, private_key_of, signature_of
from flatbook.venues.http import Request, query_text
from tests.clocks import StillClock
from tests.conformance.stage import Stage
from tests.conformance.test_binance import BENCHES, BinanceBench
from tests.exchange import ACCOUNTS, BINANCE, Scene, with_exchange
from tests.unit.venues.binance.sample import NOW

KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
}


def private(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def public(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def session(bench: BinanceBench, key: Any, secret: str) -> Any:
    """Returns what an adapter with a secret comes to at an exchange that has the public half of a key."""
    main = msgspec.structs.replace(ACCOUNTS[0], secret=public(key))
    terms = msgspec.structs.replace(BINANCE, accounts=(main,))

    async def talk(scene: Scene) -> Any:
        stage = Stage(bench, scene)
        stage.venue = bench.venue(scene, secret=secret)
        stated = await stage.venue.statement()
        stage.listen()
        await scene.pass_ms(1_000)
        placed = await stage.place(Side.BUY, "0.01", "50500")
        await scene.pass_ms(1_000)
        pushed = len(stage.pushed_executions())
        await stage.close()
        await bench.close()
        return stated, placed, pushed

    return with_exchange(binance_server, terms, talk)


@pytest.mark.parametrize("market", ["spot", "usdm"])
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_adapter_reads_trades_and_listens_with_a_key_of_each_kind(kind: str, market: str) -> None:
    stated, placed, pushed = session(BENCHES[market], KEYS[kind], private(KEYS[kind]))
    assert isinstance(stated, AccountStatement)
    assert isinstance(placed, Accepted)
    assert pushed == 1


def test_another_key_reads_nothing() -> None:
    other = private(ed25519.Ed25519PrivateKey.generate())
    stated, placed, pushed = session(BENCHES["spot"], KEYS["ed25519"], other)
    assert isinstance(stated, Unknown | NotSent)
    assert isinstance(placed, NotSent)
    assert pushed == 0


def test_a_signature_of_ed25519_is_that_of_rfc_8032_and_travels_encoded() -> None:
    """Source: RFC 8032, 7.1, test 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = private(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
    expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    assert base64.b64decode(signature_of("r", secret=key)).hex().startswith(expected)
    assert signature_of("r", secret=key.replace("\n", "\\n")) == signature_of("r", secret=key)
    request = Request(method="GET", path="/x", query=(("symbol", "BTCUSDT"), ("recvWindow", "3000")))
    signed = BinanceKey(StillClock(NOW), lambda: ("the key", key)).sign(request)
    sent = query_text(signed).partition("&signature=")[2]
    assert not set("+/=") & set(sent)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (private(KEYS["ed25519"])[:60], "the secret is no private key"),
        (private(ec.generate_private_key(ec.SECP256R1())), "a key of another kind"),
        (public(KEYS["ed25519"]), "the secret is no private key"),
    ],
    ids=["cut off", "another kind", "public"],
)
def test_what_is_no_key_of_binance_is_refused_and_not_shown(text: str, said: str) -> None:
    with pytest.raises(KeyRefused, match=said) as refused:
        private_key_of(text)
    assert text not in str(refused.value)
