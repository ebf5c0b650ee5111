"""Whatever comes from outside, the step does not raise, what it books can be written and read, and nothing repeats."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.engine.inputs import (
    CancelAnswered,
    ExecutionsRead,
    FindAnswered,
    Item,
    OrderReported,
    PlaceAnswered,
    Stated,
)
from flatbook.engine.ports import ChainRead
from flatbook.engine.reports import (
    Accepted,
    AccountStatement,
    Balance,
    CancelTooLate,
    Holding,
    OrderReport,
    Rejected,
    VenueStatus,
)
from flatbook.events.codec import decode_events, encode_events
from flatbook.events.orders import Fee, RejectReason
from flatbook.state.dump import state_bytes
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from tests.depth import examples
from tests.desk import CHAIN, PAPER
from tests.property.test_rounding import ANY_DECIMALS
from tests.unit.engine.scene import START, Bench, execution, report, statement
from tests.unit.state.scene import folded, skipped, unvalued, valued, vault_filled

TEXTS = st.one_of(
    st.sampled_from(["", "COIN/USD", "HOOD/USD", "USD", "V-1", "x" * 300, "\ud800", "a\x00b"]), st.text(max_size=20)
)
NUMBERS = st.one_of(
    ANY_DECIMALS,
    st.sampled_from(
        [Decimal(text) for text in ("0", "-1", "1", "2.5", "1E+19", "9" * 20, "1E-18", "1" * 67, "NaN", "sNaN")]
    ),
)
INSTANTS = st.one_of(
    st.sampled_from([0, -1, 10**30, START, START - 10**18]), st.integers(START - 10**15, START + 10**15)
).map(Instant)
ORDER_IDS = st.one_of(st.none(), st.sampled_from(["ours", "fb-unknown", "\ud800"]))
FEES = st.lists(st.builds(lambda asset, amount: Fee(asset=asset, amount=amount), TEXTS, NUMBERS), max_size=3).map(tuple)


def changed(plain: Any, fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Returns a report of which no field, a few, or all are something else."""
    few = st.lists(st.sampled_from(sorted(fields)), max_size=2).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in names})
    )
    return st.one_of(few, few, st.fixed_dictionaries(fields)).map(
        lambda changes: msgspec.structs.replace(plain, **changes)
    )


SIZES = st.sampled_from([Decimal(text) for text in ("0.001", "1", "4", "10", "12", "9999999999999999999")])
EXECUTIONS = changed(
    execution("1", order_id="ours"),
    {
        "execution_id": TEXTS,
        "order_id": ORDER_IDS,
        "instrument": TEXTS,
        "side": st.sampled_from(Side),
        "qty": st.one_of(SIZES, NUMBERS),
        "price": st.one_of(SIZES, NUMBERS),
        "fees": FEES,
        "happened_at": INSTANTS,
    },
)
REPORTS = changed(
    report("ours"),
    {
        "order_id": ORDER_IDS,
        "venue_order_id": TEXTS,
        "instrument": TEXTS,
        "side": st.sampled_from(Side),
        "qty": NUMBERS,
        "filled_qty": st.one_of(SIZES, NUMBERS),
        "status": st.sampled_from(VenueStatus),
        "status_text": TEXTS,
        "executions": st.lists(EXECUTIONS, max_size=2).map(tuple),
        "happened_at": INSTANTS,
    },
)
STATEMENTS = st.builds(
    lambda orders, holdings, balances, at: AccountStatement(
        account=PAPER,
        stated_at=at,
        open_orders=tuple(orders),
        holdings=tuple(Holding(instrument=name, qty=qty) for name, qty in holdings),
        balances=tuple(Balance(asset=name, total=qty, available=qty) for name, qty in balances),
    ),
    st.lists(REPORTS, max_size=2),
    st.lists(st.tuples(TEXTS, NUMBERS), max_size=3),
    st.lists(st.tuples(TEXTS, NUMBERS), max_size=3),
    INSTANTS,
)
ANSWERS = st.one_of(
    st.builds(
        lambda name, pending, at: Accepted(venue_order_id=name, pending=pending, happened_at=at),
        TEXTS,
        st.booleans(),
        INSTANTS,
    ),
    st.builds(
        lambda reason, code, message, at: Rejected(reason=reason, code=code, message=message, happened_at=at),
        st.sampled_from(RejectReason),
        TEXTS,
        TEXTS,
        INSTANTS,
    ),
)
FILLS = st.builds(
    lambda plain, fields: msgspec.structs.replace(
        plain, **{name: value for name, value in fields.items() if name in plain.__struct_fields__}
    ),
    st.sampled_from(
        [
            vault_filled(1, "sell", "2"),
            vault_filled(2, "buy", "1"),
            skipped(3),
            unvalued(vault_filled(4, "sell", "1"), "1"),
            valued(vault_filled(4, "sell", "1")),
        ]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "token_amount": NUMBERS,
            "usdc_amount": NUMBERS,
            "ratio": NUMBERS,
            "shares": NUMBERS,
            "price": NUMBERS,
            "received_amount": NUMBERS,
            "gave_amount": NUMBERS,
            "ratio_assumed": NUMBERS,
            "shares_assumed": NUMBERS,
            "happened_at": INSTANTS,
        },
    ),
)


