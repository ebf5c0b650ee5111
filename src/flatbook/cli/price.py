"""`flatbook price`: what an oracle said at a transaction, beside what our fills in it were executed at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, brief, counted, short, show

if TYPE_CHECKING:
    from flatbook.ops.config import Loaded
    from flatbook.projections.oracle import PricedFills
    from flatbook.services.told_prices import ToldPrices

TX_DIGITS = 66
NS_PER_S = 1_000_000_000
HEX_DIGITS = frozenset("0123456789abcdef")
Fills = list[tuple[Any, Any]]


def price(
    tx: Annotated[str, says("The hash of a transaction; its beginning will do where the journal holds a fill of it.")],
    /,
    *,
    chain: Annotated[str | None, says("The chain, where the journal has no fill and several have an oracle.")] = None,
    recorded: Annotated[Path | None, says("Ask this file of recorded answers, and no node.")] = None,
    record: Annotated[Path | None, says("Keep what the nodes answer in this file.")] = None,
    update: Annotated[Path | None, says("Compare with an update of the price service, as JSON, hex or base64.")] = None,
    where: Where = HERE,
) -> int:
    """Shows what the oracle said at the block of a transaction, and how far our fills in it lay from that.

    Every price that the transaction read is told apart by its feed; then the contract is asked at the very block. What
    could not be read stands there with the reason. Where there is no price at all the exit code is 7.
    """
    from flatbook.cli.desks import loaded_of
    from flatbook.services.told_prices import Asking, PricesRefused, read_updates, told_prices

    loaded = loaded_of(where)
    journalled = _journalled(where)
    fills = journalled.of_tx(tx)
    full = _full_tx(tx, fills)
    try:
        asking = Asking(
            chain=_chain_of(loaded, fills, chain),
            tx=full,
            moment=_moment(fills),
            tickers=tuple(dict.fromkeys(fill.underlying for _, fill in fills)),
            recorded=recorded,
            record=record,
            updates=() if update is None else read_updates(update),
        )
        told = told_prices(loaded, asking)
    except PricesRefused as refused:
        raise Failed(Exit.USAGE, str(refused), where=full) from refused
    body = _body(full, told, fills, journalled)
    show("price", body, lambda: _parts(body), as_json=where.as_json)
    return Exit.OK if any(each["price"] is not None for each in body["prices"]) else Exit.UNKNOWN


def _journalled(where: Where) -> PricedFills:
    from flatbook.cli.reading import journal_path, past_of
    from flatbook.projections.fold import fold
    from flatbook.projections.oracle import PricedFills

    if not journal_path(where).is_file():
        return PricedFills()
    with past_of(where) as past:
        return fold(PricedFills(), past.read())


def _full_tx(tx: str, fills: Fills) -> str:
    """Returns the hash of the transaction that is meant."""
    found = tuple(dict.fromkeys(str(fill.key.tx) for _, fill in fills))
    if len(found) > 1:
        raise Failed(Exit.USAGE, f"{tx} fits {len(found)} transactions", do="name one of them more fully")
    if found:
        return found[0]
    if len(tx) != TX_DIGITS or tx[:2].lower() != "0x" or not HEX_DIGITS.issuperset(tx[2:].lower()):
        do = "give 0x and 64 hex digits, or see flatbook trades"
        raise Failed(Exit.USAGE, "the journal holds no fill of such a transaction", where=tx, do=do)
    return tx.lower()


def _chain_of(loaded: Loaded, fills: Fills, named: str | None) -> str:
    """Returns the name of the chain: of the fills, as it is named, or the only one with an oracle."""
    chains = loaded.config.chains
    if named is not None:
        if named not in chains:
            raise Failed(Exit.USAGE, f"there is no chain {named!r}", do=f"name one of {', '.join(chains)}")
        return named
    ids = [fill.key.chain for _, fill in fills]
    known = [name for name, chain in chains.items() if (chain.id in ids if ids else chain.pyth is not None)]
    if len(known) != 1:
        do = "name one with --chain" if known else "write [chains.NAME.pyth]"
        raise Failed(Exit.USAGE, f"{counted(len(known), 'chain')} may be meant", do=do)
    return known[0]


def _moment(fills: Fills) -> Any:
    from flatbook.events.chain import PRECONFIRMED_HASH
    from flatbook.venues.pyth.story import Moment

    if not fills or fills[0][1].key.block_hash == PRECONFIRMED_HASH:
        return None
    key = fills[0][1].key
    return Moment(block=key.block, block_hash=key.block_hash, at=fills[0][1].happened_at)


def _body(tx: str, told: ToldPrices, fills: Fills, journalled: PricedFills) -> dict[str, Any]:
    from flatbook.values.instants import text_of_instant

    moment = told.moment
    prices = [_price_body(each, moment.at) for each in told.sayings]
    return {
        "tx": tx,
        "block": moment.block,
        "block_hash": moment.block_hash,
        "at": text_of_instant(moment.at),
        "prices": prices,
        "fills": [_fill_body(ref, fill, prices, journalled) for ref, fill in fills],
    }


def _price_body(saying: Any, at: int) -> dict[str, Any]:
    from flatbook.values.instants import text_of_instant
    from flatbook.values.money import plain
    from flatbook.venues.pyth.price import Missing

    stated = saying.stated
    said: dict[str, Any] = {
        "source": saying.source,
        "ticker": saying.ticker,
        "feed": stated.feed,
        "nodes": list(saying.nodes),
        "doubts": [doubt.value for doubt in saying.doubts],
    }
    if isinstance(stated, Missing):
        empty = dict.fromkeys(("price", "confidence", "published_at", "age_s"))
        return {**said, **empty, "missing": stated.reason.value, "detail": stated.detail}
    return {
        **said,
        "price": plain(stated.price),
        "confidence": plain(stated.confidence),
        "published_at": text_of_instant(stated.published_at),
        "age_s": (at - stated.published_at) // NS_PER_S,
        "missing": None,
        "detail": None,
    }


def _fill_body(ref: Any, fill: Any, prices: list[dict[str, Any]], journalled: PricedFills) -> dict[str, Any]:
    """Returns a fill with its distance from what stood at its block; else from what its transaction read."""
    from decimal import Decimal

    from flatbook.projections.oracle import deviation_bps
    from flatbook.values.money import plain

    ours = [each for each in prices if each["ticker"] == fill.underlying and each["price"] is not None]
    ours.sort(key=lambda each: ("view", "trace", "update").index(each["source"]))
    chosen = ours[0] if ours else None
    apart = None if chosen is None else deviation_bps(fill.price, Decimal(chosen["price"]))
    booked = journalled.prices.get(ref)
    return {
        "ref": ref,
        "underlying": fill.underlying,
        "side": fill.side.value,
        "shares": plain(fill.shares),
        "price": plain(fill.price),
        "oracle": None if chosen is None else chosen["price"],
        "source": None if chosen is None else chosen["source"],
        "doubts": [] if chosen is None else chosen["doubts"],
        "deviation_bps": None if apart is None else plain(apart),
        "booked": None if booked is None else plain(booked.price),
    }


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    yield f"{body['tx']} in block {body['block']}, {body['at']}"
    yield Table(
        "what the oracle said",
        (
            Column("of", lambda row: row["ticker"] or brief(row["feed"])),
            Column("where", "source"),
            Column("price USD>", lambda row: short(row["price"])),
            Column("give or take>", lambda row: short(row["confidence"])),
            Column("age s>", "age_s"),
            Column("doubted", lambda row: " ".join(row["doubts"])),
            Column("missing", lambda row: row["missing"] and f"{row['missing']}: {row['detail']}"),
            Column("by", lambda row: " ".join(row["nodes"])),
        ),
        body["prices"],
    )
    yield Table(
        "our fills in it",
        (
            Column("id", lambda row: brief(row["ref"])),
            Column("side", "side"),
            Column("shares>", lambda row: short(row["shares"])),
            Column("of", "underlying"),
            Column("executed at>", lambda row: short(row["price"])),
            Column("oracle>", lambda row: short(row["oracle"])),
            Column("where", "source"),
            Column("apart bps>", "deviation_bps"),
            Column("doubted", lambda row: " ".join(row["doubts"])),
            Column("booked>", lambda row: short(row["booked"])),
        ),
        body["fills"],
    )
    if not body["fills"]:
        yield "the journal holds no fill of this transaction: there is no execution price to compare with"
