"""What an oracle said at a transaction, asked of the nodes of a desk or of a recording of them."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from pathlib import Path

import msgspec

from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded
from flatbook.ops.config_chains import NodesChain
from flatbook.ops.config_rules import pyth_of
from flatbook.services.live_chains import wires_of
from flatbook.values.ids import Underlying
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.recorded import RecordingNode, read_answers, write_answers
from flatbook.venues.pyth.price import Missing
from flatbook.venues.pyth.reader import PythReader
from flatbook.venues.pyth.story import Moment, Saying, moment_of, sayings_of
from flatbook.venues.pyth.terms import PythTerms
from flatbook.venues.pyth.update import Update, read_update

UPDATE_BYTES_MAX = 1 << 22
HEX, BASE64 = "hex", "base64"


class PricesRefused(ValueError):
    """What an oracle said cannot be asked for. Says why, and what to do."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: a transaction on a chain of the configuration, where it stands, and which shares it traded.

    `moment` is None where the nodes shall state it. `recorded` is a file of answers to use in the place of nodes,
    `record` one to write; `updates` are updates of the price service to compare with.
    """

    chain: str
    tx: str
    moment: Moment | None
    tickers: tuple[Underlying, ...]
    recorded: Path | None = None
    record: Path | None = None
    updates: tuple[Update | Missing, ...] = ()


class ToldPrices(msgspec.Struct, frozen=True, kw_only=True):
    """Where a transaction stands, and all that was said around it."""

    moment: Moment
    sayings: tuple[Saying, ...]


def told_prices(loaded: Loaded, asking: Asking) -> ToldPrices:
    """Returns what an oracle said around a transaction.

    Errors: PricesRefused; SecretRefused and ConfigRefused for the nodes; AnswersRefused and OSError for the recording.
    """
    return asyncio.run(_told(loaded, asking))


async def _told(loaded: Loaded, asking: Asking) -> ToldPrices:
    terms = pyth_of(loaded, asking.chain, PythTerms)
    if terms is None:
        raise PricesRefused(f"no oracle is known on {asking.chain}: write [chains.{asking.chain}.pyth]")
    clock, stated = SystemClock(), loaded.config.chains[asking.chain]
    if asking.recorded is not None:
        answers = read_answers(asking.recorded)
        return await _asked(PythReader(answers, terms, clock), answers, asking)
    if not isinstance(stated, NodesChain):
        raise PricesRefused(f"{asking.chain} is a recording and has no nodes: give --recorded with a file of answers")
    wires = wires_of(loaded, asking.chain, stated, clock)
    nodes = [RecordingNode(wire.node) for wire in wires]
    try:
        told = await _asked(PythReader(nodes, terms, clock), nodes, asking)
    finally:
        for wire in wires:
            await wire.http.close()
        if asking.record is not None:
            write_answers(asking.record, nodes)
    return told


async def _asked(reader: PythReader, nodes: Sequence[Node], asking: Asking) -> ToldPrices:
    moment = asking.moment if asking.moment is not None else await moment_of(nodes, asking.tx)
    if isinstance(moment, Missing):
        raise PricesRefused(moment.detail)
    return ToldPrices(
        moment=moment, sayings=await sayings_of(reader, asking.tx, moment, asking.tickers, asking.updates)
    )


class _Binary(msgspec.Struct, frozen=True):
    encoding: str
    data: list[str]


class _Answer(msgspec.Struct, frozen=True):
    binary: _Binary


def read_updates(path: Path) -> tuple[Update | Missing, ...]:
    """Returns the updates of a file: an answer of Hermes as JSON, or one update in hex or base64.

    Errors: PricesRefused when it is none of these; OSError when it cannot be opened.
    """
    with path.open("rb") as file:
        content = file.read(UPDATE_BYTES_MAX + 1)
    if len(content) > UPDATE_BYTES_MAX:
        raise PricesRefused(f"{path.name} is above {UPDATE_BYTES_MAX} bytes: it holds no update")
    text = content.strip()
    try:
        if text[:1] == b"{":
            binary = msgspec.json.decode(text, type=_Answer).binary
            return tuple(read_update(_bytes_of(each, binary.encoding)) for each in binary.data)
        return (read_update(_bytes_of(text.decode("ascii"), HEX if text[:2] == b"0x" else BASE64)),)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, binascii.Error) as error:
        raise PricesRefused(f"{path.name} holds no update of a price ({error})") from error


def _bytes_of(text: str, encoding: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x")) if encoding == HEX else base64.b64decode(text, validate=True)
