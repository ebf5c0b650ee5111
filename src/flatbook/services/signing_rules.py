"""What a signer signs: decided from the very bytes, by rules of its own, whatever the engine thinks of them.

Whatever cannot be read to the last byte, or is not named, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from flatbook.values.ids import AssetId
from flatbook.values.money import ZERO, NumberRefused, from_base_units, plain
from flatbook.venues.evm.signing import TxFields
from flatbook.venues.raindex.calls import ADDS, ARGUMENTS, DEPOSITS, REMOVES, WITHDRAWS, BookVersion, Function
from flatbook.venues.raindex.rain_float import FloatRefused, decimal_cut, unpack

SELECTOR_TEXT = 10
PAYLOAD_TEXT_MAX = 65_536
INNER_CALLS_MAX = 32
FUNCTIONS = {function.value: function for function in Function}


class SignedMove(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a vault that may be moved. Units: caps in units of the asset."""

    asset: AssetId
    version: BookVersion
    token: str
    decimals: int
    book: str
    vault: int
    amount_max: Decimal
    amount_day_max: Decimal


class SigningRules(msgspec.Struct, frozen=True, kw_only=True):
    """All that a wallet may sign on one chain. Units: fee_wei_max in wei for all of the gas of a transaction."""

    chain: int
    wallet: str
    moves: tuple[SignedMove, ...]
    order_books: tuple[str, ...]
    tokens: tuple[str, ...]
    fee_wei_max: int
    calls_day_max: int


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction may cost its wallet: nothing, or so much of an asset. Units: units of the asset.

    `takes_back` says that it only takes back what others could trade against, or spends its nonce on nothing.
    """

    asset: AssetId | None = None
    amount: Decimal = ZERO
    day_max: Decimal = ZERO
    takes_back: bool = False


class NotSigned(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is signed."""

    why: str


Verdict = Spending | NotSigned
FREE = Spending()
TAKES_BACK = Spending(takes_back=True)


def verdict_of(fields: TxFields, rules: SigningRules) -> Verdict:
    """Returns what a transaction may spend, or why it is not signed."""
    if fields.chain != rules.chain:
        return NotSigned(why=f"chain {fields.chain} is not {rules.chain}")
    if fields.value:
        return NotSigned(why=f"{fields.value} wei would leave the wallet")
    if fields.gas * fields.fee_wei_max > rules.fee_wei_max:
        return NotSigned(why=f"gas may cost {fields.gas * fields.fee_wei_max} wei, {rules.fee_wei_max} are allowed")
    if fields.to == rules.wallet and fields.payload == "0x":
        return TAKES_BACK
    return _verdict_of_call(fields.to, fields.payload, rules)


def _verdict_of_call(to: str, payload: str, rules: SigningRules) -> Verdict:
    function = FUNCTIONS.get(payload[:SELECTOR_TEXT])
    judge = _JUDGES.get(function) if function is not None else None
    if function is None or judge is None or len(payload) > PAYLOAD_TEXT_MAX:
        return NotSigned(why=f"{payload[:SELECTOR_TEXT]} is no function that is signed")
    arguments = _arguments(function, payload)
    if arguments is None:
        return NotSigned(why=f"the arguments of {function.name.lower()} cannot be read")
    return judge(to, function, arguments, rules)


def _arguments(function: Function, payload: str) -> tuple[Any, ...] | None:
    """Returns the arguments of a call, None unless these very bytes state them and nothing else."""
    try:
        stated = bytes.fromhex(payload[SELECTOR_TEXT:])
        arguments = tuple(decode(ARGUMENTS[function], stated))
        return arguments if encode(ARGUMENTS[function], arguments) == stated else None
    except (DecodingError, EncodingError, ValueError, OverflowError):
        return None


def _approve(to: str, _function: Function, arguments: tuple[Any, ...], rules: SigningRules) -> Verdict:
    spender, raw = arguments
    move = next((each for each in rules.moves if (each.token, each.book) == (to, spender)), None)
    if move is None:
        return NotSigned(why=f"{to} may not be approved for {spender}")
    if not raw:
        return TAKES_BACK
    verdict = _spending(move, from_base_units(raw, decimals=move.decimals))
    return FREE if isinstance(verdict, Spending) else verdict


def _spending(move: SignedMove, amount: Decimal) -> Verdict:
    if amount > move.amount_max:
        return NotSigned(why=f"{plain(amount)} {move.asset} at once, {plain(move.amount_max)} are allowed")
    return Spending(asset=move.asset, amount=amount, day_max=move.amount_day_max)


def _move(to: str, function: Function, arguments: tuple[Any, ...], rules: SigningRules) -> Verdict:
    token, vault, stated, tasks = arguments
    number = vault if isinstance(vault, int) else int.from_bytes(vault, "big")
    kinds = (DEPOSITS, WITHDRAWS)
    move = next(
        (
            each
            for each in rules.moves
            if (each.book, each.token, each.vault) == (to, token, number)
            and function in [kind[each.version] for kind in kinds]
        ),
        None,
    )
    if move is None:
        return NotSigned(why=f"vault {number:#x} of {token} in {to} is not named")
    if tasks:
        return NotSigned(why="a vault is moved without tasks")
    if function in WITHDRAWS.values():
        return TAKES_BACK
    try:
        amount = from_base_units(stated, decimals=move.decimals) if isinstance(stated, int) else _float(stated)
    except (FloatRefused, NumberRefused) as error:
        return NotSigned(why=f"the amount cannot be read: {error}")
    return _spending(move, amount) if amount > ZERO else NotSigned(why="nothing would be moved")


def _float(stated: bytes) -> Decimal:
    return decimal_cut(unpack(stated))


def _order(to: str, function: Function, arguments: tuple[Any, ...], rules: SigningRules) -> Verdict:
    words, tasks = arguments
    if to not in rules.order_books or tasks:
        return NotSigned(why=f"orders of {to} are not signed, or they have tasks")
    if function in REMOVES.values():
        return TAKES_BACK if words[0] == rules.wallet else NotSigned(why="the order is not one of the wallet")
    strange = next((side[0] for side in words[1] + words[2] if side[0] not in rules.tokens), None)
    return FREE if strange is None else NotSigned(why=f"{strange} is no token of this desk")


def _several(to: str, _function: Function, arguments: tuple[Any, ...], rules: SigningRules) -> Verdict:
    """Several calls to one book: orders only, so that caps cannot be passed by in parts."""
    (inner,) = arguments
    if not inner or len(inner) > INNER_CALLS_MAX:
        return NotSigned(why=f"{len(inner)} calls in one")
    orders = (*ADDS.values(), *REMOVES.values())
    for each in inner:
        payload = "0x" + each.hex()
        if FUNCTIONS.get(payload[:SELECTOR_TEXT]) not in orders:
            return NotSigned(why="only orders are added and removed together")
        verdict = _verdict_of_call(to, payload, rules)
        if isinstance(verdict, NotSigned):
            return verdict
    return FREE


_Judge = Callable[[str, Function, tuple[Any, ...], SigningRules], Verdict]
_JUDGES: dict[Function, _Judge] = {
    Function.APPROVE: _approve,
    **dict.fromkeys((*DEPOSITS.values(), *WITHDRAWS.values()), _move),
    **dict.fromkeys((*ADDS.values(), *REMOVES.values()), _order),
    Function.MULTICALL: _several,
}
