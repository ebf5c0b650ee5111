"""What each event moves in the ledger, as pairs of postings that cancel out asset by asset."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events import calls, chain, control, orders
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.event import Event
from flatbook.events.fees import fee_in_kind, is_in_kind
from flatbook.events.forced import ForcedReduction
from flatbook.events.refs import ref_of_activity
from flatbook.events.risk import BooksCorrected
from flatbook.projections import accounts
from flatbook.projections.accounts import LedgerAccount
from flatbook.values.ids import UNASSIGNED, AssetId, EventRef, OwnerId, Underlying
from flatbook.values.instruments import Product, Side, held_as
from flatbook.values.money import ZERO

WEI_DECIMALS = 18


class Posting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One side of an entry.

    Units: amount in units of the asset; into the account above zero.
    """

    account: LedgerAccount
    asset: AssetId
    amount: Decimal


Postings = tuple[Posting, ...]


def pair(account: LedgerAccount, contra: LedgerAccount, asset: AssetId, amount: Decimal) -> Postings:
    """Returns an amount into one account and out of the other; nothing when the amount is zero."""
    if not amount:
        return ()
    into = Posting(account=account, asset=asset, amount=amount)
    return into, Posting(account=contra, asset=asset, amount=-amount)


def negated(postings: Iterable[Posting]) -> Postings:
    """Returns the exact opposite of postings."""
    return tuple(Posting(account=each.account, asset=each.asset, amount=-each.amount) for each in postings)


def merged(postings: Iterable[Posting]) -> Postings:
    """Returns one posting per (account, asset) with the sum of the given ones; zero sums are left out."""
    sums: dict[tuple[LedgerAccount, AssetId], Decimal] = {}
    for each in postings:
        key = (each.account, each.asset)
        sums[key] = sums.get(key, ZERO) + each.amount
    return tuple(
        Posting(account=account, asset=asset, amount=amount) for (account, asset), amount in sums.items() if amount
    )


def vault_postings(event: chain.VaultFilled) -> Postings:
    """Returns the postings of an onchain fill: both assets exact, the position by the cut shares, and the residue."""
    exact = event.token_amount * event.ratio
    return _swap(event) + _exposure(event.owner, event.underlying, event.side, event.shares, exact - event.shares)


def unvalued_postings(event: chain.FillUnvalued) -> Postings:
    """Returns the postings of a fill without a value: both assets exact, the position by the assumed shares."""
    return _swap(event) + _exposure(event.owner, event.underlying, event.side, event.shares_assumed, ZERO)


def valued_postings(event: chain.FillValued, fill: chain.FillUnvalued) -> Postings:
    """Returns what the value of a fill changes: the position from the assumed to the real shares, and the residue."""
    exact = fill.token_amount * event.ratio
    change = event.shares - fill.shares_assumed
    return _exposure(fill.owner, fill.underlying, fill.side, change, exact - event.shares)


def skipped_postings(event: chain.FillSkipped, ref: EventRef) -> Postings:
    """Returns the postings of a skipped fill; against suspense where it does not say which share moved."""
    here = accounts.holdings(event.account)
    known = event.underlying is not None and event.side is not None and event.shares is not None
    if not known or event.underlying is None or event.side is None or event.shares is None:
        contra = accounts.suspense(ref)
        return _leg(here, contra, event.received, event.received_amount, 1) + _leg(
            here, contra, event.gave, event.gave_amount, -1
        )
    money, goods = accounts.cash(event.owner, event.underlying), accounts.goods(event.owner, event.underlying)
    into, out_of = (goods, money) if event.side is Side.BUY else (money, goods)
    return (
        _leg(here, into, event.received, event.received_amount, 1)
        + _leg(here, out_of, event.gave, event.gave_amount, -1)
        + _exposure(event.owner, event.underlying, event.side, event.shares, ZERO)
    )


def explained_postings(event: chain.FillSkipped, ref: EventRef) -> Postings:
    """Returns what takes a skipped fill out of suspense once an operator decided on it; nothing if it is not there."""
    subject, outside = accounts.suspense(ref), accounts.external(event.account)
    held = (posting for posting in skipped_postings(event, ref) if posting.account == subject)
    return tuple(side for posting in held for side in pair(outside, subject, posting.asset, posting.amount))


def _swap(event: chain.VaultFilled | chain.FillUnvalued) -> Postings:
    here, sign = accounts.holdings(event.account), event.side.sign
    goods, money = accounts.goods(event.owner, event.underlying), accounts.cash(event.owner, event.underlying)
    token = pair(here, goods, event.token, event.token_amount * sign)
    return token + pair(here, money, event.usdc, -event.usdc_amount * sign)


def _leg(
    account: LedgerAccount, contra: LedgerAccount, asset: AssetId | None, amount: Decimal | None, sign: int
) -> Postings:
    return () if asset is None or amount is None else pair(account, contra, asset, amount * sign)


def _exposure(owner: OwnerId, underlying: Underlying, side: Side, shares: Decimal, cut_off: Decimal) -> Postings:
    asset, contra = AssetId(underlying), accounts.exposure(underlying)
    moved = pair(accounts.position(owner, underlying), contra, asset, shares * side.sign)
    return moved + pair(accounts.residue(underlying), contra, asset, cut_off * side.sign)


