"""From the logs of a block to events. Bytes in, events out: no connection, no clock, and nothing raises.

Whose trade it is is decided by the owner of the order, never by its hash. A taker's log states amounts from the view
of the TAKER: our order received what the taker paid. A clear states its amounts in a second log, from the view of each
order. A shared inventory states two moves by one operator: into the vault and out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.events.chain import GasSpent, LogKey, LogUnparsed, UnparsedReason
from flatbook.events.event import Event
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity
from flatbook.venues.raindex.booking import BlockFacts, Exchange, Moved, Reading, event_of_exchange
from flatbook.venues.raindex.offers import order_event
from flatbook.venues.raindex.rain_float import RainFloat
from flatbook.venues.raindex.tokens import Inventory, RaindexConfig, VaultOwner
from flatbook.venues.raindex.wire import (
    ADDS,
    AFTER_OF,
    CLEARS,
    OPERATOR_MOVES,
    REMOVES,
    TAKES,
    AfterClear,
    ClearSide,
    OperatorMove,
    Order,
    RawLog,
    TokenSide,
    Topic,
    Unreadable,
    address_of,
    identity_of,
    read_after_clear,
    read_clear,
    read_log,
    read_operator_move,
    read_take_order,
)

NO_LOG = -1
ORDER_BOOK_TOPICS = (*TAKES, *CLEARS, *AFTER_OF.values(), *ADDS, *REMOVES)


class IgnoreReason(Enum):
    """Why a log gives no event. Each is counted."""

    FOREIGN_CONTRACT = "foreign_contract"
    UNKNOWN_TOPIC = "unknown_topic"
    NOT_OUR_ORDER = "not_our_order"
    OWN_OPERATOR = "own_operator"
    REMOVED = "removed"
    DUPLICATE = "duplicate"


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a block gave: events in the order of their logs, and for each ignored log the reason."""

    events: tuple[Event, ...]
    ignored: tuple[IgnoreReason, ...]


Outcome = Event | IgnoreReason


def parse_block(stated: Sequence[object], block: BlockFacts, config: RaindexConfig, *, seen_at: Instant) -> Parsed:
    """Returns the events of a block from its logs, each as JSON-RPC states it or read already.

    Needs: `stated` holds all logs of each transaction that the configured contracts wrote in this block.
    Gives: the same events for any order of the logs and for any number of copies of each. A fill of our orders is
    filled, unvalued or skipped; a log that concerns or may concern us and cannot be read is `LogUnparsed`.
    """
    reading = Reading(config=config, block=block, seen_at=seen_at)
    logs, outcomes = _usable(stated, reading)
    calls: dict[tuple[str, str], list[RawLog]] = {}
    for log in logs:
        calls.setdefault((log.tx, log.address), []).append(log)
    for (_, address), call in calls.items():
        inventory = config.inventory(address)
        outcomes += _trade(call, reading) if inventory is None else _settle(call, inventory, reading)
    events = [outcome for outcome in outcomes if isinstance(outcome, Event)]
    return Parsed(
        events=(*sorted(events, key=_place), *_gas(reading)),
        ignored=tuple(outcome for outcome in outcomes if isinstance(outcome, IgnoreReason)),
    )


def _place(event: Event) -> tuple[int, str, str]:
    key = getattr(event, "key", None)
    tag = str(event.__struct_config__.tag)
    return (key.log_index, key.tx, tag) if isinstance(key, LogKey) else (0, "", tag)


def _usable(stated: Sequence[object], reading: Reading) -> tuple[list[RawLog], list[Outcome]]:
    """Returns the logs to read, each once and in order, and what becomes of the others."""
    outcomes: list[Outcome] = []
    known: dict[tuple[str, int], RawLog] = {}
    spoiled: dict[tuple[str, int], LogUnparsed] = {}
    for item in stated:
        log = _checked(item, reading)
        if isinstance(log, LogUnparsed):
            _spoil(spoiled, log)
        elif isinstance(log, IgnoreReason):
            outcomes.append(log)
        elif (earlier := known.setdefault(place := (log.tx, log.log_index), log)) is not log:
            if earlier == log:
                outcomes.append(IgnoreReason.DUPLICATE)
            else:
                detail = "two different logs stand under one index"
                _spoil(spoiled, reading.unparsed(reading.key(*place), UnparsedReason.MALFORMED, "", detail))
    logs = [log for place, log in known.items() if place not in spoiled]
    return sorted(logs, key=lambda log: (log.log_index, log.tx)), [*outcomes, *spoiled.values()]


def _spoil(spoiled: dict[tuple[str, int], LogUnparsed], log: LogUnparsed) -> None:
    """Keeps one refusal per place, the same one in whatever order they come."""
    place = (log.key.tx, log.key.log_index)
    spoiled[place] = min(log, spoiled.get(place, log), key=lambda kept: (kept.detail, kept.topic))


