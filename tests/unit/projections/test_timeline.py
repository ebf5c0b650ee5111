"""Why something happened."""

from __future__ import annotations

from flatbook.events import control
from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.projections.fold import Recorded
from flatbook.projections.timeline import CANDIDATES_MAX, Candidates, Story, line_of, why
from flatbook.values.ids import EventRef, OrderId, Seq, Underlying, halt_id_of
from flatbook.values.instants import NS_PER_S
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.unit.projections import scene
from tests.unit.projections.scene import COIN, ORDER, OWNER, USDC, accepted, at, d, executed, fill, intended, ref

BUY, SELL = Side.BUY, Side.SELL
SECOND = OrderId("fb" + "b" * 24)
SMALL, SOLD = fill(1, SELL, "0.5", "130", 0), fill(2, SELL, "1", "262", 10)
HEDGE = intended(BUY, "1.5", 13, because=SOLD, price="255", session="regular")
BOUGHT = executed(BUY, "1.5", "256", 15)
EVENTS: tuple[Event, ...] = (scene.mark(USDC, "1", -60), SMALL, SOLD, HEDGE, accepted(14), BOUGHT)


def asked(fragment: str, *events: Event) -> Story | Candidates:
    return why(lambda after: [row for row in scene.rows_of(events or EVENTS) if row.last > after], fragment)


def story(fragment: str, *events: Event) -> Story:
    found = asked(fragment, *events)
    assert isinstance(found, Story)
    return found


def test_a_fill_leads_to_its_intent_its_order_its_execution_and_its_result() -> None:
    found = story(SOLD.key.tx)
    assert found.subject == ref(SOLD)
    assert [line.what for line in found.lines] == ["vault_filled", "order_intended", "order_accepted", "order_filled"]
    assert [(each.qty, each.realised) for each in found.slices] == [(d(1), d(6))]


def test_an_order_leads_back_to_all_fills_that_it_closed() -> None:
    found = story(ORDER)
    assert [line.what for line in found.lines].count("vault_filled") == 2
    assert [each.opening for each in found.slices] == [ref(SMALL), ref(SOLD)]


def test_a_fill_that_waited_for_another_leads_to_the_hedge_of_both() -> None:
    assert "order_filled" in [line.what for line in story(f"{SMALL.key.tx}:1@").lines]


def test_an_order_is_found_by_the_id_of_the_venue_and_by_an_execution() -> None:
    assert story("VENUE-77").subject == f"order:{ORDER}"
    assert story("broker:COIN:x1").subject == f"order:{ORDER}"


def test_an_intent_shows_its_evidence_and_its_cause() -> None:
    (intent,) = [line for line in story(ORDER).lines if line.what == "order_intended"]
    assert intent.fields["evidence.session"] == "regular"
    assert intent.fields["because"] == ref(SOLD)
    assert intent.fields["decided_at"] == "2025-12-01T15:00:13Z"
    assert intent.at == at(13)


def test_latencies_run_from_the_fill_to_the_last_execution() -> None:
    (latency,) = story(SOLD.key.tx).latencies
    assert (latency.seen_ns, latency.decided_ns) == (2 * NS_PER_S, 1 * NS_PER_S)
    assert (latency.accepted_ns, latency.executed_ns, latency.total_ns) == (NS_PER_S, 2 * NS_PER_S, 5 * NS_PER_S)


def test_an_order_without_answer_has_no_latencies_to_it() -> None:
    (latency,) = story(ORDER, HEDGE).latencies
    assert (latency.seen_ns, latency.accepted_ns, latency.total_ns) == (None, None, None)


def test_a_refused_intent_is_an_end_of_the_story() -> None:
    refused = ev.IntentRefused(
        order_id=SECOND,
        owner=OWNER,
        account=scene.BROKER,
        instrument=scene.STOCK,
        underlying=COIN,
        side=BUY,
        qty=HEDGE.qty,
        rule=ev.RefusalRule.COLLAR,
        limit="50",
        asked="80",
        because=ref(SOLD),
        decided_at=at(12),
    )
    assert story(SOLD.key.tx, SOLD, refused).lines[-1].fields["rule"] == "collar"


def test_an_order_that_followed_another_leads_back_to_the_fill() -> None:
    done = ev.OrderDone(
        order_id=ORDER,
        end=ev.OrderEnd.EXPIRED,
        filled_qty=Quantity(d(0)),
        happened_at=at(70),
        seen_at=at(71),
    )
    again = intended(BUY, "1.5", 72, because=done, order_id=SECOND)
    found = story(SECOND, SOLD, HEDGE, done, again)
    assert [line.what for line in found.lines] == ["vault_filled", "order_intended", "order_done", "order_intended"]


