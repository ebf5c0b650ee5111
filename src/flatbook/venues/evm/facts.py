"""What the parser must know of a block besides its logs: which calls state it, and what their answers say.

Only blocks in which an order or inventory of ours traded are asked about, and of them only the tokens that are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from flatbook.values.instants import Instant
from flatbook.venues.evm.agreement import Trouble, at_of, trouble_of
from flatbook.venues.evm.answers import (
    DECIMALS,
    SYMBOL,
    SeenLog,
    block_call,
    decimals_of,
    header_of,
    ratio_call,
    ratio_of,
    receipt_call,
    symbol_of,
    view_call,
)
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result, Unanswered
from flatbook.venues.raindex.booking import BlockFacts
from flatbook.venues.raindex.tokens import RaindexConfig, TokenForm
from flatbook.venues.raindex.wire import RawLog, read_receipt

DIGITS = 40

_Value = TypeVar("_Value")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What must be asked about one block. `at` is when it was made, where its logs say so."""

    number: int
    block_hash: str
    at: Instant | None
    ratios: tuple[str, ...]
    names: tuple[str, ...]
    receipts: tuple[str, ...]

    def calls(self) -> tuple[Call, ...]:
        """Returns the calls, in the order in which `facts_of` takes their outcomes."""
        return (
            *(() if self.at is not None else (block_call(self.number),)),
            *(ratio_call(address, self.block_hash) for address in self.ratios),
            *(
                view_call(address, selector, self.block_hash)
                for address in self.names
                for selector in (SYMBOL, DECIMALS)
            ),
            *(receipt_call(tx) for tx in self.receipts),
        )

    @property
    def calls_count(self) -> int:
        """How many calls that are."""
        return (self.at is None) + len(self.ratios) + 2 * len(self.names) + len(self.receipts)


def wanted_of(logs: Sequence[SeenLog], config: RaindexConfig, known: Mapping[str, object], *, receipts: bool) -> Wanted:
    """Returns what must be asked about the block of some logs. `known` are the addresses whose names were asked."""
    ours = [log.raw for log in logs if _concerns_us(log.raw, config)]
    listed = (*(token.address for token in config.tokens), *(dollar.address for dollar in config.usdc))
    addresses = tuple(each for each in dict.fromkeys(listed) if any(_names(log, each) for log in ours))
    wrappers = {token.address: None for token in config.tokens if token.form is TokenForm.PREFIX_WT}
    return Wanted(
        number=logs[0].block,
        block_hash=logs[0].block_hash,
        at=at_of(logs),
        ratios=tuple(address for address in addresses if address in wrappers),
        names=tuple(address for address in addresses if address not in known),
        receipts=tuple(dict.fromkeys(log.tx for log in ours)) if receipts else (),
    )


def _concerns_us(log: RawLog, config: RaindexConfig) -> bool:
    return config.inventory(log.address) is not None or any(_names(log, owner.address) for owner in config.owners)


def _names(log: RawLog, address: str) -> bool:
    digits = address[-DIGITS:]
    return bytes.fromhex(digits) in log.payload or any(topic.endswith(digits) for topic in log.topics)


def facts_of_all(name: str, wanted: Sequence[Wanted], outcomes: Sequence[Outcome]) -> list[BlockFacts] | Trouble:
    """Returns what a node says of some blocks, from the outcomes of all their calls in order; else why it does not."""
    found: list[BlockFacts] = []
    start = 0
    for each in wanted:
        end = start + each.calls_count
        facts = facts_of(name, each, outcomes[start:end])
        if isinstance(facts, Trouble):
            return facts
        found.append(facts)
        start = end
    return found


def facts_of(name: str, wanted: Wanted, outcomes: Sequence[Outcome]) -> BlockFacts | Trouble:
    """Returns what a node says of a block.

    Gives: a ratio, symbol or number of decimals that the contract refuses to state, or that cannot be one, is left
    out. Trouble where the node does not state what the chain has: a block, a receipt, or any answer at all.
    """
    unstated = next((each for each in outcomes if not _is_stated(each)), None)
    if isinstance(unstated, (Refused, Unanswered)):
        return trouble_of(name, unstated, f"what block {wanted.number} holds")
    values = iter([each.value if isinstance(each, Result) else None for each in outcomes])
    at = wanted.at if wanted.at is not None else _made_at(wanted, next(values))
    if at is None:
        return Trouble(detail=f"{name} does not have block {wanted.number} {wanted.block_hash} any more")
    ratios = {address: ratio_of(next(values)) for address in wanted.ratios}
    names = {address: (symbol_of(next(values)), decimals_of(next(values))) for address in wanted.names}
    receipts = dict(zip(wanted.receipts, values, strict=True))
    missing = next((tx for tx, receipt in receipts.items() if not isinstance(receipt, Mapping)), None)
    if missing is not None:
        return Trouble(detail=f"{name} does not have the receipt of {missing}")
    return BlockFacts(
        number=wanted.number,
        hash=wanted.block_hash,
        at=at,
        ratios=_stated(ratios),
        ratios_before={},
        symbols=_stated({address: symbol for address, (symbol, _) in names.items()}),
        decimals=_stated({address: number for address, (_, number) in names.items()}),
        receipts={tx: read_receipt(receipt) for tx, receipt in receipts.items()},
    )


def _is_stated(outcome: Outcome) -> bool:
    return isinstance(outcome, Result) or (isinstance(outcome, Refused) and outcome.kind is RefusedFor.REVERTED)


def _made_at(wanted: Wanted, value: object) -> Instant | None:
    found = header_of(value)
    return found.at if found is not None and found.block_hash == wanted.block_hash else None


def _stated(found: Mapping[str, _Value | None]) -> dict[str, _Value]:
    return {address: value for address, value in found.items() if value is not None}
