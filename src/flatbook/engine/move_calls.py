"""Books what happens in the life of a chain call, and says which call of a wallet goes out next."""

from __future__ import annotations

from collections.abc import Iterator

from flatbook.engine.call_reports import TokenMove
from flatbook.engine.effects import SignCall
from flatbook.engine.ports import CallToSign
from flatbook.engine.rules import WalletRules
from flatbook.engine.turn import Turn
from flatbook.events import calls as ev
from flatbook.events.chain import GasSpent
from flatbook.events.control import AlertName, Severity
from flatbook.events.event import Event
from flatbook.events.refs import ref_of, ref_of_call
from flatbook.state.calls import (
    CALL_TRANSITIONS,
    CallStatus,
    ChainCall,
    WalletKey,
    call_move_of,
    next_in_line,
    nonce_floor,
)
from flatbook.state.halts import Halt, halt_over
from flatbook.values.ids import CallId, InstrumentId
from flatbook.values.money import ZERO, Quantity, from_base_units

SIGNATURES_MAX = 16
WEI_DECIMALS = 18
OF_NO_INSTRUMENT = InstrumentId("")

_FAILURES = (AlertName.CALL_REFUSED, AlertName.CALL_REVERTED, AlertName.CALL_DISPLACED)


def wallet_subject(wallet: WalletKey) -> str:
    """Returns what an alert about a wallet is about."""
    return f"{wallet[0]}:{wallet[1]}"


def subject_of(call: ChainCall) -> str:
    """Returns what an alert about a failed call is about: the next one of its kind that succeeds clears it."""
    return f"{call.owner}:{call.chain}:{call.purpose.value}:{call.to}"


def book_call(turn: Turn, call: ChainCall, event: Event) -> bool:
    """Books an event of a call's life if it fits, drops it if the call has moved on, and says whether it was booked."""
    move = call_move_of(call, event)
    if move is None or (call.status, move) not in CALL_TRANSITIONS:
        turn.drop(f"stale_call_{move.value if move is not None else 'report'}")
        return False
    turn.book(event)
    after = turn.state.calls[call.call_id]
    if after.mined is not None or not after.is_open:
        turn.clear(AlertName.CALL_STUCK, after.call_id)
    if not after.is_open:
        advance(turn, after.wallet_key)
    return True


def refuse_call(turn: Turn, call: ChainCall, reason: ev.CallRefusal, detail: str) -> None:
    """Ends a call of which nothing was ever sent, and tells what to do about it."""
    event = ev.CallRefused(call_id=call.call_id, reason=reason, detail=detail, seen_at=turn.now)
    if not book_call(turn, call, event) or reason is ev.CallRefusal.CANCELED:
        return
    told = f"{call.purpose.value}: {reason.value}: {detail}; {ev.CALL_ADVICE[reason]}"
    turn.alert(AlertName.CALL_REFUSED, subject_of(call), told, severity=Severity.CRITICAL, because=ref_of(event))


def confirm_call(turn: Turn, call: ChainCall, moves: tuple[TokenMove, ...]) -> None:
    """Ends a call whose block is deep enough, and books its gas, whether or not it succeeded, and what it moved."""
    rules, mined = turn.rules.wallets.get(call.wallet_key), call.mined
    if mined is None or rules is None:
        return
    event = ev.CallConfirmed(
        call_id=call.call_id,
        tx=mined.tx,
        block=mined.block,
        block_hash=mined.block_hash,
        success=mined.success,
        seen_at=turn.now,
    )
    if (call.chain, mined.tx) not in turn.state.gas:
        turn.book(_gas_of(turn, call, rules))
    for moved in _vault_moves(turn, call, moves):
        turn.book(moved)
    book_call(turn, call, event)
    after = turn.state.calls[call.call_id]
    if after.status is CallStatus.CONFIRMED:
        for name in _FAILURES:
            turn.clear(name, subject_of(call))
    elif after.status is CallStatus.REVERTED:
        told = f"{call.purpose.value} {call.call_id} reverted in block {mined.block}; its gas is booked, nothing moved"
        turn.alert(AlertName.CALL_REVERTED, subject_of(call), told, severity=Severity.CRITICAL, because=ref_of(event))


def _gas_of(turn: Turn, call: ChainCall, rules: WalletRules) -> GasSpent:
    mined = call.mined
    assert mined is not None
    return GasSpent(
        chain=call.chain,
        tx=mined.tx,
        block=mined.block,
        owner=call.owner,
        account=call.account,
        coin=rules.coin,
        wei_amount=mined.gas_wei,
        coin_usd=turn.state.mark(rules.coin),
        success=mined.success,
        happened_at=mined.happened_at,
        seen_at=turn.now,
    )


def _vault_moves(turn: Turn, call: ChainCall, moves: tuple[TokenMove, ...]) -> Iterator[ev.VaultMoved]:
    """Yields what a call moved between its wallet and the vaults of the desk that keep these tokens."""
    rules, mined = turn.rules.wallets.get(call.wallet_key), call.mined
    if rules is None or mined is None or call.purpose not in (ev.CallPurpose.DEPOSIT, ev.CallPurpose.WITHDRAW):
        return
    for (account, asset), vault in turn.rules.vaults.items():
        raw = sum(-move.raw for move in moves if move.token == vault.token)
        if raw and (vault.wallet, vault.book) == (call.wallet_key, call.to):
            yield ev.VaultMoved(
                call_id=call.call_id,
                chain=call.chain,
                tx=mined.tx,
                owner=vault.owner,
                account=account,
                wallet_account=rules.account,
                asset=asset,
                amount=from_base_units(raw, decimals=vault.decimals),
                happened_at=mined.happened_at,
                seen_at=turn.now,
            )


