"""How an account is opened: with the balances of a moment at which it rested, and with the names of what they hold.

Clocks of venues differ from ours by seconds, a statement is read request by request, and a venue tells what happened
again after a reconnect or a restart. So no instant says what an opening balance holds. Two statements, a lag apart,
that agree and between which nothing new was told do: they hold what had been told when the earlier one was read, and
nothing else. That is written down by identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from flatbook.engine.inputs import ReadBefore
from flatbook.engine.reports import AccountStatement, Activity, Execution
from flatbook.engine.sound import flaw_of_execution
from flatbook.events.control import BalanceStated
from flatbook.events.event import Event
from flatbook.events.opening import AccountOpened, HeldExecution
from flatbook.state.desk import State
from flatbook.state.orders import signed
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, execution_id_of_half
from flatbook.values.instants import Instant, later
from flatbook.values.money import Price, Quantity

OPENING = "opening"
NAMED_S = 600
NAMED_MAX = 1_000

Pairs = Mapping[AssetId, tuple[Decimal, Decimal]]
Known = dict[tuple[InstrumentId, ExecutionId], tuple[Quantity, Price]]


def opened_with(
    state: State, pairs: Pairs, earlier: AccountStatement, read: ReadBefore | None, now: Instant
) -> tuple[Event, ...]:
    """Returns the events that open an account: the names of what its balances hold, then the balances.

    Needs: `pairs` are (ours, theirs) of each asset. Where nothing is known of what was `read`, nothing is named.
    """
    balances = tuple(
        BalanceStated(
            account=earlier.account,
            asset=asset,
            change=Quantity(theirs - ours),
            reason=OPENING,
            stated_at=earlier.stated_at,
        )
        for asset, (ours, theirs) in pairs.items()
    )
    return balances if read is None else (opened(state, earlier, read, now), *balances)


def rests(state: State, statement: AccountStatement, earlier: AccountStatement, read: ReadBefore | None) -> bool:
    """Whether nothing was told of an account between two statements: no execution of a stranger, and nothing booked.

    Needs: what our own orders executed is booked; whether it rested from that is judged by when it was booked.
    """
    told = dict.fromkeys(activity.activity_id for activity in earlier.activities)
    is_told = statement.activities_complete
    if not is_told or any(activity.activity_id not in told for activity in statement.activities):
        return False
    if read is None:
        return True
    known = _booked_at(state, statement.account)
    _unknown(read.held, known)
    return not _unknown(read.since, known)


def opened(state: State, earlier: AccountStatement, read: ReadBefore, now: Instant) -> AccountOpened:
    """Returns the event that names what the balances of an account hold: of the last NAMED_S, and at most NAMED_MAX.

    Gives: the executions of others alone, for those of our orders are booked.
    """
    sound = [each for each in read.held if flaw_of_execution(each, now) is None]
    held = _unknown(sound, _booked_at(state, earlier.account))
    held.sort(key=lambda each: (each.happened_at, each.instrument, each.execution_id))
    activities = sorted(earlier.activities, key=lambda each: (each.happened_at, each.activity_id))
    since = max(later(earlier.stated_at, seconds=-NAMED_S), _after(held), _after(activities))
    return AccountOpened(
        account=earlier.account,
        executions=tuple(each for each in held if each.happened_at >= since),
        activities=tuple(each.activity_id for each in activities if each.happened_at >= since),
        complete_since=since,
        stated_at=earlier.stated_at,
        seen_at=now,
    )


def _after(happened: Sequence[HeldExecution] | Sequence[Activity]) -> Instant:
    """Returns the instant after the newest of those that are too many to be named. Needs: the oldest come first."""
    beyond = happened[:-NAMED_MAX]
    return Instant(beyond[-1].happened_at + 1) if beyond else Instant(0)


def _booked_at(state: State, account: AccountId) -> Known:
    """Returns what the executions of an account that stand in the books traded, by instrument and identity."""
    return {key[1:]: known[1:] for key, known in state.executions.items() if key[0] == account}


def _unknown(executions: Iterable[Execution], known: Known) -> list[HeldExecution]:
    """Returns the executions that are not known yet, each once, and makes them known."""
    found: list[HeldExecution] = []
    for each in executions:
        name, traded = each.execution_id, (Quantity(signed(each.side, each.qty)), each.price)
        before = known.get((each.instrument, name))
        if before == (-traded[0], each.price):
            name = execution_id_of_half(name, each.side.value)
            before = known.get((each.instrument, name))
        if before is None:
            known[each.instrument, name] = traded
            found.append(
                HeldExecution(
                    execution_id=name,
                    instrument=each.instrument,
                    side=each.side,
                    qty=each.qty,
                    price=each.price,
                    happened_at=each.happened_at,
                )
            )
    return found