def inputs(order_id: str) -> st.SearchStrategy[Item]:
    """Returns anything that can come from outside, aimed at one of our orders."""
    return st.one_of(
        st.lists(EXECUTIONS, min_size=1, max_size=3).map(
            lambda facts: ExecutionsRead(
                account=PAPER, executions=tuple(ours(fact, order_id) for fact in facts), cursor="c"
            )
        ),
        REPORTS.map(lambda shown: OrderReported(account=PAPER, report=ours(shown, order_id))),
        REPORTS.map(
            lambda shown: FindAnswered(order_id=OrderId(order_id), asked_at=START, answer=ours(shown, order_id))
        ),
        STATEMENTS.map(lambda shown: Stated(statement=shown)),
        ANSWERS.map(lambda answer: PlaceAnswered(order_id=OrderId(order_id), attempt=0, answer=answer)),
        TEXTS.map(
            lambda text: CancelAnswered(order_id=OrderId(order_id), attempt=1, answer=CancelTooLate(message=text))
        ),
        FILLS.map(lambda event: ChainRead(source=CHAIN, events=(event,), cursor="f")),
    )


def found(order_id: str, shown: OrderReport) -> Item:
    """Returns a report as the answer to a question."""
    return FindAnswered(order_id=OrderId(order_id), asked_at=START, answer=shown)


def ours(shown: Any, order_id: str) -> Any:
    """Returns a report with the id of our order where it stands for it."""
    named = msgspec.structs.replace(shown, order_id=order_id if shown.order_id == "ours" else shown.order_id)
    if hasattr(named, "executions"):
        return msgspec.structs.replace(named, executions=tuple(ours(each, order_id) for each in named.executions))
    return named


@settings(max_examples=examples(500), deadline=None)
@given(st.data())
def test_nothing_from_outside_makes_the_step_raise_or_the_journal_unreadable(data: st.DataObject) -> None:
    bench = Bench()
    bench.resume()
    bench.state_account(statement(START))
    bench.fill(900, "sell", "10")
    order_id = bench.placed()[0].order_id
    before = bench.order(order_id).filled
    for item in data.draw(st.lists(inputs(order_id), min_size=1, max_size=4)):
        bench.take(item)
        bench.wait(1)
        assert bench.order(order_id).filled >= before
    assert decode_events(encode_events(bench.events)) == tuple(bench.events)
    assert state_bytes(folded(bench.events)) == state_bytes(bench.state)
    assert all(amount.is_finite() for amount in bench.state.balances.values())


@settings(max_examples=examples(200), deadline=None)
@given(st.data())
def test_the_same_poison_twice_books_nothing_the_second_time(data: st.DataObject) -> None:
    bench = Bench()
    bench.resume()
    bench.state_account(statement(START))
    bench.fill(900, "sell", "10")
    order_id = bench.placed()[0].order_id
    item = data.draw(inputs(order_id))
    bench.take(item)
    bench.take(item)
    third = bench.take(item)
    assert [type(event).__name__ for event in third.events] in ([], ["CancelRefused"], ["OrderUnknown"])
