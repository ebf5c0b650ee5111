"""What the wishes for chain calls, and what wallets and nodes answer about them, become.

Every call without an outcome is resumed by looking at the chain: for a receipt of any of its signatures, for one of
them in a pool, and for the nonce of the wallet. The same bytes may be sent again at any time; a new nonce is given only
to a call none of whose signatures can be mined.
"""

from __future__ import annotations

from flatbook.engine.call_reports import (
    CallFlaw,
    CallSight,
    MinedSight,
    NotReady,
    NotReadyFor,
    Signature,
    Taken,
    TurnedDown,
    TurnedDownFor,
)
from flatbook.engine.effects import SendCall, look_of, send_of
from flatbook.engine.inputs import CallLooked, CoinRead, SendAnswered, SignAnswered, WalletDue
from flatbook.engine.move_calls import (
    OF_NO_INSTRUMENT,
    advance,
    book_call,
    confirm_call,
    displace_call,
    halt_over_call,
    refuse_call,
    sign_call,
    stuck,
    tell_shared,
    wallet_subject,
)
from flatbook.engine.reports import NotSent
from flatbook.engine.rules import WalletRules
from flatbook.engine.sound import flaw_of_number, reasonable, told
from flatbook.engine.turn import Turn
from flatbook.events import calls as ev
from flatbook.events.control import AlertName, Severity
from flatbook.events.orders import UnknownReason
from flatbook.risk.call_checks import CallView, check_call
from flatbook.state.calls import (
    UNDER_WAY,
    CallStatus,
    ChainCall,
    Mined,
    next_in_line,
    nonce_floor,
    spent_of,
)
from flatbook.state.halts import halt_over
from flatbook.state.intents import CallIntent
from flatbook.values.ids import AssetId
from flatbook.values.instants import later, utc_day
from flatbook.values.money import ZERO, Quantity, plain

DETAIL_TEXT_MAX = 256
GRACE_S = 30
MISSES_MAX = 3
NONCE_TRIES_MAX = 3
TX_TEXT = 66
WEI_DECIMALS = 18

READY_ADVICE: dict[NotReadyFor, str] = {
    NotReadyFor.NODE_BEHIND: "wait, or give the desk a node that keeps up",
    NotReadyFor.NODE_SILENT: "check the nodes of the chain: `flatbook doctor`",
    NotReadyFor.NODES_DISAGREE: "wait; if it lasts, one node is on a fork of its own",
    NotReadyFor.NONCE_UNSETTLED: "wait until the transactions of the other program are final",
    NotReadyFor.COIN_MISSING: "send coin for gas to the wallet",
    NotReadyFor.FEE_MAX: "wait until gas is cheaper, or raise the wallet's fee_coin_max",
    NotReadyFor.SIGNER_SILENT: "start the signer: `flatbook signer`",
}


def intend_call(turn: Turn, intent: CallIntent) -> None:
    """Books a wish for a call once, refuses it where risk does, and has it signed when its turn comes."""
    if intent.call_id in turn.state.calls:
        turn.drop("call_known")
        return
    denied = _denied(turn, intent)
    turn.book(_intended(turn, intent))
    call = turn.state.calls[intent.call_id]
    if denied is not None:
        refuse_call(turn, call, *denied)
    else:
        advance(turn, call.wallet_key)


def _denied(turn: Turn, intent: CallIntent) -> tuple[ev.CallRefusal, str] | None:
    key = (intent.chain, intent.wallet)
    rules, book = turn.rules.wallets.get(key), turn.state.wallets.get(key)
    if rules is None:
        return ev.CallRefusal.WALLET_UNKNOWN, f"no wallet {intent.wallet} on chain {intent.chain}"
    day, halt = utc_day(turn.now), halt_over(turn.state.halts, intent.owner, intent.account, OF_NO_INSTRUMENT)
    view = CallView(
        halt=halt.halt_id if halt is not None else None,
        waiting=len(turn.state.calls_of(key)),
        calls_today=book.calls_today if book is not None and book.day == day else 0,
        spent_today=spent_of(book, intent.asset or AssetId(""), day),
    )
    denied = check_call(view, intent, rules.limits)
    return None if denied is None else (denied.reason, denied.detail)


