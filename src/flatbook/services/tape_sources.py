"""Recordings of venues, by their format: which venue speaks in them, and what each of their lines tells."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import Origin
from flatbook.backtest.tape_survey import Heard
from flatbook.market.depth import Rule
from flatbook.market.ticks import Product
from flatbook.venues.binance import public_feed as binance

LINE = re.compile(rb"(\d{13}|\d{16}|\d{19}) (\{.*\})\s*")
NS_OF_DIGITS = {13: 10**6, 16: 10**3, 19: 1}
LOOK_AT_MAX = 2_000
READ_AT_ONCE = 1 << 20


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Files of one recorder, in order, and how they are read.

    `quote_of` and `size_of` say what a symbol alone tells: its quote, and the size of a contract.
    """

    paths: tuple[Path, ...]
    venue: str
    product: Product
    rule: Rule
    heard: Callable[[], Iterator[Heard]]
    quote_of: Callable[[str], str]
    size_of: Callable[[str], Decimal]


def origins_of(paths: Sequence[Path]) -> tuple[Origin, ...]:
    """Returns what a tape says of the files that it is made of."""
    return tuple(Origin(name=path.name, sha256=_sha256(path)) for path in paths)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def recordings_of(paths: Sequence[Path]) -> tuple[Recording, ...]:
    """Returns the recordings that some files hold; those of one market go on where the one before ends.

    Needs: the files of one market in order of time.
    Errors: TapeRefused where one is of no format that is known; OSError.
    """
    chains: dict[tuple[str, str], list[Path]] = {}
    for path in paths:
        product, venue = _market(path)
        chains.setdefault((venue, product.value), []).append(path)
    return tuple(_of_binance(tuple(chain)) for chain in chains.values())


def _of_binance(paths: tuple[Path, ...]) -> Recording:
    product, venue = _market(paths[0])
    return Recording(
        paths=paths,
        venue=venue,
        product=product,
        rule=binance.rule_of(product),
        heard=lambda: _heard_at_binance(paths),
        quote_of=lambda symbol: binance.quote_of(product, symbol),
        size_of=lambda symbol: Decimal(binance.contract_size_of(product, symbol)),
    )


def _market(path: Path) -> tuple[Product, str]:
    for number, (_, body) in enumerate(_lines(path)):
        if (found := binance.market_of(body)) is not None:
            return found
        if number > LOOK_AT_MAX:
            break
    raise TapeRefused(f"{path.name}: none of its first lines is of a format that is known: see flatbook data convert")


def _heard_at_binance(paths: Sequence[Path]) -> Iterator[Heard]:
    symbol = ""
    held: list[tuple[int, bytes]] = []
    for path in paths:
        for local, body in _lines(path):
            if b'"stream"' not in body[:20]:
                held.append((local, body))
            else:
                told = binance.read_told(body)
                symbol = getattr(told, "symbol", symbol)
                yield local, told
            while symbol and held:
                at, whole = held.pop(0)
                yield at, binance.read_whole(symbol, whole)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields when each line was recorded, and what; a line that is cut off or of another form has the instant 0.

    Errors: TapeRefused where the file is damaged.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        try:
            for line in file:
                match = LINE.fullmatch(line)
                yield (int(match[1]) * NS_OF_DIGITS[len(match[1])], match[2]) if match else (0, line)
        except (EOFError, OSError, zlib.error) as error:
            raise TapeRefused(f"{path.name} is cut off or damaged ({error}): copy it again") from error
