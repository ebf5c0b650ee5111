"""A contract of Pyth, feeds of three shares and a coin, and traces that read them."""

from __future__ import annotations

from typing import Any

from flatbook.values.ids import Underlying
from flatbook.values.instants import instant_of_text
from flatbook.values.sessions import SessionKind
from flatbook.venues.pyth.terms import Feed, PythTerms

PYTH = "0x" + "8f" * 20
OTHER = "0x" + "11" * 20
COIN, TSLA, ETH = ("0x" + pair * 32 for pair in ("c0", "75", "e7"))
AT = instant_of_text("2025-12-02T16:00:00Z")
SECONDS = 1_764_691_200
TERMS = PythTerms(
    contract=PYTH,
    feeds={
        Underlying("COIN"): Feed(id=COIN, sessions=(SessionKind.REGULAR,)),
        Underlying("TSLA"): Feed(id=TSLA, sessions=(SessionKind.REGULAR,)),
        Underlying("ETH"): Feed(id=ETH),
    },
    age_s_max=60,
    confidence_bps_max=50,
)


def words(price: int, confidence: int, exponent: int, seconds: int = SECONDS) -> str:
    """Returns the four words of an answer of the contract."""
    numbers = (price % 2**256, confidence, exponent % 2**256, seconds)
    return "0x" + "".join(f"{number:064x}" for number in numbers)


def frame(feed: str, answer: str | None, *, selector: str = "96834ad3", **other: Any) -> dict[str, Any]:
    """Returns a call of the contract in a trace."""
    asked = f"0x{selector}{feed[2:]}"
    return {"type": "STATICCALL", "to": PYTH, "input": asked, "output": answer, "calls": [], **other}


def inside(*calls: Any, **other: Any) -> dict[str, Any]:
    """Returns a call of another contract, with calls inside."""
    return {"type": "CALL", "to": OTHER, "input": "0x01020304", "output": "0x", "calls": list(calls), **other}
