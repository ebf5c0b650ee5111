"""How far an account with contracts is from being closed by force: what is known, and what is not."""

from __future__ import annotations

from decimal import Decimal

from flatbook.api.answers.margin import MarginBody, Steps, margin_answer
from flatbook.api.answers.moment import AsOf
from flatbook.state.desk import State
from flatbook.state.positions import Entry
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Product
from flatbook.values.money import Money, Quantity
from tests.unit.engine.quote_scene import ACCOUNT, USDT, instrument

PERP = instrument(Product.LINEAR_PERP)
FIVE: dict[AccountId, Steps] = {ACCOUNT: ((Decimal(0), Decimal(5)),)}
RISING: dict[AccountId, Steps] = {ACCOUNT: ((Decimal(0), Decimal(5)), (Decimal(3_000), Decimal(10)))}


def margin(
    qty: str, cost: str, *, cash: str = "1000", price: str | None = "100", rates: dict[AccountId, Steps] = FIVE
) -> MarginBody:
    """Returns the margin of an account with one position."""
    state = State()
    state.balances[ACCOUNT, USDT] = Quantity(Decimal(cash))
    if Decimal(qty):
        state.entries[ACCOUNT, PERP.id] = Entry(qty=Quantity(Decimal(qty)), cost=Money(Decimal(cost)))
    prices = {} if price is None else {str(PERP.id): Decimal(price)}
    (body,) = margin_answer(state, AsOf(seq=1, at=None), [PERP], rates, prices).margins
    return body


def test_a_long_position_is_forced_where_equity_is_what_is_needed() -> None:
    body = margin("40", "3600")  # entered at 90: at the price p equity is 1000 + 40 p - 3600, needed 2 p
    assert (body.equity, body.worth, body.needed, body.used_pct) == ("1400", "4000", "200", "14.28")
    (row,) = body.contracts
    assert (row.entry, row.unrealised, row.forced_at, row.away_pct) == ("90", "400", "68.42105263", "31.57")
    at = Decimal(row.forced_at or "0")
    assert abs((1000 + 40 * at - 3600) - 2 * at) < Decimal("0.0001")


def test_a_larger_position_needs_more_of_the_part_above() -> None:
    body = margin("40", "3600", rates=RISING)  # 150 of the first 3000, 100 of the next 1000
    assert (body.needed, body.maintenance_pct) == ("250", "5")
    assert body.contracts[0].forced_at == "68.42105263"  # where it is worth less than 3000, the first part alone counts
    short = margin("-40", "-3600", rates=RISING)  # equity 4600 - 40 p, needed 4 p - 150
    assert short.contracts[0].forced_at == "107.95454545"


def test_a_short_position_is_forced_above_the_price() -> None:
    (row,) = margin("-40", "-3600").contracts  # equity 1000 - 40 p + 3600, needed 2 p
    assert (row.entry, row.unrealised, row.forced_at) == ("90", "-400", "109.52380952")


def test_no_price_above_zero_forces_what_is_covered_by_cash() -> None:
    (row,) = margin("1", "100", cash="1000").contracts
    assert (row.forced_at, row.away_pct) == (None, None)


def test_what_nobody_states_is_unknown_and_not_zero() -> None:
    unseen, unrated = margin("40", "3600", price=None), margin("40", "3600", rates={})
    assert (unseen.equity, unseen.needed, unseen.used_pct, unseen.contracts[0].forced_at) == (None, None, None, None)
    assert (unrated.equity, unrated.needed, unrated.used_pct) == ("1400", None, None)


def test_an_account_without_a_position_needs_nothing() -> None:
    body = margin("0", "0")
    assert (body.cash, body.equity, body.needed, body.contracts) == ("1000", "1000", "0", [])
