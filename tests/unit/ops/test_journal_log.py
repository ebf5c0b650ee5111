from __future__ import annotations

import asyncio
import io
import json

from flatbook.events.codec import name_of
from flatbook.events.control import (
    AlertName,
    AlertRaised,
    CommandAccepted,
    EngineStopped,
    HaltCause,
    HaltScope,
    Severity,
    TradingHalted,
)
from flatbook.ops.journal_log import fields_of, level_of, log_commits
from flatbook.ops.telemetry import open_log
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.ids import HaltId
from tests.desk import Setting, at, desk_of, fill, journalled
from tests.lives import Life

CANARY = "canary-7f3a91"


def test_every_committed_event_is_one_record_with_its_number_and_reference() -> None:
    desk = desk_of(Setting(), (ScriptedBlocks(at=at(1), events=(fill(1, "sell", "3", at=at(1)),)),))
    life, stream = Life(desk), io.StringIO()
    life.engine.listeners.append(log_commits(open_log(stream, now=desk.clock.now)))
    asyncio.run(life.run(at(8)))
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    events = journalled(desk)
    assert [record["seq"] for record in records] == list(range(1, len(events) + 1))
    assert [record["event"] for record in records] == [name_of(type(event)) for event in events]
    filled = next(record for record in records if record["event"] == "vault_filled")
    intended = next(record for record in records if record["event"] == "order_intended")
    assert intended["because"] == filled["ref"]
    assert (filled["chain"], filled["log_index"], filled["block"]) == (8453, 0, 1001)
    assert (intended["side"], intended["qty"], intended["underlying"]) == ("buy", "3", "COIN")


def test_the_words_of_operators_stay_in_the_journal() -> None:
    accepted = CommandAccepted(
        key=CANARY, actor="ann", verb="halt", reason=CANARY, arguments={"target": CANARY}, accepted_at=at(1)
    )
    halted = TradingHalted(
        halt_id=HaltId("halt-1"),
        scope=HaltScope.ALL,
        target="",
        cause=HaltCause.OPERATOR,
        reason=CANARY,
        halted_at=at(1),
    )
    assert fields_of(accepted) == {"event": "command_accepted", "actor": "ann", "verb": "halt"}
    assert fields_of(halted) == {
        "event": "trading_halted",
        "halt_id": "halt-1",
        "scope": "all",
        "target": "",
        "cause": "operator",
    }
    assert CANARY not in str(fields_of(EngineStopped(reason=CANARY, stopped_at=at(1))))


def test_the_level_follows_the_severity() -> None:
    raised = [
        AlertRaised(
            name=AlertName.ORDER_UNKNOWN, severity=severity, subject="x", detail=CANARY, because=None, raised_at=at(1)
        )
        for severity in Severity
    ]
    assert [level_of(alert) for alert in raised] == ["info", "warning", "error"]
    assert "detail" not in fields_of(raised[0])
    assert level_of(fill(1, "sell", "3", at=at(1))) == "info"
