"""Profit and loss: first in, first out per (owner, underlying), in the order in which things happened.

Facts arrive in any order. Each underlying is matched when somebody asks, from where it was left if only later facts
came since, and from its beginning if an earlier one came or changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, DecimalException

import msgspec

from flatbook.projections.cells import Cell, Cells, Sums, cost_in_usd
from flatbook.projections.days import eastern_date
from flatbook.projections.facts import (
    AssignedFact,
    CorrectedFact,
    CostFact,
    Fact,
    MarkFact,
    MatchedFact,
    SizeFact,
    StatedFact,
    TradeFact,
    facts_of,
    fee_key,
)
from flatbook.projections.fold import Recorded
from flatbook.projections.lots import (
    USD_DECIMALS,
    FactRefused,
    Lot,
    Lots,
    Place,
    Slice,
    Trade,
    check_trade,
    cost_of,
    match_trade,
    net_of,
    part_of,
    take,
    value_at_price,
)
from flatbook.projections.marks import Mark, Marks
from flatbook.values.ids import UNASSIGNED, AssetId, EventRef, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, NumberRefused, Quantity, cut
from flatbook.values.us_eastern import EasternTimeRefused

Order = tuple[Instant, EventRef]
FEES_MAX = 8
"""So many fees of one execution are looked at: a venue charges one, or one and a rebate."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that could not be matched, and why."""

    ref: EventRef
    owner: OwnerId
    underlying: Underlying
    why: str


class Restated(msgspec.Struct, frozen=True, kw_only=True):
    """What a stated position took out of the lots and put in their place, or a corrected one added to them.

    Units: quantities in underlying, signed; values in USD, cost above zero, proceeds below; None when not known.
    """

    ref: EventRef
    owner: OwnerId
    at: Instant
    cleared_qty: Quantity
    cleared_usd: Money | None
    seeded_qty: Quantity
    seeded_usd: Money | None


class Matching(msgspec.Struct, kw_only=True):
    """The matched facts of one underlying in order, up to `last`; `pending` facts are later and not matched yet.

    `owned` are the trades by owner; `early` counts those that were valued with a mark stated after them.
    """

    lots: dict[OwnerId, Lots] = msgspec.field(default_factory=dict)
    trades: list[TradeFact] = msgspec.field(default_factory=list)
    owned: dict[OwnerId, list[TradeFact]] = msgspec.field(default_factory=dict)
    slices: list[Slice] = msgspec.field(default_factory=list)
    restated: list[Restated] = msgspec.field(default_factory=list)
    refused: list[Refused] = msgspec.field(default_factory=list)
    prices: dict[OwnerId, Trade] = msgspec.field(default_factory=dict)
    early: int = 0
    last: Order | None = None
    pending: list[MatchedFact] = msgspec.field(default_factory=list)


