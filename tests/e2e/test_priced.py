"""What the oracle on the chain said of a fill stands beside it: booked by the desk, and shown by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flatbook.events.prices import FillPriced, PriceSource
from tests.e2e.home import SECRETS
from tests.e2e.judge import assert_agreed, books_of, is_settled, told_of
from tests.e2e.market import Market, open_market, until

pytestmark = pytest.mark.real
SETTLES_S = 30.0
SAID, LATER = "255.5", "999"
PYTH = """
[chains.base.pyth]
contract = "{contract}"

[chains.base.pyth.feeds.COIN]
id = "{feed}"
"""


def priced(market: Market) -> list[FillPriced]:
    return [event for event in books_of(market).events if isinstance(event, FillPriced)]


def told(market: Market, *words: str) -> Any:
    """Calls the program as an operator does, and returns what it answered."""
    done = subprocess.run(
        [sys.executable, "-m", "flatbook", *words, "--home", str(market.home), "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, **SECRETS},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_fill_is_hedged_first_and_then_compared_with_what_the_oracle_said_at_its_block(tmp_path: Path) -> None:
    with open_market(tmp_path, "alpaca") as market:
        scene = market.scene
        with (market.home / "flatbook.toml").open("a") as config:
            config.write(PYTH.format(contract=scene.places["Pyth"].lower(), feed=scene.feed("COIN")))
        market.start()
        market.tick()
        scene.chain.mine()
        scene.set_price("COIN", SAID)
        mined = scene.take(market.ask, most="5")
        scene.set_price("COIN", LATER)
        until(lambda: bool(priced(market)) and is_settled(market), SETTLES_S, lambda: told_of(market))
        assert_agreed(market)
        (said,) = priced(market)
        assert (said.key.tx, said.price, said.source, said.doubts) == (mined.tx, Decimal(SAID), PriceSource.VIEW, ())
        kept = tmp_path / "answers.json"
        body = told(market, "price", mined.tx, "--record", str(kept))
        (fill,) = body["fills"]
        assert (fill["price"], fill["oracle"], fill["booked"], fill["deviation_bps"]) == ("256", SAID, SAID, "19.56")
        sold = next(trade for trade in told(market, "trades")["trades"] if trade["place"] == "onchain")
        assert (sold["oracle_usd"], sold["oracle_bps"]) == (SAID, "19.56")
    assert told(market, "price", mined.tx, "--recorded", str(kept)) == body
