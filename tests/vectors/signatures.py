"""Cases of kinds `signatures` and `auth_signatures`: what venues want signed, and what the signature is.

No case holds a real secret; those that state a recipe have theirs derived here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant
from flatbook.venues.binance import signing as binance
from flatbook.venues.bitget import signing as bitget
from flatbook.venues.bitstamp import signing as bitstamp
from flatbook.venues.bybit import signing as bybit
from flatbook.venues.coinbase import signing as coinbase
from flatbook.venues.gate import signing as gate
from flatbook.venues.gemini import signing as gemini
from flatbook.venues.http import encoded
from flatbook.venues.okx import signing as okx
from flatbook.venues.signing import Nonces
from tests.vectors.outcome import Case, NotDue, differing

NAME = "organizations/vec/apiKeys/vec"
ENCODED = re.compile(r"[A-Za-z0-9._~%&=-]*", re.ASCII)
AT = Instant(1_760_000_000 * NS_PER_S)


def run(case: Case) -> str | None:
    """Compares the message and the signature that a venue's module makes with those of a case."""
    venue, given = str(case["id"]).split("_", 1)[0], case["input"]
    message, signature = _signed(venue, str(case["id"]), given)
    return differing(case["expected"], {"message": message, "signature": signature})


def _signed(venue: str, name: str, given: dict[str, Any]) -> tuple[str, str]:
    secret, is_stream = given["secret"], "_ws" in name
    if venue == "binance":
        message = _binance(given)
        return message, binance.signature_of(message, secret=secret)
    if venue == "bybit":
        message = bybit.stream_message(expires_ms=given["expires"]) if is_stream else _bybit(given)
        return message, bybit.signature_of(message, secret=secret)
    if venue == "gate":
        message = _gate_stream(given) if is_stream else _gate(given)
        return message, gate.signature_of(message, secret=secret)
    if venue == "okx":
        message = okx.stream_message(timestamp_s=str(given["ts"])) if is_stream else _okx(given)
        return message, okx.signature_of(message, secret=secret)
    if venue == "bitget":
        message = bitget.stream_message(timestamp_s=str(given["ts"])) if is_stream else _bitget(given)
        return message, bitget.signature_of(message, secret=secret)
    raise NotDue(f"no rule for {venue}")


def _binance(given: dict[str, Any]) -> str:
    """Returns what travels and is signed: parameters, and a query that is still in plain text, are encoded first."""
    query = given.get("query", "")
    if "params" in given:
        return encoded([(name, str(value)) for name, value in given["params"].items()])
    if ENCODED.fullmatch(query) is None:
        return encoded([(name, value) for name, _, value in (each.partition("=") for each in query.split("&"))])
    return str(query)


def _bybit(given: dict[str, Any]) -> str:
    return bybit.request_message(
        timestamp_ms=str(given["ts"]),
        key=given["api_key"],
        recv_window_ms=given["recv_window"],
        payload=given["payload"],
    )


def _gate(given: dict[str, Any]) -> str:
    return gate.request_message(
        method=given["method"],
        path=given["path"],
        query=given.get("query", ""),
        body=given.get("body", ""),
        timestamp_s=int(given["ts"]),
    )


def _gate_stream(given: dict[str, Any]) -> str:
    return gate.stream_message(channel=given["channel"], event=given["event"], timestamp_s=int(given["time"]))


def _okx(given: dict[str, Any]) -> str:
    return okx.request_message(
        timestamp=given["ts"], method=given["method"], target=given["path"], body=given.get("body", "")
    )


def _bitget(given: dict[str, Any]) -> str:
    return bitget.request_message(
        timestamp_ms=str(given["ts"]), method=given["method"], target=given["path"], body=given.get("body", "")
    )


def run_headers(case: Case) -> str | None:
    """Compares headers, strings to sign and tokens of Gemini, Bitstamp and Coinbase with those of a case."""
    kind = str(case["kind"])
    if kind in ("jwt_eddsa", "uri_claim", "jwt_es256_properties"):
        return {"jwt_eddsa": _ed_token, "uri_claim": _uri, "jwt_es256_properties": _p256_token}[kind](case)
    if kind == "nonce":
        return _nonces(case)
    if kind not in ("rest", "rest_official"):
        raise NotDue(f"no rule for {kind} of {case['venue']}")
    return _gemini(case) if case["venue"] == "gemini" else _bitstamp(case)


