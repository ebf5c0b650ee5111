"""What operators' commands about wallets and vaults become: the same wishes for calls that deciders state."""

from __future__ import annotations

from flatbook.engine.inputs import Command
from flatbook.engine.offer_caps import why_not_fill
from flatbook.engine.rules import VaultRules
from flatbook.engine.take_calls import cancel_call, intend_call
from flatbook.engine.turn import Turn
from flatbook.events.calls import CallConfirmed, CallDisplaced, CallPurpose, CallRefused
from flatbook.events.refs import ref_of_call
from flatbook.state.calls import CallStatus, ChainCall
from flatbook.state.intents import CallIntent
from flatbook.values.ids import AccountId, AssetId, CallId, EventRef, call_id_of
from flatbook.values.instants import later
from flatbook.values.money import ZERO, NumberRefused, Quantity, parse_number, plain, to_base_units

COMMAND_GOOD_S = 1_800
MOVES = (CallPurpose.APPROVE, CallPurpose.DEPOSIT, CallPurpose.WITHDRAW)


def why_not_move(turn: Turn, command: Command) -> str | None:
    """Returns why a vault cannot be moved as a command says, None when it can be tried."""
    arguments = command.arguments
    vault = _vault_of(turn, command)
    if vault is None:
        known = ", ".join(f"{asset} of {account}" for account, asset in turn.rules.vaults)
        return (
            f"no vault of this desk holds {arguments.get('asset', '')!r} at {arguments.get('account', '')!r}: {known}"
        )
    if arguments.get("move") not in [each.value for each in MOVES]:
        return f"move must be {', '.join(each.value for each in MOVES)}"
    try:
        amount = Quantity(parse_number(arguments.get("amount", "")))
        raw = to_base_units(amount, decimals=vault.decimals)
    except NumberRefused as error:
        return f"amount must be a number of tokens: {error}"
    if not raw > 0:
        return f"{plain(amount)} is not above zero"
    if arguments["move"] != CallPurpose.DEPOSIT.value:
        return None
    place = (AccountId(arguments["account"]), AssetId(arguments["asset"]))
    return why_not_fill(turn, vault.owner, place, amount)


def move_vault(turn: Turn, command: Command) -> None:
    """States the calls of a command: a deposit approves exactly its amount first, and waits for that."""
    vault, purpose = _vault_of(turn, command), CallPurpose(command.arguments["move"])
    if vault is None:
        return
    amount = Quantity(parse_number(command.arguments["amount"]))
    approves = purpose in (CallPurpose.APPROVE, CallPurpose.DEPOSIT)
    if approves:
        intend_call(turn, _wish(turn, command, vault, CallPurpose.APPROVE, amount))
    if purpose is not CallPurpose.APPROVE:
        intend_call(turn, _wish(turn, command, vault, purpose, amount))


def _vault_of(turn: Turn, command: Command) -> VaultRules | None:
    account, asset = (command.arguments.get(name, "") for name in ("account", "asset"))
    return turn.rules.vaults.get((AccountId(account), AssetId(asset)))


def _call_id(command: Command, vault: VaultRules, purpose: CallPurpose) -> CallId:
    return call_id_of(vault.owner, EventRef(f"command:{command.key}"), index=MOVES.index(purpose))


def _wish(turn: Turn, command: Command, vault: VaultRules, purpose: CallPurpose, amount: Quantity) -> CallIntent:
    raw = to_base_units(amount, decimals=vault.decimals)
    words = {
        CallPurpose.APPROVE: vault.words.approve,
        CallPurpose.DEPOSIT: vault.words.deposit,
        CallPurpose.WITHDRAW: vault.words.withdraw,
    }
    approves = purpose is CallPurpose.APPROVE
    return CallIntent(
        call_id=_call_id(command, vault, purpose),
        owner=vault.owner,
        account=turn.rules.wallets[vault.wallet].account,
        chain=vault.wallet[0],
        wallet=vault.wallet[1],
        purpose=purpose,
        to=vault.token if approves else vault.book,
        payload=words[purpose](raw),
        value=Quantity(ZERO),
        asset=AssetId(command.arguments["asset"]),
        amount=amount,
        destination=vault.book if approves else None,
        urgent=False,
        after=_call_id(command, vault, CallPurpose.APPROVE) if purpose is CallPurpose.DEPOSIT else None,
        because=EventRef(f"command:{command.key}"),
        evidence={},
        good_until=later(turn.now, seconds=COMMAND_GOOD_S),
    )


def revoke_left_over(turn: Turn) -> None:
    """Takes back what was approved for a deposit that ended without using it."""
    for event in tuple(turn.events):
        if not isinstance(event, (CallRefused, CallConfirmed, CallDisplaced)):
            continue
        call = turn.state.calls.get(event.call_id)
        if call is None or call.purpose is not CallPurpose.DEPOSIT or call.status is CallStatus.CONFIRMED:
            continue
        approved = turn.state.calls.get(call.after) if call.after is not None else None
        if approved is not None and approved.mined is not None and approved.mined.success:
            _revoke(turn, call, approved)


def _revoke(turn: Turn, call: ChainCall, approved: ChainCall) -> None:
    vaults = turn.rules.vaults.values()
    vault = next((each for each in vaults if (each.wallet, each.token) == (call.wallet_key, approved.to)), None)
    if vault is None:
        return
    intent = CallIntent(
        call_id=call_id_of(call.owner, ref_of_call(call.call_id), index=0),
        owner=call.owner,
        account=call.account,
        chain=call.chain,
        wallet=call.wallet,
        purpose=CallPurpose.REVOKE,
        to=vault.token,
        payload=vault.words.approve(0),
        value=Quantity(ZERO),
        asset=call.asset,
        amount=Quantity(ZERO),
        destination=vault.book,
        urgent=False,
        after=None,
        because=ref_of_call(call.call_id),
        evidence={},
        good_until=later(turn.now, seconds=COMMAND_GOOD_S),
    )
    intend_call(turn, intent)


def why_not_take_back(turn: Turn, command: Command) -> str | None:
    """Returns why a call cannot be taken back, None when it can be tried."""
    call = turn.state.calls.get(CallId(command.arguments.get("call_id", "")))
    if call is None:
        return f"no call {command.arguments.get('call_id', '')!r} is known"
    if call.mined is not None or not call.is_open:
        return f"the call is {call.status.value}: what stands in a block cannot be taken back"
    return "the call is being taken back already" if call.cancel_pending else None


def take_back(turn: Turn, command: Command) -> None:
    """Takes a call back."""
    cancel_call(turn, turn.state.calls[CallId(command.arguments["call_id"])], command.reason)
