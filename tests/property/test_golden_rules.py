"""The rules behind golden cases, written a second time in fractions, beside what the product makes of drawn cases."""

from __future__ import annotations

import base64
import hashlib
import hmac
import statistics
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.depth import examples
from tests.vectors.registry import RUNNERS
from tests.vectors.suite import judge

F = Fraction
STEPS = ["1", "10", "0.5", "2.5", "7", "100"]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


def told(value: Fraction) -> str:
    """Returns a fraction that ends as a decimal text."""
    for decimals in range(40):
        scaled = value * 10**decimals
        if scaled.denominator == 1:
            digits = str(abs(scaled.numerator)).rjust(decimals + 1, "0")
            sign = "-" if value < 0 else ""
            return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)
    raise ValueError(f"{value} has no end")


def half_away(value: Fraction) -> int:
    whole = (2 * abs(value) + 1) // 2
    return whole if value >= 0 else -whole


def fault(kind: str, case: dict[str, Any]) -> str | None:
    """Returns why a drawn case does not pass, None where it does."""
    tally, why = judge({"id": "drawn", **case}, RUNNERS[kind])
    return None if tally.passed else f"{case}: {why}"


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Draws a grid at a price, whose slots lie on its lattice; with slots the price is a level itself.

    There the distance of prices and that of levels say the same of an order at the edge of its window.
    """
    step, anchor = F(draw(st.sampled_from(STEPS))), F(draw(st.sampled_from([900, 50_000, 1_234])))
    scale, atr = draw(st.sampled_from([("0", "0"), ("1", "5"), ("2", "50"), ("0.5", "8")]))
    config = {
        "interval": told(step),
        "qty": draw(st.sampled_from(["1", "10", "0.5"])),
        "min_value": draw(st.sampled_from(["0", "5", "450"])),
        "buy_w": draw(st.integers(1, 4)),
        "sell_w": draw(st.integers(1, 4)),
        "pd": 2,
        "qd": 3,
        "neutral": draw(st.booleans()),
        "vol_scale": scale,
        "skew": "0",
    }
    wide = max(step, F(atr) * F(scale))
    places = draw(st.lists(st.integers(-6, 6), unique=True, max_size=4))
    offset = draw(st.integers(-40, 40)) * (wide if places else wide / 10)
    price = anchor + offset if anchor + offset > 8 * wide else anchor + 20 * wide
    slots = [_slot(draw, number, price, wide * place, config) for number, place in enumerate(places) if place]
    return {
        "config": config,
        "price": told(price),
        "anchor": told(anchor),
        "atr": atr,
        "vol_factor": draw(st.sampled_from(["0", "0.01", "1", "-1"])),
        "risk_triggered": draw(st.booleans()),
        "slots": slots,
    }


def _slot(draw: st.DrawFn, number: int, price: Fraction, away: Fraction, config: dict[str, Any]) -> dict[str, Any]:
    """Draws what stands or is held at a level: buys and what was bought below the price, sales above it."""
    at = told(price + away)
    if draw(st.booleans()):
        is_short = away > 0 and config["neutral"]
        return {"price": at, "pos": "FILLED", "qty": "-2" if is_short else "2", "slot": "FREE"}
    side = "BUY" if away < 0 else "SELL"
    return {
        "price": at,
        "pos": "EMPTY",
        "qty": "0",
        "slot": "LOCKED",
        "side": side,
        "order_price": at,
        "order_id": number,
    }


def planned(asked: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the plan that the rule asks for; None where orders of both sides would meet one another."""
    config, price, anchor = asked["config"], F(asked["price"]), F(asked["anchor"])
    step = max(F(config["interval"]), F(asked["atr"]) * F(config["vol_scale"]))
    centre = anchor + half_away((price - anchor) / step) * step
    kept = max(F(1, 10), 1 - 50 * max(F(0), F(asked["vol_factor"])))
    orders: list[tuple[str, Fraction, Fraction, bool]] = []
    canceled, used, inventory = [], set(), F(0)
    for slot in asked["slots"]:
        at = F(slot["price"])
        used.add(at)
        if slot["slot"] == "LOCKED":
            far = (price - at) if slot["side"] == "BUY" else (at - price)
            window = config["buy_w"] if slot["side"] == "BUY" else config["sell_w"]
            stops = asked["risk_triggered"] if slot["side"] == "BUY" else not config["neutral"]
            canceled += [slot] if stops or far > window * step else []
            continue
        qty = F(slot["qty"])
        inventory += qty
        if qty < 0:
            orders.append(("BUY", at - step, -qty, True))
        elif config["neutral"] or at <= price + config["sell_w"] * step:
            orders.append(("SELL", at + step, qty, True))
    qty = F(config["qty"]) * kept
    levels = [("BUY", centre - k * step) for k in range(1, config["buy_w"] + 1) if not asked["risk_triggered"]]
    levels += [("SELL", centre + k * step) for k in range(1, config["sell_w"] + 1) if config["neutral"]]
    for side, at in levels:
        away = price - at if side == "BUY" else at - price
        if at not in used and away > step / 10 and at * qty >= F(config["min_value"]) and at > 0:
            orders.append((side, at, qty, False))
    standing = [(slot["side"], F(slot["price"])) for slot in asked["slots"] if slot["slot"] == "LOCKED"]
    if _meet(orders, standing, price):
        return None
    places = [
        {"action": "PLACE", "side": side, "price": told(at), "qty": told(qty), "reduce_only": out, "post_only": not out}
        for side, at, qty, out in orders
    ]
    cancels = [{"action": "CANCEL", "slot": slot["price"], "order_id": slot["order_id"]} for slot in canceled]
    found = {"interval": step, "inventory": inventory, "reference_price": price, "center": centre}
    return {name: told(value) for name, value in found.items()} | {"actions": cancels + places}


