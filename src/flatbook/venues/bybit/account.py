"""What Bybit says of an account: coins, positions, and what it booked besides executions.

Source: bybit-exchange.github.io/docs/v5/account/wallet-balance, v5/position, v5/account/transaction-log.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from flatbook.engine.reports import Activity, Balance, Holding, Unknown
from flatbook.events.activities import ActivityKind
from flatbook.values.ids import ActivityId, AssetId, InstrumentId
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Quantity, parse_number
from flatbook.venues.bybit.parse import (
    CATEGORIES,
    Symbols,
    instant_of_text_ms,
    instrument_id_of,
    number_not_negative,
    side_of,
)
from flatbook.venues.bybit.refusals import FAULTS, UNREADABLE
from flatbook.venues.bybit.wire import Category
from flatbook.venues.error_classes import TEXT_MAX

ONE_WAY = 0
# Source: v5/enum, type(uta-translog). Any other kind is booked too, and told by its name: what it is a person must say.
KINDS = {
    "SETTLEMENT": ActivityKind.FUNDING,
    "INTEREST": ActivityKind.INTEREST,
    "TRANSFER_IN": ActivityKind.TRANSFER,
    "TRANSFER_OUT": ActivityKind.TRANSFER,
    "FEE_REFUND": ActivityKind.FEE,
    "FLEXIBLE_STAKING_SUBSCRIPTION": ActivityKind.TRANSFER,
    "FLEXIBLE_STAKING_REDEMPTION": ActivityKind.TRANSFER,
    "FLEXIBLE_STAKING_REFUND": ActivityKind.TRANSFER,
    "FIXED_STAKING_SUBSCRIPTION": ActivityKind.TRANSFER,
    "FIXED_STAKING_REFUND": ActivityKind.TRANSFER,
}
# Those of the log that are asked for by name, all of the last days; the others come with what was logged lately.
ASKED = ("SETTLEMENT", "INTEREST", "TRANSFER_IN", "TRANSFER_OUT")
# What executions tell as well, where we read those of the category.
EXECUTED = ("TRADE", "LIQUIDATION", "ADL", "DELIVERY")


class WireCoin(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A coin of the wallet as Bybit writes it. `wallet_balance` holds no profit or loss that is not realised."""

    coin: str
    wallet_balance: str
    locked: str = ""