class Pnl:
    """The facts of a journal, and the matching of those that somebody asked for."""

    def __init__(self) -> None:
        self.marks = Marks()
        self._costs: dict[Underlying | None, dict[str, CostFact]] = {}
        self._facts: dict[Underlying, dict[str, MatchedFact]] = {}
        self._sizes: dict[str, SizeFact] = {}
        self._matchings: dict[Underlying, Matching] = {}
        self._cells = Cells(self.marks)
        self._owners: dict[Underlying, dict[OwnerId, None]] = {}
        self._assumed: dict[Underlying, int] = {}

    def apply(self, item: Recorded) -> None:
        """Takes the facts of one event."""
        for key, fact in facts_of(item, self._known):
            self.take(key, fact)

    def take(self, key: str, fact: Fact | None) -> None:
        """Takes a fact in place of the one that stood under its key; None takes that one away."""
        if fact is None:
            self._forget(key)
        elif isinstance(fact, CostFact):
            costs = self._costs.setdefault(fact.underlying, {})
            self._cells.take(fact, costs.get(key))
            costs[key] = fact
        elif isinstance(fact, MarkFact):
            self._set_mark(fact)
        elif isinstance(fact, SizeFact):
            self._sizes[key] = fact
        else:
            self._remember(fact, key)

    def underlyings(self) -> tuple[Underlying, ...]:
        """Returns the underlyings that have facts, in alphabetical order."""
        return tuple(sorted(self._facts))

    def costs(self, underlying: Underlying | None = None) -> Iterator[CostFact]:
        """Yields the costs of an underlying, or all, those of none included."""
        kept = self._costs.values() if underlying is None else (self._costs.get(underlying, {}),)
        return (cost for costs in kept for cost in costs.values())

    def fees_of(self, fact: TradeFact) -> dict[AssetId, Money]:
        """Returns what was charged for an execution by asset, what was taken of the traded asset itself, too.

        Units: units of each asset, rebates below zero. What was charged and not stated is left out.
        """
        fees: dict[AssetId, Money] = {}
        for cost in self._charged(fact):
            if cost.amount is not None:
                fees[cost.asset] = Money(fees.get(cost.asset, ZERO) + cost.amount)
        return fees

    def fees_usd_of(self, fact: TradeFact) -> Money | None:
        """Returns what was charged for an execution by the marks of its instant; None where one has no known value.

        Units: USD, rebates below zero.
        """
        total = ZERO
        for cost in self._charged(fact):
            usd = cost_in_usd(cost, self.marks)
            if usd is None:
                return None
            total += usd
        return Money(total)

    def _charged(self, fact: TradeFact) -> Iterator[CostFact]:
        costs = self._costs.get(fact.underlying, {})
        found = (costs.get(fee_key(number, fact.ref)) for number in range(FEES_MAX))
        return (cost for cost in found if cost is not None)

    def cells(self) -> Iterator[tuple[Cell, Sums]]:
        """Yields the running sums of all results."""
        for underlying in self._facts:
            yield from self._cells.of_slices(underlying, self.matching(underlying).slices)
        yield from self._cells.of_costs(self.costs())

    def cost_amounts(self) -> Mapping[AssetId, Decimal]:
        """Returns what all costs whose amount is known came to, without those in kind. Units: units of each asset."""
        return self._cells.amounts

    def owners(self, underlying: Underlying) -> tuple[OwnerId, ...]:
        """Returns whoever traded an underlying, in alphabetical order."""
        return tuple(sorted(self._owners.get(underlying, {})))

    def assumed(self, underlying: Underlying) -> int:
        """Returns how many trades of an underlying have a quantity by an assumed ratio."""
        return self._assumed.get(underlying, 0)

    def trades(self, underlying: Underlying, owner: OwnerId | None = None) -> Sequence[TradeFact]:
        """Returns the trades of an underlying, of one owner where it is named, in the order of (happened at, identity).

        Shape: owned by this object; valid until the next event is applied.
        """
        matching = self.matching(underlying)
        return matching.trades if owner is None else matching.owned.get(owner, ())

    def matching(self, underlying: Underlying) -> Matching:
        """Returns the matching of an underlying, brought up to its latest fact.

        Shape: owned by this object; valid until the next event is applied.
        """
        if underlying not in self._facts:
            return Matching()
        found = self._matchings.get(underlying)
        if found is None:
            found = Matching(pending=list(self._facts.get(underlying, {}).values()))
            self._matchings[underlying] = found
        pending, found.pending = sorted(found.pending, key=_order), []
        for fact in pending:
            _match(found, fact, self.marks)
            found.last = _order(fact)
        return found

    def fork(self) -> Pnl:
        """Returns a copy that goes its own way from here, with everything matched that has come so far."""
        copy = Pnl()
        copy.marks = self.marks.fork()
        copy._costs = {underlying: dict(costs) for underlying, costs in self._costs.items()}
        copy._facts = {underlying: dict(facts) for underlying, facts in self._facts.items()}
        copy._sizes, copy._assumed = dict(self._sizes), dict(self._assumed)
        copy._matchings = {underlying: _fork(self.matching(underlying)) for underlying in self._facts}
        copy._cells = self._cells.fork(copy.marks)
        copy._owners = {underlying: dict(owners) for underlying, owners in self._owners.items()}
        return copy

    def _remember(self, fact: MatchedFact, key: str) -> None:
        facts = self._facts.setdefault(fact.underlying, {})
        self._count(facts.get(key), -1)
        self._count(fact, 1)
        found = self._matchings.get(fact.underlying)
        if found is not None:
            if key in facts or (found.last is not None and _order(fact) <= found.last):
                del self._matchings[fact.underlying]
            else:
                found.pending.append(fact)
        facts[key] = fact

    def _known(self, key: str) -> Fact | None:
        return self._sizes.get(key) or next((facts[key] for facts in self._facts.values() if key in facts), None)

    def _forget(self, key: str) -> None:
        for underlying, facts in self._facts.items():
            if (gone := facts.pop(key, None)) is not None:
                self._count(gone, -1)
                self._matchings.pop(underlying, None)

    def _count(self, fact: MatchedFact | None, sign: int) -> None:
        """Counts a trade that comes, or goes where the sign is negative."""
        if isinstance(fact, TradeFact):
            self._cells.settle(fact.ref, fact.account if sign > 0 else None)
            self._owners.setdefault(fact.underlying, {})[fact.owner] = None
            self._assumed[fact.underlying] = self._assumed.get(fact.underlying, 0) + fact.assumed * sign

    def _set_mark(self, fact: MarkFact) -> None:
        first = self.marks.add(fact.asset, Mark(at=fact.at, usd=fact.usd))
        for underlying in tuple(self._matchings):
            last = self._matchings[underlying].last
            if last is not None and (first or last[0] >= fact.at):
                del self._matchings[underlying]


