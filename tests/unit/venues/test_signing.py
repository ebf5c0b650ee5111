"""What request signatures have in common, and what no golden case states."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flatbook.values.instants import Instant
from flatbook.venues.binance.signing import signed_params
from flatbook.venues.bitstamp.signing import ToSign, is_signed_reply
from flatbook.venues.bybit.signing import request_headers
from flatbook.venues.coinbase.signing import KeyRefused, key_of, nonce_of, signing_input
from flatbook.venues.signing import Hash, Nonces, hmac_base64, hmac_hex

SECOND = Instant(1_700_000_000_000_000_000)


def test_keyed_hashes_are_those_of_rfc_4231() -> None:
    """Source: RFC 4231, test case 2."""
    said = "what do ya want for nothing?"
    assert hmac_hex("Jefe", said) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac_hex("Jefe", said, Hash.SHA384).startswith("af45d2e376484031617f78d2b58a6b1b")
    assert hmac_hex("Jefe", said, Hash.SHA512).startswith("164b7a7bfcf819e2e395fbe73b56e0a3")
    assert base64.b64decode(hmac_base64("Jefe", said)).hex() == hmac_hex("Jefe", said)


def test_nonces_rise_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    nonces = Nonces()
    taken = [nonces.take(Instant(at)) for at in (SECOND, SECOND, SECOND - 5_000_000_000, SECOND + 1_000_000_000)]
    assert taken == [1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002, 1_700_000_001_000]


def test_parameters_of_the_web_socket_api_are_signed_in_the_order_of_their_names() -> None:
    """Source: developers.binance.com, Spot WebSocket API, Request security: the published example."""
    signed = signed_params(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01000000",
            "price": "52000.00",
            "newOrderRespType": "ACK",
            "recvWindow": 100,
            "timestamp": 1_645_423_376_532,
            "apiKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        },
        secret="NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    )
    assert signed["signature"] == "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a"


def test_a_request_to_bybit_carries_the_window_that_it_signed() -> None:
    headers = request_headers(
        key="test_key", secret="test_secret", timestamp_ms=1_700_000_000_000, recv_window_ms=5000, payload=""
    )
    assert headers == {
        "X-BAPI-API-KEY": "test_key",
        "X-BAPI-TIMESTAMP": "1700000000000",
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": "47b715885c953e97098c66857f4b88ceefdbfe694718c8a449a1b1dda5e1ebcd",
    }


def test_a_reply_of_bitstamp_is_known_by_its_signature() -> None:
    asked = ToSign(
        method="POST",
        host="www.bitstamp.net",
        path="/api/v2/order_status/",
        query="",
        content_type="application/x-www-form-urlencoded",
        body="client_order_id=1",
        nonce="f93c979d-b00d-43a9-9b9c-fd4cd9547fa6",
        timestamp_ms="1760000000123",
    )
    body = '{"status": "Open"}'
    stated = hmac_hex("secret", f"{asked.nonce}{asked.timestamp_ms}application/json{body}")
    assert is_signed_reply(asked, content_type="application/json", body=body, stated=stated, secret="secret")
    assert not is_signed_reply(asked, content_type="application/json", body=body + " ", stated=stated, secret="secret")


def test_keys_of_coinbase_are_read_by_their_kind_and_others_are_refused_without_being_told() -> None:
    curve, ed = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    pem = curve.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    raw = base64.b64encode(ed.private_bytes_raw() + ed.public_key().public_bytes_raw()).decode()
    assert key_of(pem).algorithm == "ES256"
    assert key_of(pem.replace("\n", "\\n")).algorithm == "ES256"
    assert key_of(raw).algorithm == "EdDSA"
    of_rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other = of_rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (other, "not a key", ""):
        with pytest.raises(KeyRefused) as refused:
            key_of(text)
        assert text not in str(refused.value) or not text


def test_a_token_for_a_stream_is_bound_to_no_request() -> None:
    signed = signing_input(name="k", algorithm="ES256", nonce="n", at=SECOND, uri=None)
    claims = base64.urlsafe_b64decode(signed.split(".")[1] + "==")
    assert claims == b'{"sub":"k","iss":"cdp","nbf":1700000000,"exp":1700000120}'


def test_nonces_of_tokens_differ_by_count_and_moment() -> None:
    assert len({nonce_of("k", SECOND, 0), nonce_of("k", SECOND, 1), nonce_of("k", Instant(SECOND + 1), 0)}) == 3