def _secret(case: Case) -> str:
    if "secret_ascii" in case:
        return str(case["secret_ascii"]).split(maxsplit=1)[0]
    return hashlib.sha256(f"vector-secret:{case['venue']}".encode()).hexdigest()


def _gemini(case: Case) -> str | None:
    if "payload_b64" in case:
        made = {"X-GEMINI-SIGNATURE": gemini.signature_of(case["payload_b64"], secret=_secret(case))}
        return _unequal(case["expected"]["headers"], made)
    headers = gemini.request_headers(case["json_text"].encode(), key="KEY", secret=_secret(case))
    del headers["X-GEMINI-APIKEY"]
    return _unequal(case["expected"]["headers"], headers)


def _bitstamp(case: Case) -> str | None:
    query = str(case["query"]).removeprefix("?")
    request = bitstamp.ToSign(
        method=case["method"],
        host=case["host"],
        path=case["path"],
        query=f"?{query}" if query else "",
        content_type=case["content_type"] or "",
        body=case["body"],
        nonce=case["nonce"],
        timestamp_ms=case["timestamp_ms"],
    )
    message = bitstamp.request_message(request, key=case["api_key"])
    if message != case["expected"]["string_to_sign"]:
        return f"string to sign: found {message}"
    made = bitstamp.request_headers(request, key=case["api_key"], secret=_secret(case))
    return _unequal(case["expected"]["headers"], made)


def _ed_token(case: Case) -> str | None:
    seed = hashlib.sha256(b"vector-secret:coinbase-ed25519").digest()
    public = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    key = coinbase.key_of(base64.b64encode(seed + public).decode())
    claims, name, nonce = case["claims"], case["header"]["kid"], case["header"]["nonce"]
    at, uri = Instant(int(claims["nbf"]) * NS_PER_S), claims.get("uri")
    signed = coinbase.signing_input(name=name, algorithm=key.algorithm, nonce=nonce, at=at, uri=uri)
    made = {
        "signing_input": signed,
        "signature_hex": key.sign(signed.encode()).hex(),
        "token": coinbase.token_of(key, name=name, nonce=nonce, at=at, uri=uri),
    }
    wanted = {"public_key_hex": case["public_key_hex"], **case["expected"]}
    return _unequal(
        wanted, {name: each for name, each in {"public_key_hex": public.hex(), **made}.items() if name in wanted}
    )


def _uri(case: Case) -> str | None:
    made = {"uri": coinbase.uri_of(case["method"], case["host"], case["request_path"])}
    return _unequal(case["expected"], made)


def _p256_token(case: Case) -> str | None:
    wanted = dict(case["expected"])
    secret = ec.derive_private_key(
        int.from_bytes(hashlib.sha256(b"vector-secret:es256").digest(), "big"), ec.SECP256R1()
    )
    nonces = [coinbase.nonce_of(NAME, AT, count) for count in range(2)]
    uri = coinbase.uri_of("GET", "api.coinbase.com", "/api/v3/brokerage/accounts")
    key = coinbase.P256Key(secret)
    token, for_stream = (coinbase.token_of(key, name=NAME, nonce=nonces[0], at=AT, uri=each) for each in (uri, None))
    header, claims, signature = (_part(part) for part in token.split("."))
    head, said = json.loads(header), json.loads(claims)
    halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        secret.public_key().verify(encode_dss_signature(*halves), token.rpartition(".")[0].encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return "the signature is not one of the key"
    if nonces[0] == nonces[1] or len(nonces[0]) < int(wanted.pop("nonce_len_hex_min")):
        return f"nonces: {nonces}"
    del wanted["must"]
    made = {
        "header_keys": list(head),
        "alg": head["alg"],
        "claim_keys_rest": list(said),
        "claim_keys_ws": list(json.loads(_part(for_stream.split(".")[1]))),
        "iss": said["iss"],
        "lifetime_s": said["exp"] - said["nbf"],
        "raw_signature_len": len(signature),
    }
    return _unequal(wanted, made)


def _part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _nonces(case: Case) -> str | None:
    nonces = Nonces()
    made = {"nonces": [nonces.take(Instant(ms * NS_PER_MS)) for ms in case["clock_ms"]]}
    return _unequal(case["expected"], made)


def _unequal(wanted: dict[str, Any], made: dict[str, Any]) -> str | None:
    return None if wanted == made else f"expected {wanted}, found {made}"
