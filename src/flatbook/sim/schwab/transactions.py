"""The history of an account at the simulated Schwab: its trades, with the fees that were charged after their day.

Source: Trader API, GET transactions: a trade is a list of what was transferred, of which fees are lines with a feeType.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from flatbook.sim.alpaca.ledger import BookedExecution, Ledger
from flatbook.sim.schwab.pages import ACTIVITY_BASE, Numbered, Page, number, time_text
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO
from flatbook.values.sessions import session_at
from flatbook.values.us_eastern import instant_of_eastern

FEE_TYPES = {"REG": "SEC_FEE", "TAF": "TAF_FEE"}
USD = {"assetType": "CURRENCY", "status": "ACTIVE", "symbol": "CURRENCY_USD", "description": "USD currency"}


def transaction_pages(
    ledger: Ledger, orders: Mapping[int, Numbered], account: str, as_of: Instant
) -> list[tuple[Instant, Page]]:
    """Returns the trades of an account that were in its history at an instant, the newest first, each with its time.

    Gives: a trade enters the history at the midnight after its day, when its fees are known.
    """
    numbers = {listed.order.id: listed.number for listed in orders.values()}
    last = {execution.order.id: place for place, execution in enumerate(ledger.executions)}
    found: list[tuple[Instant, Page]] = []
    for place, execution in enumerate(ledger.executions):
        order = execution.order
        if order.account_id != account or _enters_at(execution.at) > as_of or order.id not in numbers:
            continue
        fees = _fees(ledger, order.id) if last[order.id] == place else {}
        page = _trade(execution, fees, number_of_order=numbers[order.id], place=place)
        found.append((execution.at, page))
    return found[::-1]


def fees_page(ledger: Ledger, order_id: str, as_of: Instant) -> Page:
    """Returns what an order states of its own fees, by type. Source: Trader API, schema CommissionAndFee."""
    charged = {
        FEE_TYPES[row.kind]: row.amount
        for row in ledger.postings
        if row.kind in FEE_TYPES and row.text == order_id and row.at <= as_of
    }
    commission = [{"value": number(ZERO), "type": "COMMISSION"}]
    fees = [{"value": number(-amount), "type": kind} for kind, amount in charged.items()]
    return {
        "commission": {"commissionLegs": [{"commissionValues": commission}]},
        "fee": {"feeLegs": [{"feeValues": fees}]},
        "trueCommission": {"commissionLegs": [{"commissionValues": commission}]},
    }


def _enters_at(at: Instant) -> Instant:
    return instant_of_eastern(_day(at) + timedelta(days=1), 0)


def _day(at: Instant) -> date:
    return session_at(at).trade_date


def _fees(ledger: Ledger, order_id: str) -> dict[str, Decimal]:
    """Returns the fees of an order by type, each below zero. Units: USD."""
    return {
        FEE_TYPES[row.kind]: row.amount for row in ledger.postings if row.kind in FEE_TYPES and row.text == order_id
    }


def _trade(execution: BookedExecution, fees: dict[str, Decimal], *, number_of_order: int, place: int) -> Page:
    order = execution.order
    cost = -order.sign * execution.qty * execution.price
    items: list[Page] = [
        {
            "instrument": USD,
            "amount": number(-fees.get(kind, ZERO)),
            "cost": number(fees.get(kind, ZERO)),
            "feeType": kind,
        }
        for kind in ("COMMISSION", *FEE_TYPES.values())
    ]
    items.append(
        {
            "instrument": {"assetType": "EQUITY", "status": "ACTIVE", "symbol": order.symbol},
            "amount": number(order.sign * execution.qty),
            "cost": number(cost),
            "price": number(execution.price),
            "positionEffect": "OPENING" if order.sign > 0 else "CLOSING",
        }
    )
    return {
        "activityId": ACTIVITY_BASE + place,
        "time": time_text(execution.at),
        "accountNumber": order.account_id,
        "type": "TRADE",
        "status": "VALID",
        "subAccount": "MARGIN",
        "tradeDate": time_text(execution.at),
        "orderId": number_of_order,
        "netAmount": number(cost + sum(fees.values(), ZERO)),
        "transferItems": items,
    }