def _intended(turn: Turn, intent: CallIntent) -> ev.CallIntended:
    return ev.CallIntended(
        call_id=intent.call_id,
        owner=intent.owner,
        account=intent.account,
        chain=intent.chain,
        wallet=intent.wallet,
        purpose=intent.purpose,
        to=intent.to,
        payload=intent.payload,
        value=intent.value,
        asset=intent.asset,
        amount=intent.amount,
        destination=intent.destination,
        urgent=intent.urgent,
        after=intent.after,
        because=intent.because,
        evidence=intent.evidence,
        decided_at=turn.now,
        good_until=intent.good_until,
    )


def cancel_call(turn: Turn, call: ChainCall, reason: str) -> None:
    """Takes a call back: an unsigned one is refused, one under way has its nonce spent on nothing at the next look."""
    event = ev.CallCancelIntended(call_id=call.call_id, reason=reason, decided_at=turn.now)
    if book_call(turn, call, event):
        advance(turn, call.wallet_key)


def take_sign_answer(turn: Turn, item: SignAnswered) -> None:
    """Books a signature before it is sent, or why there is none."""
    call = turn.state.calls.get(item.call_id)
    if call is None or item.attempt != call.signed + 1:
        turn.drop("signature_overtaken")
    elif isinstance(item.answer, NotReady):
        _take_not_ready(turn, call, item.answer)
    elif isinstance(item.answer, CallFlaw):
        _take_flaw(turn, call, item.answer)
    else:
        _take_signature(turn, call, item.answer, item.nonce_floor)


def _take_not_ready(turn: Turn, call: ChainCall, answer: NotReady) -> None:
    turn.drop(f"call_{answer.reason.value}")
    if answer.reason is NotReadyFor.NONCE_UNSETTLED and turn.state.wallets[call.wallet_key].nonce_next:
        tell_shared(turn, call.wallet_key, told(answer.detail, DETAIL_TEXT_MAX))
    if answer.reason in (NotReadyFor.COIN_MISSING, NotReadyFor.FEE_MAX):
        detail = told(f"{call.purpose.value}: {answer.detail}; {READY_ADVICE[answer.reason]}", DETAIL_TEXT_MAX)
        stuck(turn, call.call_id, detail)


def _take_flaw(turn: Turn, call: ChainCall, answer: CallFlaw) -> None:
    detail = told(answer.detail, DETAIL_TEXT_MAX)
    if call.status is CallStatus.INTENDED:
        refuse_call(turn, call, answer.reason, detail)
    else:
        stuck(turn, call.call_id, f"it cannot be replaced: {answer.reason.value}: {detail}")


def _take_signature(turn: Turn, call: ChainCall, answer: Signature, asked_floor: int) -> None:
    flaw = _flaw_of_signature(turn, call, answer)
    if flaw is not None:
        _take_flaw(turn, call, CallFlaw(reason=ev.CallRefusal.UNREADABLE, detail=flaw))
        return
    if call.status is CallStatus.INTENDED and (halt_over_call(turn, call) is not None or call.cancel_pending):
        advance(turn, call.wallet_key)
        return
    if not _is_its_turn(turn, call, answer):
        turn.drop("signature_overtaken")
        return
    book = turn.state.wallets.get(call.wallet_key)
    if call.nonce is None and book is not None and book.nonce_next and answer.nonce > max(asked_floor, book.nonce_next):
        tell_shared(turn, call.wallet_key, f"nonces {book.nonce_next} to {answer.nonce - 1} were not used by us")
    turn.book(_signed(turn, call, answer))
    _hand_over(turn, turn.state.calls[call.call_id])


def _flaw_of_signature(turn: Turn, call: ChainCall, answer: Signature) -> str | None:
    rules = turn.rules.wallets[call.wallet_key]
    if len(answer.tx) != TX_TEXT or not answer.raw.startswith("0x02"):
        return "what was signed is no transaction of type 2"
    if min(answer.nonce, answer.gas, answer.fee_wei_max, answer.tip_wei_max) < 0 or not answer.gas:
        return "what was signed has numbers that cannot be"
    if call.nonce is not None and answer.nonce != call.nonce:
        return f"nonce {answer.nonce} was signed, and {call.nonce} is to be replaced"
    if answer.gas * answer.fee_wei_max > rules.limits.fee_coin_max.scaleb(WEI_DECIMALS):
        return f"what was signed may pay {answer.gas * answer.fee_wei_max} wei for gas"
    return None


