"""Token names, renames with dates, and settings that are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.values.ids import Underlying
from flatbook.values.instants import instant_of_text
from flatbook.venues.raindex.tokens import RatioFrom, TickerRename, TokenForm, ticker_of_symbol, underlying_at
from tests.unit.venues.raindex.sample import ALICE, CONFIG, WT_COIN

EVERY_FORM = tuple(TokenForm)


@pytest.mark.parametrize(
    ("symbol", "ticker"),
    [
        ("AAPL0x", "AAPL"),
        ("NVDAs1", "NVDA"),
        ("tGME", "GME"),
        ("wtSPYM", "SPYM"),
        ("wtBRK.B", "BRK.B"),
        ("TSLA0x", "TSLA"),
    ],
)
def test_a_name_in_a_known_form_holds_its_ticker(symbol: str, ticker: str) -> None:
    assert ticker_of_symbol(symbol, EVERY_FORM) == ticker


@pytest.mark.parametrize(
    "symbol",
    ["", "wt", "t", "0x", "s1", "AAPL", "USDC", "USDbC", "WTAAPL", "wtaapl", "tAAPL0x", "wt AAPL", "tT\n", "t\uff11"],
)
def test_any_other_name_holds_none(symbol: str) -> None:
    assert ticker_of_symbol(symbol, EVERY_FORM) is None


def test_a_form_that_is_not_accepted_holds_none() -> None:
    assert ticker_of_symbol("tAAPL", (TokenForm.PREFIX_WT,)) is None


def rename(old: str, new: str, since: str | None) -> TickerRename:
    at = None if since is None else instant_of_text(since)
    return TickerRename(old=Underlying(old), new=Underlying(new), since=at)


def test_the_token_kept_its_name_when_the_share_got_a_new_ticker() -> None:
    renames = (rename("SPLG", "SPYM", "2025-10-31T00:00:00Z"),)
    assert ticker_of_symbol("tSPLG", EVERY_FORM) == "SPLG"
    assert underlying_at(Underlying("SPLG"), renames, instant_of_text("2025-10-30T23:59:59Z")) == "SPLG"
    assert underlying_at(Underlying("SPLG"), renames, instant_of_text("2025-10-31T00:00:00Z")) == "SPYM"
    assert underlying_at(Underlying("AAPL"), renames, instant_of_text("2026-01-01T00:00:00Z")) == "AAPL"


def test_renames_follow_one_another_in_the_order_of_their_dates() -> None:
    renames = (rename("B", "C", "2025-06-01T00:00:00Z"), rename("A", "B", None))
    assert underlying_at(Underlying("A"), renames, instant_of_text("2025-05-31T00:00:00Z")) == "B"
    assert underlying_at(Underlying("A"), renames, instant_of_text("2025-06-01T00:00:00Z")) == "C"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"address": WT_COIN.upper()}, "is no address"),
        ({"address": "0x12"}, "is no address"),
        ({"ticker": "MSTR"}, "is not the ticker 'MSTR'"),
        ({"symbol": "COIN"}, "is not the ticker"),
        ({"form": TokenForm.PREFIX_T}, "is not the ticker"),
        ({"decimals": 37}, "out of bounds"),
        ({"decimals": -1}, "out of bounds"),
        ({"ratios": (RatioFrom(block=5, ratio=Decimal(1)), RatioFrom(block=5, ratio=Decimal(2)))}, "must ascend"),
    ],
)
def test_a_token_that_contradicts_itself_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        msgspec.structs.replace(CONFIG.tokens[0], **changes)


@pytest.mark.parametrize("ratio", ["0", "-1", "1000000", "1.0000000000000000001", "NaN", "Infinity"])
def test_a_ratio_that_cannot_be_is_refused(ratio: str) -> None:
    with pytest.raises(ValueError, match="ratio"):
        RatioFrom(block=0, ratio=Decimal(ratio))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"shares_max": Decimal(0)}, "shares_max"),
        ({"order_books": ("0x1",)}, "order book"),
        ({"owners": CONFIG.owners[:1] * 2}, "configured twice"),
    ],
)
def test_a_config_that_cannot_work_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        msgspec.structs.replace(CONFIG, **changes)


def test_the_gas_of_an_owner_is_paid_by_its_account() -> None:
    payer = CONFIG.payer(ALICE)
    assert payer is not None
    assert (payer.owner, payer.account) == ("alice", "vault-a")
