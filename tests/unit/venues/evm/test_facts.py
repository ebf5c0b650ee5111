"""What is asked about a block, and what the answers say."""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.evm.contracts import DOLLAR, token_of
from flatbook.sim.evm.logs import logs_of
from flatbook.sim.world.chain import Block
from flatbook.values.instants import later
from flatbook.venues.evm.agreement import Trouble
from flatbook.venues.evm.answers import SeenLog, log_of
from flatbook.venues.evm.facts import Wanted, facts_of, wanted_of
from flatbook.venues.evm.rpc import Refused, RefusedFor, Result, Unanswered
from flatbook.venues.raindex.booking import BlockFacts
from tests.unit.sim.evm.scene import START, contracts, fill

BLOCK = Block(7, "0x" + "ab" * 32, "0x" + "aa" * 32, START, ())
TOKEN = token_of("COIN")
REVERTED = Refused(kind=RefusedFor.REVERTED, detail="3: execution reverted")
RATIO = Wanted(number=7, block_hash=BLOCK.block_hash, at=START, ratios=(TOKEN,), names=(), receipts=())


def seen(*numbers: int, owner: str = "desk") -> list[SeenLog]:
    stated = logs_of(BLOCK, tuple(fill(number, owner=owner) for number in numbers), contracts())
    return [log for each in stated if (log := log_of(each)) is not None]


def word(number: int) -> Result:
    return Result(value=f"0x{number:064x}")


def known(found: BlockFacts | Trouble) -> BlockFacts:
    assert isinstance(found, BlockFacts)
    return found


def test_a_fill_of_ours_wants_the_ratio_and_the_names_of_its_tokens() -> None:
    wanted = wanted_of(seen(1), contracts().config(), {}, receipts=True)
    assert (wanted.at, wanted.ratios, wanted.names) == (START, (TOKEN,), (TOKEN, DOLLAR))
    assert wanted.receipts == (f"0x{1:064x}",)
    assert [call.method for call in wanted.calls()] == ["eth_call"] * 5 + ["eth_getTransactionReceipt"]


def test_names_that_are_known_are_not_asked_again_and_receipts_only_where_they_are_wanted() -> None:
    wanted = wanted_of(seen(1), contracts().config(), {TOKEN: None, DOLLAR: None}, receipts=False)
    assert (wanted.names, wanted.receipts, len(wanted.calls())) == ((), (), 1)


def test_a_fill_of_somebody_else_wants_nothing() -> None:
    assert wanted_of(seen(1, owner="other"), contracts().config(), {}, receipts=True).calls() == ()


def test_logs_that_do_not_say_when_want_their_block() -> None:
    mute = [SeenLog(**{name: getattr(log, name) for name in log.__struct_fields__} | {"at": None}) for log in seen(1)]
    wanted = wanted_of(mute, contracts().config(), {}, receipts=False)
    assert wanted.calls()[0].params == ("0x7", False)


def test_answers_are_taken_in_the_order_of_the_calls() -> None:
    wanted = wanted_of(seen(1), contracts().config(), {}, receipts=True)
    name = Result(value="0x" + b"MKR".hex().ljust(64, "0"))
    receipt = Result(value={"gasUsed": "0x2", "effectiveGasPrice": "0x3", "l1Fee": "0x4"})
    found = known(facts_of("one", wanted, (word(2 * 10**18), name, word(18), name, word(6), receipt)))
    assert found.ratios == {TOKEN: Decimal(2)}
    assert found.symbols == {TOKEN: "MKR", DOLLAR: "MKR"}
    assert found.decimals == {TOKEN: 18, DOLLAR: 6}
    assert found.receipts[f"0x{1:064x}"].gas_wei == 10


def test_what_a_contract_refuses_or_cannot_be_is_left_out() -> None:
    for outcome in (REVERTED, word(0), Result(value="0x")):
        assert known(facts_of("one", RATIO, (outcome,))).ratios == {}


def test_what_a_node_cannot_say_is_trouble() -> None:
    behind = Refused(kind=RefusedFor.BEHIND, detail="header not found")
    assert isinstance(facts_of("one", RATIO, (behind,)), Trouble)
    silent = facts_of("one", RATIO, (Unanswered(detail="gone"),))
    assert silent == Trouble(detail="one does not state what block 7 holds: gone", is_slow=True)


def test_a_block_that_is_another_one_by_now_is_trouble() -> None:
    wanted = Wanted(number=7, block_hash=BLOCK.block_hash, at=None, ratios=(), names=(), receipts=())
    stated = {"number": "0x7", "hash": BLOCK.block_hash, "timestamp": hex(START // 10**9 + 2)}
    assert known(facts_of("one", wanted, (Result(value=stated),))).at == later(START, seconds=2)
    other = Result(value={**stated, "hash": "0x" + "ff" * 32})
    assert isinstance(facts_of("one", wanted, (other,)), Trouble)
    assert isinstance(facts_of("one", wanted, (Result(value=None),)), Trouble)
