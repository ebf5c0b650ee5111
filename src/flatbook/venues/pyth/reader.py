"""Reads what Pyth said at a transaction or a block from the nodes of a chain.

A price at a block is taken when all nodes that answer say the same of it, and at least two do; a node that does not
answer is named. Traces are rare: what one node tells of a transaction is shown with its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from flatbook.engine.ports import Clock
from flatbook.events.chain import VaultFilled
from flatbook.events.prices import FillPriced, PriceSource
from flatbook.values.money import Price
from flatbook.venues.evm.answers import receipt_call, view_call
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result, Unanswered
from flatbook.venues.pyth.price import Missing, MissingFor, OraclePrice, Stated, one_of_feed, price_of_words
from flatbook.venues.pyth.terms import PythTerms, doubts_of
from flatbook.venues.pyth.trace import GET_PRICE_UNSAFE, prices_in_trace, trace_call
from flatbook.venues.raindex.wire import read_hex

ORACLE = "pyth"
NODES_MIN = 2


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, and which nodes said so."""

    stated: tuple[Stated, ...]
    nodes: tuple[str, ...]


class PythReader:
    """Asks the nodes of one chain for prices of Pyth."""

    def __init__(self, nodes: Sequence[Node], terms: PythTerms, clock: Clock) -> None:
        self.terms = terms
        self._nodes, self._clock = tuple(nodes), clock

    async def traced(self, tx: str, block_hash: str) -> Told:
        """Returns every price that a transaction read from the contract in a block, in the order in which it did.

        Gives: Missing where no node tells what the transaction did there, or two tell different things. A node can be
        asked for the trace of a transaction only, and not of one in a block: it must have it there before and after.
        """
        calls = (receipt_call(tx), trace_call(tx), receipt_call(tx))
        read = [
            (name, _traced(name, outcomes, self.terms.contract, block_hash))
            for name, outcomes in await self._ask(calls)
        ]
        told = [(name, found) for name, found in read if not isinstance(found, Missing)]
        names = tuple(name for name, _ in told)
        if not told:
            return Told(stated=(read[0][1],) if isinstance(read[0][1], Missing) else (), nodes=())
        if any(found != told[0][1] for _, found in told):
            detail = f"{', '.join(names)} tell different traces"
            return Told(stated=(Missing(reason=MissingFor.NODES_DISAGREE, detail=detail),), nodes=names)
        return Told(stated=told[0][1], nodes=names)

    async def viewed(self, feed: str, block_hash: str) -> Told:
        """Returns what the contract answers at a block of one feed. Gives: one price, or why there is none."""
        call = view_call(self.terms.contract, f"0x{GET_PRICE_UNSAFE.hex()}{feed.removeprefix('0x')}", block_hash)
        read = [(name, _viewed(name, outcomes[0], feed)) for name, outcomes in await self._ask((call,))]
        said = [
            (name, found)
            for name, found in read
            if not isinstance(found, Missing) or found.reason is not MissingFor.NOT_ANSWERED
        ]
        names = tuple(name for name, _ in said)
        if any(found != said[0][1] for _, found in said):
            detail = f"{', '.join(names)} have different prices at the block"
            return Told(stated=(Missing(reason=MissingFor.NODES_DISAGREE, detail=detail, feed=feed),), nodes=names)
        if len(said) < NODES_MIN:
            silent = next((found for _, found in read if isinstance(found, Missing)), None)
            detail = silent.detail if silent is not None else f"only {', '.join(names)} could be asked"
            return Told(stated=(Missing(reason=MissingFor.NOT_ANSWERED, detail=detail, feed=feed),), nodes=names)
        return Told(stated=(said[0][1],), nodes=names)

    async def priced(self, fill: VaultFilled) -> FillPriced | Missing:
        """Returns what Pyth said of the share of a fill at its block: from the contract, else from the trace.

        Gives: Missing where neither says it; the reason is that of the contract.
        """
        feed = self.terms.feeds.get(fill.underlying)
        if feed is None:
            return Missing(reason=MissingFor.NO_FEED, detail=f"no feed of {fill.underlying} is configured")
        viewed = (await self.viewed(feed.id, fill.key.block_hash)).stated[0]
        if isinstance(viewed, OraclePrice):
            return self.event_of(fill, viewed, PriceSource.VIEW)
        traced = one_of_feed((await self.traced(fill.key.tx, fill.key.block_hash)).stated, feed.id)
        return self.event_of(fill, traced, PriceSource.TRACE) if isinstance(traced, OraclePrice) else viewed

    def event_of(self, fill: VaultFilled, stated: OraclePrice, source: PriceSource) -> FillPriced:
        """Returns the event that says what the oracle said of a fill, doubts included."""
        return FillPriced(
            key=fill.key,
            underlying=fill.underlying,
            oracle=ORACLE,
            feed=stated.feed,
            price=Price(stated.price),
            confidence=Price(stated.confidence),
            published_at=stated.published_at,
            source=source,
            doubts=doubts_of(stated, fill.happened_at, self.terms),
            seen_at=self._clock.now(),
        )

    async def _ask(self, calls: Sequence[Call]) -> list[tuple[str, tuple[Outcome, ...]]]:
        answered = await asyncio.gather(*(node.ask(calls) for node in self._nodes))
        return [(node.name, outcomes) for node, outcomes in zip(self._nodes, answered, strict=True)]


def _traced(name: str, outcomes: Sequence[Outcome], contract: str, block_hash: str) -> tuple[Stated, ...] | Missing:
    before, trace, after = outcomes
    if not isinstance(trace, Result) or trace.value is None:
        detail = f"{name} does not trace: {_why(trace)}"
        return Missing(reason=MissingFor.NOT_ANSWERED, detail=detail)
    if not (_is_in(before, block_hash) and _is_in(after, block_hash)):
        detail = f"{name} does not have the transaction in this block"
        return Missing(reason=MissingFor.NOT_ANSWERED, detail=detail)
    return prices_in_trace(trace.value, contract)


def _is_in(receipt: Outcome, block_hash: str) -> bool:
    stated = receipt.value if isinstance(receipt, Result) else None
    found = stated.get("blockHash") if isinstance(stated, Mapping) else None
    return isinstance(found, str) and found.lower() == block_hash


def _viewed(name: str, outcome: Outcome, feed: str) -> Stated:
    if isinstance(outcome, Refused) and outcome.kind is RefusedFor.REVERTED:
        return Missing(reason=MissingFor.REVERTED, detail="the contract has no price of it", feed=feed)
    if not isinstance(outcome, Result):
        detail = f"{name} does not say it: {_why(outcome)}"
        return Missing(reason=MissingFor.NOT_ANSWERED, detail=detail, feed=feed)
    return price_of_words(feed, read_hex(outcome.value) or b"")


def _why(outcome: Outcome) -> str:
    return outcome.detail if isinstance(outcome, Refused | Unanswered) else "it knows no such transaction"
