"""Offers of a desk: pulled and put back by calls of its wallet, whatever brought the reason."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.inputs import Restarted, Resumed, TimeCame
from flatbook.engine.rules import OfferRules, WalletRules
from flatbook.events.calls import CallCancelIntended, CallConfirmed, CallIntended, CallMined, CallSigned
from flatbook.events.chain import GasSpent
from flatbook.risk.call_limits import AllowedCall, CallLimits
from flatbook.state.fold import apply
from flatbook.values.ids import AssetId, CallId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.desk import BASE, COIN, OWNER, VAULT
from tests.unit.engine.scene import KEY, Bench, statement, tags
from tests.unit.engine.test_take_offers import gone, offer_seen, quoted, read
from tests.unit.strategies.test_offers import PARAMS

WALLET = (BASE, PARAMS.wallet)
BOOK = offer_seen().order_book


def desk(*, stated: bool = True) -> Bench:
    """Returns a desk with an offer that stands, whose broker was stated."""
    bench = Bench()
    allowed = tuple(
        AllowedCall(to=BOOK, selector=selector, destinations=()) for selector in ("0x1f69cb75", "0x709fb8a5")
    )
    limits = CallLimits(allowed=allowed, amount_max={}, amount_day_max={}, calls_day_max=100, fee_coin_max=Decimal(1))
    wallet = WalletRules(account=PARAMS.gas_account, coin=AssetId("ETH"), limits=limits, coin_low=Decimal(0))
    bench.rules = msgspec.structs.replace(
        bench.rules, wallets={WALLET: wallet}, offers={KEY: OfferRules(params=PARAMS)}
    )
    bench.resume()
    if stated:
        bench.state_account(statement(bench.now, shares="100", cash="50000"))
    read(bench, offer_seen(block=10))
    quoted(bench, "10")
    return bench


def intended(bench: Bench) -> list[str]:
    return [event.purpose.value for event in bench.events if isinstance(event, CallIntended)]


TX = "0x" + "7e" * 32


def sign(bench: Bench) -> CallId:
    """Lets the newest call be signed."""
    call = list(bench.state.calls.values())[-1]
    signed = CallSigned(
        call_id=call.call_id,
        attempt=1,
        nonce=call.signed,
        tx=TX,
        raw="0x02",
        gas=1,
        fee_wei_max=1,
        tip_wei_max=1,
        cancels=False,
        signed_at=bench.now,
    )
    apply(bench.state, signed)
    return call.call_id


def confirm(bench: Bench) -> None:
    """Lets the newest call be mined and confirmed, as the nodes would say."""
    call_id = sign(bench)
    mined = CallMined(
        call_id=call_id,
        attempt=1,
        tx=TX,
        block=12,
        block_hash="0xb12",
        success=True,
        gas_wei=Quantity(Decimal(1)),
        happened_at=bench.now,
        seen_at=bench.now,
    )
    apply(bench.state, mined)
    over = CallConfirmed(call_id=call_id, tx=TX, block=12, block_hash="0xb12", success=True, seen_at=bench.now)
    apply(bench.state, over)


def test_an_offer_that_nothing_speaks_against_is_left_alone() -> None:
    bench = desk()
    assert intended(bench) == []
    assert bench.state.offers.standing(OWNER, COIN, Side.SELL) == 10


def test_a_kill_pulls_at_once_and_not_twice() -> None:
    bench = desk()
    done = bench.command("kill")
    assert [tag for tag in tags(done) if tag.startswith(("offer", "call"))] == [
        "offer_reasons_changed",
        "offer_reasons_changed",
        "offer_pulled",
        "call_intended",
    ]
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order"]


def test_an_offer_is_put_back_when_the_halt_is_lifted_and_all_was_quiet_for_a_while() -> None:
    bench = desk()
    bench.command("halt", scope="all", target="")
    confirm(bench)
    read(bench, gone(block=12))
    halt = next(iter(bench.state.halts))
    bench.command("lift", "k2", halt_id=halt)
    assert intended(bench) == ["remove_order"]
    bench.wait(30)
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order", "add_order"]
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order", "add_order"]


def test_an_order_that_was_quoted_in_the_block_of_its_removal_comes_back_all_the_same() -> None:
    bench = desk()
    bench.command("halt", scope="all", target="")
    confirm(bench)
    assert quoted(bench, "98", None, block=12).dropped == ("offer_leaving",)
    read(bench, gone(block=12))
    assert bench.state.offers.standing(OWNER, COIN, Side.SELL) == 0
    bench.command("lift", "k2", halt_id=next(iter(bench.state.halts)))
    bench.wait(30).take(TimeCame())
    assert intended(bench) == ["remove_order", "add_order"]


def test_an_order_without_a_price_counts_with_its_vault_while_its_removal_was_not_signed() -> None:
    bench = desk()
    bench.command("halt", scope="all", target="")
    quoted(bench, "98", None, block=12)
    assert bench.state.offers.standing(OWNER, COIN, Side.SELL) == 98


def test_gas_of_a_call_under_way_is_left_to_the_end_of_the_call() -> None:
    bench = desk()
    bench.command("halt", scope="all", target="")
    sign(bench)
    gas = GasSpent(
        chain=BASE,
        tx=TX,
        block=12,
        owner=OWNER,
        account=VAULT,
        coin=AssetId("ETH"),
        wei_amount=Quantity(Decimal(7)),
        coin_usd=None,
        success=True,
        happened_at=bench.now,
        seen_at=bench.now,
    )
    assert read(bench, gas).dropped == ("gas_of_call",)
    assert tags(read(bench, msgspec.structs.replace(gas, tx="0x" + "7f" * 32))) == ["gas_spent"]


def test_a_restore_that_waits_for_its_block_is_taken_back_when_the_price_grows_old() -> None:
    bench = desk()
    bench.command("halt", scope="all", target="")
    confirm(bench)
    read(bench, gone(block=12))
    bench.command("lift", "k2", halt_id=next(iter(bench.state.halts)))
    bench.wait(30)
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order", "add_order"]
    bench.now = Instant(later(bench.now, seconds=31))
    bench.take(TimeCame())
    bench.take(TimeCame())
    (taken_back,) = [event for event in bench.events if isinstance(event, CallCancelIntended)]
    assert bench.state.calls[taken_back.call_id].purpose.value == "add_order"
    assert not bench.state.calls[taken_back.call_id].is_open


def test_a_price_that_grows_old_pulls_by_time_alone() -> None:
    bench = desk()
    due = bench.wakes.next_at()
    assert due is not None
    assert due <= later(bench.now, seconds=31)
    bench.now = Instant(later(bench.now, seconds=30) + 1)
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order"]


def test_a_fresh_start_waits_for_its_accounts_before_it_pulls_but_not_for_a_halt() -> None:
    bench = desk()
    before = bench.wakes
    bench.wakes = type(before)()
    bench.market = type(bench.market)()
    bench.take(Restarted())
    assert intended(bench) == []
    assert bench.wakes.next_at() == later(bench.now, seconds=60)
    bench.now = later(bench.now, seconds=60)
    bench.take(TimeCame())
    assert intended(bench) == ["remove_order"]


def test_a_broker_that_was_never_stated_is_down() -> None:
    bench = desk(stated=False)
    assert intended(bench) == ["remove_order"]
    bench.take(Resumed(key=KEY))
    assert intended(bench) == ["remove_order"]
