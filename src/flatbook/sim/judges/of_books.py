"""Judges of the books: every fill once and to the last digit, balances to the last unit, and differences said aloud."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events import chain, control, orders
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.sim.judges.alike import is_named_as_well
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import OF_CASH, OF_SHARE, OF_TOKEN, OF_USDC, ONE, Exact, exact, product, shown, sign_of
from flatbook.sim.judges.of_totals import Totals
from flatbook.sim.judges.told import Booked, ToldOrder, shares_of
from flatbook.sim.judges.truth import ExecutionKey, FillKey, TrueFill
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant

OF_PRICE = ONE // rec.PRICE

ANNOUNCED = "preconfirmed"
FOREIGN = "unassigned"


def no_fill_lost(court: Court) -> Hearing:
    """I3: what is booked happened, to the last digit, and at the end the fills booked are the fills of the truth.

    A fill of the chain stands in the books exactly while its block stands; an execution that nobody ordered is booked
    unless it happened before the account was opened. Of a venue that states totals, what is booked of an order is never
    more than what was executed of it, and the same at the end, in shares and in cash.
    """
    truth, totals = court.truth, Totals(court)
    forced: dict[ExecutionKey, list[ForcedReduction]] = {}

    def executed(event: Booked) -> None:
        if court.expects.terms(event.account).totals:
            totals.booked(event)
            return
        key = execution_key(court, event)
        entry = truth.executions.get(key)
        if entry is None:
            court.find("I3", f"execution {event.execution_id} is booked and never happened", str(event))
            return
        if isinstance(event, ForcedReduction):
            forced.setdefault(key, []).append(event)
            return
        flaw = _flaw_of_execution(court, event, entry)
        if flaw is not None:
            court.find("I3", f"execution {event.execution_id} is booked with another {flaw}", f"{event} / {entry}")

    def filled(event: chain.Fill) -> None:
        key = _fill_key(event.key)
        if key[2] == ANNOUNCED:
            _check_announced(court, event)
            return
        fill = truth.fills.get(key) or truth.gone.get(key)
        if fill is None:
            court.find("I3", f"fill {_name(key)} is booked and was never on the chain", str(event))
            return
        flaw = _flaw_of_fill(event, fill)
        if flaw is not None:
            court.find("I3", f"fill {_name(key)} is booked with another {flaw}", f"{event} / {fill.fill}")

    def end() -> None:
        _compare_sets(court)
        _compare_parts(court, forced)
        totals.end()

    return Hearing(
        entries={rec.Executed: totals.executed},
        events={
            orders.OrderFilled: executed,
            orders.ForeignFilled: executed,
            ForcedReduction: executed,
            chain.VaultFilled: filled,
            chain.FillSkipped: filled,
            chain.FillUnvalued: filled,
        },
        end=end,
    )


def _compare_parts(court: Court, forced: dict[ExecutionKey, list[ForcedReduction]]) -> None:
    """Compares what was closed by force for several owners at once with the one execution that it was."""
    for key, parts in forced.items():
        qty, fees = sum((part.qty for part in parts), Decimal(0)), tuple(fee for part in parts for fee in part.fees)
        whole = msgspec.structs.replace(parts[0], qty=qty, fees=fees)
        flaw = _flaw_of_execution(court, whole, court.truth.executions[key])
        if flaw is not None:
            court.find("I3", f"execution {key[2]} is booked with another {flaw}", f"{parts}")


def _compare_sets(court: Court) -> None:
    truth, told = court.truth, court.told
    booked = {execution_key(court, event): None for event in told.executions.values()}
    for key, entry in truth.executions.items():
        if court.expects.terms(key[0]).totals:
            continue
        if key not in booked and not is_before_opening(court, entry):
            court.find("I3", f"execution {key[2]} at {key[0]} is not booked", str(entry))
    for fill_key, fill in truth.fills.items():
        if fill_key not in told.fills:
            court.find("I3", f"fill {_name(fill_key)} is not booked", str(fill.fill))
    for fill_key in told.fills:
        if fill_key in truth.gone or fill_key[2] == ANNOUNCED:
            court.find("I3", f"fill {_name(fill_key)} stands in the books and its block is gone")


def _check_announced(court: Court, event: chain.Fill) -> None:
    """Checks a fill that is in no block yet: it was announced with these amounts."""
    fill = court.truth.announced.get((event.key.tx, event.key.log_index))
    sign, tokens, usdc = _amounts(event)
    if fill is None:
        court.find("I3", f"fill {event.key.tx} is booked and was never announced", str(event))
    elif (sign, tokens, usdc) != (fill.sign, fill.tokens * OF_TOKEN, fill.usdc * OF_USDC):
        court.find("I3", f"fill {event.key.tx} is booked with another amount than announced", f"{event} / {fill}")


def exactly_once(court: Court) -> Hearing:
    """I4: no execution and no fill of a block is booked twice, and only what stands in the books is reversed."""
    executions: dict[tuple[str, str, str, int, str], int] = {}
    fills: dict[FillKey, int] = {}

    def executed(event: Booked) -> None:
        part = event.owner if isinstance(event, ForcedReduction) else ""
        key = (event.account, event.instrument, _trade_of(event), sign_of(event.side), part)
        if key in executions:
            court.find("I4", f"execution {event.execution_id} is booked twice", f"seq {executions[key]}, {court.seq}")
        executions[key] = court.seq

    def filled(event: chain.Fill) -> None:
        key = _fill_key(event.key)
        if key in fills:
            court.find("I4", f"fill {_name(key)} is booked twice", f"seq {fills[key]}, {court.seq}")
        fills[key] = court.seq

    def reverse(event: chain.FillReversed) -> None:
        key = _fill_key(event.key)
        if fills.pop(key, None) is None:
            court.find("I4", f"fill {_name(key)} is reversed and does not stand in the books", f"seq {court.seq}")

    return Hearing(
        events={
            orders.OrderFilled: executed,
            orders.ForeignFilled: executed,
            ForcedReduction: executed,
            chain.VaultFilled: filled,
            chain.FillSkipped: filled,
            chain.FillUnvalued: filled,
            chain.FillReversed: reverse,
        }
    )


def conserved(court: Court) -> Hearing:
    """I5: at the end each balance of an account, each vault's tokens and USDC, and each owner's net equal the truth.

    A second ledger: truth from what venues and chain did, the books from what the events of the journal add up to. An
    account about which a `BooksDiverged` stands is for a person to settle: nothing of it is corrected. One that was
    opened with a position in margin is left to I25: what that was entered at nobody states.
    """

    def end() -> None:
        truth, told = court.truth, court.told
        settling = {account: None for account, _ in told.divergences} | _opened_in_margin(court)
        for account, asset in sorted({*truth.balances, *told.balances}):
            theirs, ours = truth.balances.get((account, asset), 0), told.balances.get((account, asset), 0)
            if theirs != ours and account not in settling:
                opened = "" if account in told.opened else ", never opened"
                court.find("I5", f"{account} holds {shown(theirs)} {asset}, the books say {shown(ours)}{opened}")
        _compare_vaults(court)
        for key in sorted({*truth.nets, *(key for key in told.nets if key[0] != FOREIGN)}):
            theirs_net, ours_net = truth.nets.get(key, 0), told.nets.get(key, 0)
            if theirs_net != ours_net:
                court.find(
                    "I5", f"the net of {key[0]}:{key[1]} is {shown(theirs_net)}, the books say {shown(ours_net)}"
                )

    def move(event: Any) -> None:
        """Lets a word about who owns what hold for the truth, too: an operator's, or of what was closed by force."""
        if isinstance(event, ForcedReduction):
            if event.owner != FOREIGN:
                shares = product(exact(event.qty), exact(event.contract_size)) * sign_of(event.side)
                court.truth.move_net((event.owner, event.underlying), shares)
        elif isinstance(event, orders.ForeignAssigned):
            court.truth.move_net((event.owner, event.underlying), exact(event.qty))
        else:
            shares = product(exact(event.after) - exact(event.before), exact(event.contract_size or Decimal(1)))
            court.truth.move_net((event.owner, event.underlying), shares)

    words: dict[type[Event], Callable[[Any], None]] = dict.fromkeys(
        (orders.ForeignAssigned, control.PositionOverwritten, ForcedReduction), move
    )
    return Hearing(events=words, end=end)


