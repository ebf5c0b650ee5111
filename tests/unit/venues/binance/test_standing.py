"""How an account must stand: keys, modes and margins that let nothing be sent, each with its words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flatbook.engine.reports import NotSent, Unknown
from flatbook.venues.binance.line import BinanceLine
from flatbook.venues.binance.markets import SPOT, USD_M, Market
from flatbook.venues.binance.standing import MarginMode, Standing, Ways, read_standing
from tests.clocks import StillClock
from tests.unit.venues.binance.sample import (
    NOW,
    PERP,
    Answers,
    instrument,
    line_to,
    recorded,
    refused,
    reply,
)
from tests.unit.venues.binance.test_market_rules import PERPETUAL

RIGHTS = {
    **recorded("spot_rights"),
    "ipRestrict": True,
    "enableFutures": True,
    "enableSpotAndMarginTrading": True,
}


def fit() -> Answers:
    """Returns answers of a USD-M account that is as it should be."""
    http = Answers()
    http.says("/sapi/v1/account/apiRestrictions", reply(RIGHTS))
    http.says("/fapi/v1/exchangeInfo", reply({"symbols": [PERPETUAL]}))
    http.says("/fapi/v1/positionSide/dual", reply({"dualSidePosition": False}))
    http.says("/fapi/v1/multiAssetsMargin", reply({"multiAssetsMargin": False}))
    http.says("/fapi/v1/symbolConfig", reply([{"symbol": "BTCUSDT", "marginType": "CROSSED"}]))
    return http


def stood(http: Answers, market: Market = USD_M, *, has_rights: bool = True) -> Standing | Unknown | NotSent:
    clock = StillClock(NOW)
    line: BinanceLine = line_to(http, market, clock)
    ways = Ways(market=market, line=line, rights=line if has_rights else None)
    return asyncio.run(read_standing(ways, (instrument(),), MarginMode.CROSSED, clock))


def test_an_account_that_is_as_it_should_be_stands_for_an_hour() -> None:
    standing = stood(fit())
    assert isinstance(standing, Standing)
    assert standing.allows(PERP)
    assert (standing.flaw, standing.reasons) == (None, {})
    assert standing.is_known_at(NOW)
    assert not Standing().allows(PERP)


@pytest.mark.parametrize(
    ("path", "answer", "flaw"),
    [
        ("/sapi/v1/account/apiRestrictions", {**RIGHTS, "enableWithdrawals": True}, "the key may withdraw"),
        (
            "/sapi/v1/account/apiRestrictions",
            {**RIGHTS, "enableInternalTransfer": True},
            "the key may send money to other accounts",
        ),
        ("/sapi/v1/account/apiRestrictions", {**RIGHTS, "enableReading": False}, "the key may not read"),
        (
            "/sapi/v1/account/apiRestrictions",
            {**RIGHTS, "enableFutures": False, "enableWithdrawals": True},
            "the key may withdraw; the key may not trade at binanceusdm",
        ),
        ("/fapi/v1/positionSide/dual", {"dualSidePosition": True}, "positions are in hedge mode, and not one-way"),
        (
            "/fapi/v1/multiAssetsMargin",
            {"multiAssetsMargin": True},
            "positions share the margin of several assets",
        ),
    ],
)
def test_an_account_that_is_not_as_it_should_be_says_why(path: str, answer: Any, flaw: str) -> None:
    http = fit()
    http.says(path, reply(answer))
    standing = stood(http)
    assert isinstance(standing, Standing)
    assert standing.flaw == flaw
    assert not standing.allows(PERP)


def test_a_key_that_is_not_taken_is_told_in_the_words_of_binance() -> None:
    http = fit()
    http.says("/sapi/v1/account/apiRestrictions", refused(-2015, "Invalid API-key, IP, or permissions.", 401))
    standing = stood(http)
    assert isinstance(standing, Standing)
    assert standing.flaw == "the key is not taken there: -2015 Invalid API-key, IP, or permissions."


def test_another_margin_mode_lets_one_symbol_not_be_traded() -> None:
    http = fit()
    http.says("/fapi/v1/symbolConfig", reply([{"symbol": "BTCUSDT", "marginType": "ISOLATED"}]))
    standing = stood(http)
    assert isinstance(standing, Standing)
    assert standing.flaw is None
    assert standing.reasons == {PERP: "BTCUSDT: its margin is ISOLATED, and not crossed"}


@pytest.mark.parametrize(
    "path",
    [
        "/sapi/v1/account/apiRestrictions",
        "/fapi/v1/exchangeInfo",
        "/fapi/v1/positionSide/dual",
        "/fapi/v1/multiAssetsMargin",
        "/fapi/v1/symbolConfig",
    ],
)
def test_what_cannot_be_read_is_no_standing(path: str) -> None:
    http = fit()
    http.says(path, reply(b"<html>"))
    assert isinstance(stood(http), Unknown)


def test_spot_has_no_modes_and_where_nobody_states_rights_none_are_asked_for() -> None:
    http = Answers()
    spot = {name: each for name, each in PERPETUAL.items() if name not in ("contractType", "marginAsset")}
    http.says("/api/v3/exchangeInfo", reply({"symbols": [spot]}))
    standing = stood(http, SPOT, has_rights=False)
    assert isinstance(standing, Standing)
    assert standing.reasons == {PERP: "BTCUSDT: product is spot there"}
    assert [request.path for request in http.asked] == ["/api/v3/exchangeInfo"]