def _meet(orders: Iterable[tuple[str, Fraction, Fraction, bool]], standing: Any, price: Fraction) -> bool:
    """Whether an exit that takes would meet an order of our own."""
    exits = [(side, at) for side, at, _, out in orders if out]
    others = [(side, at) for side, at, *_ in orders] + standing
    return any(
        side != other and (at <= where if side == "SELL" else at >= where)
        for side, at in exits
        for other, where in others
    )


@settings(max_examples=examples(150), deadline=None)
@given(plans())
def test_a_grid_plans_what_the_rule_of_prices_asks_for(asked: dict[str, Any]) -> None:
    wanted = planned(asked)
    if wanted is not None:
        assert fault("grid_plan", {"input": asked, "expected": wanted}) is None


PRICES = st.integers(1, 6_000_000).map(lambda cents: F(cents, 100))
SHARES = st.integers(0, 2_000).map(lambda parts: F(parts, 1_000_000))


@settings(max_examples=examples(60), deadline=None)
@given(PRICES, PRICES, st.integers(1, 900).map(lambda tenths: F(tenths, 10)), SHARES, st.integers(-30_000, 30_000))
def test_a_grid_reckons_as_its_formulas_do(
    price: Fraction, anchor: Fraction, step: Fraction, share: Fraction, thousandths: int
) -> None:
    nearest = anchor + half_away((price - anchor) / step) * step
    asked = {"price": told(price), "anchor": told(anchor), "interval": told(step)}
    assert fault("grid_math", {"fn": "nearest_grid_price", "input": asked, "expected": told(nearest)}) is None

    inventory, factor = F(thousandths, 1_000), F(25, 100_000)
    tilted = price * (1 - inventory * factor)
    asked = {"price": told(price), "inventory": told(inventory), "factor": told(factor)}
    assert fault("grid_math", {"fn": "skewed_price", "input": asked, "expected": told(tilted)}) is None

    net = anchor - price - price * share - anchor * share
    asked = {"buy": told(price), "sell": told(anchor), "buy_fee": told(share), "sell_fee": told(share)}
    assert fault("grid_math", {"fn": "net_profit_per_unit", "input": asked, "expected": told(net)}) is None

    exact = 2 * price * share / (1 - share)
    rounded = F(half_away(exact * 10**12), 10**12)
    asked = {"price": told(price), "fee": told(share)}
    assert fault("grid_math", {"fn": "break_even_interval", "input": asked, "expected": told(rounded)}) is None


