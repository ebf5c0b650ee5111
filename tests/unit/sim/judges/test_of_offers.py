"""The judge of what the desk offers: within its bound, gone after a kill and a session, and back only when at rest."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flatbook.events import control, offers
from flatbook.events.chain import LogKey
from flatbook.events.event import Event
from flatbook.sim.judges.expectation import OfferBound
from flatbook.sim.judges.table import judge
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import SHARE, TOKEN
from flatbook.values.ids import AccountId, AssetId, CallId, ChainId, HaltId, InstrumentId, OwnerId, Underlying
from flatbook.values.instruments import Side
from tests.unit.sim.judges.story import EXPECTS, at, replaced, row

OFFERS = replaced(EXPECTS, bounds={}, offers={("desk", "COIN"): OfferBound(bound=10 * SHARE, threshold=SHARE)})
HOUR = 3_600
CALL = CallId("fc1")


def stands(seconds: int, sell: int = 0, buy: int = 0) -> rec.OffersStand:
    return rec.OffersStand(at=at(seconds), owner="desk", underlying="COIN", sell=sell * TOKEN, buy=buy * TOKEN)


def block(seconds: int, number: int, sign: int = 0, shares: int = 0) -> rec.BlockMade:
    taken = rec.ChainFill(
        tx=f"0x{number}", log_index=0, owner="desk", underlying="COIN", sign=sign, tokens=shares * TOKEN, usdc=1
    )
    return rec.BlockMade(at=at(seconds), number=number, block_hash=f"0xb{number}", fills=(taken,) if shares else ())


def told(*entries: rec.Entry) -> list[str]:
    began = rec.LifeBegan(at=at(0), process="desk", life=1)
    record = rec.Record()
    for entry in (began, *entries):
        record.add(entry)
    return [each.what for each in judge(record, OFFERS).violations if each.invariant == "I21"]


def killed(seconds: int) -> control.TradingHalted:
    return control.TradingHalted(
        halt_id=HaltId("h"),
        scope=control.HaltScope.ALL,
        target="",
        cause=control.HaltCause.KILLED,
        reason="r",
        halted_at=at(seconds),
    )


def test_net_and_offers_together_stay_within_the_bound() -> None:
    assert told(stands(1, sell=10), block(2, 1), stands(3, sell=6), block(3, 2, -1, 4)) == []
    assert told(stands(1, sell=10), block(2, 1, -1, 1)) == ["desk:COIN may come to 11, the bound is 10"]
    assert told(stands(1, sell=11), block(2, 1)) == ["desk:COIN may come to 11, the bound is 10"]
    assert told(stands(1, buy=8), block(2, 1, 1, 3)) == ["desk:COIN may come to 11, the bound is 10"]
    assert told(stands(1, buy=8), block(2, 1, -1, 3)) == []


def test_a_bound_that_is_exceeded_once_is_told_once() -> None:
    assert len(told(stands(1, sell=11), block(2, 1), block(3, 2))) == 1


def after_kill(*later: rec.Entry) -> Sequence[str]:
    return told(stands(1, sell=5), row(10, 1, killed(10)), *later)


def test_a_desk_that_lives_takes_its_offers_away_after_a_kill() -> None:
    assert after_kill(block(40, 1)) == []
    assert after_kill(block(41, 1)) == ["offers stand after a kill"]
    assert after_kill(stands(39), block(41, 1)) == []


def test_a_desk_that_is_dead_cannot_and_one_that_came_back_has_its_time() -> None:
    ended = rec.LifeEnded(at=at(11), process="desk", life=1, how="killed")
    began = rec.LifeBegan(at=at(50), process="desk", life=2)
    assert after_kill(ended, block(45, 1)) == []
    assert after_kill(ended, began, block(80, 1)) == []
    assert after_kill(ended, began, block(81, 1)) == ["offers stand after a kill"]


def test_nothing_stands_after_the_end_of_a_session() -> None:
    assert told(stands(1, sell=5), block(HOUR + 30, 1)) == []
    assert told(stands(1, sell=5), block(HOUR + 31, 1)) == ["offers stand after the end of a session"]


def restored() -> tuple[Event, Event]:
    key = LogKey(chain=ChainId(1), tx="0x1", log_index=0, block=1, block_hash="0xb1")
    leg = offers.OfferLeg(
        underlying=Underlying("COIN"),
        instrument=InstrumentId("wtCOIN"),
        token=AssetId("wtCOIN"),
        dollar=AssetId("USDC"),
        side=Side.SELL,
        gives="0x",
        gives_vault="0x",
        wants_vault="0x",
        input_index=0,
        output_index=0,
    )
    seen = offers.OfferSeen(
        key=key,
        order_hash="0x5e",
        order_book="0xb0",
        owner=OwnerId("desk"),
        account=AccountId("vault"),
        legs=(leg,),
        removal="0x",
        addition="0x",
        quotes=("0x",),
        balances=("0x",),
        happened_at=at(1),
        seen_at=at(1),
    )
    back = offers.OfferRestored(
        chain=ChainId(1), order_hash="0x5e", owner=OwnerId("desk"), call_id=CALL, decided_at=at(9)
    )
    return seen, back


def test_an_offer_comes_back_only_while_the_net_is_at_rest() -> None:
    seen, back = restored()
    moved = control.PositionOverwritten(
        owner=OwnerId("desk"),
        account=AccountId("vault"),
        instrument=InstrumentId("wtCOIN"),
        underlying=Underlying("COIN"),
        before=Decimal(0),  # type: ignore[arg-type]
        after=Decimal(1),  # type: ignore[arg-type]
        contract_size=None,
        price=None,
        reason="r",
        decided_at=at(5),
    )
    assert told(row(2, 1, seen), row(9, 2, back)) == []
    assert told(row(2, 1, seen, moved), row(9, 3, back)) == ["an offer of COIN was put back while the net was 1"]
