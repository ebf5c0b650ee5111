"""What may still be put into a vault whose orders others can take."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.offer_caps import why_not_fill
from flatbook.engine.turn import Turn
from flatbook.events.calls import CallIntended, CallRefusal, CallRefused
from flatbook.state.fold import apply
from flatbook.values.ids import AccountId, AssetId, CallId, OwnerId
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.desk import OWNER, VAULT
from tests.unit.engine.call_scene import wish
from tests.unit.engine.scene import Bench
from tests.unit.engine.test_decide_offers import desk
from tests.unit.engine.test_take_offers import offer_seen, quoted, read

WTCOIN, USDC = AssetId("wtCOIN"), AssetId("USDC")


def why(
    bench: Bench, amount: str, asset: AssetId = WTCOIN, *, owner: OwnerId = OWNER, account: AccountId = VAULT
) -> str | None:
    turn = Turn(bench.state, bench.market, bench.wakes, now=bench.now, rules=bench.rules)
    return why_not_fill(turn, owner, (account, asset), Quantity(Decimal(amount)))


def test_a_vault_takes_what_may_still_stand_and_no_more() -> None:
    bench = desk()
    assert why(bench, "10") is None
    assert why(bench, "10.000001") == (
        "20.000001 shares of COIN could be taken then, and standing_shares_max is 20: put in less"
    )


def test_tokens_count_by_the_shares_that_they_wrap() -> None:
    bench = desk()
    bench.state.ratios[WTCOIN] = Decimal("1.25")
    assert why(bench, "8") is None
    assert why(bench, "8.1") is not None


def test_nothing_is_put_in_while_the_net_is_out() -> None:
    bench = desk()
    bench.fill(1, "sell", "1")
    assert why(bench, "1") == ("the net of COIN is -1 shares: nothing is added to what can be taken until it is hedged")


def test_nothing_is_put_in_while_nobody_knows_what_stands() -> None:
    bench = desk()
    read(bench, offer_seen(block=11, order_hash="0x" + "77" * 32))
    assert why(bench, "1") == "what stands of COIN is not known yet: wait until it was read"


def test_nothing_is_put_in_while_another_deposit_of_the_asset_may_still_come() -> None:
    bench = desk()
    stated = msgspec.structs.asdict(wish(asset=WTCOIN))
    apply(bench.state, CallIntended(**stated, decided_at=bench.now))
    assert why(bench, "1") == (
        "another deposit of wtCOIN is under way: wait until it has ended and what stands was read"
    )
    assert why(bench, "1", AssetId("WETH")) is None
    call_id = CallId(stated["call_id"])
    apply(bench.state, CallRefused(call_id=call_id, reason=CallRefusal.WOULD_REVERT, detail="no", seen_at=bench.now))
    assert why(bench, "1") is None


def test_dollars_count_by_the_shares_that_they_buy() -> None:
    bench = desk()
    read(bench, offer_seen(block=11, side=Side.BUY))
    quoted(bench, "10", block=12)
    assert why(bench, "2500", USDC) is None
    assert why(bench, "2501", USDC) is not None


@pytest.mark.parametrize(
    ("asset", "owner", "account"),
    [(AssetId("WETH"), OWNER, VAULT), (WTCOIN, OwnerId("other"), VAULT), (WTCOIN, OWNER, AccountId("elsewhere"))],
)
def test_what_no_order_gives_is_not_bounded(asset: AssetId, owner: OwnerId, account: AccountId) -> None:
    assert why(desk(), "1000000", asset, owner=owner, account=account) is None
