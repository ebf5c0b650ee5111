"""How events of chain calls change the state of a desk."""

from __future__ import annotations

from flatbook.events import calls as ev
from flatbook.state.calls import ChainCall, WalletBook, WalletKey, call_of_intent, moved_call
from flatbook.state.desk import ENDED_CALLS_KEPT_MAX, State, oldest
from flatbook.state.orders import Broken
from flatbook.values.ids import CallId
from flatbook.values.instants import utc_day
from flatbook.values.money import ZERO, Quantity

CallEvent = (
    ev.CallSent
    | ev.CallUnknown
    | ev.CallDropped
    | ev.CallMined
    | ev.CallUnmined
    | ev.CallConfirmed
    | ev.CallDisplaced
    | ev.CallCancelIntended
)


def fold_call_intended(state: State, event: ev.CallIntended) -> None:
    """Adds a call, and counts what it moves against the caps of its wallet's day."""
    if event.call_id in state.calls:
        raise Broken(f"call {event.call_id} is intended twice")
    state.calls[event.call_id] = call_of_intent(event)
    state.open_calls[event.call_id] = None
    book, day = _book_of(state, (event.chain, event.wallet)), utc_day(event.decided_at)
    if book.day != day:
        book.day, book.calls_today, book.spent_today = day, 0, {}
    book.calls_today += 1
    if event.asset is not None and event.amount is not None and event.purpose is not ev.CallPurpose.APPROVE:
        spent = book.spent_today.get(event.asset, Quantity(ZERO))
        book.spent_today[event.asset] = Quantity(spent + event.amount)


def fold_call_signed(state: State, event: ev.CallSigned) -> None:
    """Gives a call its nonce, which no other call of the wallet may have from now on."""
    call = moved_call(state.calls[event.call_id], event)
    book = _book_of(state, call.wallet_key)
    state.calls[event.call_id] = call
    book.nonce_next = max(book.nonce_next, event.nonce + 1)


def fold_call_released(state: State, event: ev.CallReleased) -> None:
    """Takes a nonce back that no node ever saw used."""
    call = moved_call(state.calls[event.call_id], event)
    book = _book_of(state, call.wallet_key)
    state.calls[event.call_id] = call
    if book.nonce_next == event.nonce + 1:
        book.nonce_next = event.nonce


def fold_call_refused(state: State, event: ev.CallRefused) -> None:
    """Ends a call, and takes what it would have moved out of its wallet's day again."""
    call = moved_call(state.calls[event.call_id], event)
    book = _book_of(state, call.wallet_key)
    counts = call.purpose is not ev.CallPurpose.APPROVE  # the deposit that follows it counts
    if counts and call.asset is not None and call.amount is not None and book.day == utc_day(call.decided_at):
        book.spent_today[call.asset] = Quantity(book.spent_today[call.asset] - call.amount)
    _keep(state, call)


def fold_call(state: State, event: CallEvent) -> None:
    """Moves a call along its life."""
    _keep(state, moved_call(state.calls[event.call_id], event))


def _keep(state: State, call: ChainCall) -> None:
    state.calls[call.call_id] = call
    kept, left = (state.open_calls, state.ended_calls) if call.is_open else (state.ended_calls, state.open_calls)
    left.pop(call.call_id, None)
    kept[call.call_id] = None
    _forget(state)


def _book_of(state: State, key: WalletKey) -> WalletBook:
    return state.wallets.setdefault(key, WalletBook())


def _forget(state: State) -> None:
    gone: tuple[CallId, ...] = oldest(state.ended_calls, ENDED_CALLS_KEPT_MAX)
    for call_id in gone:
        del state.ended_calls[call_id]
        del state.calls[call_id]


def fold_vault_moved(state: State, event: ev.VaultMoved) -> None:
    """Moves tokens between a vault and the wallet that called."""
    state.add_balance(event.account, event.asset, event.amount, event.seen_at)
    state.add_balance(event.wallet_account, event.asset, -event.amount, event.seen_at)
