"""Who asks the simulated Binance: keys, signatures and time stamps.

A payload is signed as it travels, percent-encoded, over the query followed by the body: HMAC-SHA256 in hex or, where
the secret of an account is the public key of its caller, Ed25519 or RSA in base64.
Source: Binance documentation, Request Security of Spot and of USD-M Futures; percent-encoding since 2026-01-15.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.binance.words import Refused, missing, ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.wholes import is_whole
from flatbook.values.instants import Instant

WINDOW_MS, WINDOW_MS_MAX = 5_000, 60_000
PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----"
AHEAD_MS_MAX = 1_000

NO_KEY = Refused(code=-2014, msg="API-key format invalid.", status=401)
BAD_KEY = Refused(code=-2015, msg="Invalid API-key, IP, or permissions for action.", status=401)
BAD_SIGNATURE = Refused(code=-1022, msg="Signature for this request is not valid.")
TOO_OLD = Refused(code=-1021, msg="Timestamp for this request is outside of the recvWindow.")
TOO_EARLY = Refused(code=-1021, msg="Timestamp for this request was 1000ms ahead of the server's time.")
WINDOW = Refused(code=-1131, msg="recvWindow must be less than 60000")


def account_of_key(exchange: Exchange, key: str) -> Account | Refused:
    """Returns whose key it is, or a refusal."""
    if not key:
        return NO_KEY
    found = next((each for each in exchange.accounts.values() if each.opening.key == key), None)
    return BAD_KEY if found is None else found


def check_signed(account: Account, payload: str, params: Mapping[str, str], now: Instant) -> Refused | None:
    """Returns why a signed request is refused, None when it is well. `payload` is what travelled, without signature."""
    if not params.get("signature"):
        return missing("signature")
    if not is_signature(params["signature"], payload, account.opening.secret):
        return BAD_SIGNATURE
    return check_time(params, now)


def is_signature(signature: str, payload: str, secret: str) -> bool:
    """Whether a signature is that of a payload by the key of a secret."""
    if not secret.startswith(PUBLIC_KEY):
        expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode())
    return _is_of_key(signature, payload, secret)


def _is_of_key(signature: str, payload: str, public: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(public.encode())
    try:
        signed = base64.b64decode(signature, validate=True)
        if isinstance(key, Ed25519PublicKey):
            key.verify(signed, payload.encode())
        else:
            assert isinstance(key, RSAPublicKey), "an account has a key of one of three kinds"
            key.verify(signed, payload.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def check_time(params: Mapping[str, str], now: Instant) -> Refused | None:
    """Returns why a time stamp is refused, None when it is well."""
    stamp, window = params.get("timestamp", ""), params.get("recvWindow", str(WINDOW_MS))
    if not is_whole(stamp):
        return missing("timestamp")
    if not is_whole(window.replace(".", "", 1)) or float(window) > WINDOW_MS_MAX:
        return WINDOW
    if int(stamp) >= ms(now) + AHEAD_MS_MAX:
        return TOO_EARLY
    return TOO_OLD if ms(now) - int(stamp) > float(window) else None


def without_signature(text: str) -> str:
    """Returns a query or a form without its signature."""
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
