"""Scripted faults: each does what it says, at the request it names, and nothing else."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.ledger import Fate
from flatbook.sim.broker.wire import Verb
from flatbook.sim.chance import draw, happens
from tests.unit.sim.scene import ask, at, code_of, find, holdings, minutes, order_fields, place, spec

STEADY = {"COIN": minutes("14:30", *["100"] * 390)}


def broker(*faults: Fault, path: Path | None = None) -> Broker:
    return Broker(spec(), STEADY, plan=FaultPlan(faults=faults), path=path)


def place_body(client_id: str = "one") -> bytes:
    fields = order_fields(client_id) | {"verb": "place", "v": 1, "account": "main"}
    return json.dumps(fields | {"sent_at": "2025-12-02T15:00:10Z"}).encode()


def test_a_dropped_request_leaves_no_order_but_a_line_in_the_log() -> None:
    paper = broker(Fault(verb=Verb.PLACE, number=1, kind=FaultKind.DROP_REQUEST))
    assert paper.serve(place_body(), at("15:00:10")) is None
    assert code_of(find(paper, at("15:00:20"))) == "unknown_order"
    assert [(line.verb, line.fate) for line in paper.truth.requests()] == [
        (Verb.PLACE, Fate.LOST),
        (Verb.FIND, Fate.ANSWERED),
    ]
    assert paper.truth.received("one") == {Verb.PLACE: 0, Verb.FIND: 1, Verb.CANCEL: 0}
    assert place(paper, at("15:00:30"))["ok"]["order"]["order_id"] == "P-1"


def test_a_dropped_answer_leaves_an_order_that_lives() -> None:
    paper = broker(Fault(verb=Verb.PLACE, client_id="one", kind=FaultKind.DROP_ANSWER))
    assert paper.serve(place_body(), at("15:00:10")) is None
    assert find(paper, at("15:01:00"))["ok"]["order"]["status"] == "filled"
    assert [line.fate for line in paper.truth.requests()] == [Fate.ANSWER_SPOILT, Fate.ANSWERED]
    assert paper.truth.received("one") == {Verb.PLACE: 1, Verb.FIND: 1, Verb.CANCEL: 0}


def test_a_delayed_answer_is_the_same_answer_later() -> None:
    paper = broker(Fault(verb=Verb.PLACE, number=1, kind=FaultKind.DELAY_ANSWER, delay_ms=9_000))
    served = paper.serve(place_body(), at("15:00:10"))
    assert served is not None
    assert served.after_ns == 9_040_000_000
    assert json.loads(served.body)["ok"]["order"]["order_id"] == "P-1"


def test_a_garbled_answer_and_a_server_fault_come_after_the_broker_acted() -> None:
    paper = broker(
        Fault(verb=Verb.PLACE, number=1, kind=FaultKind.GARBLE_ANSWER),
        Fault(verb=Verb.PLACE, number=2, kind=FaultKind.SERVER_FAULT),
    )
    garbled = paper.serve(place_body("one"), at("15:00:10"))
    assert garbled is not None
    with pytest.raises(json.JSONDecodeError):
        json.loads(garbled.body)
    assert code_of(place(paper, at("15:00:11"), "two")) == "internal"
    assert [order.client_id for order in paper.truth.orders()] == ["one", "two"]


def test_a_scripted_reject_takes_no_order() -> None:
    paper = broker(Fault(verb=Verb.PLACE, number=2, kind=FaultKind.REJECT, code="halted"))
    place(paper, at("15:00:10"), "one")
    assert code_of(place(paper, at("15:00:11"), "two")) == "halted"
    assert len(paper.truth.orders()) == 1


def test_a_partial_fill_takes_its_share_and_the_next_bar_the_rest() -> None:
    paper = broker(Fault(verb=Verb.PLACE, number=1, kind=FaultKind.PARTIAL, share=Decimal("0.3333")))
    place(paper, at("15:00:10"))
    found = find(paper, at("15:05:00"))["ok"]
    assert [(row["qty"], row["at"]) for row in found["executions"]] == [
        ("0.666", "2025-12-02T15:01:00Z"),
        ("1.334", "2025-12-02T15:02:00Z"),
    ]


def test_a_late_fill_comes_after_the_cancel_was_confirmed() -> None:
    paper = broker(Fault(verb=Verb.PLACE, number=1, kind=FaultKind.LATE_FILL, share=Decimal("0.5"), delay_ms=20_000))
    place(paper, at("15:00:10"))
    ask(paper, at("15:00:20"), "cancel", order_id="P-1", client_order_id=None)
    early = find(paper, at("15:00:39"))["ok"]
    assert (early["order"]["status"], early["executions"]) == ("canceled", [])
    late = find(paper, at("15:05:00"))["ok"]
    assert (late["order"]["status"], late["order"]["filled_qty"]) == ("canceled", "1")
    assert [(row["qty"], row["price"], row["at"]) for row in late["executions"]] == [
        ("1", "100", "2025-12-02T15:00:40Z")
    ]
    assert holdings(paper)["COIN"] == Decimal(101)


def test_an_overfill_executes_more_than_was_ordered() -> None:
    paper = broker(Fault(verb=Verb.PLACE, number=1, kind=FaultKind.OVERFILL, share=Decimal("0.25")))
    place(paper, at("15:00:10"))
    found = find(paper, at("15:05:00"))["ok"]["order"]
    assert (found["status"], found["qty"], found["filled_qty"]) == ("filled", "2", "2.5")


def test_faults_count_requests_over_the_whole_life_of_the_broker(tmp_path: Path) -> None:
    fault, path = Fault(verb=Verb.PLACE, number=2, kind=FaultKind.DROP_ANSWER), tmp_path / "broker.sqlite"
    first = broker(fault, path=path)
    assert first.serve(place_body("one"), at("15:00:10")) is not None
    first.close()
    second = broker(fault, path=path)
    assert second.serve(place_body("two"), at("15:00:11")) is None
    assert second.serve(place_body("three"), at("15:00:12")) is not None
    second.close()


def test_polls_are_counted_only_where_the_plan_names_them() -> None:
    silent = broker()
    ask(silent, at("15:00:10"), "executions", after="")
    assert silent.truth.requests() == ()
    paper = broker(Fault(verb=Verb.EXECUTIONS, number=2, kind=FaultKind.SERVER_FAULT))
    ask(paper, at("15:00:10"), "executions", after="")
    assert code_of(ask(paper, at("15:00:11"), "executions", after="")) == "internal"
    assert [line.number for line in paper.truth.requests()] == [1, 2]


def test_a_fault_that_names_nothing_or_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="number of a request or a client id"):
        Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER)
    with pytest.raises(ValueError, match="its verb is place"):
        Fault(verb=Verb.FIND, number=1, kind=FaultKind.PARTIAL)
    with pytest.raises(ValueError, match="share"):
        Fault(verb=Verb.PLACE, number=1, kind=FaultKind.PARTIAL, share=Decimal(2))


def test_chance_is_a_function_of_its_arguments() -> None:
    assert [draw("seed", "latency", str(key), below=1000) for key in range(4)] == [644, 272, 255, 258]
    assert draw("other", "latency", "0", below=1000) != draw("seed", "latency", "0", below=1000)
    assert not any(happens("seed", "partial", str(key), bps=0) for key in range(100))
    assert all(happens("seed", "partial", str(key), bps=10_000) for key in range(100))
    with pytest.raises(ValueError, match="below 0"):
        draw("seed", "latency", "0", below=0)


def test_partial_fills_by_chance_repeat_with_the_seed() -> None:
    def sizes(seed: str) -> list[str]:
        paper = Broker(spec(seed=seed, partial_bps=9_000), STEADY)
        place(paper, at("15:00:10"), qty="50")
        return [row["qty"] for row in find(paper, at("20:00:00"))["ok"]["executions"]]

    assert sizes("a") == sizes("a")
    assert sizes("a") != sizes("b")
    assert len(sizes("a")) > 1
    assert sum(map(Decimal, sizes("a"))) == 50