def _checked(item: object, reading: Reading) -> RawLog | LogUnparsed | IgnoreReason:
    config, address = reading.config, item.address if isinstance(item, RawLog) else address_of(item)
    is_book = address in config.order_books
    if address is not None and not is_book and config.inventory(address) is None:
        return IgnoreReason.FOREIGN_CONTRACT
    log = item if isinstance(item, RawLog) else read_log(item)
    if isinstance(log, Unreadable):
        return reading.unparsed(reading.key(*identity_of(item)), UnparsedReason.MALFORMED, "", log.detail)
    if log.removed:
        return IgnoreReason.REMOVED
    if log.topic not in (ORDER_BOOK_TOPICS if is_book else OPERATOR_MOVES):
        return IgnoreReason.UNKNOWN_TOPIC
    if log.block not in (None, reading.block.number) or log.block_hash not in (None, reading.block.hash):
        return _malformed(log, reading, f"the log names block {log.block} {log.block_hash}, not the one it stands in")
    return log


def _malformed(log: RawLog, reading: Reading, detail: str) -> LogUnparsed:
    return _refused(log, reading, UnparsedReason.MALFORMED, detail)


def _refused(log: RawLog, reading: Reading, reason: UnparsedReason, detail: str) -> LogUnparsed:
    return reading.unparsed(reading.key(log.tx, log.log_index), reason, log.topics[0] if log.topics else "", detail)


def _trade(call: Sequence[RawLog], reading: Reading) -> list[Outcome]:
    """Reads the logs that one order book wrote in one transaction."""
    afters = _pair_clears(call)
    paired = {after.log_index for after in afters.values()}
    outcomes: list[Outcome] = []
    for log in call:
        if log.topic in TAKES:
            outcomes.append(_take(log, log.topic, reading))
        elif log.topic in CLEARS:
            outcomes += _clear(log, log.topic, afters.get(log.log_index), reading)
        elif log.topic in (*ADDS, *REMOVES):
            outcomes.append(order_event(log, log.topic, reading) or IgnoreReason.NOT_OUR_ORDER)
        elif log.log_index not in paired:
            outcomes.append(_malformed(log, reading, "AfterClear without its Clear"))
    return outcomes


def _pair_clears(call: Sequence[RawLog]) -> dict[int, RawLog]:
    """Returns for the log index of each clear the nearest later AfterClear that no earlier clear has taken."""
    afters: dict[int, RawLog] = {}
    waiting = [log for log in call if log.topic in AFTER_OF.values()]
    for clear in call:
        if clear.topic not in CLEARS:
            continue
        for after in waiting:
            if after.topic is AFTER_OF[clear.topic] and after.log_index > clear.log_index:
                afters[clear.log_index] = after
                waiting.remove(after)
                break
    return afters


def _pair(order: Order, input_index: int, output_index: int) -> tuple[TokenSide, TokenSide] | None:
    if input_index >= len(order.inputs) or output_index >= len(order.outputs):
        return None
    return order.inputs[input_index], order.outputs[output_index]


def _moved(side: TokenSide, amount: int | RainFloat) -> Moved:
    return Moved(token=side.token, amount=amount, decimals=side.decimals)


def _take(log: RawLog, topic: Topic, reading: Reading) -> Outcome:
    """Reads a taker's trade: our order received the taker's output and gave the taker's input."""
    take = read_take_order(log, topic)
    if isinstance(take, Unreadable):
        return _malformed(log, reading, take.detail)
    owner = reading.config.owner(take.order.owner)
    if owner is None:
        return IgnoreReason.NOT_OUR_ORDER
    pair = _pair(take.order, take.input_index, take.output_index)
    if pair is None:
        return _refused(log, reading, UnparsedReason.INDEX_OUT_OF_RANGE, "the order has no such token")
    exchange = Exchange(
        key=reading.key(log.tx, log.log_index),
        owner=owner.owner,
        account=owner.account,
        kind=topic.name.lower(),
        received=_moved(pair[0], take.taker_output),
        gave=_moved(pair[1], take.taker_input),
    )
    return event_of_exchange(exchange, reading)


