"""Cases of kind `executor`: what follows a refusal. An adapter of ours sends once, and never makes a maker a taker.

Retries, rings of errors and token buckets of the model are not due: an order is sent once, errors are events of the
journal, and the budget of a key counts in the windows of its venue.
"""

from __future__ import annotations

import asyncio

from flatbook.engine.reports import Rejected
from flatbook.events.orders import OrderStyle, RejectReason
from flatbook.values.ids import OrderId
from flatbook.venues.binance.markets import USD_M
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.venue import BinanceAccount, BinanceFuturesVenue
from flatbook.venues.error_classes import POLICIES, ErrorClass, Policy
from flatbook.venues.http import Reply
from tests.clocks import StillClock
from tests.unit.venues.binance.sample import ACCOUNT, NOW, Answers, approved, instrument, line_to, refused
from tests.vectors.outcome import Case, NotDue

ORDER_PATH = "/fapi/v1/order"
REFUSALS = {"insufficient margin": refused(-2019, "Margin is insufficient.")}
WOULD_TAKE = refused(-5022, "The Post Only order will be rejected.")


def run(case: Case) -> str | None:
    """Compares how often an order was sent, and what is to follow."""
    given, expected = case["input"], case["expected"]
    if "reply" in given:
        rejected, sent = _placed(REFUSALS[given["reply"]], OrderStyle.LIMIT)
        if rejected.reason is not RejectReason.INSUFFICIENT_FUNDS:
            return f"it was refused for {rejected.reason}"
        return None if sent == int(expected["submits"]) else f"expected {expected['submits']} sent, found {sent}"
    if "first" in given:
        rejected, sent = _placed(WOULD_TAKE, OrderStyle.POST_ONLY)
        follows = POLICIES[ErrorClass.POST_ONLY_REJECT]
        is_maker = (sent, rejected.reason, follows) == (1, RejectReason.WOULD_TAKE, Policy.REPRICE)
        wanted = str(expected["ours"]).startswith("reprice as maker")
        return None if is_maker is wanted else f"expected {expected['ours']}, found {sent} sent, then {follows}"
    raise NotDue("nothing is sent again here, errors are events, and budgets count in windows of their venue")


def _placed(answer: Reply, style: OrderStyle) -> tuple[Rejected, int]:
    """Returns how an exit was refused, and how many requests placed it."""
    http, clock = Answers(), StillClock(NOW)
    http.says(ORDER_PATH, answer)
    line = line_to(http, USD_M, clock)
    account = BinanceAccount(account=ACCOUNT, instruments=(instrument(),))
    venue = BinanceFuturesVenue(Ways(market=USD_M, line=line, rights=None), clock, account=account)
    order = approved(style=style, reduce_only=True, order_id=OrderId("fb0"))
    refusal = asyncio.run(venue.place(order))
    assert isinstance(refusal, Rejected), refusal
    return refusal, sum(request.method == "POST" for request in http.asked)