Executed = orders.OrderFilled | orders.ForeignFilled | ForcedReduction


def _execution(event: Executed) -> Postings:
    """What is held moves against goods, money against what it paid. A position in margin is paid for by nothing.

    What it was entered at stands in an account of its own, so that money of trades adds up as if it had been paid;
    what is realised goes from there into the margin.
    """
    owner = UNASSIGNED if isinstance(event, orders.ForeignFilled) else event.owner
    here, sign = accounts.holdings(event.account), event.side.sign
    shares = event.qty * event.contract_size
    goods, money = accounts.goods(owner, event.underlying), accounts.cash(owner, event.underlying)
    asset = held_as(event.product, event.underlying, event.instrument)
    traded = pair(here, goods, asset, shares * sign)
    if event.product is Product.SPOT:
        paid = pair(here, money, event.quote, -shares * event.price * sign)
    else:
        entered = accounts.entered(event.account, event.instrument)
        realised = ZERO if event.realised is None else event.realised
        paid = pair(entered, money, event.quote, -shares * event.price * sign)
        paid += pair(here, entered, event.quote, realised)
    charged = tuple(side for fee in event.fees for side in _charged(event, goods, fee))
    kept = shares * sign - fee_in_kind(event) * event.contract_size
    moved = pair(
        accounts.position(owner, event.underlying),
        accounts.exposure(event.underlying),
        AssetId(event.underlying),
        kept,
    )
    return traded + paid + charged + moved


def _charged(event: Executed, goods: LedgerAccount, fee: orders.Fee) -> Postings:
    """Returns the postings of a fee; one in what was traded makes that less, and is no cost beside it."""
    account = goods if is_in_kind(event, fee) else accounts.fees(event.account)
    return pair(account, accounts.holdings(event.account), fee.asset, fee.amount)


def _gas(event: chain.GasSpent) -> Postings:
    coins = event.wei_amount.scaleb(-WEI_DECIMALS)
    return pair(accounts.gas(event.account), accounts.holdings(event.account), event.coin, coins)


def _vault_move(event: calls.VaultMoved) -> Postings:
    vault, wallet = accounts.holdings(event.account), accounts.holdings(event.wallet_account)
    return pair(vault, wallet, event.asset, event.amount)


def _balance(event: control.BalanceStated) -> Postings:
    """Against what is outside; what an operator accepted without an explanation stands against suspense."""
    accepted = event.reason == control.STATEMENT_ACCEPTED
    subject = EventRef(f"accepted:{event.account}")
    other = accounts.suspense(subject) if accepted else accounts.external(event.account)
    return pair(accounts.holdings(event.account), other, event.asset, event.change)


def _correction(event: BooksCorrected) -> Postings:
    """What the account holds and what its owner is exposed to, both against suspense until somebody explains it."""
    subject = accounts.suspense(EventRef(f"corrected:{event.account}:{event.subject}"))
    moved = event.qty * event.contract_size
    held = pair(accounts.holdings(event.account), subject, AssetId(event.subject), moved)
    return held + pair(accounts.position(event.owner, event.underlying), subject, AssetId(event.underlying), moved)


def _activity(event: AccountActivityBooked) -> Postings:
    """A fee as those of executions; money from or to elsewhere as such; what nobody knows stands in suspense."""
    here, account = accounts.holdings(event.account), event.account
    if event.kind is ActivityKind.FEE:
        contra = accounts.fees(account)
    elif event.kind is ActivityKind.TRANSFER:
        contra = accounts.external(account)
    elif event.kind is ActivityKind.OTHER:
        contra = accounts.suspense(ref_of_activity(account, event.activity_id))
    else:
        contra = accounts.income(account, event.kind.value)
    return pair(here, contra, event.asset, event.amount)


PLAIN: dict[type[Event], Callable[[Any], Postings]] = {
    orders.OrderFilled: _execution,
    orders.ForeignFilled: _execution,
    ForcedReduction: _execution,
    chain.GasSpent: _gas,
    calls.VaultMoved: _vault_move,
    control.BalanceStated: _balance,
    AccountActivityBooked: _activity,
    BooksCorrected: _correction,
}


def assigned_postings(event: orders.ForeignAssigned, contract_size: Decimal) -> Postings:
    """Returns the postings of an assignment: the position changes its owner."""
    mine = accounts.position(event.owner, event.underlying)
    return pair(
        mine, accounts.position(UNASSIGNED, event.underlying), AssetId(event.underlying), event.qty * contract_size
    )


def overwritten_postings(event: control.PositionOverwritten, contract_size: Decimal) -> Postings:
    """Returns the postings of a position stated by an operator: the difference stands against suspense."""
    subject = EventRef(f"overwritten:{event.owner}:{event.account}:{event.instrument}")
    change = (event.after - event.before) * contract_size
    mine = accounts.position(event.owner, event.underlying)
    return pair(mine, accounts.suspense(subject), AssetId(event.underlying), change)