def _opened_in_margin(court: Court) -> dict[str, None]:
    """Returns the accounts that were opened with a position in margin, which stands under its instrument."""
    instruments = {(each.account, each.instrument): None for each in court.expects.listings}
    return {key[0]: None for key, opened in court.told.balances.items() if opened and key in instruments}


def _compare_vaults(court: Court) -> None:
    theirs: dict[tuple[str, str], Exact] = {}
    ours: dict[tuple[str, str], Exact] = {}
    for fill in court.truth.fills.values():
        _add(theirs, (fill.fill.owner, "tokens"), fill.fill.sign * fill.fill.tokens * OF_TOKEN)
        _add(theirs, (fill.fill.owner, "USDC"), -fill.fill.sign * fill.fill.usdc * OF_USDC)
    for event in court.told.fills.values():
        sign, tokens, usdc = _amounts(event)
        _add(ours, (event.owner, "tokens"), sign * tokens)
        _add(ours, (event.owner, "USDC"), -sign * usdc)
    for key in sorted({*theirs, *ours}):
        if theirs.get(key, 0) != ours.get(key, 0):
            what = f"the vaults of {key[0]} moved {shown(theirs.get(key, 0))} {key[1]}"
            court.find("I5", f"{what}, the books say {shown(ours.get(key, 0))}")


