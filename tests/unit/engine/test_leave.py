"""An engine that is told to end pulls what it offers first, for a while, and never keeps a desk without offers."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec

from flatbook.engine.inputs import TimeCame
from flatbook.engine.leave import leaving_from, offers_left, why_over
from flatbook.engine.rules import OfferRules
from flatbook.events.control import EngineStopped
from flatbook.events.event import Event
from flatbook.events.offers import OfferPulled
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.instants import Instant, later
from tests.desk import Setting, at, desk_of, journalled
from tests.lives import Desk, Life
from tests.unit.engine.scene import KEY, Bench
from tests.unit.engine.test_decide_offers import confirm, desk, intended
from tests.unit.engine.test_take_offers import gone, offer_seen, read
from tests.unit.strategies.test_offers import PARAMS


def offering(*events: Event) -> Desk:
    """Returns a desk whose chain tells events after a minute, with a wallet and nobody who sends for it."""
    plain = desk_of(Setting(), (ScriptedBlocks(at=at(1), events=events),))
    params = msgspec.structs.replace(PARAMS, price_age_s_max=180, standing_shares_max=Decimal(1_000))
    wallets, offers = desk().rules.wallets, {KEY: OfferRules(params=params)}
    rules = msgspec.structs.replace(plain.rules, wallets=wallets, offers=offers)
    return msgspec.structs.replace(plain, rules=rules)


def told_to_end(setting: Desk, *moments: Instant) -> list[tuple[str, Instant]]:
    """Tells an engine to end at some moments. Returns what it journalled of offers and of its end, and when."""
    life = Life(setting)

    async def tell() -> None:
        for moment in moments:
            await setting.clock.sleep_until(moment)
            life.engine.leave("signal")

    async def session() -> None:
        telling = asyncio.create_task(tell())
        await life.run(at(10))
        telling.cancel()

    asyncio.run(session())
    found: list[tuple[str, Instant]] = []
    for event in journalled(setting):
        if isinstance(event, OfferPulled):
            found.append((" ".join(reason.value for reason in event.reasons), event.decided_at))
        elif isinstance(event, EngineStopped):
            found.append((event.reason, event.stopped_at))
    return found


def test_a_desk_without_offers_ends_at_once() -> None:
    assert told_to_end(offering(), at(5)) == [("signal", at(5))]
    assert told_to_end(desk_of(Setting(), ()), at(5)) == [("signal", at(5))]


def test_what_stands_is_pulled_at_once_and_waited_for_a_minute_at_most() -> None:
    assert told_to_end(offering(offer_seen()), at(5)) == [("shutdown", at(5)), ("signal", at(6))]


def test_an_engine_that_is_told_again_ends_at_once() -> None:
    assert told_to_end(offering(offer_seen()), at(5), at(5, 10)) == [("shutdown", at(5)), ("signal", at(5, 10))]


def why(bench: Bench, *, is_busy: bool = False) -> str | None:
    return why_over(bench.state, bench.rules, bench.wakes.leaving, now=bench.now, is_busy=is_busy)


def leaving() -> Bench:
    """Returns a desk that has wished to pull what it offers because it ends."""
    bench = desk()
    assert why(bench) is None
    bench.wakes.leaving = leaving_from("signal", bench.now)
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order"]
    return bench


def test_it_ends_as_soon_as_the_removal_is_confirmed_although_its_log_was_not_read() -> None:
    bench = leaving()
    assert why(bench) is None
    assert bench.wakes.next_at() is not None
    confirm(bench)
    assert (offers_left(bench.state, bench.rules), why(bench)) == ((), "signal")


def test_a_removal_that_no_block_takes_is_waited_for_until_time_is_up_and_not_longer() -> None:
    bench = leaving()
    bench.now = Instant(later(bench.now, seconds=60) - 1)
    assert why(bench) is None
    bench.now = Instant(bench.now + 1)
    assert why(bench) == "signal"
    assert [offer.seen.order_hash[:6] for offer in offers_left(bench.state, bench.rules)] == ["0x5e5e"]


def test_a_restore_that_is_under_way_is_waited_for_too() -> None:
    bench = desk()
    bench.command("halt", scope="all", target="")
    confirm(bench)
    read(bench, gone(block=12))
    bench.command("lift", "k2", halt_id=next(iter(bench.state.halts)))
    bench.wait(30).take(TimeCame())
    assert intended(bench) == ["remove_order", "add_order"]
    assert len(offers_left(bench.state, bench.rules)) == 1
    bench.wakes.leaving = leaving_from("signal", bench.now)
    bench.take(TimeCame())
    assert (offers_left(bench.state, bench.rules), why(bench)) == ((), "signal")


def test_what_no_wallet_of_ours_can_pull_keeps_nobody() -> None:
    bench = leaving()
    bench.rules = msgspec.structs.replace(bench.rules, wallets={})
    assert (offers_left(bench.state, bench.rules), why(bench)) == ((), "signal")


def test_the_next_engine_puts_back_what_was_pulled_for_the_end_of_the_last_one() -> None:
    bench = leaving()
    confirm(bench)
    read(bench, gone(block=12))
    bench.wakes.leaving = None
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order"]
    bench.wait(30).take(TimeCame())
    assert intended(bench) == ["remove_order", "add_order"]
