"""A breaker trips by the fills themselves, is a halt of the owner, survives a start, and is lifted by a person only."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.control import AlertName, AlertRaised
from flatbook.risk.breaker import BreakerLimits
from flatbook.values.ids import OrderId, OwnerId
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from tests.desk import OWNER
from tests.unit.engine.scene import Bench, execution, statement, tags
from tests.unit.engine.test_take_activities import activity, stated

HALTED = ("owner", OWNER, "breaker")


def armed(**limits: object) -> Bench:
    """Returns a desk with a breaker that has bought 10 shares at 250."""
    bench = Bench()
    breakers = {OWNER: msgspec.convert(limits, BreakerLimits)}
    bench.rules = msgspec.structs.replace(bench.rules, breakers=breakers)
    order_id = bench.working()
    bench.executions(execution("10", order_id=order_id))
    return bench


def sell(bench: Bench, number: int, price: str, size: str = "1") -> OrderId:
    """Lets the desk sell what it bought onchain, at a price."""
    bench.fill(number, "buy", size)
    order_id = bench.placed()[-1].order_id
    bench.executions(
        execution(size, 100 + number, order_id=order_id, side=Side.SELL, price=Price(Decimal(price)), at=bench.now)
    )
    return order_id


def test_losing_trades_in_a_row_halt_their_owner_and_name_the_order() -> None:
    bench = armed(losses_max=2)
    sell(bench, 1, "249")
    assert bench.halted == []
    order_id = sell(bench, 2, "249")
    assert bench.halted == [HALTED]
    assert "breaker_tripped" in bench.alerts
    (raised,) = [
        event for event in bench.events if isinstance(event, AlertRaised) and event.name is AlertName.BREAKER_TRIPPED
    ]
    assert (raised.because, raised.detail) == (
        "exec:paper:COIN/USD:X-102",
        "2 losing trades in a row, 2 are the limit",
    )
    assert order_id != bench.placed()[0].order_id


def test_a_profit_between_ends_the_run() -> None:
    bench = armed(losses_max=2)
    for number, price in ((1, "249"), (2, "251"), (3, "249")):
        sell(bench, number, price)
    assert bench.halted == []


def test_a_drawdown_of_the_total_halts_and_nothing_new_is_sent() -> None:
    bench = armed(drawdown_usd_max="100")
    sell(bench, 1, "240")
    assert bench.halted == []
    placed = len(bench.placed())
    sell(bench, 2, "239")
    assert bench.halted == [HALTED]
    bench.fill(3, "buy", "5")
    assert len(bench.placed()) == placed + 1


def test_what_a_venue_charges_besides_executions_trips_it_too() -> None:
    bench = Bench()
    bench.rules = msgspec.structs.replace(bench.rules, breakers={OWNER: BreakerLimits(drawdown_usd_max=Decimal(100))})
    bench.resume().state_account(statement(bench.now))
    bench.wait(120)
    bench.state_account(stated(bench.now, "999900", activity(1, "-100", bench.now)))
    assert bench.halted == []
    bench.wait(120)
    bench.state_account(stated(bench.now, "999899.99", activity(2, "-0.01", bench.now)))
    assert bench.halted == [HALTED]


def test_it_stands_over_a_start_and_only_a_person_lifts_it() -> None:
    bench = armed(losses_max=1)
    sell(bench, 1, "249")
    bench.restart()
    bench.wait(86_400)
    bench.take_time()
    assert bench.halted == [HALTED]
    halt_id = next(iter(bench.state.halts))
    assert "command_refused" in tags(bench.command("lift", "0", halt_id="halt-other"))
    assert tags(bench.command("lift", "1", halt_id=halt_id))[:2] == ["command_accepted", "trading_lifted"]
    assert bench.halted == []
    assert "breaker_tripped" not in bench.alerts
    assert bench.state.breakers[OWNER].losses == 0


def test_a_start_books_only_what_the_configuration_changed() -> None:
    bench = armed(losses_max=2)
    assert "breaker_armed" not in tags(bench.restart())
    bench.rules = msgspec.structs.replace(bench.rules, breakers={OwnerId("grid"): BreakerLimits(losses_max=1)})
    assert tags(bench.restart()).count("breaker_armed") == 2
    assert list(bench.state.breakers) == ["grid"]
