"""The signer: it signs what its own rules allow, from the very bytes, and remembers what it signed of a day."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.services.signer import SignerDesk, serve_signer
from flatbook.services.signing_rules import NotSigned, SignedMove, SigningRules, Spending, verdict_of
from flatbook.values.ids import AssetId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.venues.evm.remote_signer import RemoteSigner
from flatbook.venues.evm.signing import LocalSigner, SignedTx, SignerRefused, SignerSilent, TxFields, address_of_key
from flatbook.venues.raindex.calls import (
    BookVersion,
    OrderSide,
    OrderTerms,
    VaultPart,
    add_order_payload,
    approve_payload,
    deposit_payload,
    multicall_payload,
    remove_order_payload,
    withdraw_payload,
)

KEY = "0x" + "5a" * 32
WALLET = address_of_key(KEY)
BOOK, TOKEN, STRANGE = "0x" + "0b" * 20, "0x" + "0c" * 20, "0x" + "ee" * 20
RULES = SigningRules(
    chain=8453,
    wallet=WALLET,
    moves=(
        SignedMove(
            asset=AssetId("USDC"),
            version=BookVersion.V6,
            token=TOKEN,
            decimals=6,
            book=BOOK,
            vault=0xFAB,
            amount_max=Decimal(100),
            amount_day_max=Decimal(250),
        ),
    ),
    order_books=(BOOK,),
    tokens=(TOKEN,),
    fee_wei_max=10**15,
    calls_day_max=5,
)
START = instant_of_text("2025-12-02T14:30:00Z")


def part(amount: str = "100", **changes: Any) -> VaultPart:
    raw = int(Decimal(amount) * 10**6)
    return msgspec.structs.replace(VaultPart(token=TOKEN, vault=0xFAB, raw=raw, decimals=6), **changes)


def order(owner: str = WALLET, token: str = TOKEN) -> OrderTerms:
    side = OrderSide(token=token, decimals=6, vault=1)
    return OrderTerms(
        owner=owner, interpreter=BOOK, store=BOOK, bytecode=b"x", inputs=(side,), outputs=(side,), nonce=bytes(32)
    )


def fields(payload: str, to: str = BOOK, **changes: Any) -> TxFields:
    plain = TxFields(
        chain=8453, nonce=3, to=to, payload=payload, value=0, gas=100_000, fee_wei_max=10**9, tip_wei_max=1
    )
    return msgspec.structs.replace(plain, **changes)


def why(asked: TxFields) -> str:
    verdict = verdict_of(asked, RULES)
    return verdict.why if isinstance(verdict, NotSigned) else ""


V6 = BookVersion.V6


@pytest.mark.parametrize(
    ("asked", "amount"),
    [
        (fields(approve_payload(BOOK, 100_000_000), TOKEN), "0"),
        (fields(deposit_payload(V6, part())), "100"),
        (fields(withdraw_payload(V6, part("1000000"))), "0"),
        (fields(add_order_payload(V6, order())), "0"),
        (fields(remove_order_payload(V6, order())), "0"),
        (fields(multicall_payload([remove_order_payload(V6, order())] * 2)), "0"),
        (fields("0x", WALLET), "0"),
    ],
)
def test_what_is_named_is_signed_for_what_its_bytes_say(asked: TxFields, amount: str) -> None:
    verdict = verdict_of(asked, RULES)
    assert isinstance(verdict, Spending)
    assert verdict.amount == Decimal(amount)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (fields("0xdeadbeef"), "is no function that is signed"),
        (fields("0x"), "is no function that is signed"),
        (fields("0xa9059cbb" + "00" * 64, TOKEN), "is no function that is signed"),
        (fields(approve_payload(STRANGE, 1), TOKEN), "may not be approved"),
        (fields(approve_payload(BOOK, 2**256 - 1), TOKEN), "at once"),
        (fields(approve_payload(BOOK, 100_000_001), TOKEN), "100.000001 USDC at once, 100 are allowed"),
        (fields(deposit_payload(V6, part("100.000001"))), "100.000001 USDC at once"),
        (fields(deposit_payload(V6, part(vault=1))), "is not named"),
        (fields(deposit_payload(V6, part(token=STRANGE))), "is not named"),
        (fields(deposit_payload(V6, part()), STRANGE), "is not named"),
        (fields(deposit_payload(BookVersion.V5, part())), "is not named"),
        (fields(deposit_payload(V6, part("0"))), "nothing would be moved"),
        (fields(deposit_payload(V6, part())[:-2]), "cannot be read"),
        (fields(deposit_payload(V6, part()) + "00"), "cannot be read"),
        (fields(add_order_payload(V6, order(token=STRANGE))), "is no token of this desk"),
        (fields(add_order_payload(V6, order()), STRANGE), "are not signed"),
        (fields(remove_order_payload(V6, order(owner=STRANGE))), "not one of the wallet"),
        (fields(multicall_payload([deposit_payload(V6, part())])), "only orders"),
        (fields(multicall_payload([])), "0 calls in one"),
        (fields(deposit_payload(V6, part()), value=1), "1 wei would leave"),
        (fields(deposit_payload(V6, part()), chain=1), "chain 1 is not 8453"),
        (fields(deposit_payload(V6, part()), gas=2_000_000), "gas may cost"),
    ],
)
def test_what_is_not_named_or_cannot_be_read_is_refused(asked: TxFields, told: str) -> None:
    assert told in why(asked)


@given(
    st.sampled_from(["095ea7b3", "2fbc4ba0", "60746119", "709fb8a5", "1f69cb75", "ac9650d8"]), st.binary(max_size=400)
)
def test_arbitrary_bytes_raise_nothing(selector: str, tail: bytes) -> None:
    assert isinstance(verdict_of(fields(f"0x{selector}{tail.hex()}"), RULES), (NotSigned, Spending))


class Clock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> Instant:
        return self.at

    async def sleep_until(self, at: Instant) -> None:
        self.at = at


def desk(folder: Path, clock: Clock | None = None) -> SignerDesk:
    signer = LocalSigner(WALLET, lambda: KEY)
    return SignerDesk(RULES, signer, clock or Clock(), kept=folder / "signed.json")


def ask(desk: SignerDesk, asked: TxFields) -> str | None:
    return asyncio.run(desk.answer(msgspec.json.encode(asked))).refused


def test_a_day_has_its_cap_and_a_restart_does_not_open_it_anew(tmp_path: Path) -> None:
    clock = Clock()
    first = desk(tmp_path, clock)
    assert ask(first, fields(deposit_payload(V6, part("100")))) is None
    assert ask(first, fields(deposit_payload(V6, part("100")), nonce=4)) is None
    again = desk(tmp_path, clock)
    assert ask(again, fields(deposit_payload(V6, part("60")), nonce=5)) == "260 USDC in a day, 250 are allowed"
    clock.at = later(START, seconds=86_400)
    assert ask(again, fields(deposit_payload(V6, part("60")), nonce=5)) is None


def test_the_same_call_at_a_higher_fee_counts_once(tmp_path: Path) -> None:
    once = desk(tmp_path)
    for fee in range(10):
        assert ask(once, fields(deposit_payload(V6, part("100")), fee_wei_max=10**9 + fee)) is None


def test_a_day_has_so_many_calls(tmp_path: Path) -> None:
    once = desk(tmp_path)
    answers = [ask(once, fields(add_order_payload(V6, order()), nonce=nonce)) for nonce in range(6)]
    assert answers[:5] == [None] * 5
    assert answers[5] == "5 calls today, 5 are allowed"


@pytest.mark.parametrize(
    "asked",
    [
        fields(remove_order_payload(V6, order())),
        fields(withdraw_payload(V6, part())),
        fields(approve_payload(BOOK, 0), TOKEN),
        fields("0x", WALLET),
    ],
)
def test_what_only_takes_back_is_signed_beyond_a_full_day_up_to_twice_its_calls(
    tmp_path: Path, asked: TxFields
) -> None:
    once = desk(tmp_path)
    for nonce in range(5):
        assert ask(once, fields(add_order_payload(V6, order()), nonce=nonce)) is None
    answers = [ask(once, msgspec.structs.replace(asked, nonce=nonce)) for nonce in range(5, 11)]
    assert answers == [None] * 5 + ["10 calls today, 10 are allowed"]


def test_a_clock_that_goes_back_opens_no_cap_anew(tmp_path: Path) -> None:
    clock = Clock()
    once = desk(tmp_path, clock)
    for nonce in (3, 4):
        assert ask(once, fields(deposit_payload(V6, part("100")), nonce=nonce)) is None
    for seconds in (-86_400, 0):
        clock.at = later(START, seconds=seconds)
        again = fields(deposit_payload(V6, part("60")), nonce=5)
        assert ask(once, again) == "260 USDC in a day, 250 are allowed"


def test_a_record_of_the_day_that_cannot_be_read_signs_nothing(tmp_path: Path) -> None:
    (tmp_path / "signed.json").write_text("{")
    (tmp_path / "signed.json").chmod(0o600)
    with pytest.raises(ValueError, match="does not say what was signed"):
        desk(tmp_path)


def test_a_line_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    answer = asyncio.run(desk(tmp_path).answer(b"{]"))
    assert answer.refused == "what was asked cannot be read"


def test_over_its_socket_it_signs_refuses_and_is_silent_when_it_is_gone(tmp_path: Path) -> None:
    socket = tmp_path / "signer.sock"
    allowed, refused = fields(deposit_payload(V6, part())), fields("0xdeadbeef")

    async def session() -> list[object]:
        stop = asyncio.Event()
        serving = asyncio.create_task(serve_signer(desk(tmp_path), socket, stop))
        while not socket.exists() and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
        remote = RemoteSigner(socket, WALLET)
        answers: list[object] = [await remote.sign(allowed), await remote.sign(refused)]
        answers.append(await RemoteSigner(socket, address_of_key("0x" + "11" * 32)).sign(allowed))
        stop.set()
        await serving
        answers.append(await remote.sign(allowed))
        return answers

    signed, not_signed, other, gone = asyncio.run(session())
    assert isinstance(signed, SignedTx)
    assert not_signed == SignerRefused(detail="0xdeadbeef is no function that is signed")
    assert isinstance(other, SignerRefused)
    assert "signed it" in other.detail
    assert isinstance(gone, SignerSilent)