def _is_its_turn(turn: Turn, call: ChainCall, answer: Signature) -> bool:
    """Whether a signature still fits: a first one is of the next call in line and above every nonce given since."""
    others = turn.state.calls_of(call.wallet_key)
    if call.nonce is not None:
        return call.status in (CallStatus.SENT, CallStatus.UNKNOWN)
    if next_in_line(each for each in others if each.call_id == call.call_id or each.status in UNDER_WAY) is None:
        return False
    return answer.nonce >= nonce_floor(turn.state.wallets.get(call.wallet_key), others)


def _signed(turn: Turn, call: ChainCall, answer: Signature) -> ev.CallSigned:
    return ev.CallSigned(
        call_id=call.call_id,
        attempt=call.signed + 1,
        nonce=answer.nonce,
        tx=answer.tx,
        raw=answer.raw,
        gas=answer.gas,
        fee_wei_max=answer.fee_wei_max,
        tip_wei_max=answer.tip_wei_max,
        cancels=call.cancel_pending and call.nonce is not None,
        signed_at=turn.now,
    )


def take_send_answer(turn: Turn, item: SendAnswered) -> None:
    """Books what the nodes said to signed bytes. Silence leaves the call unknown, and the chain is asked for it."""
    call = turn.state.calls.get(item.call_id)
    if call is None or call.newest is None or call.newest.attempt != item.attempt:
        turn.drop("answer_to_replaced_call")
    elif isinstance(item.answer, Taken):
        book_call(turn, call, ev.CallSent(call_id=call.call_id, attempt=item.attempt, seen_at=turn.now))
    elif isinstance(item.answer, NotSent):
        turn.drop("call_not_sent")
    elif isinstance(item.answer, TurnedDown):
        _take_turned_down(turn, call, item.answer)
    else:
        _book_unknown(turn, call, item.answer.reason)


def _book_unknown(turn: Turn, call: ChainCall, reason: UnknownReason) -> None:
    newest = call.newest
    if newest is not None:
        book_call(
            turn, call, ev.CallUnknown(call_id=call.call_id, attempt=newest.attempt, reason=reason, seen_at=turn.now)
        )


def _take_turned_down(turn: Turn, call: ChainCall, answer: TurnedDown) -> None:
    """A first signature that no node ever had and none takes is void; of any other, only the chain can say.

    A nonce that is too low is never such a proof: what used it may be these very bytes, where something on the way
    handed them over twice.
    """
    newest = call.newest
    may_be_ours = answer.reason is TurnedDownFor.NONCE_TOO_LOW or call.status is not CallStatus.SIGNED
    if may_be_ours or len(call.attempts) > 1 or newest is None:
        _book_unknown(turn, call, UnknownReason.UNREADABLE)
        turn.effects.append(look_of(turn.state.calls[call.call_id], _rules(turn, call).confirmations))
        return
    detail = told(f"{answer.reason.value}: {answer.detail}", DETAIL_TEXT_MAX)
    book_call(
        turn,
        call,
        ev.CallReleased(
            call_id=call.call_id, attempt=newest.attempt, nonce=newest.nonce, detail=detail, seen_at=turn.now
        ),
    )
    _after_release(turn, turn.state.calls[call.call_id], answer, detail)


def _after_release(turn: Turn, call: ChainCall, answer: TurnedDown, detail: str) -> None:
    if answer.reason is TurnedDownFor.OTHER:
        refuse_call(turn, call, ev.CallRefusal.NODE_REFUSED, detail)
    elif call.signed >= NONCE_TRIES_MAX:
        refuse_call(turn, call, ev.CallRefusal.NONCE_TRIES, f"signed {call.signed} times, last: {detail}")


def take_call_looked(turn: Turn, item: CallLooked) -> None:
    """Books what the nodes see of a call."""
    call = turn.state.calls.get(item.call_id)
    if call is None or not call.is_open or not call.attempts:
        turn.drop("sight_of_ended_call")
    elif isinstance(item.answer, NotReady):
        turn.drop(f"call_{item.answer.reason.value}")
    elif item.answer.mined is not None:
        _take_mined(turn, call, item.answer.mined, item.answer.head)
    elif call.status is CallStatus.MINED:
        _take_unmined(turn, call)
    else:
        _take_pending(turn, call, item.answer, item.misses)


