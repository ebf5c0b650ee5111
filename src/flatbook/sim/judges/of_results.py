"""The judge of results: what the product says was earned, out of what and at what cost, against a sum of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flatbook.events import chain, control, orders
from flatbook.events.event import Event
from flatbook.events.refs import ref_of_execution, ref_of_fill
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import OF_CASH, OF_SHARE, OF_TOKEN, OF_USDC, ONE, Exact, exact, product, shown
from flatbook.sim.judges.expectation import NetKey
from flatbook.sim.judges.of_books import execution_key, is_before_opening
from flatbook.sim.judges.results import Flows, NetResults, Results
from flatbook.sim.judges.truth import TrueFill
from flatbook.sim.world import record as rec
from flatbook.values.ids import UNASSIGNED, AccountId, ExecutionId, InstrumentId
from flatbook.values.instants import NS_PER_S, Instant

COUNTER_TRADE, NETTING, DIRECTIONAL = "counter_trade", "onchain_netting", "directional"
BUCKETS = (COUNTER_TRADE, NETTING, DIRECTIONAL)
PROMPT_NS = 300 * NS_PER_S
OF_PRICE = ONE // rec.PRICE
LEAST_PART = ONE // 10**18
FLOWS = ("opened", "traded", "charged", "held")
ABSENT = Flows()


class TrueTrade:
    """A trade as it really was. Units: shares and USD in 1e-36, `qty` and `usd` unsigned, the fee above zero."""

    __slots__ = ("at", "fee", "onchain", "qty", "ref", "sign", "usd")

    def __init__(self, at: Instant, ref: str, sign: int, amounts: tuple[Exact, Exact, Exact], *, onchain: bool) -> None:
        self.at, self.ref, self.sign, self.onchain = at, ref, sign, onchain
        self.qty, self.usd, self.fee = amounts


class TrueLots:
    """The lots of one net, first in, first out.

    A part of a value is cut to 1e-18 USD and the rest stays, so that the parts add up to the value. A hedge within
    PROMPT_NS of the fill that it closes is a counter-trade; two fills of vaults net.
    """

    def __init__(self) -> None:
        self.realised: dict[str, Exact] = dict.fromkeys(BUCKETS, 0)
        self.lots: deque[TrueTrade] = deque()
        self.fees: Exact = 0
        self.qty: Exact = 0
        self.paid: Exact = 0

    def trade(self, trade: TrueTrade) -> None:
        """Closes lots of the other side, the oldest first, and opens one with what is left."""
        self.fees += trade.fee
        self.qty += trade.sign * trade.qty
        self.paid += trade.sign * trade.usd
        while trade.qty and self.lots and self.lots[0].sign != trade.sign:
            lot = self.lots[0]
            qty = min(lot.qty, trade.qty)
            opened, closed = _take(lot, qty), _take(trade, qty)
            self.realised[_bucket(lot, trade)] += (closed - opened) * lot.sign
            if not lot.qty:
                self.lots.popleft()
        if trade.qty:
            self.lots.append(trade)

    @property
    def cost(self) -> Exact:
        """What the open lots cost less what they brought."""
        return sum((lot.sign * lot.usd for lot in self.lots), 0)


def _take(lot: TrueTrade, qty: Exact) -> Exact:
    usd = lot.usd if qty == lot.qty else lot.usd * qty // lot.qty // LEAST_PART * LEAST_PART
    lot.qty, lot.usd = lot.qty - qty, lot.usd - usd
    return usd


def _bucket(lot: TrueTrade, trade: TrueTrade) -> str:
    if trade.onchain:
        return NETTING if lot.onchain else DIRECTIONAL
    return COUNTER_TRADE if lot.onchain and trade.at - lot.at <= PROMPT_NS else DIRECTIONAL


def explained(court: Court) -> Hearing:
    """I25: what was opened, traded and charged makes up what is held, asset by asset, as the product's ledger says.

    Each class is that of the truth, to the last unit; the trial balance is zero, nothing stands in suspense, everything
    is valued, and the product's own audit agrees. In USD, by the mark that was in force when a trade happened, what is
    realised less what open lots cost is what was received less what was paid, so that the total is right at whatever
    price open lots are valued. Each fee counts once, and the buckets add up to the total. Lots close first in, first
    out, at one instant in the order of identities. Venues that state totals are judged by sums, without buckets. What
    an operator stated or assigned is left aside, and so are openings while a `BooksDiverged` stands.
    """
    left_aside: dict[str, None] = {}
    marks = _Marks(court)

    def stated(event: Any) -> None:
        left_aside[event.underlying] = None

    def end() -> None:
        results = court.results
        if isinstance(results, Results):
            _compare_nets(court, results, marks, left_aside)
            _compare_flows(court, results, left_aside)
            _compare_claims(court, results)

    heard: dict[type[Event], Any] = dict.fromkeys(
        (orders.ForeignAssigned, control.PositionOverwritten, chain.FillSkipped), stated
    )
    heard[control.MarkSet] = marks.stated
    return Hearing(events=heard if court.results is not None else {}, end=end)


class _Marks:
    """The marks that the journal states; each must be one that the world states. Units: 1e-4 USD."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._stated: dict[str, list[tuple[Instant, int]]] = {}

    def stated(self, event: control.MarkSet) -> None:
        """Takes a mark, in force from its instant on until the next one."""
        usd, allowed = exact(event.usd), self._court.expects.marks.get(event.asset, ())
        mark = next((each for each in allowed if each * OF_PRICE == usd), None)
        if mark is None:
            self._court.find("I25", f"{event.asset} is marked at {event.usd}, which nobody stated", str(event))
        else:
            self._stated.setdefault(event.asset, []).append((event.marked_at, mark))

    def at(self, asset: str, at: Instant) -> int:
        """Returns the mark in force at an instant, before the first one that one; one dollar where there is none."""
        stated = self._stated.get(asset) or [(at, rec.PRICE)]
        return max((each for each in stated if each[0] <= at), default=min(stated))[1]


