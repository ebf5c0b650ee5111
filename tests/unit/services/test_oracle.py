"""The one that prices fills behind the engine: bounded, patient, and without any effect when it fails."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from flatbook.engine.inputs import Priced
from flatbook.engine.run import Committed
from flatbook.events.chain import PRECONFIRMED_HASH
from flatbook.events.event import Event
from flatbook.services.oracle import FILLS_WAITING_MAX, FillPricer
from flatbook.sim.world.chain import CHAIN
from flatbook.values.ids import ChainId, Seq
from flatbook.values.instants import later
from tests.unit.sim.evm.scene import START
from tests.unit.venues.pyth.scene import OracleBench

TURNS = 50


class Pricing:
    """A pricer over the nodes of a bench, and what it handed on."""

    def __init__(self, bench: OracleBench) -> None:
        self.bench = bench
        self.pushed: list[Priced] = []
        self.pricer = FillPricer({CHAIN: bench.reader}, bench.wall, self.pushed.append)

    def commit(self, *events: Event) -> None:
        self.pricer.on_commit(Committed(first=Seq(1), at=START, events=events))

    def run(self) -> None:
        """Lets it work until nothing more happens."""

        async def works() -> None:
            task = asyncio.create_task(self.pricer.follow())
            for _ in range(TURNS * FILLS_WAITING_MAX):
                await asyncio.sleep(0)
            task.cancel()

        asyncio.run(works())


def pricing(**changes: Any) -> Pricing:
    return Pricing(OracleBench(**changes))


def test_a_fill_is_priced_once_its_hedge_has_had_its_time() -> None:
    each = pricing()
    before = each.bench.wall.now()
    each.commit(each.bench.filled())
    each.run()
    (priced,) = each.pushed
    assert priced.event.key == each.bench.filled().key
    assert priced.event.seen_at == later(before, seconds=2)


def test_fills_of_other_chains_are_left_alone() -> None:
    each = pricing()
    other = msgspec.structs.replace(each.bench.filled().key, chain=ChainId(1))
    each.commit(each.bench.filled(key=other))
    each.run()
    assert (each.pushed, each.pricer.missing) == ([], {})


def test_a_fill_without_a_block_is_left_until_it_has_one() -> None:
    each = pricing()
    announced = msgspec.structs.replace(each.bench.filled().key, block_hash=PRECONFIRMED_HASH)
    each.commit(each.bench.filled(key=announced), each.bench.filled())
    each.run()
    assert [priced.event.key for priced in each.pushed] == [each.bench.filled().key]


def test_nodes_that_do_not_answer_are_asked_three_times_and_then_the_fill_has_no_price() -> None:
    each = pricing()
    for node in each.bench.nodes:
        node.is_silent = True
    before = each.bench.wall.now()
    each.commit(each.bench.filled())
    each.run()
    assert (each.pushed, each.pricer.missing) == ([], {"not_answered": 1})
    assert each.bench.wall.now() == later(before, seconds=22)


def test_a_price_that_the_nodes_do_not_agree_on_is_not_asked_for_again() -> None:
    each = pricing(traces=(False, False))
    each.bench.prices["COIN"] = [25_125, 25_126]
    before = each.bench.wall.now()
    each.commit(each.bench.filled())
    each.run()
    assert (each.pushed, each.pricer.missing) == ([], {"nodes_disagree": 1})
    assert each.bench.wall.now() == later(before, seconds=2)


def test_the_newest_fills_wait_and_older_ones_are_passed_over_and_counted() -> None:
    each = pricing()
    keys = [
        msgspec.structs.replace(each.bench.filled().key, log_index=number) for number in range(FILLS_WAITING_MAX + 3)
    ]
    each.commit(*(each.bench.filled(key=key) for key in keys))
    each.run()
    assert [priced.event.key.log_index for priced in each.pushed] == list(range(3, FILLS_WAITING_MAX + 3))
    assert each.pricer.missing == {"passed_over": 3}