def _take_mined(turn: Turn, call: ChainCall, sight: MinedSight, head: int) -> None:
    attempt = next((each for each in call.attempts if each.tx == sight.tx), None)
    if attempt is None or flaw_of_number("gas", sight.gas_wei) is not None or sight.gas_wei < ZERO:
        turn.drop("receipt_refused")
        return
    if call.mined is not None and not _is_same(call.mined, sight):
        _take_unmined(turn, call)
        call = turn.state.calls[call.call_id]
    if call.mined is None:
        event = ev.CallMined(
            call_id=call.call_id,
            attempt=attempt.attempt,
            tx=sight.tx,
            block=sight.block,
            block_hash=sight.block_hash,
            success=sight.success,
            gas_wei=sight.gas_wei,
            happened_at=reasonable(sight.happened_at, turn.now),
            seen_at=turn.now,
        )
        book_call(turn, call, event)
    if head - sight.block + 1 >= _rules(turn, call).confirmations:
        confirm_call(turn, turn.state.calls[call.call_id], sight.moves)
    else:
        advance(turn, call.wallet_key)


def _is_same(mined: Mined, sight: MinedSight) -> bool:
    return (mined.tx, mined.block_hash) == (sight.tx, sight.block_hash)


def _take_unmined(turn: Turn, call: ChainCall) -> None:
    mined = call.mined
    if mined is None:
        return
    book_call(
        turn,
        call,
        ev.CallUnmined(
            call_id=call.call_id, tx=mined.tx, block=mined.block, block_hash=mined.block_hash, seen_at=turn.now
        ),
    )


def _take_pending(turn: Turn, call: ChainCall, sight: CallSight, misses: int) -> None:
    newest = call.newest
    if newest is None:
        return
    if sight.nonce_settled > newest.nonce:
        if misses >= MISSES_MAX:
            displace_call(turn, call, newest.nonce)
        return
    if not sight.pooled:
        _take_missing(turn, call, misses)
        return
    if newest.tx not in sight.pooled and not call.cancel_pending:
        _hand_over(turn, call)
    elif call.status is CallStatus.UNKNOWN:
        book_call(turn, call, ev.CallSent(call_id=call.call_id, attempt=newest.attempt, seen_at=turn.now))
    _replace_if_slow(turn, turn.state.calls[call.call_id])


def _take_missing(turn: Turn, call: ChainCall, misses: int) -> None:
    """No node has the call: one of unknown fate is sent again at once, a taken one after a grace and some misses.

    Source: a transaction called dropped four seconds after it was sent was burnt twice (USD-08 of the fault catalogue);
    here the same bytes go again, which cannot be mined twice.
    """
    newest = call.newest
    if newest is None:
        return
    if call.cancel_pending and not newest.cancels:
        sign_call(turn, call)
        return
    if call.status is CallStatus.SENT:
        if misses < MISSES_MAX or turn.now < later(call.sent_at, seconds=GRACE_S):
            return
        dropped = ev.CallDropped(call_id=call.call_id, attempt=newest.attempt, misses=misses, seen_at=turn.now)
        book_call(turn, call, dropped)
    _hand_over(turn, call)


def _hand_over(turn: Turn, call: ChainCall) -> None:
    """Hands over the newest signature of a call: the same bytes, which the chain takes once."""
    effect = send_of(call)
    if effect is not None:
        turn.effects.append(effect)


def _replace_if_slow(turn: Turn, call: ChainCall) -> None:
    """Pays more for a call that waits too long, or spends its nonce on nothing where it is not wanted any more."""
    rules, newest = _rules(turn, call), call.newest
    if newest is None or call.status not in (CallStatus.SENT, CallStatus.UNKNOWN):
        return
    wants_cancel = call.cancel_pending and not newest.cancels
    is_slow = turn.now >= later(newest.signed_at, seconds=rules.bump_s) and len(call.attempts) <= rules.bumps_max
    if wants_cancel or is_slow:
        sign_call(turn, call)