class WireWallet(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The coins of one account."""

    account_type: str
    coin: list[WireCoin]


class WireWallets(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the request for the wallet."""

    rows: list[WireWallet] = msgspec.field(name="list")


class WirePosition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A position as Bybit writes it. `side` is empty where there is none."""

    symbol: str
    side: str
    size: str
    position_idx: int


class WireBooked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of the transaction log as Bybit writes it: `change` is cash flow and funding less the fee.

    Source: v5/account/transaction-log: funding is above zero where it was received, and no part of the cash flow.
    """

    id: str
    type: str
    currency: str
    change: str
    transaction_time: str
    symbol: str = ""
    category: str = ""
    trade_id: str = ""
    funding: str = ""
    cash_flow: str = ""


class WireLogged(msgspec.Struct, frozen=True, kw_only=True):
    """What a line of the transaction log is, and of which category."""

    type: str
    category: str = ""


class WireTraded(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A trade in the transaction log as Bybit writes it: `cash_flow` is what it realised, its fee left out."""

    trade_id: str
    cash_flow: str


def coins_of(wallets: WireWallets, symbols: Symbols) -> tuple[tuple[Holding, ...], tuple[Balance, ...]] | Unknown:
    """Returns what is held of the coins that we trade on spot, and all other coins as balances."""
    spot = {
        str(instrument.underlying): instrument.id
        for (category, _), instrument in symbols.items()
        if category is Category.SPOT
    }
    if len(wallets.rows) != 1 or wallets.rows[0].account_type != "UNIFIED":
        return UNREADABLE
    holdings: list[Holding] = []
    balances: list[Balance] = []
    try:
        for coin in wallets.rows[0].coin:
            total = Quantity(parse_number(coin.wallet_balance))
            if coin.coin in spot:
                holdings.append(Holding(instrument=spot[coin.coin], qty=total))
            else:
                free = max(ZERO, total - number_not_negative(coin.locked))
                balances.append(Balance(asset=AssetId(coin.coin), total=total, available=Quantity(free)))
    except ValueError:
        return UNREADABLE
    return tuple(holdings), tuple(balances)


def holding_of(position: WirePosition, symbols: Symbols) -> Holding:
    """Returns a position, below zero where it is short.

    Errors: ValueError where a number or a side cannot be read, or the position is one of two of a symbol.
    """
    if position.position_idx != ONE_WAY:
        raise ValueError(f"a position of the two that {position.symbol[:TEXT_MAX]} has in hedge mode")
    size = number_not_negative(position.size)
    is_short = size > ZERO and side_of(position.side) is Side.SELL
    instrument = instrument_id_of(Category.LINEAR, position.symbol, symbols)
    return Holding(instrument=instrument, qty=Quantity(-size) if is_short else size)


def activity_of(raw: msgspec.Raw, symbols: Symbols) -> Activity:
    """Returns a line of the transaction log.

    Gives: an id of all that tells lines apart, because Bybit states one id for several of them.
    Errors: ValueError or one of msgspec where it cannot be read.
    """
    wire = msgspec.json.decode(raw, type=WireBooked)
    if not wire.id:
        raise ValueError("a line of the log without an id")
    at = instant_of_text_ms(wire.transaction_time)
    return Activity(
        activity_id=ActivityId(f"{wire.type}:{wire.id}:{wire.transaction_time}:{wire.trade_id}:{wire.currency}"),
        kind=_kind_of(wire),
        venue_kind=wire.type[:TEXT_MAX],
        asset=AssetId(wire.currency),
        amount=Quantity(parse_number(wire.change)),
        instrument=_instrument_of(wire, symbols),
        order_id=None,
        detail=f"{wire.symbol} funding {wire.funding or '0'}"[:TEXT_MAX] if wire.symbol else "",
        happened_at=at,
    )


def activities_of(lines: list[msgspec.Raw], symbols: Symbols) -> tuple[Activity, ...] | Unknown:
    """Returns the lines of a page of the transaction log; unreadable as a whole where one of them is."""
    try:
        return tuple(activity_of(raw, symbols) for raw in lines)
    except FAULTS:
        return UNREADABLE


def untraded(lines: list[msgspec.Raw], categories: Container[str]) -> list[msgspec.Raw]:
    """Returns the lines that no execution of these categories tells.

    Errors: one of msgspec where it cannot be read what a line is.
    """
    logged = ((line, msgspec.json.decode(line, type=WireLogged)) for line in lines)
    return [line for line, wire in logged if wire.type not in EXECUTED or wire.category not in categories]


def _kind_of(wire: WireBooked) -> ActivityKind:
    """Returns what a line is. A settlement with a cash flow settles results of a session, too: a person must say."""
    is_mixed = wire.type == "SETTLEMENT" and parse_number(wire.cash_flow or "0") != ZERO
    return ActivityKind.OTHER if is_mixed else KINDS.get(wire.type, ActivityKind.OTHER)


def cash_flows_of(lines: list[msgspec.Raw]) -> dict[str, Money]:
    """Returns what trades brought besides fees, by the ids of their executions; a line that cannot be read is none."""
    found: dict[str, Money] = {}
    for raw in lines:
        try:
            wire = msgspec.json.decode(raw, type=WireTraded)
            found[wire.trade_id] = Money(parse_number(wire.cash_flow))
        except FAULTS:
            continue
    return found


def _instrument_of(wire: WireBooked, symbols: Symbols) -> InstrumentId | None:
    category = CATEGORIES.get(wire.category)
    found = None if category is None else symbols.get((category, wire.symbol))
    return None if found is None else found.id
