"""Cases of kind `risk`: average true range, anomalies, the global trigger, and the breaker, by the production code."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flatbook.market.features import close_over, mean_true_range, new_bars, take_candle
from flatbook.risk.breaker import why_tripped
from flatbook.risk.monitor import Policy, is_anomaly, is_triggered
from flatbook.state.breakers import BreakerBook, Traded, book_traded
from flatbook.values.ids import InstrumentId
from flatbook.values.instruments import Side
from tests.vectors.outcome import Case, is_equal, shown

WIDTH_NS = 60_000_000_000
ENTRY = Decimal(1_000_000)
MEASURED = ("volume", "close", "avg_volume", "avg_close", "multiplier")


def run(case: Case) -> str | None:
    """Judges one case by the function that it names."""
    found = _FUNCTIONS[case["fn"]](case["input"])
    wanted = case["expected"]["tripped"] if case["fn"] == "circuit_breaker" else case["expected"]
    return None if is_equal(wanted, found) else f"expected {wanted!r}, found {shown(found)!r}"


def _atr(given: dict[str, Any]) -> Decimal:
    row, marks = new_bars(given["n"])
    candles = given["candles_hlc"]
    for number, (high, low, close) in enumerate(candles):
        take_candle(row, marks, number * WIDTH_NS, [float(close), float(high), float(low), float(close), 0.0])
    close_over(row, marks, len(candles) * WIDTH_NS, WIDTH_NS)
    return Decimal(repr(mean_true_range(row, marks)))


def _anomaly(given: dict[str, Any]) -> bool:
    volume, close, mean_volume, mean_close, multiple = (float(given[name]) for name in MEASURED)
    return is_anomaly((volume, close), (mean_volume, mean_close), multiple, Side.BUY)


def _trigger(given: dict[str, Any]) -> bool:
    return is_triggered(Policy(given["mode"].lower()), len(given["abnormal"]), len(given["monitored"]))


def _breaker(given: dict[str, Any]) -> bool:
    """Each result is a round trip of one unit; the breaker is asked after each, as the engine does."""
    drawdown = given["max_drawdown"]
    book = BreakerBook(
        losses_max=given["max_consecutive_losses"],
        drawdown_usd_max=None if drawdown is None else Decimal(drawdown),
    )
    tripped = False
    for number, result in enumerate(given["trade_pnl"]):
        for size, price in ((Decimal(1), ENTRY), (Decimal(-1), ENTRY + Decimal(result))):
            book_traded(
                book,
                Traded(
                    instrument=InstrumentId("one"),
                    trade=f"{number} {size}",
                    qty=size,
                    cash_usd=-size * price,
                    price_usd=price,
                    before=Decimal(0) if size > 0 else Decimal(1),
                ),
            )
            tripped = tripped or why_tripped(book) is not None
    return tripped


_FUNCTIONS = {
    "atr_sma": _atr,
    "volume_price_anomaly": _anomaly,
    "global_trigger": _trigger,
    "circuit_breaker": _breaker,
}