def _add(sums: dict[tuple[str, str], Exact], key: tuple[str, str], amount: Exact) -> None:
    sums[key] = sums.get(key, 0) + amount


def honest(court: Court) -> Hearing:
    """I20: no balance of the books differs from the truth for longer than the bound without a word about it.

    A word is an open order that may explain it, or a standing `BooksDiverged`, which says of our books what they add up
    to. What surprises is followed by its alert in the same row, no balance is corrected without a command, and at the
    end what an order executed beyond its quantity is told by `OrderOverfilled`.
    """
    words = _Words(court)
    since: dict[tuple[str, str], Instant] = {}
    within = court.expects.honest_within

    def touch(account: str, asset: str) -> None:
        key = (account, asset)
        is_equal = court.truth.balances.get(key, 0) == court.told.balances.get(key, 0)
        if is_equal or account not in court.told.opened or account in _opened_in_margin(court):
            since.pop(key, None)
        else:
            since.setdefault(key, court.at)

    def executed(entry: rec.Executed) -> None:
        touch(entry.account, court.truth.asset_of(entry.account, entry.symbol))

    def booked(event: Booked) -> None:
        touch(event.account, event.underlying)

    def foreign(event: orders.ForeignFilled) -> None:
        booked(event)
        words.surprised(event)

    def forced(event: ForcedReduction) -> None:
        booked(event)
        words.surprised(event)

    def begun(_entry: rec.LifeBegan) -> None:
        since.update(dict.fromkeys(since, court.at))

    def appended(_row: rec.Appended) -> None:
        words.check()
        if not since or within is None:
            return
        for key, start in tuple(since.items()):
            if court.at - start > within and not _is_told(court, *key):
                ours, theirs = court.told.balances.get(key, 0), court.truth.balances.get(key, 0)
                what = f"{key[0]} holds {shown(theirs)} {key[1]} and the books said {shown(ours)} without a word"
                court.find("I20", what, f"since {start}")
                since[key] = court.at

    return Hearing(
        entries={rec.Executed: executed, rec.Appended: appended, rec.LifeBegan: begun},
        events={
            **dict.fromkeys(_ALERTS, words.surprised),
            chain.FillReversed: words.reversed,
            chain.VaultFilled: words.came,
            orders.OrderFilled: booked,
            orders.ForeignFilled: foreign,
            ForcedReduction: forced,
            control.AlertRaised: words.raised,
            control.BalanceStated: words.stated,
        },
        end=words.end,
    )


_ALERTS: dict[type[Event], Callable[[Any, ToldOrder | None], tuple[str, str]]] = {
    orders.OrderUnknown: lambda event, _order: ("order_unknown", event.order_id),
    orders.OrderRejected: lambda _event, order: ("order_rejected", _net_of(order)),
    orders.OrderOverfilled: lambda _event, order: ("order_overfilled", _net_of(order)),
    orders.ForeignFilled: lambda event, _order: ("foreign_activity", f"{event.account}:{event.instrument}"),
    ForcedReduction: lambda event, _order: (
        "forced_reduction",
        f"{event.account}:{event.instrument}:{event.execution_id}",
    ),
    chain.FillReversed: lambda event, _order: ("fill_reversed", f"{event.owner}:{event.underlying}"),
    control.BooksDiverged: lambda event, _order: ("books_diverged", f"{event.account}:{event.subject}"),
}