def _compare_nets(court: Court, results: Results, marks: _Marks, left_aside: dict[str, None]) -> None:
    """Compares the results of each net: in full, or only their sum where a venue that states totals traded."""
    ours = {(each.owner, each.underlying): each for each in results.nets}
    theirs: dict[NetKey, TrueLots] = {}
    for key, trade in sorted(_trades(court, marks), key=lambda each: (each[1].at, each[1].ref)):
        theirs.setdefault(key, TrueLots()).trade(trade)
    in_full = not any(terms.totals for terms in court.expects.accounts.values())
    for key in sorted({*ours, *theirs}):
        if key[1] in left_aside:
            continue
        said = ours.get(key) or NetResults(
            owner=key[0], underlying=key[1], realised={}, fees=Decimal(0), open_qty=Decimal(0), open_usd=Decimal(0)
        )
        for what, true, told in _lines(said, theirs.get(key) or TrueLots(), in_full=in_full):
            if true != told:
                name = f"the {what} of {key[0]}:{key[1]}"
                court.find("I25", f"{name} is {shown(true)}, the results say {shown(told)}", str(said))


def _lines(said: NetResults, lots: TrueLots, *, in_full: bool) -> Iterator[tuple[str, Exact, Exact]]:
    open_usd = exact(said.open_usd) if said.open_usd is not None else 0
    realised = sum((exact(usd) for usd in said.realised.values()), 0)
    yield "open quantity", lots.qty, exact(said.open_qty)
    yield "money received less paid and fees", -lots.paid - lots.fees, realised - open_usd - exact(said.fees)
    if in_full:
        yield "fees", lots.fees, exact(said.fees)
        yield "cost of open lots", lots.cost, open_usd
        for bucket in BUCKETS:
            yield f"result {bucket}", lots.realised[bucket], exact(said.realised.get(bucket, Decimal(0)))


