"""Recordings of markets, by their format: who speaks in them, and what each of their lines tells."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import Origin
from flatbook.backtest.tape_hftbacktest import read_events
from flatbook.backtest.tape_nautilus import is_of_catalogue, read_catalogue
from flatbook.backtest.tape_survey import Heard
from flatbook.backtest.tape_tables import Table, read_table, symbols_of, table_of
from flatbook.market.depth import Rule, Unread, Unused, in_one_row
from flatbook.market.ticks import Product, Told
from flatbook.services import tape_archives as archives
from flatbook.services.recorded_markets import MARKETS, quote_of
from flatbook.services.tape_lines import HEAD, WHOLE, head_of, lines_of
from flatbook.services.tape_native import read_native
from flatbook.venues.binance import public_feed as binance
from flatbook.venues.bybit.books import rule as bybit_rule

LOOK_AT_MAX, STREAM_BYTES = 2_000, 100
READ_AT_ONCE = 1 << 20
BINANCE = re.compile(rb'\{\s*"(stream|lastUpdateId|whole)"')
KNOWN = (
    "recorded streams of Binance, Bybit, Hyperliquid and Bitstamp, trades of Kraken and Tardis, LOBSTER, events of"
    " hftbacktest (.npz), files of a nautilus catalogue, bars and rates of funding (.csv, .parquet)"
)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a symbol besides its ticks and lots. Units: contract_size as in TapeInstrument."""

    venue: str
    symbol: str
    product: Product
    quote: str = ""
    contract_size: Decimal = Decimal(1)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Files of one recorder, in order, and how they are read. `named` tells what is known of a symbol.

    `stated` is the symbol that a person stated, although the files say it themselves; it must be the only one then.
    `holds`: whole books were asked for apart from the stream, so that changes before one may be newer than it, and with
    `overlaps` nothing but time is numbered in both, as in BookSync.
    """

    paths: tuple[Path, ...]
    rule: Rule
    heard: Callable[[], Iterator[Heard]]
    named: Callable[[str], Named]
    overlaps: bool = False
    holds: bool = False
    stated: str | None = None


class Stated(NamedTuple):
    """What a person states of a recording that does not say it itself."""

    venue: str | None = None
    symbol: str | None = None
    product: Product | None = None


class Format(NamedTuple):
    """A format of recordings that are kept by others: how its files begin, whose they are, and how they are read."""

    begins: re.Pattern[bytes]
    venue: str
    product: Product
    quote: str
    rule: Rule
    read: Callable[[tuple[Path, ...]], Iterator[Heard]]


SPOT, LINEAR = Product.SPOT, Product.LINEAR
BYBIT = re.compile(rb'\{"(topic":"(orderbook|publicTrade)\.|success":|op":)')
STAMPED = re.compile(rb"(order_(created|changed|deleted|book)|trade) \{")
TARDIS = re.compile(rb"exchange,symbol,timestamp,local_timestamp,id,side,price,amount")
TRADES_OF_OTHERS = "tardis"
"""Who keeps recordings of other venues: which of them is for a person to state."""
FORMATS = (
    Format(BYBIT, "bybit", LINEAR, "USDT", bybit_rule, archives.read_bybit),
    Format(re.compile(rb'\{"channel":'), "hyperliquid", LINEAR, "USDC", in_one_row, archives.read_hyperliquid),
    Format(STAMPED, "bitstamp", SPOT, "USD", in_one_row, archives.read_bitstamp),
    Format(TARDIS, TRADES_OF_OTHERS, LINEAR, "", in_one_row, archives.read_tardis),
    Format(re.compile(rb'\{"error": ?\['), "kraken", SPOT, "", in_one_row, archives.read_kraken),
    Format(re.compile(b"PK"), "nasdaq", SPOT, "USD", in_one_row, archives.read_lobster),
)
OWN_FORMS = {"bybit-linear": FORMATS[0], "bybit-spot": FORMATS[0]._replace(product=SPOT)}
READ_BY_FORMAT = ("binance", "binanceusdm", *OWN_FORMS)
"""Recordings of our own that hold more than books and trades, or were made before they said whose they are."""
NOTHING_STATED = Stated()
Chain = tuple[Path, ...]
Make = Callable[[Chain, Stated], tuple[Recording, ...]]


def origins_of(paths: Sequence[Path]) -> tuple[Origin, ...]:
    """Returns what a tape says of the files that it is made of."""
    return tuple(Origin(name=path.name, sha256=_sha256(path)) for path in paths)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def recordings_of(paths: Sequence[Path], stated: Stated = NOTHING_STATED) -> tuple[Recording, ...]:
    """Returns the recordings that some files hold; those of one market go on where the one before ends.

    Needs: the files of one market in order of time.
    Errors: TapeRefused where one is of no format that is known; OSError.
    """
    chains: dict[str, tuple[Make, list[Path]]] = {}
    found = tuple(_files(paths))
    if not found:
        raise TapeRefused(f"{', '.join(map(str, paths))} holds no file: name recordings, or a folder of them")
    for path in found:
        market, make = _format_of(path)
        chains.setdefault(market, (make, []))[1].append(path)
    return tuple(made for make, chain in chains.values() for made in make(tuple(chain), stated))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yields files, and for a folder those in it, in order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path


def _format_of(path: Path) -> tuple[str, Make]:
    """Returns the market that a file is of, its own name where it does not say, and what makes a recording of it."""
    if path.suffix == ".npz":
        return "hftbacktest", _of_events
    begins = b"PK" if path.suffix == ".zip" else b"" if path.suffix == ".parquet" else _first_line(path)
    if (head := head_of(begins)) is not None and head.recorded not in READ_BY_FORMAT:
        return _of_our_own(path, head.recorded)
    begins = begins if head is None else _first_line(path, skipped=1)
    if BINANCE.match(begins):
        market = _binance_market(path)
        return market[1], lambda chain, stated: _of_binance(chain, stated, *market)
    own = None if head is None else OWN_FORMS.get(head.recorded)
    if head is not None and own is not None:
        return head.recorded, lambda chain, stated: _of_own_format(own, chain, stated)
    form = next((each for each in FORMATS if each.begins.match(begins)), None)
    if form is not None:
        return form.venue if head is None else head.recorded, lambda chain, stated: _of_format(form, chain, stated)
    if path.suffix == ".parquet" and is_of_catalogue(path):
        return "nautilus", _of_catalogue
    if (table := table_of(path)) is not None:
        return path.name, lambda chain, stated: _of_table(table, chain, stated)
    if not begins and (path.suffix != ".parquet" or not path.stat().st_size):
        raise TapeRefused(f"{path.name} is empty: record it, or copy it, again")
    raise TapeRefused(f"{path.name} is of no format that is known: name one of {KNOWN}")


def _first_line(path: Path, skipped: int = 0) -> bytes:
    return next((line for _, line in islice(lines_of(path), skipped, None)), b"")


def _of_our_own(path: Path, name: str) -> tuple[str, Make]:
    """Returns what makes a recording of files that say themselves whose market they are of."""
    market = MARKETS.get(name)
    if market is None:
        raise TapeRefused(f"{path.name} is a recording of {name}, which is not read here: {', '.join(MARKETS)} are")

    def named(symbol: str) -> Named:
        return Named(venue=market.venue, symbol=symbol, product=market.product, quote=quote_of(symbol))

    def made(chain: Chain, stated: Stated) -> tuple[Recording, ...]:
        _check_stated(chain, stated, market.venue, market.product)
        heard = partial(read_native, market, chain)
        return (
            Recording(
                paths=chain,
                rule=market.books.rule,
                heard=heard,
                named=named,
                overlaps=market.books.overlaps,
                holds=market.books.whole is not None,
                stated=stated.symbol,
            ),
        )

    return name, made


def _binance_market(path: Path) -> tuple[Product, str]:
    for _, body in islice(lines_of(path), LOOK_AT_MAX):
        if (found := binance.market_of(body)) is not None:
            return found
    raise TapeRefused(
        f"{path.name}: none of its first {LOOK_AT_MAX} lines says which market of Binance it is of: record depth too"
    )


def _check_stated(chain: Chain, stated: Stated, venue: str, product: Product | None) -> None:
    """Refuses another venue or product than the one that a recording knows itself to be of. Errors: TapeRefused."""
    if product is not None and stated.product not in (None, product):
        own = f"{chain[0].name} says itself that it is of {product.value}"
        raise TapeRefused(f"{own}: leave --product out")
    if stated.venue not in (None, venue):
        raise TapeRefused(f"{chain[0].name} says itself that it is of {venue}: leave --venue out")


def _of_binance(chain: Chain, stated: Stated, product: Product, venue: str) -> tuple[Recording, ...]:
    _check_stated(chain, stated, venue, product)

    def named(symbol: str) -> Named:
        size = Decimal(binance.contract_size_of(product, symbol))
        quote = binance.quote_of(product, symbol)
        return Named(venue=venue, symbol=symbol, product=product, quote=quote, contract_size=size)

    return (
        Recording(
            paths=chain,
            rule=binance.rule_of(product),
            heard=lambda: _heard_at_binance(chain),
            named=named,
            holds=True,
            stated=stated.symbol,
        ),
    )


def _heard_at_binance(chain: Chain) -> Iterator[Heard]:
    """Yields what Binance told; a whole book of REST names no symbol, and waits for the first that is named.

    Of trades that stand there one by one and as sums of one taker the sums are left out.
    """
    symbol = ""
    one_by_one: dict[str, bool] = {}
    held: list[tuple[int, bytes]] = []
    for path in chain:
        for local, body in lines_of(path):
            if body.startswith(HEAD):
                continue
            if body.startswith(WHOLE):
                yield local, binance.read_recorded_whole(body)
            elif b'"lastUpdateId"' in body[:40]:
                held.append((local, body))
            else:
                told = binance.read_told(body)
                symbol = getattr(told, "symbol", symbol)
                yield local, _unless_twice(told, chain, one_by_one)
            while symbol and held:
                at, whole = held.pop(0)
                yield at, binance.read_whole(symbol, whole)


def _unless_twice(
    told: Told | Unread | Unused | None, chain: Chain, one_by_one: dict[str, bool]
) -> Told | Unread | Unused | None:
    """Returns what was told, but a sum of trades of a symbol whose trades stand there one by one too."""
    if not isinstance(told, Told) or told.stream != binance.AGGREGATES:
        return told
    if told.symbol not in one_by_one:
        stream = f'"{told.symbol.lower()}@trade"'.encode()
        one_by_one[told.symbol] = any(stream in body[:STREAM_BYTES] for path in chain for _, body in lines_of(path))
    return Unused(told.stream) if one_by_one[told.symbol] else told


def _of_own_format(form: Format, chain: Chain, stated: Stated) -> tuple[Recording, ...]:
    _check_stated(chain, stated, form.venue, form.product)
    return _of_format(form, chain, stated)


def _of_format(form: Format, chain: Chain, stated: Stated) -> tuple[Recording, ...]:
    def named(symbol: str) -> Named:
        product = stated.product or form.product
        return Named(venue=stated.venue or form.venue, symbol=symbol, product=product, quote=form.quote)

    if form.venue != TRADES_OF_OTHERS:
        _check_stated(chain, stated, form.venue, None)
    return (Recording(paths=chain, rule=form.rule, heard=lambda: form.read(chain), named=named, stated=stated.symbol),)


def _of_events(chain: Chain, stated: Stated) -> tuple[Recording, ...]:
    named = _stated(chain[0], stated)
    heard = partial(read_events, chain, named.symbol)
    return (Recording(paths=chain, rule=in_one_row, heard=heard, named=lambda _symbol: named),)


def _of_table(table: Table, chain: Chain, stated: Stated) -> tuple[Recording, ...]:
    whole = _stated(chain[0], stated)

    def named(symbol: str) -> Named:
        venue, _, of_venue = symbol.rpartition(":")
        is_perp = symbol.endswith("-PERP") or (table.rate is not None and not table.bars)
        product = stated.product or (Product.LINEAR if is_perp else Product.SPOT)
        return Named(venue=venue or whole.venue, symbol=of_venue, product=product)

    return tuple(
        Recording(paths=chain, rule=in_one_row, heard=partial(read_table, table, only, whole.symbol), named=named)
        for only in symbols_of(table)
    )


def _of_catalogue(chain: Chain, stated: Stated) -> tuple[Recording, ...]:
    def named(symbol: str) -> Named:
        of_venue, _, venue = symbol.rpartition(".")
        product = stated.product or (Product.LINEAR if of_venue.endswith("-PERP") else Product.SPOT)
        return Named(venue=stated.venue or venue.lower(), symbol=of_venue, product=product)

    heard = partial(read_catalogue, chain)
    return (Recording(paths=chain, rule=in_one_row, heard=heard, named=named, stated=stated.symbol),)


def _stated(path: Path, stated: Stated) -> Named:
    name = path.name.split(".", 1)[0]
    symbol = stated.symbol or name
    return Named(venue=stated.venue or "recorded", symbol=symbol, product=stated.product or Product.LINEAR)