def _fork(matching: Matching) -> Matching:
    """Returns a copy of a matching that has nothing pending. Lots are what changes in place."""
    return msgspec.structs.replace(
        matching,
        lots={owner: deque(msgspec.structs.replace(lot) for lot in lots) for owner, lots in matching.lots.items()},
        trades=list(matching.trades),
        owned={owner: list(facts) for owner, facts in matching.owned.items()},
        slices=list(matching.slices),
        restated=list(matching.restated),
        refused=list(matching.refused),
        prices=dict(matching.prices),
        pending=[],
    )


def _order(fact: MatchedFact) -> Order:
    return fact.at, fact.ref


def _match(matching: Matching, fact: MatchedFact, marks: Marks) -> None:
    try:
        if isinstance(fact, TradeFact):
            matching.trades.append(fact)
            matching.owned.setdefault(fact.owner, []).append(fact)
            _match_trade_fact(matching, fact, marks)
        elif isinstance(fact, StatedFact):
            _restate(matching, fact)
        elif isinstance(fact, CorrectedFact):
            _correct(matching, fact)
        else:
            _assign(matching, fact)
    except (FactRefused, NumberRefused, EasternTimeRefused) as error:
        refused = Refused(ref=fact.ref, owner=fact.owner, underlying=fact.underlying, why=str(error))
        matching.refused.append(refused)


def _match_trade_fact(matching: Matching, fact: TradeFact, marks: Marks) -> None:
    mark = _mark_of(fact, marks)
    trade = Trade(
        ref=fact.ref,
        owner=fact.owner,
        underlying=fact.underlying,
        place=fact.place,
        side=fact.side,
        qty=fact.kept,
        usd=_value(fact, mark),
        at=fact.at,
        day=eastern_date(fact.at),
        order_id=fact.order_id,
    )
    matching.slices += match_trade(_lots(matching, fact.owner), check_trade(trade))
    matching.early += mark is not None and mark.early
    if trade.usd and trade.place is Place.ONCHAIN:
        matching.prices[fact.owner] = trade


def in_usd(fact: TradeFact, marks: Marks) -> Money | None:
    """Returns what a trade cost or brought in USD by the mark of its instant, cut to 18 decimals.

    Gives: None where the money or the mark is not known, or their product has too many digits to be exact.
    """
    return _value(fact, _mark_of(fact, marks))


def _value(fact: TradeFact, mark: Mark | None) -> Money | None:
    if fact.money is None or mark is None:
        return None
    try:
        return Money(cut(fact.money * mark.usd, decimals=USD_DECIMALS))
    except DecimalException:
        return None


