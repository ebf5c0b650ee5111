"""A profile says where a live desk may trade and what; it is chosen by a person and enforced before the start."""

from __future__ import annotations

import pytest

from flatbook.ops.config_example import LIVE_EXAMPLE
from tests.unit.ops.scene import changed, live, problems

CHOSEN = 'jurisdiction = "us"'
MINE = """[jurisdictions.mine.allowed]
alpaca = []
[journal]"""


def said_of(*changes: tuple[str, str]) -> list[str]:
    return problems(changed(*changes, text=LIVE_EXAMPLE))


def test_a_live_desk_states_its_profile_and_one_that_only_reads_need_not() -> None:
    assert live().config.jurisdiction == "us"
    assert live((CHOSEN, "#"), ('mode = "live"', 'mode = "observe"')).config.jurisdiction is None
    (told,) = said_of((CHOSEN, "#"))
    assert "a live desk says by which rules it trades: us, uk_retail, other, or a profile of your own" in told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (((CHOSEN, 'jurisdiction = "ui_retail"'),), "there is no profile 'ui_retail'; did you mean uk_retail?"),
        (((CHOSEN, 'jurisdiction = "mine"'), ("[journal]", MINE)), "mine does not allow spot at alpaca"),
        (
            ((CHOSEN, 'jurisdiction = "mine"'), ("[journal]", MINE.replace("alpaca", "schwab"))),
            "mine does not allow accounts at alpaca",
        ),
        ((("[journal]", MINE.replace("alpaca", "alpaka")),), "is no kind of account; did you mean alpaca?"),
        ((("[journal]", MINE.replace("mine", "us")),), "is the name of a profile that is built in"),
        ((("[journal]", MINE.replace("[]", '["futures"]')),), "futures"),
    ],
)
def test_what_a_profile_does_not_allow_is_refused(changes: tuple[tuple[str, str], ...], said: str) -> None:
    assert said in "\n".join(said_of(*changes))


@pytest.mark.parametrize(
    ("profile", "said"),
    [("us", "us does not allow accounts at bybit"), ("uk_retail", "uk_retail does not allow linear_perp at bybit")],
)
def test_an_exchange_is_closed_to_those_whom_it_does_not_serve(profile: str, said: str) -> None:
    bybit = """[accounts.bybit]
kind = "bybit"
environment = "live"
user_id = "24617703"
shorting = "whole_shares"
dead_man_s = 30
key = "secret:alpaca_key"
secret = "secret:alpaca_secret"
"""
    instrument = """[instruments."BTC/USDT@bybit"]
account = "bybit"
symbol = "BTCUSDT"
underlying = "BTC"
quote = "USDT"
tick = "0.1"
lot = "0.001"
qty_min = "0.001"
notional_min = "5"
contract_size = "1"
product = "linear_perp"
"""
    text = LIVE_EXAMPLE.replace(CHOSEN, f'jurisdiction = "{profile}"')
    assert said in "\n".join(
        problems(
            text.replace("[marks]\n", '[marks]\nUSDT = "1"\n').replace(
                "[instruments", bybit + instrument + "[instruments", 1
            )
        )
    )
