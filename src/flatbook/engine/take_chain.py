"""What chain reads become: fills booked once, reversals of replaced blocks, and what could not be read."""

from __future__ import annotations

from flatbook.engine.ports import ChainRead, Preconfirmed
from flatbook.engine.sound import flaw_of_fill, flaw_of_number, flaw_of_value, told
from flatbook.engine.take_actions import watch_ratio
from flatbook.engine.take_offers import take_offer_event, undo_offers
from flatbook.engine.turn import Turn
from flatbook.events import chain, offers
from flatbook.events.codec import name_of
from flatbook.events.control import AlertName, Severity
from flatbook.events.event import Event
from flatbook.events.refs import ref_of, ref_of_log
from flatbook.state.chain_fold import exchanged, log_id
from flatbook.state.desk import KnownFill
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import OwnerId, Underlying

DETAIL_TEXT_MAX = 256


def take_chain_read(turn: Turn, item: ChainRead) -> None:
    """Books a block range: first what was removed, then each event once, and the cursor with them.

    A source that could not be read is told once, until it is read again.
    """
    if item.trouble is not None:
        detail = told(item.trouble, DETAIL_TEXT_MAX)
        turn.alert(AlertName.CHAIN_UNREAD, item.source, detail, severity=Severity.CRITICAL)
        return
    turn.clear(AlertName.CHAIN_UNREAD, item.source)
    if item.removed_from is not None:
        _take_removed(turn, item, item.removed_from)
    _take_final(turn, item)
    for event in item.events:
        _take_event(turn, item, event)
    if item.preconfirmed is not None:
        _take_preconfirmed(turn, item, item.preconfirmed)
    turn.cursors[item.source] = item.cursor


def _take_final(turn: Turn, item: ChainRead) -> None:
    """Books how far a chain is final: when it is told for the first time, and when it makes fills of ours final."""
    if item.final is None:
        return
    chain_id, final = turn.rules.chains[item.source], item.final
    known = turn.state.final_blocks.get(chain_id)
    blocks = [turn.state.fills[each].event.key.block for each in turn.state.provisional if each[0] == chain_id]
    blocks += [each.key.block for each in item.events if isinstance(each, chain.Fill)]
    if known is None or any(known < block <= final for block in blocks):
        turn.book(chain.BlocksFinalized(source=item.source, chain=chain_id, block=final, seen_at=turn.now))


def _take_preconfirmed(turn: Turn, item: ChainRead, stated: Preconfirmed) -> None:
    """Books what stands in no block yet, and undoes what was booked so and nobody states any more."""
    chain_id, seen = turn.rules.chains[item.source], dict.fromkeys(stated.seen)
    gone = [
        turn.state.fills[known]
        for known in turn.state.provisional
        if known[0] == chain_id and known[1:] not in seen and _is_preconfirmed(turn.state.fills[known].event)
    ]
    for fill in reversed(gone):
        _reverse(turn, fill)
    for event in stated.events:
        if isinstance(event, chain.Fill) and log_id(event.key) in turn.state.fills:
            turn.drop("fill_known")
        else:
            _take_event(turn, item, event)


def _is_preconfirmed(fill: chain.Fill) -> bool:
    return fill.key.block_hash == chain.PRECONFIRMED_HASH


def _take_removed(turn: Turn, item: ChainRead, first_block: int) -> None:
    chain_id = turn.rules.chains[item.source]
    again = {(log_id(each.key), each.key.block_hash): None for each in item.events if isinstance(each, chain.Fill)}
    gone = [
        fill
        for known, fill in turn.state.fills.items()
        if known[0] == chain_id
        and fill.event.key.block >= first_block
        and (known, fill.event.key.block_hash) not in again
    ]
    undo_offers(turn, chain_id, first_block, item.events)
    last_block = max((fill.event.key.block for fill in gone), default=first_block)
    turn.book(
        chain.BlocksRemoved(
            source=item.source, chain=chain_id, first_block=first_block, last_block=last_block, seen_at=turn.now
        )
    )
    for fill in reversed(gone):
        _reverse(turn, fill)


def _reverse(turn: Turn, fill: KnownFill, *, told: bool = True) -> None:
    """Undoes a fill. Where its block came as announced it is booked again at once, and there is nothing to tell."""
    booked = fill.event
    received, received_amount, gave, gave_amount = exchanged(booked)
    event = chain.FillReversed(
        key=booked.key,
        owner=booked.owner,
        account=booked.account,
        instrument=booked.instrument,
        underlying=booked.underlying,
        side=booked.side,
        shares=fill.shares,
        received=received,
        received_amount=received_amount,
        gave=gave,
        gave_amount=gave_amount,
        seen_at=turn.now,
    )
    turn.book(event)
    if told:
        _tell_reversed(turn, fill, event)
    turn.clear(AlertName.FILL_SKIPPED, str(fill.ref))
    turn.clear(AlertName.FILL_UNVALUED, _log_subject(booked.key))
    _touch(turn, booked.owner, booked.underlying)


def _tell_reversed(turn: Turn, fill: KnownFill, event: chain.FillReversed) -> None:
    booked = fill.event
    what = "no block took what was announced" if _is_preconfirmed(booked) else f"block {booked.key.block} was replaced"
    detail = f"{what}; {fill.ref} is undone and hedged back"
    subject = f"{booked.owner}:{booked.underlying}"
    turn.alert(AlertName.FILL_REVERSED, subject, detail, severity=Severity.WARNING, because=ref_of(event))


