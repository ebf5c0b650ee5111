"""What an account at an exchange shows beside the orders that a journal knows there: asked once, and nothing changed.

It is the comparison that an engine makes with its first statement, by the same rules.
"""

from __future__ import annotations

import msgspec

from flatbook.engine.ports import Clock, VenueCard
from flatbook.engine.reconcile import foreign_reports, misses, revived_orders
from flatbook.engine.reports import AccountStatement, NotSent, OrderReport, Unknown
from flatbook.engine.rules import Rules
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import ExchangeAccount, PaperExchangeAccount
from flatbook.ops.secret_value import SecretRefused
from flatbook.services.live_accounts import Line
from flatbook.services.live_exchanges import exchange_line_of, exchange_venue_of
from flatbook.state.desk import State
from flatbook.state.orders import Order
from flatbook.values.ids import InstrumentId, OrderId

STANDS, MISSING, TOO_NEW = "stands", "missing", "too new to tell"


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of an account, and what its adapter says of the venue."""

    card: VenueCard
    statement: AccountStatement


class AtVenue(msgspec.Struct, frozen=True, kw_only=True):
    """What an account shows of an instrument.

    `shown` says of each open order of ours whether it stands there; `revived` ended for us and stands there still, an
    engine cancels it; `foreign` are not ours, and an engine leaves them alone.
    """

    shown: dict[OrderId, str]
    revived: tuple[Order, ...]
    foreign: tuple[OrderReport, ...]


async def ask_account(loaded: Loaded, name: str, clock: Clock) -> Stated | str:
    """Reads an account at an exchange once; returns in words why that could not be done."""
    account = loaded.config.accounts[name]
    if isinstance(account, PaperExchangeAccount):
        return "its orders stand in the process of the desk, nowhere else"
    if not isinstance(account, ExchangeAccount):
        return "it is at no exchange"
    try:
        exchange = exchange_line_of(loaded, account, clock, {})
    except SecretRefused as refused:
        return str(refused)
    line = Line(http=exchange.http, exchange=exchange)
    try:
        venue = exchange_venue_of(loaded, name, exchange, clock)
        statement = await venue.statement()
    finally:
        await line.close()
    if isinstance(statement, Unknown | NotSent):
        return f"no answer: {statement.reason.value}"
    return Stated(card=venue.card, statement=statement)


def at_venue(state: State, rules: Rules, instrument: InstrumentId, stated: Stated) -> AtVenue:
    """Returns what a statement shows of an instrument beside what the books know."""
    statement = stated.statement
    known = msgspec.structs.replace(rules, cards={**rules.cards, statement.account: stated.card})
    ours = {report.order_id for report in statement.open_orders}
    open_orders = (state.orders[each] for each in state.open_orders)
    return AtVenue(
        shown={
            order.order_id: STANDS
            if order.order_id in ours
            else MISSING
            if misses(order, statement, known)
            else TOO_NEW
            for order in open_orders
            if order.instrument == instrument
        },
        revived=tuple(order for order, _ in revived_orders(state, statement, known) if order.instrument == instrument),
        foreign=tuple(each for each in foreign_reports(state, statement) if each.instrument == instrument),
    )
