"""The bounds of the whole desk: what all nets together leave unhedged, and what its dollar tokens are worth."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.inputs import Restarted
from flatbook.engine.rules import HedgeRules
from flatbook.events.control import AlertCleared, AlertName, AlertRaised
from flatbook.market.quotes import Quote
from flatbook.state.desk import Alert
from flatbook.values.ids import InstrumentId, Underlying
from flatbook.values.money import Price
from tests.desk import COIN, HEDGE, OWNER, VAULT, WTCOIN
from tests.unit.engine.scene import Bench, execution, one, statement, tags

SYMBOLS = tuple(Underlying(f"S{number}") for number in range(41))
TOKEN = {"owner": str(OWNER), "account": str(VAULT), "instrument": str(WTCOIN), "underlying": str(COIN)}
RESIDUE = (AlertName.RESIDUE_LIMIT, "desk")


def bench(bound: str = "1000", threshold: str = "100") -> Bench:
    """Returns a desk that leaves much to rest, and says so above a bound in USD."""
    started = Bench(hedge=msgspec.structs.replace(HEDGE, threshold_shares=Decimal(threshold)))
    started.rules = msgspec.structs.replace(started.rules, residue_usd_max=Decimal(bound))
    return started.resume()


def standing(seen: Bench) -> str | None:
    alert: Alert | None = seen.state.alerts.get(RESIDUE)
    return None if alert is None else alert.detail


def test_the_residue_of_all_nets_is_told_above_its_bound_and_cleared_below() -> None:
    desk = bench()
    desk.fill(1, "sell", "4")
    assert standing(desk) is None
    raised = one(desk.fill(2, "sell", "0.004"), AlertRaised)
    assert raised.detail == "1001 USD of nets are unhedged, 1000 are allowed"
    assert "alert_cleared" not in tags(desk.fill(3, "buy", "0.803"))
    assert one(desk.fill(4, "buy", "0.001"), AlertCleared).name is AlertName.RESIDUE_LIMIT


def test_41_nets_each_below_its_threshold_are_told_together() -> None:
    desk = bench("8000", "1")
    share = next(iter(desk.rules.instruments.values()))
    instruments = {
        (made := msgspec.structs.replace(share, id=InstrumentId(f"{name}/USD"), underlying=name, symbol=name)).id: made
        for name in SYMBOLS
    }
    hedges = {
        (OWNER, each.underlying): HedgeRules(
            params=desk.rules.hedges[OWNER, share.underlying].params, instrument=each, backup=None
        )
        for each in instruments.values()
    }
    desk.rules = msgspec.structs.replace(desk.rules, hedges=hedges, instruments=instruments)
    told = []
    for number, name in enumerate(SYMBOLS):
        desk.market.write(
            name, HEDGE.price_source, Quote(price=Price(Decimal(200)), happened_at=desk.now, seen_at=desk.now)
        )
        desk.state.positions.move((OWNER, VAULT, InstrumentId(f"wt{name}")), name, Decimal("0.99"), Decimal(1))
        if number == 39:
            desk.fill(1, "buy", "0.001")
            told.append(standing(desk))
    desk.fill(2, "buy", "0.001")
    assert [*told, standing(desk)] == [None, "8118 USD of nets are unhedged, 8000 are allowed"]


def test_what_is_not_ours_and_what_was_overwritten_counts() -> None:
    desk = bench()
    desk.state_account(statement(desk.now))
    desk.wait(1).executions(execution("5", order_id=None, at=desk.now))
    assert standing(desk) == "1250 USD of nets are unhedged, 1000 are allowed"
    other = bench()
    other.fill(1, "sell", "0.5")
    other.command("position_overwrite", qty="-5", expected="-0.5", price="250", **TOKEN)
    assert standing(other) == "1250 USD of nets are unhedged, 1000 are allowed"


def test_a_net_without_any_price_is_not_taken_for_a_small_one() -> None:
    desk = Bench(hedge=msgspec.structs.replace(HEDGE, threshold_shares=Decimal(100)))
    desk.fill(1, "sell", "0.5")
    assert standing(desk) == "0 USD of nets are unhedged, 100000 are allowed, without COIN: no price known"
    desk.quote()
    desk.fill(2, "sell", "0.1")
    assert standing(desk) is None


def test_a_dollar_token_off_its_peg_is_told_until_it_is_back() -> None:
    desk = Bench()
    usdc = next(iter(desk.rules.marks))
    told = []
    for mark in ("0.995", "0.9949", "1.0051", "1.005", "0.9959", "0.996", "0.9951"):
        desk.rules = msgspec.structs.replace(desk.rules, marks={usdc: Price(Decimal(mark))}, pegged=(usdc,))
        desk.take(Restarted())
        told.append(desk.alerts)
    assert told == [[], *[["mark_depegged"]] * 4, [], []]
