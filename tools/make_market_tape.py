"""Writes the recorded market of the demo's grid: two minutes of Binance's BTCUSDT, spot, of 2024-08-08.

    FLATBOOK_SHARED=<folder> python -m tools.make_market_tape

The cut begins and ends at nearly the same price, so that it may be played again and again. It begins with the whole
book of that moment; changes of the book are put together every half second, and trades of one taker at one price into
one. Levels that the price never comes near are left out, and trades of less than two thousandths of a coin.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "src" / "flatbook" / "sim" / "tapes" / "tape" / "btcusdt.jsonl.gz"
SOURCE = "data/2_orderbook/hftbt_spot_btcusdt_20240808.gz"
SYMBOL = "BTCUSDT"
BEGINS_MS, ENDS_MS = 1_723_161_470_000, 1_723_161_601_000
LOWEST, HIGHEST = Decimal(61_550), Decimal(61_780)
LEAST = Decimal("0.002")
CHANGES_MS = 500
NS_PER_MS = 1_000_000
Side = dict[str, str]


def messages_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the messages of a recording as they came, but the whole book first: some that it lacks come before it."""
    with gzip.open(path, "rb") as file:
        told = [json.loads(line.partition(b" ")[2]) for line in file]
    yield next(each for each in told if "lastUpdateId" in each)
    yield from (each["data"] for each in told if "data" in each)


class Cut:
    """The lines of the cut: the book as it stands, what of it is not yet told, and the trades of one taker."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._book: tuple[Side, Side] = ({}, {})
        self._changed: tuple[Side, Side] = ({}, {})
        self._told_ms = self._first = self._last = 0
        self._trade: dict[str, Any] | None = None

    def take(self, told: dict[str, Any]) -> None:
        """Takes a message."""
        if "lastUpdateId" in told:
            self._write(told["bids"], told["asks"])
            self._last = told["lastUpdateId"]
        elif told.get("e") == "depthUpdate" and told["u"] > self._last:
            self._depth(told)
        elif told.get("e") == "trade" and BEGINS_MS <= told["T"] < ENDS_MS:
            self._traded(told)

    def _depth(self, told: dict[str, Any]) -> None:
        self._write(told["b"], told["a"])
        self._last = told["u"]
        at = told["E"]
        if at < BEGINS_MS or at >= ENDS_MS:
            return
        if not self._told_ms:
            whole = {"lastUpdateId": self._last, "bids": _best(self._book[0], -1), "asks": _best(self._book[1], 1)}
            self._say(at, {"whole": SYMBOL, "data": whole})
            self._told_ms, self._first = at, self._last + 1
            self._changed = ({}, {})
        elif at - self._told_ms >= CHANGES_MS:
            self._say_trade()
            change = {"e": "depthUpdate", "E": at, "s": SYMBOL, "U": self._first, "u": self._last}
            change |= {"b": list(self._changed[0].items()), "a": list(self._changed[1].items())}
            self._say(at, {"stream": "btcusdt@depth@100ms", "data": change})
            self._told_ms, self._first, self._changed = at, self._last + 1, ({}, {})

    def _write(self, *sides: list[list[str]]) -> None:
        for rows, book, changed in zip(sides, self._book, self._changed, strict=True):
            for price, qty in rows:
                if LOWEST <= Decimal(price) <= HIGHEST:
                    short, size = _short(price), _short(qty)
                    book[short] = changed[short] = size

    def _traded(self, told: dict[str, Any]) -> None:
        if not self._told_ms:
            return
        last = self._trade
        if last is not None and all(last[key] == told[key] for key in ("p", "m", "T")):
            last["q"] = str(Decimal(last["q"]) + Decimal(told["q"]))
            return
        self._say_trade()
        self._trade = {key: told[key] for key in ("E", "s", "p", "q", "T", "m")}

    def _say_trade(self) -> None:
        if self._trade is not None and Decimal(self._trade["q"]) >= LEAST:
            texts = {key: _short(self._trade[key]) for key in ("p", "q")}
            told = {"e": "aggTrade", **self._trade, **texts}
            self._say(told["T"], {"stream": "btcusdt@aggTrade", "data": told})
        self._trade = None

    def _say(self, at_ms: int, told: dict[str, Any]) -> None:
        text = json.dumps(told, separators=(",", ":"))
        self.lines.append(f"{at_ms * NS_PER_MS} {text}\n".encode("ascii"))


def cut_of(messages: Iterable[dict[str, Any]]) -> list[bytes]:
    """Returns the lines of the cut."""
    cut = Cut()
    for told in messages:
        cut.take(told)
    return cut.lines


def _best(side: Side, sign: int) -> list[tuple[str, str]]:
    standing = [(price, qty) for price, qty in side.items() if Decimal(qty)]
    return sorted(standing, key=lambda row: sign * Decimal(row[0]))


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def main() -> int:
    """Writes the cut and prints how much it holds."""
    recording = Path(os.environ.get("FLATBOOK_SHARED", "")) / SOURCE
    if not recording.is_file():
        print("set FLATBOOK_SHARED to the folder that holds data/2_orderbook", file=sys.stderr)
        return 2
    lines = cut_of(messages_of(recording))
    content = gzip.compress(b"".join(lines), mtime=0)
    FILE.write_bytes(content)
    print(f"{len(lines)} lines, {len(content)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
