from __future__ import annotations

import asyncio
import re

from prometheus_client.parser import text_string_to_metric_families

from flatbook.events.control import HaltCause, HaltScope
from flatbook.ops.metrics import Metrics
from flatbook.ops.telemetry import LogCounts
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.state.halts import Halt
from flatbook.values.ids import HaltId
from tests.desk import Setting, at, desk_of, fill
from tests.lives import Life

SOLD = (ScriptedBlocks(at=at(1), events=(fill(1, "sell", "3", at=at(1)),)),)
LOST = FaultPlan(faults=(Fault(verb=Verb.PLACE, kind=FaultKind.DROP_ANSWER, number=1),))


def watched(setting: Setting, minutes: int, seconds: int = 0) -> tuple[Metrics, Life]:
    """Returns the metrics of a desk that sold three shares onchain a minute after the open."""
    life = Life(desk_of(setting, SOLD))
    metrics = Metrics("0.1.0")
    life.engine.listeners.append(metrics.on_commit)
    metrics.watch(life.engine, LogCounts())
    asyncio.run(life.run(at(minutes, seconds)))
    return metrics, life


def samples(metrics: Metrics) -> dict[str, float]:
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


def test_a_hedged_desk_says_so() -> None:
    metrics, life = watched(Setting(), 8)
    found = samples(metrics)
    assert found["flatbook_exposure_shares owner=desk underlying=COIN"] == 0
    assert found["flatbook_exposure_worst_shares owner=desk underlying=COIN"] == 0
    assert found["flatbook_orders_unknown account=paper"] == 0
    assert found["flatbook_events_total type=order_filled"] == 1
    assert found["flatbook_events_total type=vault_filled"] == 1
    assert found["flatbook_hedge_latency_seconds_count stage=fill_to_hedged"] == 1
    assert found["flatbook_journal_sequence"] == life.engine.state.seq
    assert found["flatbook_commits_total"] > 3
    assert found["flatbook_queue_depth queue=inbox"] == 0
    assert [name for name in found if name.startswith("flatbook_build_info") and "version=0.1.0" in name] != []


def test_an_order_whose_fate_is_unknown_is_seen_with_the_worst_it_can_do() -> None:
    metrics, _ = watched(Setting(plan=LOST), 1, 8)
    found = samples(metrics)
    assert found["flatbook_orders_unknown account=paper"] == 1
    assert found["flatbook_orders account=paper status=unknown"] == 1
    assert found["flatbook_exposure_shares owner=desk underlying=COIN"] == -3
    assert found["flatbook_exposure_worst_shares owner=desk underlying=COIN"] == 3
    assert found["flatbook_exposure_usd owner=desk underlying=COIN"] == -3 * 250.01
    assert found["flatbook_alerts name=order_unknown"] == 1
    assert found["flatbook_alerts_raised_total name=order_unknown severity=warning"] == 1


def test_what_has_ended_is_no_longer_shown() -> None:
    metrics, life = watched(Setting(), 8)
    life.engine.state.halts[HaltId("h")] = Halt(
        halt_id=HaltId("h"), scope=HaltScope.ALL, target="", cause=HaltCause.OPERATOR, reason="", halted_at=at(1)
    )
    assert samples(metrics)["flatbook_halts cause=operator scope=all"] == 1
    life.engine.state.halts.clear()
    assert "flatbook_halts cause=operator scope=all" not in samples(metrics)


def test_dropped_inputs_are_counted_by_reason() -> None:
    metrics, life = watched(Setting(), 8)
    life.engine.dropped["fill_known"] = 4
    life.engine.poisons.append("x")
    found = samples(metrics)
    assert found["flatbook_inputs_dropped_total reason=fill_known"] == 4
    assert found["flatbook_inputs_poisoned_total"] == 1


def test_what_could_not_be_read_is_counted_by_where_it_came_from_and_why() -> None:
    life, metrics = Life(desk_of(Setting(), SOLD)), Metrics("0.1.0")
    metrics.watch(life.engine, None, lambda: {"okx": {"unknown_word": 2}, "bybit-main": {"malformed": 1}})
    found = samples(metrics)
    assert found["flatbook_messages_unread_total reason=unknown_word source=okx"] == 2
    assert found["flatbook_messages_unread_total reason=malformed source=bybit-main"] == 1


def test_the_log_is_counted() -> None:
    life = Life(desk_of(Setting(), SOLD))
    counts = LogCounts()
    counts.records["warning"], counts.fields_dropped = 3, 2
    metrics = Metrics("0.1.0")
    metrics.watch(life.engine, counts)
    assert samples(metrics)["flatbook_log_records_total level=warning"] == 3
    assert samples(metrics)["flatbook_log_fields_dropped_total"] == 2


def test_a_commit_is_timed_once_it_is_done() -> None:
    metrics = Metrics("0.1.0")
    done: list[str] = []
    metrics.timed(done.append)("a connection")
    assert done == ["a connection"]
    assert samples(metrics)["flatbook_journal_fsync_seconds_count"] == 1
    assert metrics.process().fsync.measured == 1


def test_the_lag_of_the_loop_is_measured() -> None:
    metrics = Metrics("0.1.0")

    async def measure() -> None:
        following = asyncio.create_task(metrics.follow_loop(0.001))
        for _ in range(60_000):
            await asyncio.sleep(0.001)
            if samples(metrics)["flatbook_loop_lag_seconds_count"]:
                break
        following.cancel()

    asyncio.run(measure())
    assert samples(metrics)["flatbook_loop_lag_seconds_count"] >= 1
    assert metrics.process().loop.measured >= 1
    assert samples(metrics)["flatbook_loop_lag_seconds_sum"] >= 0


def test_names_are_ours_and_in_base_units() -> None:
    metrics, _ = watched(Setting(), 8)
    families = [family.name for family in text_string_to_metric_families(metrics.text())]
    assert len(families) > 20
    assert [name for name in families if not re.fullmatch(r"flatbook_[a-z_]+", name)] == []
    assert [name for name in families if re.search(r"_(ms|us|ns|minutes|created|milliseconds)$", name)] == []


def test_two_engines_in_one_process_do_not_share_metrics() -> None:
    one, other = Metrics("1"), Metrics("2")
    one.timed(lambda _connection: None)(None)
    assert samples(other)["flatbook_journal_fsync_seconds_count"] == 0
