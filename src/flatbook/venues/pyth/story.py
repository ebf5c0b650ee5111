"""All that Pyth said around one transaction: what it read itself, what stood at its block, and what an update says."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.events.prices import PriceDoubt
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant
from flatbook.venues.evm.answers import block_call, header_of, receipt_call
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Result
from flatbook.venues.pyth.price import Missing, MissingFor, OraclePrice, Stated
from flatbook.venues.pyth.reader import PythReader
from flatbook.venues.pyth.terms import PythTerms, doubts_of
from flatbook.venues.pyth.update import Update
from flatbook.venues.raindex.wire import WORD, read_hex, read_quantity

FEEDS_MAX = 32
TRACE, VIEW, UPDATE = "trace", "view", "update"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The block of a transaction, and when it was made."""

    block: int
    block_hash: str
    at: Instant


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said, or why it was not. `nodes` are those that say so; none for an update."""

    source: str
    ticker: Underlying | None
    stated: Stated
    doubts: tuple[PriceDoubt, ...]
    nodes: tuple[str, ...]


async def moment_of(nodes: Sequence[Node], tx: str) -> Moment | Missing:
    """Returns the block of a transaction, as the first node that knows both states them; Missing where none does."""
    for node in nodes:
        receipt = await _result(node, receipt_call(tx))
        stated = receipt if isinstance(receipt, dict) else {}
        number, block_hash = read_quantity(stated.get("blockNumber")), read_hex(stated.get("blockHash"), size=WORD)
        if number is None or block_hash is None:
            continue
        header = header_of(await _result(node, block_call(number)))
        if header is not None and header.block_hash == "0x" + block_hash.hex():
            return Moment(block=number, block_hash=header.block_hash, at=header.at)
    names = ", ".join(node.name for node in nodes)
    return Missing(reason=MissingFor.NOT_ANSWERED, detail=f"{names}: no block of this transaction is stated")


async def _result(node: Node, call: Call) -> object:
    (outcome,) = await node.ask((call,))
    return outcome.value if isinstance(outcome, Result) else None


async def sayings_of(
    reader: PythReader, tx: str, moment: Moment, tickers: Sequence[Underlying], updates: Sequence[Update | Missing]
) -> tuple[Saying, ...]:
    """Returns every price in the trace of a transaction, then those at its block of what was traded or read in it.

    Needs: `tickers` are those of the fills in the transaction.
    Gives: at most FEEDS_MAX feeds are asked for at the block.
    """
    terms = reader.terms
    traced = await reader.traced(tx, moment.block_hash)
    found = [_saying(terms, moment, TRACE, each, traced.nodes) for each in traced.stated]
    if not traced.stated:
        nothing = Missing(reason=MissingFor.NOT_CALLED, detail="the transaction read no price")
        found.append(_saying(terms, moment, TRACE, nothing, traced.nodes))
    for ticker in tickers:
        if ticker not in terms.feeds:
            detail = f"no feed of {ticker} is configured"
            found.append(_saying(terms, moment, VIEW, Missing(reason=MissingFor.NO_FEED, detail=detail), ()))
    feeds = [terms.feeds[ticker].id for ticker in tickers if ticker in terms.feeds]
    feeds += [each.feed for each in traced.stated if each.feed is not None]
    for feed in tuple(dict.fromkeys(feeds))[:FEEDS_MAX]:
        told = await reader.viewed(feed, moment.block_hash)
        found += [_saying(terms, moment, VIEW, each, told.nodes) for each in told.stated]
    for update in updates:
        prices = (update,) if isinstance(update, Missing) else tuple(each.newest for each in update.messages)
        found += [_saying(terms, moment, UPDATE, each, ()) for each in prices]
    return tuple(found)


def _saying(terms: PythTerms, moment: Moment, source: str, stated: Stated, nodes: tuple[str, ...]) -> Saying:
    known = terms.feed_of_id(stated.feed) if stated.feed is not None else None
    return Saying(
        source=source,
        ticker=None if known is None else known[0],
        stated=stated,
        doubts=doubts_of(stated, moment.at, terms) if isinstance(stated, OraclePrice) else (),
        nodes=nodes,
    )