def _net_of(order: ToldOrder | None) -> str:
    return "" if order is None else f"{order.key[0]}:{order.key[1]}"


class _Words:
    """What the events of the row that is read must still say, and what they have said."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._owed: dict[tuple[str, str], str] = {}
        self._announced: dict[tuple[str, int], chain.FillReversed] = {}

    def surprised(self, event: Any) -> None:
        """Asks for the alert of an event, unless it stands."""
        court = self._court
        order = court.told.intents.get(getattr(event, "order_id", ""))
        alert = _ALERTS[type(event)](event, order)
        if alert not in court.told.alerts:
            self._owed[alert] = f"{type(event).__name__} at seq {court.seq}"
        if isinstance(event, control.BooksDiverged):
            ours = court.told.balances.get((event.account, event.subject), 0)
            if exact(event.ours) != ours and court.expects.seat is None:
                court.find("I20", f"BooksDiverged says {event.ours} of books that add up to {shown(ours)}", str(event))

    def raised(self, event: control.AlertRaised) -> None:
        said = (event.name.value, event.subject)
        self._owed.pop(said, None)
        self._announced = {
            key: undone for key, undone in self._announced.items() if _ALERTS[chain.FillReversed](undone, None) != said
        }

    def reversed(self, event: chain.FillReversed) -> None:
        """Asks for a word, unless the fill was only announced and comes with a block in the same row."""
        if event.key.block_hash == ANNOUNCED:
            self._announced[event.key.tx, event.key.log_index] = event
        else:
            self.surprised(event)

    def came(self, event: chain.VaultFilled) -> None:
        """Asks for no word about a fill that was announced and came."""
        self._announced.pop((event.key.tx, event.key.log_index), None)

    def check(self) -> None:
        """Tells of what the last row left unsaid."""
        for event in self._announced.values():
            if _ALERTS[chain.FillReversed](event, None) not in self._court.told.alerts:
                self._court.find("I20", f"what was announced and undone raised no alert: {event.key.tx}", str(event))
        self._announced.clear()
        for (name, subject), why in self._owed.items():
            self._court.find("I20", f"{why} raised no alert {name} about {subject}")
        self._owed.clear()

    def stated(self, event: control.BalanceStated) -> None:
        """Looks at a balance that is stated when its account was open already."""
        row = self._court.row
        if row is None or self._court.told.opened_in[event.account] == row.first:
            return
        if not any(isinstance(each, control.CommandAccepted) for each in row.events):
            self._court.find("I20", f"the balance of {event.account} was corrected without a command", str(event))

    def end(self) -> None:
        self.check()
        _check_overfills(self._court)


def _check_overfills(court: Court) -> None:
    for client_id, taken in court.truth.by_client.items():
        order = court.told.intents.get(client_id)
        filled: Exact = sum(each.filled for each in taken) * OF_SHARE
        if order is not None and filled > order.qty and not order.overfilled:
            court.find("I20", f"{client_id} executed {shown(filled)} of {shown(order.qty)} without OrderOverfilled")


def _is_told(court: Court, account: str, asset: str) -> bool:
    told = court.told
    if (account, asset) in told.divergences:
        return True
    return any(order.intent.account == account for owed in told.owing.values() for order in owed.values())


def forced_close_seen(court: Court) -> Hearing:
    """I23: an execution that nobody ordered is booked as forced, or as foreign, within one poll of a living process."""

    def end() -> None:
        within = court.expects.forced_within
        for key, entry in court.truth.executions.items():
            if not entry.forced or is_before_opening(court, entry):
                continue
            event, at = booked.get(key, (None, entry.at))
            if not isinstance(event, orders.ForeignFilled | ForcedReduction):
                court.find("I23", f"the forced execution {key[2]} at {key[0]} was not seen as forced", str(event))
            elif within is not None and at - _last_start(starts, entry.at, at) > within:
                court.find("I23", f"the forced execution {key[2]} at {key[0]} was seen after {at - entry.at} ns")

    booked: dict[ExecutionKey, tuple[Booked, Instant]] = {}
    starts: list[Instant] = []

    def seen(event: Booked) -> None:
        booked[execution_key(court, event)] = (event, court.at)

    def begun(entry: rec.LifeBegan) -> None:
        starts.append(entry.at)

    return Hearing(
        entries={rec.LifeBegan: begun},
        events={orders.OrderFilled: seen, orders.ForeignFilled: seen, ForcedReduction: seen},
        end=end,
    )


def _last_start(starts: list[Instant], first: Instant, last: Instant) -> Instant:
    return max((at for at in starts if first < at <= last), default=first)


def execution_key(court: Court, event: Booked) -> ExecutionKey:
    """Returns the key under which truth holds the execution that an event books.

    A trade between two orders of one account has one id and two sides: the half that is booked later names its side.
    """
    symbol = court.truth.symbols.get((event.account, event.instrument), str(event.instrument))
    return (event.account, symbol, _trade_of(event), sign_of(event.side))


def _trade_of(event: Booked) -> str:
    return event.execution_id.removesuffix(f":{event.side.value}")


def is_before_opening(court: Court, entry: rec.Executed) -> bool:
    """Returns whether an execution that is not ours may be part of the balances that a first statement opened."""
    ours = entry.client_id is not None and entry.client_id in court.told.intents and not entry.forced
    opened = court.told.opened.get(entry.account)
    return not ours and (opened is None or entry.at <= opened)


def _flaw_of_execution(court: Court, event: Booked, entry: rec.Executed) -> str | None:
    shares = product(exact(event.qty), exact(event.contract_size))
    if shares != entry.qty * OF_SHARE or sign_of(event.side) != entry.sign:
        return "quantity"
    if exact(event.price) != entry.price * OF_PRICE:
        return "price"
    if sum(exact(fee.amount) for fee in event.fees) != entry.fee * OF_CASH:
        return "fee"
    if event.underlying != court.truth.asset_of(entry.account, entry.symbol):
        return "underlying"
    order = court.truth.orders.get(entry.venue_id)
    is_ours = entry.client_id in court.told.intents and not entry.forced and (order is None or order.taken.ours)
    if isinstance(event, orders.OrderFilled):
        is_right = is_ours and event.order_id == entry.client_id
        return None if is_right or is_named_as_well(court, entry, event.order_id) else "order"
    return "order" if is_ours and not is_named_as_well(court, entry, None) else None


def _flaw_of_fill(event: chain.Fill, fill: TrueFill) -> str | None:
    sign, tokens, usdc = _amounts(event)
    if sign != fill.fill.sign or tokens != fill.fill.tokens * OF_TOKEN or usdc != fill.fill.usdc * OF_USDC:
        return "amount"
    if event.owner != fill.fill.owner or event.underlying not in (None, fill.fill.underlying):
        return "owner or underlying"
    if isinstance(event, chain.VaultFilled) and shares_of(event) != fill.shares:
        return "quantity of shares"
    return "block" if event.key.block != fill.block else None


def _amounts(event: chain.Fill) -> tuple[int, Exact, Exact]:
    """Returns the sign of a fill, its tokens and its USDC; a skipped one has the token on the side that it says."""
    if not isinstance(event, chain.FillSkipped):
        return sign_of(event.side), exact(event.token_amount), exact(event.usdc_amount)
    received, gave = exact_or_zero(event.received_amount), exact_or_zero(event.gave_amount)
    sign = sign_of(event.side) if event.side is not None else (-1 if str(event.received).startswith("USDC") else 1)
    return (1, received, gave) if sign > 0 else (-1, gave, received)


def exact_or_zero(value: Any) -> Exact:
    """Returns a decimal in units of 1e-36, zero where there is none."""
    return 0 if value is None else exact(value)


def _fill_key(key: chain.LogKey) -> FillKey:
    return (key.tx, key.log_index, key.block_hash)


def _name(key: FillKey) -> str:
    return f"{key[0]}:{key[1]}@{key[2][:10]}"