def displace_call(turn: Turn, call: ChainCall, nonce: int) -> None:
    """Ends a call whose nonce another transaction used for good."""
    event = ev.CallDisplaced(call_id=call.call_id, nonce=nonce, seen_at=turn.now)
    if book_call(turn, call, event):
        told = (
            f"{call.purpose.value} {call.call_id}: another transaction of the wallet used nonce {nonce}: nothing moved"
        )
        turn.alert(AlertName.CALL_DISPLACED, subject_of(call), told, severity=Severity.CRITICAL, because=ref_of(event))
        tell_shared(turn, call.wallet_key, f"nonce {nonce} was not used by us")


def tell_shared(turn: Turn, wallet: WalletKey, what: str) -> None:
    """Tells that another program uses a wallet of ours."""
    detail = f"{what}: another program sends from this wallet; stop it, or give this desk a wallet of its own"
    turn.alert(AlertName.WALLET_SHARED, wallet_subject(wallet), detail, severity=Severity.CRITICAL)


def halt_over_call(turn: Turn, call: ChainCall) -> Halt | None:
    """Returns the standing halt that a call which adds risk falls under; None when it is free."""
    if call.purpose.lowers_risk:
        return None
    return halt_over(turn.state.halts, call.owner, call.account, OF_NO_INSTRUMENT)


def advance(turn: Turn, wallet: WalletKey) -> None:
    """Ends the calls of a wallet that may not be signed any more, and has the next one signed if none is under way."""
    for call in turn.state.calls_of(wallet):
        why = _why_not_sign(turn, call) if call.status is CallStatus.INTENDED else None
        if why is not None:
            refuse_call(turn, call, *why)
            return
    waiting = tuple(call for call in turn.state.calls_of(wallet) if not _awaits(turn, call))
    head = next_in_line(waiting)
    if head is not None:
        sign_call(turn, head)


def _why_not_sign(turn: Turn, call: ChainCall) -> tuple[ev.CallRefusal, str] | None:
    if call.cancel_pending:
        return ev.CallRefusal.CANCELED, "taken back before it was signed"
    if turn.now >= call.good_until:
        return ev.CallRefusal.EXPIRED, f"it waited from {call.decided_at} to {call.good_until}"
    if (halt := halt_over_call(turn, call)) is not None:
        return ev.CallRefusal.HALTED, f"{call.purpose.value} under {halt.halt_id}"
    if call.after is None:
        return None
    before = turn.state.calls.get(call.after)
    if before is None or (not before.is_open and before.status is not CallStatus.CONFIRMED):
        state = "not known" if before is None else before.status.value
        return ev.CallRefusal.PREREQUISITE_FAILED, f"the call before it, {call.after}, is {state}"
    return None


def _awaits(turn: Turn, call: ChainCall) -> bool:
    """Whether an unsigned call waits for another one to succeed in a block."""
    if call.status is not CallStatus.INTENDED or call.after is None:
        return False
    before = turn.state.calls[call.after]
    return before.is_open and (before.mined is None or not before.mined.success)


def sign_call(turn: Turn, call: ChainCall) -> None:
    """Asks for the next signature of a call: its first one under a new nonce, or one that replaces the newest."""
    rules = turn.rules.wallets.get(call.wallet_key)
    if rules is None or call.signed >= SIGNATURES_MAX:
        return
    others, book = turn.state.calls_of(call.wallet_key), turn.state.wallets.get(call.wallet_key)
    newest = call.newest
    raised = (100 + rules.bump_percent) if newest is not None else 0
    cancels = call.cancel_pending and newest is not None
    to_sign = CallToSign(
        call_id=call.call_id,
        attempt=call.signed + 1,
        to=call.wallet if cancels else call.to,
        payload="0x" if cancels else call.payload,
        value=Quantity(ZERO) if cancels else call.value,
        nonce=call.nonce,
        nonce_floor=nonce_floor(book, others) if newest is None else newest.nonce,
        confirmations=rules.confirmations,
        gas=newest.gas if newest is not None else None,
        fee_wei_floor=_raised(newest.fee_wei_max, raised) if newest is not None else 0,
        tip_wei_floor=_raised(newest.tip_wei_max, raised) if newest is not None else 0,
        fee_wei_total_max=Quantity(rules.limits.fee_coin_max.scaleb(WEI_DECIMALS)),
        block_seen=max((each.mined.block for each in others if each.mined is not None), default=0),
        cancels=cancels,
    )
    turn.effects.append(SignCall(wallet=call.wallet_key, call=to_sign))


def _raised(wei: int, percent: int) -> int:
    """Returns a fee raised to a percentage of itself, rounded up: nodes refuse one wei less."""
    return -(-wei * percent // 100)


def stuck(turn: Turn, call_id: CallId, detail: str) -> None:
    """Tells that a call does not move on."""
    turn.alert(AlertName.CALL_STUCK, call_id, detail, severity=Severity.WARNING, because=ref_of_call(call_id))
