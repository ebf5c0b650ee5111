"""All that was said around one transaction."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from flatbook.events.prices import PriceDoubt
from flatbook.values.ids import Underlying
from flatbook.venues.pyth.price import Missing, MissingFor, OraclePrice
from flatbook.venues.pyth.story import Moment, Saying, moment_of, sayings_of
from flatbook.venues.pyth.update import Update, read_update
from tests.unit.sim.evm.scene import fill
from tests.unit.venues.pyth.scene import COIN, OracleBench, run

CASES = Path(__file__).parents[3] / "vectors" / "cases" / "tokenized_equities" / "pyth_updates.json"


def moment(bench: OracleBench) -> Moment:
    found = run(moment_of(bench.nodes, fill(1).tx))
    assert isinstance(found, Moment)
    return found


def told(saying: Saying) -> tuple[str, str | None, str]:
    stated = saying.stated
    return saying.source, saying.ticker, str(stated.price) if isinstance(stated, OraclePrice) else stated.reason.value


def sayings(bench: OracleBench, *tickers: Underlying, updates: tuple[Update | Missing, ...] = ()) -> tuple[Saying, ...]:
    return run(sayings_of(bench.reader, fill(1).tx, moment(bench), tickers, updates))


def test_the_block_of_a_transaction_is_what_a_node_states_of_it() -> None:
    bench = OracleBench()
    assert moment(bench) == Moment(block=1, block_hash=bench.block.block_hash, at=bench.block.at)
    unknown = run(moment_of(bench.nodes, "0x" + "99" * 32))
    assert isinstance(unknown, Missing)
    assert unknown.detail == "node-1, node-2: no block of this transaction is stated"


def test_every_feed_of_the_trace_stands_beside_what_the_contract_says_at_the_block() -> None:
    assert [told(each) for each in sayings(OracleBench(), COIN)] == [
        ("trace", "ETH", "3000.00"),
        ("trace", "COIN", "251.25"),
        ("view", "COIN", "251.25"),
        ("view", "ETH", "3000.00"),
    ]


def test_what_is_missing_is_said() -> None:
    bench = OracleBench(traces=(False, False))
    for node in bench.nodes:
        node.stated["eth_call"] = "0x"
    assert [told(each) for each in sayings(bench, COIN, Underlying("NVDA"))] == [
        ("trace", None, "not_answered"),
        ("view", None, "no_feed"),
        ("view", "COIN", "unreadable"),
    ]


def test_a_transaction_that_read_no_price_says_so() -> None:
    bench = OracleBench()
    for node in bench.nodes:
        node.stated["debug_traceTransaction"] = {"to": "0x" + "11" * 20, "input": "0x", "output": "0x"}
    assert [told(each) for each in sayings(bench)] == [("trace", None, "not_called")]


def test_an_update_is_compared_with_the_time_of_the_block() -> None:
    real = read_update(bytes.fromhex(json.loads(CASES.read_text())["cases"][0]["hex"][2:]))
    assert isinstance(real, Update)
    broken = Missing(reason=MissingFor.UNPROVEN, detail="a message is not under the root that was signed")
    *_, update, unproven = sayings(OracleBench(), COIN, updates=(real, broken))
    assert (update.source, update.ticker, update.doubts) == ("update", None, (PriceDoubt.STALE,))
    assert isinstance(update.stated, OraclePrice)
    assert update.stated.price == Decimal("29319.99")
    assert told(unproven) == ("update", None, "unproven")