def _trades(court: Court, marks: _Marks) -> Iterator[tuple[NetKey, TrueTrade]]:
    """Yields the trades that are in no opening, with whose they are."""
    truth = court.truth
    instruments = {(each.account, each.symbol): each.instrument for each in court.expects.listings}
    for entry in _executions(court):
        asset = truth.asset_of(entry.account, entry.symbol)
        terms = court.expects.terms(entry.account)
        stated_at = Instant(entry.at // terms.time_step * terms.time_step)
        mark = marks.at(terms.cash_asset, stated_at)
        instrument = instruments.get((entry.account, entry.symbol), entry.symbol)
        ref = ref_of_execution(AccountId(entry.account), InstrumentId(instrument), ExecutionId(entry.execution_id))
        usd = _in_usd(entry.qty * entry.price * OF_CASH, mark)
        amounts = (entry.qty * OF_SHARE, usd, _in_usd(entry.fee * OF_CASH, mark))
        key = truth.owner_of(entry) or (str(UNASSIGNED), asset)
        yield key, TrueTrade(stated_at, ref, entry.sign, amounts, onchain=False)
    for fill in truth.fills.values():
        mark = marks.at(court.expects.stable, fill.at)
        amounts = (fill.shares, _in_usd(fill.fill.usdc * OF_USDC, mark), 0)
        yield _key(fill), TrueTrade(fill.at, _ref(court, fill), fill.fill.sign, amounts, onchain=True)


def _executions(court: Court) -> Iterator[rec.Executed]:
    """Yields the executions that are not in an opening: one from before it is there where it was booked, too."""
    booked = {execution_key(court, event): None for event in court.told.executions.values()}
    for key, entry in court.truth.executions.items():
        if key in booked or not is_before_opening(court, entry):
            yield entry


def _key(fill: TrueFill) -> NetKey:
    return (fill.fill.owner, fill.fill.underlying)


def _ref(court: Court, fill: TrueFill) -> str:
    """Returns the identity under which a fill is booked; I3 tells of one that is not."""
    booked = court.told.fills.get(fill.key)
    return "" if booked is None else ref_of_fill(booked.key)


def _in_usd(amount: int, mark: int) -> Exact:
    return product(amount, mark * OF_PRICE)


def _compare_flows(court: Court, results: Results, left_aside: dict[str, None]) -> None:
    """Compares what the ledger says of each asset, class by class, with what happened to it."""
    truth = _Flows(court)
    names = tuple(name for name in FLOWS if not court.told.divergences or name in ("traded", "charged"))
    states_totals = any(terms.totals for terms in court.expects.accounts.values())
    for asset in sorted({*truth.sums, *results.flows}):
        said = results.flows.get(asset, ABSENT)
        told = {name: exact(getattr(said, name)) for name in FLOWS}
        true = {name: truth.sums.get(asset, {}).get(name, 0) for name in FLOWS}
        if states_totals:
            for sums in (told, true):
                sums["traded"], sums["charged"] = sums["traded"] - sums["charged"], 0
        for name in names:
            if told[name] != true[name]:
                what = f"{shown(true[name])} {asset} were {name}, the ledger says {shown(told[name])}"
                court.find("I25", what, str(said))
        if said.unbalanced:
            court.find("I25", f"debits and credits of {asset} differ by {said.unbalanced}", str(said))
        if said.unexplained and not left_aside:
            court.find("I25", f"{said.unexplained} {asset} stand in suspense", str(said))


class _Flows:
    """What happened to each asset over all accounts and vaults, by class. Units: 1e-36."""

    def __init__(self, court: Court) -> None:
        self.sums: dict[str, dict[str, Exact]] = {}
        for (_, asset), amount in court.truth.balances.items():
            self._add(asset, held=amount, opened=amount)
        for entry in _executions(court):
            self._execution(court, entry)
        tokens, stable = court.expects.tokens, court.expects.stable
        for fill in court.truth.fills.values():
            sign, token = fill.fill.sign, tokens.get(fill.fill.underlying, fill.fill.underlying)
            for asset, amount in ((token, fill.fill.tokens * OF_TOKEN), (stable, -fill.fill.usdc * OF_USDC)):
                self._add(asset, traded=sign * amount, held=sign * amount)

    def _execution(self, court: Court, entry: rec.Executed) -> None:
        """Takes an execution out of what was opened: balances hold it already."""
        shares, paid = entry.sign * entry.qty * OF_SHARE, entry.sign * entry.qty * entry.price * OF_CASH
        fee, cash = entry.fee * OF_CASH, court.expects.terms(entry.account).cash_asset
        self._add(court.truth.asset_of(entry.account, entry.symbol), traded=shares, opened=-shares)
        self._add(cash, traded=-paid, charged=fee, opened=paid + fee)

    def _add(self, asset: str, **amounts: int) -> None:
        sums = self.sums.setdefault(asset, dict.fromkeys(FLOWS, 0))
        for name, amount in amounts.items():
            sums[name] += amount


def _compare_claims(court: Court, results: Results) -> None:
    """Looks at what the results say of themselves."""
    net = sum((sum(map(exact, each.realised.values()), 0) - exact(each.fees) for each in results.nets), 0)
    if exact(results.net_usd) != net:
        court.find("I25", f"the buckets less fees are {shown(net)} USD, the total says {results.net_usd}")
    if results.gaps:
        court.find("I25", f"{results.gaps} trades or costs are not valued or not matched")
    if not results.agrees:
        court.find("I25", "profit and loss and the ledger do not agree by the product's own audit")