def _clear(log: RawLog, topic: Topic, after: RawLog | None, reading: Reading) -> list[Outcome]:
    """Reads a clear, alice first.

    The identity of a fill is its log, and a clear of which both orders are ours is two fills. The first is keyed by
    the Clear log, as every clear with one order of ours is; the second by the AfterClear log, which no other fill
    can have, because it belongs to this clear alone.
    """
    clear = read_clear(log, topic)
    if isinstance(clear, Unreadable):
        return [_malformed(log, reading, clear.detail)]
    sides = (("alice", clear.alice), ("bob", clear.bob))
    owned = [(name, side, reading.config.owner(side.order.owner)) for name, side in sides]
    ours = [(name, side, owner) for name, side, owner in owned if owner is not None]
    if not ours:
        return [IgnoreReason.NOT_OUR_ORDER]
    if after is None:
        return [_refused(log, reading, UnparsedReason.AFTER_CLEAR_MISSING, "no AfterClear follows in its transaction")]
    amounts = read_after_clear(after, AFTER_OF[topic])
    if isinstance(amounts, Unreadable):
        return [_malformed(log, reading, amounts.detail)]
    places = (log, after)
    return [
        _cleared(place, f"{topic.name.lower()}:{name}", side, owner, amounts, reading)
        for place, (name, side, owner) in zip(places, ours, strict=False)
    ]


def _cleared(
    place: RawLog, kind: str, side: ClearSide, owner: VaultOwner, amounts: AfterClear, reading: Reading
) -> Event:
    pair = _pair(side.order, side.input_index, side.output_index)
    if pair is None:
        return _refused(place, reading, UnparsedReason.INDEX_OUT_OF_RANGE, "the order has no such token")
    alice = kind.endswith(":alice")
    exchange = Exchange(
        key=reading.key(place.tx, place.log_index),
        owner=owner.owner,
        account=owner.account,
        kind=kind,
        received=_moved(pair[0], amounts.alice_input if alice else amounts.bob_input),
        gave=_moved(pair[1], amounts.alice_output if alice else amounts.bob_output),
    )
    return event_of_exchange(exchange, reading)


def _settle(call: Sequence[RawLog], inventory: Inventory, reading: Reading) -> list[Outcome]:
    """Reads what operators moved in one inventory in one transaction: one pair is a trade, anything else is held.

    What our own wallets move is rebalancing. The trade is keyed by the withdrawal; moves that do not pair are booked
    each for itself, so that balances and position are right while an operator decides on the hedge.
    """
    outcomes: list[Outcome] = []
    moves: list[tuple[LogKey, OperatorMove]] = []
    unread = False
    for log in call:
        move = read_operator_move(log, log.topic or Topic.OPERATOR_DEPOSIT)
        if isinstance(move, Unreadable):
            outcomes.append(_malformed(log, reading, move.detail))
            unread = True
        elif move.operator in inventory.wallets:
            outcomes.append(IgnoreReason.OWN_OPERATOR)
        else:
            moves.append((reading.key(log.tx, log.log_index), move))
    pair = None if unread else _paired_moves([move for _, move in moves])
    for key, move in moves:
        if pair is None:
            alone = (move, None) if move.deposit else (None, move)
            outcomes.append(event_of_exchange(_settled(key, inventory, *alone), reading))
        elif move is pair[1]:
            outcomes.append(event_of_exchange(_settled(key, inventory, *pair), reading))
    return outcomes


def _paired_moves(moves: Sequence[OperatorMove]) -> tuple[OperatorMove, OperatorMove] | None:
    """Returns deposit and withdrawal when there is exactly one of each, by the same operator."""
    ordered = sorted(moves, key=lambda move: not move.deposit)
    if [move.deposit for move in ordered] != [True, False] or ordered[0].operator != ordered[1].operator:
        return None
    return ordered[0], ordered[1]


def _settled(
    key: LogKey, inventory: Inventory, deposit: OperatorMove | None, withdrawal: OperatorMove | None
) -> Exchange:
    received, gave = (
        Moved(token=move.token, amount=move.amount, decimals=None) if move is not None else None
        for move in (deposit, withdrawal)
    )
    return Exchange(
        key=key, owner=inventory.owner, account=inventory.account, kind="inventory", received=received, gave=gave
    )


def _gas(reading: Reading) -> list[Event]:
    """Returns what the transactions that our own wallets sent in this block have cost, failed ones too."""
    events: list[Event] = []
    for tx, receipt in sorted(reading.block.receipts.items()):
        payer = reading.config.payer(receipt.sender) if receipt.sender is not None else None
        if payer is None:
            continue
        if receipt.gas_wei is None:
            detail = "the receipt of a transaction of ours does not state its gas"
            events.append(reading.unparsed(reading.key(tx, NO_LOG), UnparsedReason.MALFORMED, "", detail))
            continue
        events.append(
            GasSpent(
                chain=reading.config.chain,
                tx=tx,
                block=reading.block.number,
                owner=payer.owner,
                account=payer.account,
                coin=reading.config.gas_coin,
                wei_amount=Quantity(Decimal(receipt.gas_wei)),
                coin_usd=None,
                success=receipt.success,
                happened_at=reading.block.at,
                seen_at=reading.seen_at,
            )
        )
    return events