UPDATES = st.lists(
    st.tuples(st.sampled_from(["NEW", "PARTIALLY_FILLED", "CANCELED", "EXPIRED", "FILLED"]), st.integers(0, 9)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=examples(80), deadline=None)
@given(st.sampled_from(["BUY", "SELL"]), UPDATES, st.booleans())
def test_a_slot_holds_the_most_that_was_told_of_its_order(
    side: str, drawn: list[tuple[str, int]], is_of_another: bool
) -> None:
    """Whatever comes late, twice or out of order: totals never fall, and what ended stays ended."""
    most, ended, updates = 0, False, list[dict[str, Any]]()
    for status, tenths in drawn:
        total = {"NEW": 0, "FILLED": 10, "PARTIALLY_FILLED": max(1, tenths)}.get(status, most)
        if ended and status not in ("NEW", "PARTIALLY_FILLED"):
            continue
        if ended:
            total = min(total, most)
        most, ended = max(most, total), ended or status in ("CANCELED", "EXPIRED", "FILLED")
        updates.append({"status": status, "cum_qty": told(F(total, 10_000))})
    slot = {"order_id": 5, "client_id": "ours", "side": side, "price": "49900", "qty": "0.001"}
    if is_of_another:
        updates = [{**each, "client_id": "of another"} for each in updates]
        most, ended = 0, False
    bought = F(most, 10_000) if side == "BUY" else F(10 - most, 10_000)
    expected = {
        "position_qty": told(bought),
        "position": "FILLED" if bought else "EMPTY",
        "slot": "FREE" if ended else "LOCKED",
    }
    assert fault("order_updates", {"input": {"slot": slot, "updates": updates}, "expected": expected}) is None


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 30), st.booleans()), max_size=12),
    st.integers(0, 9),
)
def test_the_cleaner_takes_the_farthest_of_the_fuller_side(drawn: list[tuple[str, int, bool]], most: int) -> None:
    orders = [
        {"side": side, "price": price, **({"status": "PARTIALLY_FILLED"} if partly else {})}
        for side, price, partly in drawn
    ]
    left = {name: sum(side == name for side, *_ in drawn) for name in ("BUY", "SELL")}
    free = {
        "BUY": sorted(price for side, price, partly in drawn if side == "BUY" and not partly),
        "SELL": sorted((price for side, price, partly in drawn if side == "SELL" and not partly), reverse=True),
    }
    gone: list[int] = []
    while len(drawn) - len(gone) > most and (free["BUY"] or free["SELL"]):
        both = bool(free["BUY"] and free["SELL"])
        side = ("BUY" if left["BUY"] >= left["SELL"] else "SELL") if both else "BUY" if free["BUY"] else "SELL"
        gone.append(free[side].pop(0))
        left[side] -= 1
    case = {"input": {"orders": orders, "max_open": most}, "expected": {"cancel_prices": sorted(gone)}}
    assert fault("order_cleaner", case) is None


CANDLES = st.lists(st.tuples(st.integers(50, 99), st.integers(1, 40), st.integers(0, 40)), max_size=20)


@settings(max_examples=examples(40), deadline=None)
@given(CANDLES, st.sampled_from([1, 2, 4, 5, 8, 10]))
def test_a_true_range_is_known_with_one_candle_more_than_it_is_of(
    drawn: list[tuple[int, int, int]], count: int
) -> None:
    candles = [[low + size, low, low + min(size, close)] for low, size, close in drawn]
    ranges = [
        max(high - low, abs(high - before[2]), abs(low - before[2])) for before, (high, low, _) in pairwise(candles)
    ]
    wanted = told(F(sum(ranges[-count:]), count)) if len(ranges) >= count else "0"
    assert fault("risk", {"fn": "atr_sma", "input": {"candles_hlc": candles, "n": count}, "expected": wanted}) is None