def _touch(turn: Turn, owner: OwnerId, underlying: Underlying | None) -> None:
    if underlying is not None:
        turn.touch((owner, underlying), Trigger.FILL_SEEN)


def _take_event(turn: Turn, item: ChainRead, event: Event) -> None:
    if isinstance(event, chain.Fill):
        _take_fill(turn, item, event)
    elif isinstance(event, chain.FillValued):
        _take_value(turn, event)
    elif isinstance(event, chain.LogUnparsed):
        _take_unparsed(turn, event)
    elif isinstance(event, chain.GasSpent):
        _take_gas(turn, event)
    elif isinstance(event, offers.OfferSeen | offers.OfferRemoved):
        take_offer_event(turn, event)
    else:
        turn.drop("not_of_a_chain")


def _is_of_open_call(turn: Turn, event: chain.GasSpent) -> bool:
    """Whether gas is that of a call of ours under way: the end of the call books it where its wallet stands."""
    calls = [turn.state.calls[call_id] for call_id in turn.state.open_calls]
    ours = (call for call in calls if call.chain == event.chain and call.wallet_key in turn.rules.wallets)
    return any(event.tx == attempt.tx for call in ours for attempt in call.attempts)


def _take_gas(turn: Turn, event: chain.GasSpent) -> None:
    if (event.chain, event.tx) in turn.state.gas:
        turn.drop("gas_known")
        return
    if _is_of_open_call(turn, event):
        turn.drop("gas_of_call")
        return
    flaw = flaw_of_number("gas", event.wei_amount)
    if flaw is not None:
        turn.alert(AlertName.LOG_UNPARSED, f"gas:{event.chain}:{event.tx}", flaw, severity=Severity.CRITICAL)
        return
    turn.book(event)


def _take_fill(turn: Turn, item: ChainRead, event: chain.Fill) -> None:
    if event.key.block <= turn.state.fill_watermarks.get(event.key.chain, -1):
        turn.drop("fill_below_watermark")
        return
    known = turn.state.fills.get(log_id(event.key))
    if known is not None and known.event.key.block_hash == event.key.block_hash:
        turn.drop("fill_known")
        return
    if known is not None:
        _reverse(turn, known, told=not _is_preconfirmed(known.event))
    flaw = flaw_of_fill(event, turn.now)
    if flaw is not None:
        _take_unparsed(turn, _unparsed(turn, item, event, flaw))
        return
    if isinstance(event, chain.VaultFilled):
        watch_ratio(turn, event)
    turn.book(event)
    _tell(turn, event)
    _touch(turn, event.owner, event.underlying)


def _unparsed(turn: Turn, item: ChainRead, event: chain.Fill, flaw: str) -> chain.LogUnparsed:
    """A fill that cannot be true is kept as a log that could not be read."""
    return chain.LogUnparsed(
        key=event.key,
        source=item.source,
        reason=chain.UnparsedReason.MALFORMED,
        topic=name_of(type(event)),
        detail=told(flaw, DETAIL_TEXT_MAX),
        seen_at=turn.now,
    )


def _tell(turn: Turn, event: chain.Fill) -> None:
    if isinstance(event, chain.FillSkipped):
        detail = f"{event.reason.value}: {event.detail}; posted, its hedge waits for `flatbook fill release`"
        turn.alert(AlertName.FILL_SKIPPED, str(ref_of(event)), detail, severity=Severity.CRITICAL)
    elif isinstance(event, chain.FillUnvalued):
        detail = f"{event.reason.value}: counted as {event.shares_assumed} shares until it is valued"
        turn.alert(AlertName.FILL_UNVALUED, _log_subject(event.key), detail, severity=Severity.CRITICAL)


def _log_subject(key: chain.LogKey) -> str:
    return str(ref_of_log(key.chain, key.tx, key.log_index))


def _take_value(turn: Turn, event: chain.FillValued) -> None:
    known = turn.state.fills.get((event.chain, event.tx, event.log_index))
    if known is None or not known.assumed:
        turn.drop("value_not_awaited")
        return
    subject = str(ref_of_log(event.chain, event.tx, event.log_index))
    flaw = flaw_of_value(event)
    if flaw is not None:
        turn.alert(AlertName.LOG_UNPARSED, f"{subject}:value", flaw, severity=Severity.CRITICAL)
        return
    turn.book(event)
    turn.clear(AlertName.FILL_UNVALUED, subject)
    turn.clear(AlertName.LOG_UNPARSED, f"{subject}:value")
    _touch(turn, known.event.owner, known.event.underlying)


def _take_unparsed(turn: Turn, event: chain.LogUnparsed) -> None:
    subject = f"{_log_subject(event.key)}@{event.key.block_hash[:10]}"
    if (AlertName.LOG_UNPARSED, subject) in turn.state.alerts:
        turn.drop("log_unparsed_before")
        return
    turn.book(event)
    detail = f"{event.reason.value}: {event.detail}"
    turn.alert(AlertName.LOG_UNPARSED, subject, detail, severity=Severity.CRITICAL)