def take_wallet_due(turn: Turn, item: WalletDue) -> None:
    """Asks for every call of a wallet that is under way, and has the next one signed."""
    rules = turn.rules.wallets.get(item.wallet)
    if rules is None:
        return
    for held in turn.state.calls_of(item.wallet):
        _take_back_if_unwanted(turn, held)
        call = turn.state.calls[held.call_id]
        if call.status is CallStatus.SIGNED and call.cancel_pending:
            _book_unknown(turn, call, UnknownReason.DISCONNECTED)
        elif call.status is CallStatus.SIGNED:
            _hand_over(turn, call)
        elif call.attempts:
            turn.effects.append(look_of(call, rules.confirmations))
        if call.mined is None and turn.now >= later(call.decided_at, seconds=rules.inclusion_s):
            waited = f"{call.purpose.value} is {call.status.value} for more than {rules.inclusion_s} s"
            stuck(turn, call.call_id, f"{waited}: look at gas and nodes, or `flatbook wallet cancel {call.call_id}`")
    advance(turn, item.wallet)


def _take_back_if_unwanted(turn: Turn, call: ChainCall) -> None:
    """Takes back what is under way and adds risk once a halt stands over it, or its time is over."""
    if call.status not in UNDER_WAY or call.cancel_pending or call.purpose.lowers_risk:
        return
    halt = halt_over_call(turn, call)
    if halt is not None:
        cancel_call(turn, call, f"{halt.halt_id} stands")
    elif turn.now >= call.good_until:
        cancel_call(turn, call, "it is good no more")


def take_coin(turn: Turn, item: CoinRead) -> None:
    """Tells when a wallet is short of coin for gas, and when somebody else has used it."""
    rules, book = turn.rules.wallets.get(item.wallet), turn.state.wallets.get(item.wallet)
    if rules is None:
        return
    held = Quantity(item.sight.wei.scaleb(-WEI_DECIMALS))
    if held < rules.coin_low:
        detail = (
            f"{plain(held)} {rules.coin} left for gas, {plain(rules.coin_low)} is low: send some to {item.wallet[1]}"
        )
        turn.alert(AlertName.GAS_LOW, wallet_subject(item.wallet), detail, severity=Severity.WARNING)
    else:
        turn.clear(AlertName.GAS_LOW, wallet_subject(item.wallet))
    if book is not None and book.nonce_next and item.sight.nonce > book.nonce_next:
        tell_shared(turn, item.wallet, f"nonces {book.nonce_next} to {item.sight.nonce - 1} were not used by us")
    _restore_lost(turn, item)


def _restore_lost(turn: Turn, item: CoinRead) -> None:
    """Hands calls over again that were final and whose nonce a node shows unused, after a very deep reorganisation.

    The same bytes cannot be mined twice; without them no later nonce of the wallet would ever be used.
    """
    for call_id in tuple(turn.state.ended_calls):
        call = turn.state.calls[call_id]
        held = next((each for each in call.attempts if call.mined is not None and each.tx == call.mined.tx), None)
        if held is None or call.wallet_key != item.wallet:
            continue
        if held.nonce < item.sight.nonce:
            turn.clear(AlertName.CALL_STUCK, call_id)
            continue
        again = f"nonce {held.nonce} was final and a node shows it unused: {call.purpose.value} is sent again as it was"
        stuck(turn, call_id, f"{again}; its gas and what it moved stay booked, compare with the chain")
        turn.effects.append(
            SendCall(wallet=item.wallet, call_id=call_id, attempt=held.attempt, tx=held.tx, raw=held.raw)
        )


def restart_calls(turn: Turn) -> None:
    """Makes every signed call unknown, for it may or may not have left before the restart, and asks for each."""
    for call_id in tuple(turn.state.open_calls):
        call = turn.state.calls[call_id]
        if call.status is CallStatus.SIGNED:
            _book_unknown(turn, call, UnknownReason.RESTARTED)
        rules = turn.rules.wallets.get(call.wallet_key)
        if call.attempts and rules is not None:
            turn.effects.append(look_of(turn.state.calls[call_id], rules.confirmations))


def _rules(turn: Turn, call: ChainCall) -> WalletRules:
    return turn.rules.wallets[call.wallet_key]
