"""A statement that an operator takes for the truth: the differences that stand at an account are settled, and told.

What is accepted is what the newest statement was found to differ in, and stands in the journal: nothing is read anew.
"""

from __future__ import annotations

from flatbook.engine.inputs import Command
from flatbook.engine.reconcile import orders_owing_at
from flatbook.engine.turn import Turn
from flatbook.events.control import STATEMENT_ACCEPTED, AlertName, BalanceStated, BooksAgreed
from flatbook.values.ids import AccountId, AssetId
from flatbook.values.money import ZERO, Quantity

Difference = tuple[AssetId, Quantity, Quantity]


def why_not_accept(turn: Turn, command: Command) -> str | None:
    """Returns why the statement of an account cannot be accepted, None when it can.

    Gives: a refusal while anything may still execute there, while the account is not read, and where our books moved
    since the difference was found: what the statement says of them is then out of date.
    """
    state, account = turn.state, _account_of(command)
    if account not in turn.rules.cards:
        return f"{account!r} is no account of this desk; it has {', '.join(turn.rules.cards)}"
    differences = _differences_at(turn, account)
    if not differences:
        return f"no statement of {account} differs from our books"
    if orders_owing_at(state, account):
        return f"an order at {account} is still open: cancel it or wait for its end"
    if any(holder == account for holder, _ in state.foreign_orders):
        return f"an order that is not ours works at {account}: cancel it there or wait for its end"
    if (AlertName.VENUE_SILENT, str(account)) in state.alerts:
        return f"{account} cannot be read: its newest statement is out of date"
    moved = [asset for asset, ours, _ in differences if state.balances.get((account, asset), ZERO) != ours]
    if moved:
        return f"our books of {', '.join(moved)} moved since: reconcile, and look at what differs then"
    return None


def accept_statement(turn: Turn, command: Command) -> None:
    """Books that balances are what the newest statement says, and that the books agree with it."""
    account = _account_of(command)
    for asset, ours, theirs in _differences_at(turn, account):
        turn.book(
            BalanceStated(
                account=account,
                asset=asset,
                change=Quantity(theirs - ours),
                reason=STATEMENT_ACCEPTED,
                stated_at=turn.now,
            )
        )
        turn.book(BooksAgreed(account=account, subject=str(asset), seen_at=turn.now))
        turn.clear(AlertName.BOOKS_DIVERGED, f"{account}:{asset}")


def _account_of(command: Command) -> AccountId:
    return AccountId(command.arguments.get("account", ""))


def _differences_at(turn: Turn, account: AccountId) -> tuple[Difference, ...]:
    return tuple(
        (AssetId(subject), ours, theirs)
        for (holder, subject), (ours, theirs) in turn.state.divergences.items()
        if holder == account
    )
