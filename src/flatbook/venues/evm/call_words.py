"""What nodes say of our own transactions, and whether it is the same: pure, from outcomes to our words.

Nodes word their refusals as they like: what is known of them is sorted here, once.
Sources: the wordings of geth, reth, erigon, nethermind and anvil; the receipt of OP-stack nodes (`l1Fee`, and the
operator fee of Isthmus: gas used * operatorFeeScalar / 1e6 + operatorFeeConstant).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from flatbook.engine.call_reports import NotReady, NotReadyFor, SendAnswer, Taken, TurnedDown, TurnedDownFor
from flatbook.engine.reports import Unknown
from flatbook.events.orders import UnknownReason
from flatbook.values.money import Quantity, proportion
from flatbook.venues.evm.answers import number_of
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result
from flatbook.venues.raindex.wire import WORD, Unreadable, read_hex, read_log, read_quantity

WEI_MAX = 2**96
GAS_SPARE_PERCENT = 125
GAS_SHARE_WHOLE = 1_000_000
PRICE_WEI_MAX = 2**63 - 1
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
TRANSFER_TOPICS = ("signature", "from", "to")

_KNOWN = ("already known", "known transaction", "already imported", "alreadyknown")
_WORDINGS: tuple[tuple[TurnedDownFor, tuple[str, ...]], ...] = (
    (TurnedDownFor.NONCE_TOO_LOW, ("nonce too low", "nonce is too low", "old nonce", "oldnonce")),
    (TurnedDownFor.NONCE_TOO_HIGH, ("nonce too high", "nonce gap", "noncegap")),
    (TurnedDownFor.UNDERPRICED, ("underpriced", "fee too low", "less than block base fee", "tip too low", "feetoolow")),
    (TurnedDownFor.COIN_MISSING, ("insufficient funds", "insufficient balance for", "insufficientfunds")),
)
# What a node says of itself, or something on the way says of it: none of it tells what became of the transaction.
_UNSURE = ("-32603:", "internal", "timeout", "timed out", "deadline", "gateway", "unavailable")


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction moved of one token into the wallet, or out of it below zero. Units: smallest units."""

    token: str
    raw: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a node must say alike of a receipt. Units: gas_wei in wei, all parts of the fee included."""

    tx: str
    block: int
    block_hash: str
    success: bool
    gas_wei: int
    moves: tuple[Moved, ...] = ()


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What gas costs now, by the dearest of the nodes. Units: wei per unit of gas."""

    base_wei: int
    tip_wei: int


def send_call(raw: str) -> Call:
    """Returns the call that hands over signed bytes."""
    return Call(method="eth_sendRawTransaction", params=(raw,))


def count_call(wallet: str, block: int | str) -> Call:
    """Returns the call for the next nonce of a wallet at a block by its number or tag."""
    at = hex(block) if isinstance(block, int) else block
    return Call(method="eth_getTransactionCount", params=(wallet, at))


def coin_call(wallet: str) -> Call:
    """Returns the call for the coin that a wallet holds."""
    return Call(method="eth_getBalance", params=(wallet, "latest"))


def transaction_call(tx: str) -> Call:
    """Returns the call for a transaction, mined or waiting."""
    return Call(method="eth_getTransactionByHash", params=(tx,))


def estimate_call(wallet: str, to: str, payload: str, value: int) -> Call:
    """Returns the call that tries a transaction and says how much gas it takes."""
    asked = {"from": wallet, "to": to, "data": payload, "value": hex(value)}
    return Call(method="eth_estimateGas", params=(asked, "latest"))


def silent(name: str, what: str, outcome: Outcome) -> NotReady:
    """Returns that a node did not state something."""
    detail = outcome.detail if not isinstance(outcome, Result) else "an answer that cannot be read"
    return NotReady(reason=NotReadyFor.NODE_SILENT, detail=f"{name} does not state {what}: {detail}")


def count_of(outcome: Outcome) -> int | None:
    """Returns the nonce, block or amount of gas that a node states, None when it states none."""
    return number_of(outcome.value) if isinstance(outcome, Result) else None


def wei_of(outcome: Outcome) -> int | None:
    """Returns the amount of coin that a node states, None when it states none. Units: wei."""
    return read_quantity(outcome.value, most=WEI_MAX) if isinstance(outcome, Result) else None


def base_fee_of(outcome: Outcome) -> int | None:
    """Returns the base fee of a block, None where it states none. Units: wei per unit of gas."""
    stated = outcome.value if isinstance(outcome, Result) else None
    return read_quantity(stated.get("baseFeePerGas"), most=PRICE_WEI_MAX) if isinstance(stated, Mapping) else None


def gas_wanted(estimate: int) -> int:
    """Returns the gas that a call is given: a quarter more than the trial took, for the state may have moved."""
    return proportion(estimate, part=GAS_SPARE_PERCENT, of=100)


def fee_of(prices: Prices, gas: int, floors: tuple[int, int], total_max: Decimal) -> tuple[int, int] | NotReady:
    """Returns what a transaction pays at most for a unit of gas, and how much of it as a tip.

    Units: wei per unit of gas; total_max in wei for all of the gas.
    Gives: twice the base fee, less where the cap of the wallet wants it; NotReady where less would not be mined or not
    replace what it must.
    """
    tip = max(prices.tip_wei, floors[1])
    wanted, least = max(2 * prices.base_wei + tip, floors[0]), max(prices.base_wei + tip, floors[0])
    if gas * wanted <= total_max:
        return wanted, tip
    fitting = int(total_max) // gas
    if fitting >= least:
        return fitting, tip
    detail = f"{gas * least} wei would be paid for gas, {int(total_max)} are allowed"
    return NotReady(reason=NotReadyFor.FEE_MAX, detail=detail)