def _mark_of(fact: TradeFact, marks: Marks) -> Mark | None:
    return None if fact.asset is None else marks.at(fact.asset, fact.at)


def _lots(matching: Matching, owner: OwnerId) -> Lots:
    return matching.lots.setdefault(owner, deque())


def _restate(matching: Matching, fact: StatedFact) -> None:
    """Clears the lots and seeds one lot with the stated net, priced as stated or else by the latest onchain fill."""
    eastern_date(fact.at)
    lots = _lots(matching, fact.owner)
    net, cost = net_of(lots), cost_of(lots)
    target = Quantity(net + fact.change)
    seed = _seed(matching, fact, target) if target else None
    lots.clear()
    if seed is not None:
        lots.append(seed)
    matching.restated.append(
        Restated(
            ref=fact.ref,
            owner=fact.owner,
            at=fact.at,
            cleared_qty=net,
            cleared_usd=cost,
            seeded_qty=target,
            seeded_usd=cost_of(lots),
        )
    )


def _seed(matching: Matching, fact: StatedFact, target: Quantity) -> Lot:
    qty, latest = Quantity(abs(target)), matching.prices.get(fact.owner)
    if fact.price is not None:
        usd: Money | None = value_at_price(qty, fact.price)
    else:
        usd = None if latest is None else part_of(latest.usd, qty, latest.qty)
    side = Side.BUY if target > ZERO else Side.SELL
    return Lot(ref=fact.ref, place=Place.MANUAL, side=side, qty=qty, usd=usd, at=fact.at, order_id=None)


def _correct(matching: Matching, fact: CorrectedFact) -> None:
    """Matches a correction as if it had traded at what it is worth: what is held beside it keeps its cost."""
    usd = None if fact.usd is None else Money(cut(fact.usd, decimals=USD_DECIMALS))
    side = Side.BUY if fact.change > ZERO else Side.SELL
    trade = Trade(
        ref=fact.ref,
        owner=fact.owner,
        underlying=fact.underlying,
        place=Place.MANUAL,
        side=side,
        qty=Quantity(abs(fact.change)),
        usd=usd or None,
        at=fact.at,
        day=eastern_date(fact.at),
        order_id=None,
    )
    matching.slices += match_trade(_lots(matching, fact.owner), check_trade(trade))
    matching.restated.append(
        Restated(
            ref=fact.ref,
            owner=fact.owner,
            at=fact.at,
            cleared_qty=Quantity(ZERO),
            cleared_usd=Money(ZERO),
            seeded_qty=fact.change,
            seeded_usd=None if trade.usd is None else Money(trade.usd * side.sign),
        )
    )


def _assign(matching: Matching, fact: AssignedFact) -> None:
    """Moves unassigned lots to an owner at their value, oldest first; what no lot covers moves without a value."""
    day, side = eastern_date(fact.at), Side.BUY if fact.qty > ZERO else Side.SELL
    source, rest = _lots(matching, UNASSIGNED), Quantity(abs(fact.qty))
    moved: list[Trade] = []
    while rest and source and source[0].side is side:
        lot = source[0]
        qty = Quantity(min(rest, lot.qty))
        moved.append(_assigned(fact, lot.ref, side, qty, take(lot, qty), day))
        rest = Quantity(rest - qty)
        if not lot.qty:
            source.popleft()
    if rest:
        moved.append(_assigned(fact, fact.ref, side, rest, None, day))
        back = msgspec.structs.replace(moved[-1], owner=UNASSIGNED, side=side.opposite)
        matching.slices += match_trade(source, back)
    for trade in moved:
        matching.slices += match_trade(_lots(matching, fact.owner), trade)


def _assigned(fact: AssignedFact, ref: EventRef, side: Side, qty: Quantity, usd: Money | None, day: date) -> Trade:
    return Trade(
        ref=ref,
        owner=fact.owner,
        underlying=fact.underlying,
        place=Place.OFFCHAIN,
        side=side,
        qty=qty,
        usd=usd,
        at=fact.at,
        day=day,
        order_id=None,
    )
