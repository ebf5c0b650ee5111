"""Cases of kind `pnl_fills_candles`: what executions realise, an execution that is told twice, and bars of trades.

A venue that states running totals states no realised profit to us, and intervals are stated in seconds: cases of
those are not due.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from flatbook.events.orders import OrderFilled
from flatbook.market import features
from flatbook.values.instants import NS_PER_S
from flatbook.values.money import ZERO, Money, parse_number
from tests.property.test_totals import total, totals_bench
from tests.unit.engine.test_realise import MARGIN, scene_of, trade
from tests.vectors.outcome import Case, NotDue, differing


def run(case: Case) -> str | None:
    """Compares what a case of any of its shapes comes to."""
    if case.get("differs"):
        raise NotDue("differs")
    for field, compare in SHAPES.items():
        if field in case["input"]:
            return compare(case)
    raise NotDue("the product has no place for this case yet")


def _realised(case: Case) -> str | None:
    """Compares what the margin got after each execution that closes a part."""
    given, expected = case["input"], case["expected"]
    if given.get("mode") == "cumulative":
        raise NotDue("a venue that states running totals states no realised profit to us")
    updates = given["updates"]
    scene = scene_of(("buy", updates[-1]["cum_qty"], "100"))
    begins, sold, after = scene.state.balances.get(MARGIN, ZERO), Decimal(0), list[Decimal]()
    for update in updates:
        qty, told = parse_number(update["cum_qty"]) - sold, update.get("pnl", update.get("pnl_inc"))
        sold += qty
        trade(scene, "sell", str(qty), "101", realised=Money(parse_number(told)))
        after.append(scene.state.balances[MARGIN] - begins)
    return differing(expected, {"realized_after_each": after, "realized": after[-1], "qty": sold})


def _told_again(case: Case) -> str | None:
    """Compares what is booked of an update of a total that comes several times."""
    update, expected = case["input"]["update"], case["expected"]
    bench, qty = totals_bench(), update["cum_qty"]
    order_id = bench.working("10")
    value = str(parse_number(qty) * parse_number(update["avg_price"]))
    fills = [
        event
        for number in range(case["input"]["times"])
        for event in bench.report(total(order_id, qty, value, number)).events
        if isinstance(event, OrderFilled)
    ]
    return differing(expected, {"fill_count": len(fills), "price": fills[0].price, "qty": fills[0].qty})


def _bars(case: Case) -> str | None:
    """Compares the newest bars of trades: those that are closed, and the open one."""
    given, width_ns = case["input"], case["input"]["interval_s"] * NS_PER_S
    row, marks = features.new_bars(given["limit"])
    for at_s, price in given["ticks"]:
        features.take_trade(row, marks, at_s * NS_PER_S, float(price), 1.0, width_ns)
    wanted, closed = case["expected"]["closes"], marks[features.CLOSED]
    n = features.bars_kept(row)
    kept = [row[features.BAR_WIDTH + n + number % n] for number in range(max(0, closed - n), closed)]
    closes = [*kept, row[features.CLOSE]][-len(wanted) :]
    is_closed = [*(True for _ in closes[1:]), False]
    is_same = (closes, is_closed) == ([float(each) for each in wanted], case["expected"]["closed"])
    return None if is_same else f"expected {wanted}, found {closes}"


def _merged(case: Case) -> str | None:
    """Compares the open bar after bars that a venue told, and a trade in the last of them."""
    given, width_ns = case["input"], case["input"]["interval_s"] * NS_PER_S
    row, marks = features.new_bars(given["limit"])
    bars = given["history_ohlcv"]
    for number, bar in enumerate(bars):
        features.take_candle(row, marks, number * width_ns, [float(each) for each in bar])
    at = (len(bars) - 1) * width_ns + NS_PER_S
    features.take_trade(row, marks, at, float(given["live_price"]), 0.0, width_ns)
    wanted = case["expected"]["last"]
    names = {"o": features.OPEN, "h": features.HIGH, "l": features.LOW, "c": features.CLOSE}
    found = {name: row[place] for name, place in names.items()}
    is_open = (marks[features.START] != features.NONE_OPEN) is not wanted["closed"]
    closed = [True] * marks[features.CLOSED]
    is_same = is_open and closed == case["expected"]["earlier_closed"]
    is_same = is_same and found == {name: float(wanted[name]) for name in names}
    return None if is_same else f"expected {case['expected']}, found {found} after {len(closed)} closed"


def _intervals(_case: Case) -> str | None:
    raise NotDue("intervals are stated in seconds")


SHAPES: dict[str, Callable[[Case], str | None]] = {
    "updates": _realised,
    "update": _told_again,
    "ticks": _bars,
    "history_ohlcv": _merged,
    "inputs": _intervals,
}
