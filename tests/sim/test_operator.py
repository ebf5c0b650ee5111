"""What an operator can ask of a desk, from the configuration or by command, to the broker's own ledger."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from flatbook.engine.inputs import Verb
from flatbook.events.chain import VaultFilled
from flatbook.events.control import AlertName, AlertRaised, DrainIntended, EngineStopped, FlattenEnded, Mode
from flatbook.events.orders import OrderFilled, OrderIntended
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb as Request
from tests.sim.composed import (
    FIRST_BLOCK,
    Fill,
    account,
    command,
    minute,
    nets,
    owner,
    play,
    root_of,
    shares_at,
    write_home,
)
from tests.unit.cli.scene import call

END = minute(40)
SECTIONS = (account("paper"), owner("desk", at="paper"))


def test_observing_books_every_fill_and_sends_nothing(tmp_path: Path) -> None:
    fills = (Fill(minute(2), "desk", "sell", "3"), Fill(minute(4), "desk", "buy", "1"))
    loaded = write_home(tmp_path, SECTIONS, fills, mode="observe")
    played = play(loaded)
    assert len([event for event in played.events if isinstance(event, VaultFilled)]) == 2
    assert not [event for event in played.events if isinstance(event, OrderIntended)]
    assert nets(loaded) == {"desk": Decimal(-2)}
    assert shares_at(loaded, "paper", END) == Decimal(100)
    body = call("status", "--json", "--home", str(tmp_path)).body()
    assert (body["flat"], body["engine"]["mode"]) == (False, Mode.OBSERVE.value)


def test_draining_finishes_the_hedge_under_way_reads_no_more_fills_and_stops(tmp_path: Path) -> None:
    fills = (Fill(minute(2), "desk", "sell", "3"), Fill(minute(6), "desk", "sell", "5"))
    loaded = write_home(tmp_path, SECTIONS, fills)
    played = play(loaded, [(minute(2, 5), command(Verb.DRAIN))])
    assert played.reason == "drained"
    assert [event.shares for event in played.events if isinstance(event, VaultFilled)] == [Decimal(3)]
    assert shares_at(loaded, "paper", END) == Decimal(103)
    assert isinstance(played.events[-1], EngineStopped)


def test_after_a_drain_the_next_start_goes_on_with_the_fills_that_were_not_read(tmp_path: Path) -> None:
    fills = (Fill(minute(2), "desk", "sell", "3"), Fill(minute(6), "desk", "sell", "5"))
    loaded = write_home(tmp_path, SECTIONS, fills)
    play(loaded, [(minute(2, 5), command(Verb.DRAIN))])
    play(loaded)
    assert nets(loaded) == {"desk": Decimal(0)}
    assert shares_at(loaded, "paper", END) == Decimal(108)


def test_flattening_trades_a_net_below_its_threshold_at_the_market_and_ends_by_itself(tmp_path: Path) -> None:
    loaded = write_home(tmp_path, SECTIONS, (Fill(minute(2), "desk", "sell", "0.75"),))
    played = play(loaded, [(minute(10), command(Verb.FLATTEN))])
    (order,) = [event for event in played.events if isinstance(event, OrderIntended)]
    assert (order.side.value, order.qty, order.limit, order.reduce_only) == ("buy", Decimal("0.75"), None, True)
    assert [event.net for event in played.events if isinstance(event, FlattenEnded)] == [Decimal(0)]
    assert shares_at(loaded, "paper", END) == Decimal("100.75")


def test_flattening_passes_a_halt_and_the_halt_stays(tmp_path: Path) -> None:
    loaded = write_home(tmp_path, SECTIONS, (Fill(minute(2), "desk", "sell", "3"),))
    played = play(loaded, [(minute(1), command(Verb.HALT)), (minute(10), command(Verb.FLATTEN))])
    (order,) = [event for event in played.events if isinstance(event, OrderIntended)]
    assert order.decided_at == minute(10)
    assert shares_at(loaded, "paper", END) == Decimal(103)
    assert len(call("status", "--json", "--home", str(tmp_path)).body()["halts"]) == 1


def test_a_dollar_token_at_ninety_cents_is_valued_so_hedged_on_and_alerted(tmp_path: Path) -> None:
    fills = (Fill(minute(2), "desk", "sell", "2", price="300"), Fill(minute(20), "desk", "sell", "0.5", price="300"))
    loaded = write_home(tmp_path, SECTIONS, fills, mark="0.90")
    played = play(loaded)
    alerts = [event.name for event in played.events if isinstance(event, AlertRaised)]
    assert alerts == [AlertName.MARK_DEPEGGED]
    assert [event.qty for event in played.events if isinstance(event, OrderFilled)] == [Decimal(2)]
    home = str(tmp_path)
    (line,) = call("pnl", "--json", "--home", home).body()["lines"]
    assert Decimal(line["net_usd"]) == Decimal(40)  # sold 2 for 600 USDC, which is 540 USD; bought 2 at 250
    (net,) = call("status", "--json", "--home", home).body()["nets"]
    assert (net["net"], net["price"], Decimal(net["usd"])) == ("-0.5", "270", Decimal(-135))


def test_a_pool_that_pays_in_a_dollar_token_at_ninety_cents_agrees_with_the_stock_exchange(
    tmp_path: Path,
) -> None:
    bounds = "second_age_s_max = 3600\nsecond_bps_max = 20"
    pool = '\n[prices.pool]\nkind = "recorded_pool_mids"\nquote = "USDC"\nfiles = { COIN = "pool.csv" }\n'
    sections = (account("paper"), owner("desk", at="paper", second="pool", more=bounds), pool)
    (tmp_path / "pool.csv").write_text(f"block,sqrt_price_x96\n{FIRST_BLOCK},{root_of(Decimal('277.78'))}\n")
    loaded = write_home(tmp_path, sections, (Fill(minute(2), "desk", "sell", "2", price="279"),), mark="0.90")
    (order,) = [event for event in play(loaded).events if isinstance(event, OrderIntended)]
    assert order.evidence is not None
    assert order.evidence["second"].startswith("250.00")
    assert shares_at(loaded, "paper", END) == Decimal(102)


def test_a_second_broker_takes_what_no_unknown_order_covers_and_no_share_twice(tmp_path: Path) -> None:
    sections = (account("first"), account("second"), owner("desk", at="first", more='backup = "COIN@second"'))
    fills = (Fill(minute(2), "desk", "sell", "3"), Fill(minute(2, 30), "desk", "sell", "5"))
    loaded = write_home(tmp_path, sections, fills)
    silent = FaultPlan(
        faults=(
            Fault(verb=Request.PLACE, kind=FaultKind.DROP_ANSWER, number=1),
            *(Fault(verb=Request.FIND, kind=FaultKind.DROP_ANSWER, number=number) for number in range(1, 40)),
        )
    )
    played = play(loaded, plans={"first": silent})
    placed = [(event.account, event.qty) for event in played.events if isinstance(event, OrderIntended)]
    assert placed == [("first", Decimal(3)), ("second", Decimal(5))]
    assert nets(loaded) == {"desk": Decimal(0)}
    assert (shares_at(loaded, "first", END), shares_at(loaded, "second", END)) == (Decimal(103), Decimal(105))


def test_a_position_stated_by_an_operator_is_hedged_and_stands_in_suspense_with_its_age(tmp_path: Path) -> None:
    loaded = write_home(tmp_path, SECTIONS, ())
    stated = {"owner": "desk", "account": "paper", "instrument": "COIN@paper", "qty": "3", "expected": "0"}
    played = play(loaded, [(minute(10), command(Verb.POSITION_OVERWRITE, price="250", **stated))])
    assert [(event.side.value, event.qty) for event in played.events if isinstance(event, OrderFilled)] == [
        ("sell", Decimal(3))
    ]
    (item,) = call("pnl", "--json", "--home", str(tmp_path)).body()["suspense"]
    assert (item["asset"], item["amount"], item["since"]) == ("COIN", "-3", "2025-12-02T14:40:00Z")
    assert item["age_s"] >= 60
    told = call("pnl", "--home", str(tmp_path)).out
    assert "in suspense:\n" in told
    assert "trial balance: zero for each of 2 assets; the ledger agrees with profit and loss\n" in told


def test_a_drain_that_waits_says_what_for(tmp_path: Path) -> None:
    fills = (Fill(minute(2), "desk", "sell", "3"),)
    loaded = write_home(tmp_path, SECTIONS, fills, minutes=40)
    events = play(loaded, [(minute(2, 5), command(Verb.DRAIN))]).events
    drained = 1 + next(place for place, event in enumerate(events) if isinstance(event, DrainIntended))
    (order,) = [event for event in events[:drained] if isinstance(event, OrderIntended)]
    body = call("status", "--json", "--at", str(drained), "--home", str(tmp_path)).body()
    assert body["drain_waits_for"] == [f"order {order.order_id} (accepted)"]
    line = call("status", "--at", str(drained), "--home", str(tmp_path)).out
    assert f", draining: waits for order {order.order_id} (accepted)" in line