def sent_of(outcomes: Sequence[Outcome], tx: str) -> SendAnswer:
    """Returns what all nodes together said to signed bytes: taken where one has them, refused only where all refuse.

    Gives: Unknown where one of them only failed: a node that ran out of time may have handed the bytes on.
    """
    if any(_has_it(outcome, tx) for outcome in outcomes):
        return Taken()
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused) and _is_proof(outcome)]
    if len(refused) < len(outcomes):
        return Unknown(reason=UnknownReason.UNREADABLE if refused else UnknownReason.TIMED_OUT)
    sorted_out = [(_turned_down_for(each.detail.lower()), each.detail) for each in refused]
    order = list(TurnedDownFor)
    reason, detail = min(sorted_out, key=lambda each: order.index(each[0]))
    return TurnedDown(reason=reason, detail=detail)


def _has_it(outcome: Outcome, tx: str) -> bool:
    if isinstance(outcome, Refused):
        return any(word in outcome.detail.lower() for word in _KNOWN)
    return isinstance(outcome, Result) and isinstance(outcome.value, str) and outcome.value.lower() == tx


def _is_proof(outcome: Refused) -> bool:
    """Whether a refusal is of the transaction, with a code of JSON-RPC, and not of a node that is busy or broken."""
    text = outcome.detail.lower()
    is_worded = _turned_down_for(text) is not TurnedDownFor.OTHER
    is_sure = is_worded or (text.startswith("-") and not any(part in text for part in _UNSURE))
    return is_sure and outcome.kind is not RefusedFor.PACE


def _turned_down_for(text: str) -> TurnedDownFor:
    return next((kind for kind, parts in _WORDINGS if any(part in text for part in parts)), TurnedDownFor.OTHER)


def is_short_of_coin(outcome: Refused) -> bool:
    """Whether a node refused a trial because the wallet cannot pay for its gas."""
    return _turned_down_for(outcome.detail.lower()) is TurnedDownFor.COIN_MISSING


def receipt_of(outcome: Outcome, tx: str, wallet: str) -> Seen | str | None:
    """Returns the receipt that a node states, None where it has none, a text where it cannot be read.

    Gives: with it what came into the wallet, or left it, as the logs of the tokens say.
    """
    if not isinstance(outcome, Result):
        return outcome.detail
    stated = outcome.value
    if stated is None:
        return None
    if not isinstance(stated, Mapping):
        return "the receipt is no object"
    block, block_hash = read_quantity(stated.get("blockNumber")), read_hex(stated.get("blockHash"), size=WORD)
    status, gas_wei = read_quantity(stated.get("status")), _gas_wei(stated)
    if block is None or block_hash is None or status not in (0, 1) or gas_wei is None:
        return "the receipt leaves out block, status or cost"
    if str(stated.get("transactionHash")).lower() != tx:
        return "the receipt is of another transaction"
    moves = _moves(stated.get("logs"), wallet)
    if moves is None:
        return "a log of the receipt cannot be read"
    found = "0x" + block_hash.hex()
    return Seen(tx=tx, block=block, block_hash=found, success=status == 1, gas_wei=gas_wei, moves=moves)


def _moves(stated: object, wallet: str) -> tuple[Moved, ...] | None:
    if stated is None:
        return ()
    if not isinstance(stated, list):
        return None
    sums: dict[str, int] = {}
    for each in stated:
        log = read_log(each)
        if isinstance(log, Unreadable):
            return None
        if len(log.topics) != len(TRANSFER_TOPICS) or log.topics[0] != TRANSFER or len(log.payload) != WORD:
            continue
        raw, mine = int.from_bytes(log.payload, "big"), "0x" + "00" * 12 + wallet[2:]
        change = (raw if log.topics[2] == mine else 0) - (raw if log.topics[1] == mine else 0)
        sums[log.address] = sums.get(log.address, 0) + change
    return tuple(Moved(token=token, raw=raw) for token, raw in sorted(sums.items()) if raw)


def _gas_wei(receipt: Mapping[str, object]) -> int | None:
    """Returns all that a transaction paid, with the parts that only rollups have. Units: wei."""
    used = read_quantity(receipt.get("gasUsed"))
    price = read_quantity(receipt.get("effectiveGasPrice"), most=PRICE_WEI_MAX)
    data_fee = read_quantity(receipt.get("l1Fee") or 0, most=WEI_MAX)
    scalar = read_quantity(receipt.get("operatorFeeScalar") or 0)
    constant = read_quantity(receipt.get("operatorFeeConstant") or 0, most=WEI_MAX)
    if used is None or price is None or data_fee is None or scalar is None or constant is None:
        return None
    return used * price + data_fee + proportion(used, part=scalar, of=GAS_SHARE_WHOLE) + constant


def is_pooled(outcome: Outcome, tx: str) -> bool | str:
    """Returns whether a node knows a transaction, in its pool or in a block; a text where it does not say."""
    if not isinstance(outcome, Result):
        return outcome.detail
    stated = outcome.value
    if stated is None:
        return False
    return isinstance(stated, Mapping) and str(stated.get("hash")).lower() == tx


def quantity_of(wei: int) -> Quantity:
    """Returns an amount of wei as an exact number. Units: wei."""
    return Quantity(Decimal(wei))
