"""A desk with a wallet and without a shell: wishes, signatures, answers and sights go into the production step."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.call_reports import (
    CallSight,
    CoinSight,
    LookAnswer,
    MinedSight,
    SendAnswer,
    SignAnswer,
    Signature,
    Taken,
    TurnedDown,
    TurnedDownFor,
)
from flatbook.engine.effects import CallEffect, LookForCall, SendCall, SignCall
from flatbook.engine.inputs import CallLooked, CoinRead, SendAnswered, SignAnswered, WalletDue
from flatbook.engine.rules import VaultRules, WalletRules
from flatbook.engine.step import Step
from flatbook.engine.take_calls import cancel_call, intend_call
from flatbook.engine.turn import Turn
from flatbook.events.calls import CallPurpose
from flatbook.risk.call_limits import AllowedCall, CallLimits
from flatbook.state.calls import ChainCall
from flatbook.state.intents import CallIntent
from flatbook.values.ids import AccountId, AssetId, CallId, EventRef, WalletId, call_id_of
from flatbook.values.instants import later
from flatbook.values.money import Quantity
from tests.desk import BASE, OWNER, VAULT
from tests.unit.engine.scene import Bench

WALLET = WalletId("0x" + "0a" * 20)
KEY = (BASE, WALLET)
BOOK, TOKEN = "0x" + "0b" * 20, "0x" + "0c" * 20
USDC, ETH = AssetId("USDC"), AssetId("ETH")
DEPOSIT, WITHDRAW, REMOVE, APPROVE = "0x2fbc4ba0", "0x60746119", "0xaaaaaaaa", "0x095ea7b3"
LIMITS = CallLimits(
    allowed=(
        AllowedCall(to=BOOK, selector=DEPOSIT),
        AllowedCall(to=BOOK, selector=REMOVE),
        AllowedCall(to=BOOK, selector=WITHDRAW),
        AllowedCall(to=TOKEN, selector=APPROVE, destinations=(BOOK,)),
    ),
    amount_max={USDC: Decimal(1000)},
    amount_day_max={USDC: Decimal(2500)},
    calls_day_max=20,
    fee_coin_max=Decimal("0.01"),
)
HOLDINGS = AccountId("base:wallet")
RULES = WalletRules(account=HOLDINGS, coin=ETH, limits=LIMITS, coin_low=Decimal("0.05"))


class Words:
    """The bytes of calls, of no other shape than risk looks at."""

    def approve(self, raw: int) -> str:
        return f"{APPROVE}{raw:064x}"

    def deposit(self, raw: int) -> str:
        return f"{DEPOSIT}{raw:064x}"

    def withdraw(self, raw: int) -> str:
        return f"{WITHDRAW}{raw:064x}"


VAULT_RULES = VaultRules(owner=OWNER, wallet=KEY, token=TOKEN, decimals=6, book=BOOK, words=Words())
SELECTORS = {
    CallPurpose.DEPOSIT: (BOOK, DEPOSIT, None),
    CallPurpose.REMOVE_ORDER: (BOOK, REMOVE, None),
    CallPurpose.APPROVE: (TOKEN, APPROVE, BOOK),
}


def wish(purpose: str = "deposit", number: int = 0, amount: str | None = "100", **changes: Any) -> CallIntent:
    """Returns a wish for a call."""
    to, selector, destination = SELECTORS[CallPurpose(purpose)]
    plain = CallIntent(
        call_id=call_id_of(OWNER, EventRef("test"), index=number),
        owner=OWNER,
        account=HOLDINGS,
        chain=BASE,
        wallet=WALLET,
        purpose=CallPurpose(purpose),
        to=to,
        payload=selector + "00" * 32,
        value=Quantity(Decimal(0)),
        asset=None if amount is None else USDC,
        amount=None if amount is None else Quantity(Decimal(amount)),
        destination=destination,
        urgent=False,
        after=None,
        because=None,
        evidence={},
        good_until=later(Bench().now, seconds=3600),
    )
    return msgspec.structs.replace(plain, **changes)


def tx_of(number: int) -> str:
    """Returns a transaction hash."""
    return f"0x{number:064x}"


class CallBench(Bench):
    """A desk with one wallet, and the calls it wants."""

    def __init__(self, **rules: Any) -> None:
        super().__init__()
        wallets = {KEY: msgspec.structs.replace(RULES, **rules)}
        self.rules = msgspec.structs.replace(self.rules, wallets=wallets, vaults={(VAULT, USDC): VAULT_RULES})

    def wait(self, seconds: int) -> CallBench:
        """Lets time pass, with a fresh price at its end."""
        super().wait(seconds)
        return self

    def wants(self, intent: CallIntent) -> CallId:
        """Takes a wish as a decider states it, and returns the id of the call."""
        turn = self._turn()
        intend_call(turn, intent)
        self._keep(turn)
        return intent.call_id

    def takes_back(self, call_id: CallId) -> None:
        """Takes an operator's wish that a call shall not happen."""
        turn = self._turn()
        cancel_call(turn, self.state.calls[call_id], "not wanted")
        self._keep(turn)

    def _turn(self) -> Turn:
        self.effects.clear()
        return Turn(self.state, self.market, self.wakes, now=self.now, rules=self.rules)

    def _keep(self, turn: Turn) -> None:
        self.events += turn.events
        self.effects += turn.effects
        self.dropped += turn.dropped

    def signed(self, call_id: CallId, nonce: int = 0, number: int = 1, **changes: Any) -> Step:
        """Takes a signature of the next attempt of a call."""
        plain = Signature(
            nonce=nonce, tx=tx_of(number), raw=f"0x02{number:04x}", gas=100_000, fee_wei_max=2_000, tip_wei_max=100
        )
        return self.sign_answer(call_id, msgspec.structs.replace(plain, **changes))

    def sign_answer(self, call_id: CallId, answer: SignAnswer) -> Step:
        """Takes what a wallet answered when it was asked to sign the next attempt of a call."""
        attempt = self.state.calls[call_id].signed + 1
        return self.take(SignAnswered(call_id=call_id, attempt=attempt, nonce_floor=0, answer=answer))

    def sent(self, call_id: CallId, answer: SendAnswer | None = None) -> Step:
        """Takes what the nodes answered to the newest signature of a call; that one took it, where nothing is said."""
        attempt = self.state.calls[call_id].signed
        return self.take(SendAnswered(call_id=call_id, attempt=attempt, answer=answer or Taken()))

    def turned_down(self, call_id: CallId, reason: str) -> Step:
        """Takes that no node took the newest signature of a call."""
        answer = TurnedDown(reason=TurnedDownFor(reason), detail="next nonce 8")
        return self.sent(call_id, answer)

    def under_way(self, nonce: int = 0) -> CallId:
        """Returns a call that a node holds in its pool."""
        call_id = self.wants(wish())
        self.signed(call_id, nonce)
        self.sent(call_id)
        return call_id

    def looked(self, call_id: CallId, answer: LookAnswer, misses: int = 0) -> Step:
        """Takes what the nodes see of a call."""
        return self.take(CallLooked(call_id=call_id, answer=answer, misses=misses))

    def mined(self, call_id: CallId, number: int = 1, block: int = 100, head: int = 100, **changes: Any) -> Step:
        """Takes that all nodes show a receipt."""
        plain = MinedSight(
            tx=tx_of(number),
            block=block,
            block_hash=f"0xaa{block:062x}",
            success=True,
            gas_wei=Quantity(Decimal(150_000_000)),
            happened_at=self.now,
        )
        return self.looked(call_id, sight(head=head, mined=msgspec.structs.replace(plain, **changes)))

    def due(self) -> Step:
        """Takes that it is time to look after the wallet."""
        return self.take(WalletDue(wallet=KEY))

    def coin(self, ether: str, nonce: int = 0) -> Step:
        """Takes what the wallet holds for gas."""
        return self.take(CoinRead(wallet=KEY, sight=CoinSight(wei=Quantity(Decimal(ether).scaleb(18)), nonce=nonce)))

    def call(self, call_id: CallId) -> ChainCall:
        """Returns a call as it stands."""
        return self.state.calls[call_id]

    def stands(self, call_id: CallId) -> str:
        """Returns the status of a call."""
        return self.state.calls[call_id].status.value


def sight(**changes: Any) -> CallSight:
    """Returns what nodes see of a call that nobody has."""
    plain = CallSight(head=100, mined=None, pooled=(), nonce=0, nonce_settled=0)
    return msgspec.structs.replace(plain, **changes)


def asked(effects: list[Any] | tuple[Any, ...]) -> list[str]:
    """Returns what is asked of wallets and nodes."""
    names = {SignCall: "sign", SendCall: "send", LookForCall: "look"}
    return [names[type(effect)] for effect in effects if isinstance(effect, CallEffect)]


def to_sign(effects: list[Any] | tuple[Any, ...]) -> Any:
    """Returns the one call that is to be signed."""
    (effect,) = [effect for effect in effects if isinstance(effect, SignCall)]
    return effect.call
