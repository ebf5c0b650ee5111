"""One small world, entry by entry: a vault sells, the desk buys the share back. Tests change one thing in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events import chain, control, orders
from flatbook.events.event import Event
from flatbook.sim.judges.expectation import Expectation, Listing, NetBound
from flatbook.sim.judges.table import judge
from flatbook.sim.judges.verdict import Verdict
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import CASH, SHARE, TOKEN, USDC
from flatbook.values.ids import (
    AccountId,
    AssetId,
    ChainId,
    Epoch,
    EventRef,
    ExecutionId,
    HaltId,
    InstrumentId,
    OrderId,
    OwnerId,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text, text_of_instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Money, Price, Quantity

START = instant_of_text("2025-12-02T16:00:00Z")
ORDER, OTHER = "fb1", "fb2"
TX, HASH = "0xaa", "0xb10c0000000000"

EXPECTS = Expectation(
    listings=(Listing(account="alpha", symbol="COIN", instrument="COIN@alpha", underlying="COIN"),),
    bounds={("desk", "COIN"): NetBound(threshold=SHARE, standing=3 * SHARE, order_max=2 * SHARE)},
    sessions=((START, Instant(START + 3_600 * NS_PER_S)),),
    price_age=10 * NS_PER_S,
    price_bps=10,
    price_true_within=10 * NS_PER_S,
    honest_within=60 * NS_PER_S,
    forced_within=60 * NS_PER_S,
    sends_per_order_max=2,
    orders_per_minute_max=2,
    canaries=("canary-",),
)

Story = dict[str, rec.Entry]


def at(seconds: int) -> Instant:
    """Returns an instant of the story by its seconds."""
    return Instant(START + seconds * NS_PER_S)


def row(seconds: int, first: int, *events: Event, **fields: Any) -> rec.Appended:
    """Returns a commit of the first life."""
    known: dict[str, Any] = {
        "process": "desk", "life": 1, "epoch": 7, "cursors": {}, "believed_at": at(seconds),
    }  # fmt: skip
    return rec.Appended(at=at(seconds), first=first, events=events, **(known | fields))


def opened(seconds: int = 1) -> tuple[control.BalanceStated, ...]:
    """Returns what opens the account."""
    return tuple(
        control.BalanceStated(
            account=AccountId("alpha"),
            asset=AssetId(asset),
            change=Quantity(Decimal(change)),
            reason="opening",
            stated_at=at(seconds),
        )
        for asset, change in (("USD", "1000"), ("COIN", "10"))
    )


def started(epoch: int = 7, seconds: int = 0) -> control.EngineStarted:
    """Returns a start of the engine."""
    return control.EngineStarted(
        epoch=Epoch(epoch), mode=control.Mode.PAPER, version="1", config_digest="d", started_at=at(seconds)
    )


def log_key(block: int = 5, block_hash: str = HASH, log_index: int = 0) -> chain.LogKey:
    """Returns where the fill stands."""
    return chain.LogKey(chain=ChainId(1), tx=TX, log_index=log_index, block=block, block_hash=block_hash)


def vault_filled(**fields: Any) -> chain.VaultFilled:
    """Returns the fill: the vault gave 1.5 COIN for 375 USDC."""
    known: dict[str, Any] = {
        "key": log_key(), "owner": OwnerId("desk"), "account": AccountId("vault"),
        "instrument": InstrumentId("wtCOIN"), "underlying": Underlying("COIN"), "token": AssetId("wtCOIN"),
        "side": Side.SELL, "token_amount": Quantity(Decimal("1.5")), "usdc_amount": Money(Decimal(375)),
        "usdc": AssetId("USDC"), "ratio": Decimal(1), "shares": Quantity(Decimal("1.5")),
        "price": Price(Decimal(250)), "kind": "take", "taker_gas_wei": None, "happened_at": at(2), "seen_at": at(3),
    }  # fmt: skip
    return chain.VaultFilled(**(known | fields))


def fill_reversed(**fields: Any) -> chain.FillReversed:
    """Returns the reversal of the fill."""
    known: dict[str, Any] = {
        "key": log_key(), "owner": OwnerId("desk"), "account": AccountId("vault"),
        "instrument": InstrumentId("wtCOIN"), "underlying": Underlying("COIN"), "side": Side.SELL,
        "shares": Quantity(Decimal("1.5")), "received": AssetId("USDC"), "received_amount": Quantity(Decimal(375)),
        "gave": AssetId("wtCOIN"), "gave_amount": Quantity(Decimal("1.5")), "seen_at": at(20),
    }  # fmt: skip
    return chain.FillReversed(**(known | fields))


def intended(**fields: Any) -> orders.OrderIntended:
    """Returns the intent of the hedge."""
    known: dict[str, Any] = {
        "order_id": OrderId(ORDER), "owner": OwnerId("desk"), "account": AccountId("alpha"),
        "instrument": InstrumentId("COIN@alpha"), "underlying": Underlying("COIN"), "side": Side.BUY,
        "qty": Quantity(Decimal("1.5")), "limit": Price(Decimal("252.5")), "contract_size": Decimal(1),
        "reduce_only": False, "style": orders.OrderStyle.LIMIT, "product": Product.SPOT, "slot": None, "together": None,
        "because": EventRef(f"fill:1:{TX}:0@{HASH[:10]}"),
        "evidence": {"price": "250", "price_at": text_of_instant(at(3))}, "decided_at": at(3),
        "good_until": at(60),
    }  # fmt: skip
    return orders.OrderIntended(**(known | fields))


def accepted() -> orders.OrderAccepted:
    """Returns the acceptance of the hedge."""
    return orders.OrderAccepted(
        order_id=OrderId(ORDER), venue_order_id=VenueOrderId("v1"), happened_at=at(4), seen_at=at(4)
    )


def filled(**fields: Any) -> orders.OrderFilled:
    """Returns the execution of the hedge as it is booked."""
    known: dict[str, Any] = {
        "order_id": OrderId(ORDER), "owner": OwnerId("desk"), "account": AccountId("alpha"),
        "instrument": InstrumentId("COIN@alpha"), "underlying": Underlying("COIN"),
        "execution_id": ExecutionId("x1"), "side": Side.BUY, "qty": Quantity(Decimal("1.5")),
        "price": Price(Decimal("250.1")), "quote": AssetId("USD"), "contract_size": Decimal(1),
        "fees": (orders.Fee(asset=AssetId("USD"), amount=Money(Decimal("0.01"))),), "happened_at": at(5),
        "seen_at": at(6), "product": Product.SPOT, "realised": None, "maker": None,
    }  # fmt: skip
    return orders.OrderFilled(**(known | fields))


def foreign_filled(**fields: Any) -> orders.ForeignFilled:
    """Returns an execution of a stranger as it is booked."""
    known: dict[str, Any] = {
        "account": AccountId("alpha"), "instrument": InstrumentId("COIN@alpha"), "underlying": Underlying("COIN"),
        "venue_order_id": None, "execution_id": ExecutionId("x2"), "side": Side.SELL, "qty": Quantity(Decimal(1)),
        "price": Price(Decimal(250)), "quote": AssetId("USD"), "contract_size": Decimal(1), "fees": (),
        "happened_at": at(20), "seen_at": at(21), "product": Product.SPOT, "realised": None, "maker": None,
    }  # fmt: skip
    return orders.ForeignFilled(**(known | fields))


def requested(sent: int = 3, arrived: int = 4, **fields: Any) -> rec.Requested:
    """Returns a place that arrived."""
    known: dict[str, Any] = {
        "account": "alpha", "verb": "place", "client_id": ORDER, "process": "desk", "life": 1, "copy": 0,
    }  # fmt: skip
    return rec.Requested(at=at(arrived), sent_at=at(sent), **(known | fields))


def taken(seconds: int = 4, **fields: Any) -> rec.OrderTaken:
    """Returns the hedge as its venue took it."""
    known: dict[str, Any] = {
        "account": "alpha", "venue_id": "v1", "client_id": ORDER, "symbol": "COIN", "sign": 1,
        "qty": 15 * SHARE // 10, "limit": 2_525_000, "ours": True,
    }  # fmt: skip
    return rec.OrderTaken(at=at(seconds), **(known | fields))


def executed(seconds: int = 5, **fields: Any) -> rec.Executed:
    """Returns the execution of the hedge: 1.5 COIN at 250.1 for a fee of a cent."""
    known: dict[str, Any] = {
        "account": "alpha", "execution_id": "x1", "venue_id": "v1", "client_id": ORDER, "symbol": "COIN", "sign": 1,
        "qty": 15 * SHARE // 10, "price": 2_501_000, "fee": CASH // 100, "forced": False,
    }  # fmt: skip
    return rec.Executed(at=at(seconds), **(known | fields))


def over(seconds: int = 5, ending: str = "filled", **fields: Any) -> rec.OrderOver:
    """Returns the end of the hedge at its venue."""
    known: dict[str, Any] = {"account": "alpha", "venue_id": "v1", "client_id": ORDER}
    return rec.OrderOver(at=at(seconds), ending=ending, **(known | fields))


def chain_fill(**fields: Any) -> rec.ChainFill:
    """Returns the fill as it is on the chain."""
    known: dict[str, Any] = {
        "tx": TX, "log_index": 0, "owner": "desk", "underlying": "COIN", "sign": -1, "tokens": 15 * TOKEN // 10,
        "usdc": 375 * USDC,
    }  # fmt: skip
    return rec.ChainFill(**(known | fields))


def block(seconds: int = 2, number: int = 5, block_hash: str = HASH, *fills: rec.ChainFill) -> rec.BlockMade:
    """Returns a block."""
    return rec.BlockMade(at=at(seconds), number=number, block_hash=block_hash, fills=fills)


def story() -> Story:
    """Returns the world in which all goes well."""
    return {
        "account": rec.AccountOpened(at=at(0), account="alpha", cash=1_000 * CASH, holdings={"COIN": 10 * SHARE}),
        "price": rec.Priced(at=at(0), symbol="COIN", price=2_500_000),
        "life": rec.LifeBegan(at=at(0), process="desk", life=1),
        "start": row(0, 1, started()),
        "opening": row(1, 2, *opened()),
        "block": block(2, 5, HASH, chain_fill()),
        "intent": row(3, 4, vault_filled(), intended(), cursors={"base": "5:b"}),
        "request": requested(),
        "taken": taken(),
        "accepted": row(4, 6, accepted()),
        "executed": executed(),
        "over": over(),
        "filled": row(6, 7, filled(), cursors={"alpha": "1"}),
        "safety": rec.SafetyOver(at=at(50)),
        "end": rec.WorldOver(at=at(100)),
    }


def changed(**parts: rec.Entry | tuple[rec.Entry, ...] | None) -> list[rec.Entry]:
    """Returns the story with parts replaced by entries, or left out where they are None."""
    told: list[rec.Entry] = []
    for name, entry in story().items():
        part = parts.pop(name, entry)
        told.extend(part if isinstance(part, tuple) else () if part is None else (part,))
    assert not parts, f"the story has no {', '.join(parts)}"
    return told


def before_end(*entries: rec.Entry) -> list[rec.Entry]:
    """Returns the story with more entries before its safety ends."""
    return changed(safety=(*entries, story()["safety"]))


def alert(name: str, subject: str) -> control.AlertRaised:
    """Returns an alert."""
    return control.AlertRaised(
        name=control.AlertName(name),
        severity=control.Severity.CRITICAL,
        subject=subject,
        detail="",
        because=None,
        raised_at=at(4),
    )


SURPRISES: dict[type[Event], control.AlertRaised] = {
    orders.OrderUnknown: alert("order_unknown", ORDER),
    orders.OrderRejected: alert("order_rejected", "desk:COIN"),
    orders.OrderOverfilled: alert("order_overfilled", "desk:COIN"),
    orders.ForeignFilled: alert("foreign_activity", "alpha:COIN@alpha"),
    chain.FillReversed: alert("fill_reversed", "desk:COIN"),
    control.BooksDiverged: alert("books_diverged", "alpha:COIN"),
}


def aloud(entries: list[rec.Entry]) -> list[rec.Entry]:
    """Returns entries in which each surprise is followed by its alert, and the rows are numbered anew."""
    told: list[rec.Entry] = []
    more = 0
    for entry in entries:
        if isinstance(entry, rec.Appended):
            pairs = [(event, SURPRISES.get(type(event))) for event in entry.events]
            events = tuple(each for pair in pairs for each in pair if each is not None)
            told.append(replaced(entry, first=entry.first + more, events=events))
            more += len(events) - len(entry.events)
        else:
            told.append(entry)
    return told


def judged(entries: list[rec.Entry], expects: Expectation = EXPECTS) -> Verdict:
    """Returns the verdict on entries."""
    record = rec.Record()
    for entry in entries:
        record.add(entry)
    return judge(record, expects)


def broken(entries: list[rec.Entry], expects: Expectation = EXPECTS) -> list[str]:
    """Returns the invariants that entries break, each once, in the order of the table."""
    found = {violation.invariant for violation in judged(entries, expects).violations}
    return sorted(found, key=lambda name: int(name[1:]))


def what(entries: list[rec.Entry], invariant: str, expects: Expectation = EXPECTS) -> list[str]:
    """Returns what is said of an invariant."""
    return [each.what for each in judged(entries, expects).violations if each.invariant == invariant]


def halt(scope: str = "all", target: str = "") -> control.TradingHalted:
    """Returns a halt by an operator."""
    return control.TradingHalted(
        halt_id=HaltId("halt-1"),
        scope=control.HaltScope(scope),
        target=target,
        cause=control.HaltCause.OPERATOR,
        reason="planned",
        halted_at=at(2),
    )


def replaced(event: Any, **fields: Any) -> Any:
    """Returns an event or entry with other fields."""
    return msgspec.structs.replace(event, **fields)
