"""Our contracts have the interface of the real ones, and keep the rules that the code under test relies on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.real.abi import answer_of, call_of, float_of, keccak_hex, parts_of, units_of
from tests.real.anvil import Refused, running_anvil
from tests.real.books import VAULT, Generation, Offer, Order
from tests.real.programs import compiled
from tests.real.scene import Reverted, Scene, deployed

pytestmark = pytest.mark.real

SELECTORS = {
    "BookV4": {"deposit2": "91337c0a", "withdraw2": "f513c42d"},
    "BookV5": {"deposit3": "7921a962", "withdraw3": "0cb49ba3", "vaultBalance2": "41d1514f"},
    "BookV6": {
        "deposit4": "2fbc4ba0",
        "withdraw4": "60746119",
        "vaultBalance2": "41d1514f",
        "takeOrders4": "69c72856",
        "addOrder4": "709fb8a5",
        "removeOrder3": "1f69cb75",
        "quote2": "9235084d",
        "clear3": "fa501182",
        "multicall": "ac9650d8",
    },
    "Wrapper": {
        "convertToAssets": "07a2d13a",
        "deposit": "6e553f65",
        "redeem": "ba087652",
        "maxRedeem": "d905777e",
        "symbol": "95d89b41",
        "decimals": "313ce567",
        "balanceOf": "70a08231",
        "approve": "095ea7b3",
        "allowance": "dd62ed3e",
        "transfer": "a9059cbb",
    },
    "Inventory": {"deposit4": "2fbc4ba0", "withdraw4": "60746119", "hasRole": "91d14854"},
    "Pyth": {
        "getPriceUnsafe": "96834ad3",
        "getPriceNoOlderThan": "a4ae35e0",
        "getEmaPriceUnsafe": "9474f45b",
        "getEmaPriceNoOlderThan": "711a2e28",
    },
}
TOPICS = {
    "BookV4": {
        "ClearV2": "0x692ee69af2843c70772be93470669f3c73e583316a047b6bfefdae5629de37ce",
        "AfterClear": "0x3f20e55919cca701abb2a40ab72542b25ea7eed63a50f979dd2cd3231e5f488d",
        "TakeOrderV2": "0x10de99b9032184587540c04e1850dff94a7683ae1fcc9eb06098621c739c0275",
        "AddOrderV2": "0x3ce8bbe652d8778b67dd565c479c3bbaa843e55e477d075f756f889ec4bbdaee",
        "RemoveOrderV2": "0xa2d7a96afe77c99b6a2d72ca8b4d3c5c88b6466ee34ca74e0955951f449425c8",
        "Deposit": "0xdcbc1c05240f31ff3ad067ef1ee35ce4997762752e3a095284754544f4c709d7",
        "Withdraw": "0xebff2602b3f468259e1e99f613fed6691f3a6526effe6ef3e768ba7ae7a36c4f",
    },
    "BookV6": {
        "ClearV3": "0x6fa7f4c28634b0a9d6831401c45ae468195fb63aed07308935c35374ff5d9e39",
        "AfterClearV2": "0xd9fa84dd790c969daa5c33d8050dc06b4a9b59d5b42e2be5f5e8ae20447f618d",
        "TakeOrderV3": "0x194f1feb3b4d7076a2c272e774e792e0c48bb8c7aa1a9a3671c1cd6da9e6b4c1",
        "AddOrderV3": "0x87491344dfbcf91f6cbbc610cbbeedc85313d37a02df0c93527f7ea5f8db717f",
        "RemoveOrderV3": "0x09d18501db0080ca2d6cd7c17fa7255daff4b2d503ea93b76ff68b6752ea8e63",
        "DepositV2": "0x7f9dfa19cf1cc2f806f2f860fbc9c056b601fb1afc0e9b843dfe5c63616268e6",
        "WithdrawV2": "0x8045c25080b0868951141ed0a91720bcad09a8364a2b3109ee1fd49c1f0bc8b8",
        "OrderNotFound": "0xb70c12fa453793fa6818ec07c91e74363a47aa6a6829dcd9533937fdf30314f3",
        "OrderZeroAmount": "0x500b713857325f9e6dcb52ae832eca9109d107ed1aae9cb4928b4c1e13f051aa",
        "OrderExceedsMaxRatio": "0xe3151dc8cb7a54ffc4baabd28c1f241c94d510b5e5b502491ac3cad6c16316d5",
    },
    "Inventory": {
        "OperatorDeposit": "0xa507aac739d4f580d86e1e34ebb6bd0bbd130d687ada88539711c645fd2b5480",
        "OperatorWithdraw": "0x50539c01596e1068221f68fffa4b27891c8ec42281472a03345e76561d4cfc44",
    },
    "Token": {"Transfer": "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"},
}


@pytest.fixture(params=Generation, ids=lambda generation: generation.name)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with running_anvil() as chain:
        yield deployed(chain, request.param)


@pytest.fixture
def newest() -> Iterator[Scene]:
    with running_anvil() as chain:
        yield deployed(chain)


def written_type(stated: dict[str, Any]) -> str:
    """Returns the type of a part of an ABI as a signature writes it."""
    if not stated["type"].startswith("tuple"):
        return str(stated["type"])
    inner = ",".join(map(written_type, stated["components"]))
    return f"({inner})" + stated["type"].removeprefix("tuple")


def topic_of(event: dict[str, Any]) -> str:
    return keccak_hex(f"{event['name']}({','.join(map(written_type, event['inputs']))})".encode())


def refusal(act: Callable[[], object]) -> str:
    """Returns the transaction that an act ended with, which must have reverted."""
    with pytest.raises(Reverted) as reverted:
        act()
    return reverted.value.tx


def reason(scene: Scene, sender: str, payload: str, *, to: str = "") -> str:
    """Returns the selector of the error that a call reverts with."""
    with pytest.raises(Refused) as refused:
        scene.chain.do("eth_call", {"from": sender, "to": to or scene.book.address, "data": payload}, "latest")
    return refused.value.reverted_with[:10]


def error(signature: str) -> str:
    return keccak_hex(signature.encode())[:10]


def quoted(scene: Scene, order: Order) -> tuple[bool, Decimal, Decimal]:
    payload = call_of("BookV6", "quote2", (order.words, 0, 0, []))
    answer = scene.chain.do("eth_call", {"to": scene.book.address, "data": payload}, "latest")
    exists, most, ratio = answer_of(["bool", "bytes32", "bytes32"], answer)
    return exists, *(scene.book.in_vault("0x" + each.hex(), scene.usdc) for each in (most, ratio))


def test_functions_have_the_selectors_of_the_real_contracts() -> None:
    for contract, wanted in SELECTORS.items():
        found = {name.split("(")[0]: selector for name, selector in compiled()[contract]["functions"].items()}
        assert {name: found[name] for name in wanted} == wanted


def test_events_have_the_topics_of_the_real_contracts() -> None:
    for contract, wanted in TOPICS.items():
        events = {each["name"]: each for each in compiled()[contract]["abi"] if each["type"] == "event"}
        assert {name: topic_of(events[name]) for name in wanted} == wanted
    raindex = [name for contract in ("BookV4", "BookV5", "BookV6") for name in _indexed(contract)]
    assert raindex == []
    assert _indexed("Inventory")[:2] == ["OperatorDeposit", "OperatorWithdraw"]


def _indexed(contract: str) -> list[str]:
    return [
        each["name"]
        for each in compiled()[contract]["abi"]
        if each["type"] == "event" and any(part["indexed"] for part in each["inputs"])
    ]


def test_a_withdrawal_pays_what_is_there_and_does_not_revert(scene: Scene) -> None:
    before = scene.balance(scene.owner, scene.usdc)
    scene.withdraw(scene.owner, scene.usdc, "999999.5")
    scene.withdraw(scene.owner, scene.usdc, "100")
    nothing = scene.withdraw(scene.owner, scene.usdc, "100")
    assert scene.balance(scene.owner, scene.usdc) - before == 1_000_000
    assert scene.vault(scene.owner, scene.usdc) == 0
    assert nothing.logs == ()


def test_what_the_book_holds_is_what_its_vaults_hold(scene: Scene) -> None:
    wrapper = scene.shares["COIN"].wrapper
    scene.take(scene.ask("COIN", price="257.77", shares="10"), most="1.234567")
    scene.take(scene.bid("COIN", price="250", shares="10"), most="17.5")
    inventory = (scene.places["Inventory"],) if "Inventory" in scene.places else ()
    for token in (scene.usdc, wrapper):
        vaults = [scene.vault(owner, token) for owner in (scene.owner, scene.stranger, scene.taker, *inventory)]
        assert 0 <= scene.balance(scene.book.address, token) - sum(vaults) < Decimal(1).scaleb(-token.decimals)


def test_orders_of_one_owner_do_not_clear_each_other(scene: Scene) -> None:
    ask, bid = scene.ask("COIN", price="250", shares="10"), scene.bid("COIN", price="256", shares="3")
    assert reason(scene, scene.taker, scene.book.clear(ask, bid, VAULT)) == error("SameOwner()")


def test_orders_that_do_not_cross_do_not_clear(scene: Scene) -> None:
    ask = scene.ask("COIN", price="256", shares="10")
    bid = scene.bid("COIN", price="250", shares="3", owner=scene.stranger)
    refusal(lambda: scene.clear(ask, bid))
    assert scene.vault(scene.owner, scene.usdc) == 1_000_000


def test_a_removed_order_is_not_taken(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.remove(ask)
    (log,) = scene.take(ask, most="1").logs
    assert log["topics"] == [TOPICS["BookV6"]["OrderNotFound"]]


def test_a_stopped_token_lets_no_take_through(scene: Scene) -> None:
    ask = scene.ask("COIN", price="250", shares="10")
    scene.stop(scene.shares["COIN"].wrapper)
    refusal(lambda: scene.take(ask, most="1"))
    scene.stop(scene.shares["COIN"].wrapper, stopped=False)
    assert len(scene.take(ask, most="1").logs) == 3


def test_a_taker_may_pay_after_it_was_given_and_called_back(newest: Scene) -> None:
    places = newest.add("Borrower")
    ask = newest.ask("COIN", price="250", shares="10")
    limits = (float_of(Decimal(0)), float_of(Decimal(2)), float_of(Decimal(300)))
    config: tuple[object, ...] = (*limits, True, [(ask.words, 0, 0, [])], b"later")
    newest.act(newest.taker, places, call_of("Borrower", "take", newest.book.address, config))
    sent = newest.chain.do("eth_call", {"to": places, "data": call_of("Borrower", "sent")}, "latest")
    assert int(sent, 16) == 2 * 10**18
    assert newest.vault(newest.owner, newest.usdc) == 1_000_500


def test_vault_zero_of_the_fifth_generation_is_a_vault_like_any_other() -> None:
    with running_anvil() as chain:
        scene = deployed(chain, Generation.V5)
        scene.deposit(scene.owner, scene.usdc, "5", vault=0)
        scene.withdraw(scene.owner, scene.usdc, "2", vault=0)
        assert scene.vault(scene.owner, scene.usdc, vault=0) == 3


def test_vault_zero_takes_no_deposit_and_gives_none(newest: Scene) -> None:
    deposit = newest.book.deposit(newest.usdc, Decimal(1), 0)
    withdrawal = newest.book.withdraw(newest.usdc, Decimal(1), 0)
    zero = newest.book.deposit(newest.usdc, Decimal(0), VAULT)
    assert reason(newest, newest.owner, deposit) == error("ZeroVaultId(address,address)")
    assert reason(newest, newest.owner, withdrawal) == error("ZeroVaultId(address,address)")
    assert reason(newest, newest.owner, zero) == error("ZeroDepositAmount(address,address,bytes32)")


def test_a_quote_states_what_an_order_gives_at_most_and_at_which_ratio(newest: Scene) -> None:
    ask = newest.ask("COIN", price="250.5", shares="10")
    assert quoted(newest, ask) == (True, 10, Decimal("250.5"))
    newest.withdraw(newest.owner, newest.shares["COIN"].wrapper, "999996")
    assert quoted(newest, ask) == (True, 4, Decimal("250.5"))
    newest.remove(ask)
    assert quoted(newest, ask) == (False, 0, 0)


def test_a_deposit_with_more_digits_than_the_token_pays_in_one_unit_more(newest: Scene) -> None:
    before = newest.balance(newest.owner, newest.usdc)
    newest.deposit(newest.owner, newest.usdc, "1.0000001", vault=7)
    assert before - newest.balance(newest.owner, newest.usdc) == Decimal("1.000001")
    assert newest.vault(newest.owner, newest.usdc, vault=7) == Decimal("1.0000001")


def test_only_operators_move_an_inventory_and_never_more_than_it_holds(newest: Scene) -> None:
    inventory, withdrawal = newest.places["Inventory"], newest.book.withdraw(newest.usdc, Decimal(2_000_000), VAULT)
    assert reason(newest, newest.stranger, withdrawal, to=inventory) == error(
        "AccessControlUnauthorizedAccount(address,bytes32)"
    )
    assert reason(newest, newest.admin, withdrawal, to=inventory) == error(
        "InsufficientVaultLiquidity(address,uint256,uint256)"
    )
    newest.act(newest.admin, inventory, call_of("Inventory", "pause"))
    assert reason(newest, newest.admin, withdrawal, to=inventory) == error("EnforcedPause()")


def test_an_order_of_an_inventory_is_taken_like_any_other(newest: Scene) -> None:
    inventory, wrapper = newest.places["Inventory"], newest.shares["COIN"].wrapper
    order = newest.book.order(inventory, Offer(wrapper, newest.usdc, Decimal(10), Decimal(250)), 1)
    newest.act(newest.admin, inventory, newest.book.add(order))
    newest.take(order, most="2")
    assert newest.vault(inventory, newest.usdc) == 1_000_500


def test_a_donation_makes_every_wrapped_share_worth_more_and_a_freeze_keeps_it(newest: Scene) -> None:
    share = newest.shares["COIN"]
    newest.donate("COIN", newest.balance(share.wrapper.address, share.token) / 4)
    assert newest.ratio("COIN") == Decimal("1.25")
    redemption = call_of("Wrapper", "redeem", units_of(Decimal(4), 18), newest.owner, newest.owner)
    newest.act(newest.owner, share.wrapper.address, redemption)
    assert newest.balance(newest.owner, share.token) == 5
    newest.freeze("COIN")
    assert reason(newest, newest.owner, redemption, to=share.wrapper.address) == error(
        "RedeemMoreThanMax(address,uint256,uint256)"
    )


def test_an_order_priced_by_an_oracle_reads_its_feeds_in_the_transaction_that_takes_it(newest: Scene) -> None:
    newest.set_price("COIN", "154.45005", expo=-5)
    newest.set_price("ETH", "1857.65949113")
    pricing = newest.priced_by("COIN", "ETH", most="10", factor="1.01", function="getPriceNoOlderThan")
    offer = Offer(newest.shares["COIN"].wrapper, newest.usdc, Decimal(0), Decimal(0), pricing=pricing)
    mined = newest.take(newest.offer(newest.owner, offer), most="2")
    paid = newest.vault(newest.owner, newest.usdc) - 1_000_000
    assert paid == Decimal("311.989101")
    trace = newest.chain.do("debug_traceTransaction", mined.tx, {"tracer": "callTracer"})
    asked = [frame["input"] for frame in frames(trace) if frame["to"] == newest.places["Pyth"]]
    assert asked == [f"0xa4ae35e0{newest.feed(symbol)[2:]}{60:064x}" for symbol in ("ETH", "COIN")]


def frames(call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield call
    for inner in call.get("calls", ()):
        yield from frames(inner)


def test_an_oracle_refuses_what_it_does_not_know_and_what_is_old(newest: Scene) -> None:
    pyth, feed = newest.places["Pyth"], bytes.fromhex(newest.feed("COIN")[2:])
    asked = call_of("Pyth", "getPriceNoOlderThan", feed, 60)
    assert reason(newest, newest.taker, asked, to=pyth) == "0x14aebe68"
    newest.set_price("COIN", "154.45", ema="153.1")
    newest.chain.mine(40)
    assert reason(newest, newest.taker, asked, to=pyth) == "0x19abf40e"
    unsafe = newest.chain.do("eth_call", {"to": pyth, "data": call_of("Pyth", "getEmaPriceUnsafe", feed)}, "latest")
    assert answer_of(["int64", "uint64", "int32", "uint256"], unsafe)[:3] == (15_310_000_000, 15_310_000, -8)


def test_a_signature_is_taken_apart_at_its_outer_commas() -> None:
    assert parts_of("f(address,(uint256,bytes)[],bytes32)") == ["address", "(uint256,bytes)[]", "bytes32"]