def test_the_notes_of_why_a_fill_waited_stand_between_it_and_its_hedge() -> None:
    def held(underlying: Underlying, seconds: int) -> control.HedgeHeld:
        return control.HedgeHeld(
            owner=OWNER,
            underlying=underlying,
            reason=control.HoldReason.NO_MARKET,
            net=Quantity(d("-1.5")),
            decided_at=at(seconds),
        )

    events = (held(COIN, 0), SOLD, held(COIN, 11), held(Underlying("GME"), 12), HEDGE, accepted(14), held(COIN, 20))
    found = story(SOLD.key.tx, *events)
    assert [line.what for line in found.lines] == ["vault_filled", "hedge_held", "order_intended", "order_accepted"]
    assert found.lines[1].fields["reason"] == "no_market"
    waiting = story(SOLD.key.tx, SOLD, held(COIN, 11), held(COIN, 12))
    assert [line.what for line in waiting.lines] == ["vault_filled", "hedge_held", "hedge_held"]


def test_a_reversal_and_an_alert_belong_to_their_fill() -> None:
    alert = control.AlertRaised(
        name=control.AlertName.FILL_REVERSED,
        severity=control.Severity.WARNING,
        subject="COIN",
        detail="block 102 was replaced",
        because=EventRef(f"reversed:{ref(SOLD)}"),
        raised_at=at(801),
    )
    found = story(SOLD.key.tx, SOLD, scene.reversal(SOLD), alert)
    assert [line.what for line in found.lines] == ["vault_filled", "fill_reversed", "alert_raised"]


def test_the_value_of_a_fill_belongs_to_it() -> None:
    seen = scene.unvalued(3, SELL, "2", "520", 0, assumed="1")
    found = story(seen.key.tx, seen, scene.valued(3, ratio="1.1", shares="2.2", price="236"))
    assert [line.what for line in found.lines] == ["fill_unvalued", "fill_valued"]


def test_a_fragment_of_several_subjects_names_them() -> None:
    found = asked("fill:8453")
    assert found == Candidates(subjects=(ref(SMALL), ref(SOLD)), found=2)


def test_a_fragment_of_nothing_finds_nothing() -> None:
    assert asked("0xnowhere") == Candidates(subjects=(), found=0)


def test_no_more_candidates_are_named_than_the_bound() -> None:
    found = asked("fill:8453", *(fill(number, SELL, "1", "260", number) for number in range(1, 40)))
    assert isinstance(found, Candidates)
    assert (len(found.subjects), found.found) == (CANDIDATES_MAX, 39)


def test_a_story_of_the_past_ends_there() -> None:
    assert [line.what for line in story(SOLD.key.tx, *EVENTS[:4]).lines] == ["vault_filled", "order_intended"]


def test_an_event_without_an_instant_of_its_own_stands_at_its_commit() -> None:
    mark = scene.mark(USDC, "1", 0)
    line = line_of(Recorded(Seq(1), at(40), mark), EventRef("mark"))
    assert (line.at, line.fields["usd"], line.fields["marked_at"]) == (at(40), "1", "2025-12-01T15:00:00Z")


def test_a_halt_is_found_by_a_part_of_its_id_with_every_reason_that_was_given_for_it() -> None:
    def command(verb: str, reason: str, **arguments: str) -> control.CommandAccepted:
        return control.CommandAccepted(
            key=f"key-{reason}", actor="alice", verb=verb, reason=reason, arguments=arguments, accepted_at=at(20)
        )

    halt_id = halt_id_of("all", "", "operator")
    set_ = control.TradingHalted(
        halt_id=halt_id,
        scope=control.HaltScope.ALL,
        target="",
        cause=control.HaltCause.OPERATOR,
        reason="news",
        halted_at=at(20),
    )
    gone = control.TradingLifted(halt_id=halt_id, reason="over", lifted_at=at(22))
    events = (
        command("halt", "news", scope="all", target=""),
        set_,
        command("halt", "wrong broker", scope="all", target=""),
        command("halt", "another", scope="owner", target="desk"),
        command("lift", "over", halt_id=halt_id),
        gone,
        command("reconcile", "now"),
    )
    found = story(halt_id[:8], *events)
    assert found.subject == halt_id
    assert [line.fields["reason"] for line in found.lines] == ["news", "news", "wrong broker", "over", "over"]
    assert found.lines[1].at == at(20)
    assert story("key-wrong", *events).subject == halt_id
    assert [line.what for line in story("key-now", *events).lines] == ["command_accepted"]
