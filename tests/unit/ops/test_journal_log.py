from __future__ import annotations

import asyncio
import io
import json
from decimal import Decimal

import pytest

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
from flatbook.events.grid import GridHeld, GridHold
from flatbook.events.orders import IntentRefused, RefusalRule
from flatbook.ops.journal_log import fields_of, level_of, log_commits
from flatbook.ops.telemetry import open_log
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.ids import AccountId, HaltId, InstrumentId, OrderId, OwnerId, Underlying
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
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


@pytest.mark.parametrize(
    ("reason", "level"),
    [
        (GridHold.NO_PROFIT, "warning"),
        (GridHold.BELOW_MINIMUM, "warning"),
        (GridHold.INVENTORY_FULL, "info"),
        (None, "info"),
    ],
)
def test_a_grid_that_no_market_lets_open_is_a_warning(reason: GridHold | None, level: str) -> None:
    held = GridHeld(owner=OwnerId("maker"), instrument=InstrumentId("BTC@x"), reason=reason, decided_at=at(1))
    assert level_of(held) == level


def test_a_refusal_for_want_of_a_mark_is_logged_with_its_reason() -> None:
    refused = IntentRefused(
        order_id=OrderId("fbaaaaaaaaaaaaaaa000000001"),
        account=AccountId("paper"),
        underlying=Underlying("BTC"),
        because=None,
        owner=OwnerId("maker"),
        instrument=InstrumentId("BTC@x"),
        side=Side.BUY,
        qty=Quantity(Decimal(1)),
        rule=RefusalRule.NOTIONAL_MAX,
        limit="no mark of USDT",
        asked="unvalued",
        decided_at=at(1),
    )
    assert fields_of(refused)["limit"] == "no mark of USDT"


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