RESULTS = st.lists(st.integers(-3_000, 3_000).map(lambda cents: F(cents, 10)), max_size=10)


@settings(max_examples=examples(40), deadline=None)
@given(RESULTS, st.sampled_from([None, 1, 2, 4]), st.sampled_from(["100", "50.5", "1000"]))
def test_a_breaker_counts_losses_in_a_row_and_the_sum_since_its_reset(
    results: list[Fraction], losses: int | None, drawdown: str
) -> None:
    row = total = F(0)
    tripped = False
    for result in results:
        row, total = (row + 1 if result < 0 else F(0)), total + result
        tripped = tripped or total < -F(drawdown) or (losses is not None and row >= losses)
    asked = {"max_consecutive_losses": losses, "max_drawdown": drawdown, "trade_pnl": list(map(told, results))}
    assert fault("risk", {"fn": "circuit_breaker", "input": asked, "expected": {"tripped": tripped}}) is None


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(5_000, 20_000), min_size=1, max_size=12), st.sampled_from([252, 365]))
def test_an_equity_curve_has_the_figures_of_its_definitions(marks: list[int], per_year: int) -> None:
    equity = [mark / 100 for mark in marks]
    returns = [after / before - 1 for before, after in pairwise(equity)]
    mean = statistics.fmean(returns) if returns else 0.0
    spread = statistics.stdev(returns) if len(returns) > 1 else 0.0
    below = sqrt(sum(min(each, 0) ** 2 for each in returns) / len(returns)) if len(returns) > 1 else 0.0
    peaks = [max(equity[: place + 1]) for place in range(len(equity))]
    expected: dict[str, Any] = {
        "total_return": repr(equity[-1] / equity[0] - 1),
        "max_drawdown": repr(max(1 - mark / peak for mark, peak in zip(equity, peaks, strict=True))),
        "mean_return": repr(mean) if returns else None,
        "sharpe": None if spread < 1e-15 else repr(mean / spread * sqrt(per_year)),
        "sortino": None if below < 1e-15 else repr(mean / below * sqrt(per_year)),
    }
    case = {"kind": "equity_metrics", "equity": [f"{mark / 100}" for mark in marks], "periods_per_year": per_year}
    assert fault("backtest_metrics", {**case, "expected": expected}) is None


@settings(max_examples=examples(60), deadline=None)
@given(TEXTS.filter(bool), TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=4), st.integers(0, 4 * 10**12))
def test_venues_are_signed_to_as_their_documents_say(
    secret: str, body: str, params: dict[str, str], stamp: int
) -> None:
    def signed(message: str, name: str) -> bytes:
        return hmac.new(secret.encode(), message.encode(), name).digest()

    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params.items())
    hashed = hashlib.sha512(body.encode()).hexdigest()
    bybit, okx, gate = f"{stamp}k5000{body}", f"{stamp}POST/v5/x{body}", f"POST\n/v4/x\n\n{hashed}\n{stamp}"
    for name, asked, message, signature in (
        ("binance_x", {"params": params}, query, signed(query, "sha256").hex()),
        (
            "bybit_x",
            {"ts": stamp, "api_key": "k", "recv_window": "5000", "payload": body},
            bybit,
            signed(bybit, "sha256").hex(),
        ),
        (
            "okx_x",
            {"ts": stamp, "method": "POST", "path": "/v5/x", "body": body},
            okx,
            base64.b64encode(signed(okx, "sha256")).decode(),
        ),
        (
            "bitget_x",
            {"ts": stamp, "method": "POST", "path": "/v5/x", "body": body},
            okx,
            base64.b64encode(signed(okx, "sha256")).decode(),
        ),
        (
            "gate_x",
            {"ts": stamp, "method": "POST", "path": "/v4/x", "query": "", "body": body},
            gate,
            signed(gate, "sha512").hex(),
        ),
    ):
        wanted = {"message": message, "signature": signature}
        assert fault("signatures", {"id": name, "input": {"secret": secret, **asked}, "expected": wanted}) is None
