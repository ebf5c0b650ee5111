"""A desk as its configuration describes it, composed as `flatbook run` does, played on its tape in this process.

The chain is recorded logs of two order books, byte for byte; the brokers are the paper brokers with ledgers of their
own; commands come at instants of the tape.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isqrt
from pathlib import Path
from typing import NamedTuple

import msgspec

from flatbook.engine.inputs import Command, Verb
from flatbook.engine.run import CommandAnswer
from flatbook.events.event import Event
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.config import Loaded, load
from flatbook.ops.telemetry import open_log
from flatbook.services.all_in_one import serve
from flatbook.services.desk import Desk, compose
from flatbook.sim.broker.faults import FaultPlan
from flatbook.sim.broker.wire import Verb as Request
from flatbook.sim.tapes.pool import BLOCK_S, GENESIS_S, Q192
from flatbook.sim.tapes.raindex_logs import LogPlace, OrderTraded, StandingOrder, TokenVault, encode_clear_v3
from flatbook.sim.tapes.raindex_logs import encode_take_order_v3 as encode_take
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.values.ids import AccountId
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text, later, text_of_instant
from flatbook.values.money import scaled_integer, significant_decimals
from flatbook.venues.raindex.rain_float import RainFloat

OPEN = instant_of_text("2025-12-02T14:30:00Z")
FIRST_BLOCK = (OPEN // NS_PER_S - GENESIS_S) // BLOCK_S
BOOKS = tuple("0x" + letter * 40 for letter in "ab")
USDC, WTCOIN = "0x" + "c" * 40, "0x" + "d" * 40
TAKER = "0x" + "e" * 40

HEAD = f"""\
version = 1
mode = "paper"

[clock]
kind = "tape"
start = {text_of_instant(OPEN)}
end = {{end}}

[pace]
chain_poll_s = 2
order_poll_s = 5
idle_poll_s = 30
statement_s = 300
retry_s = 5

[chains.base]
id = 8453
source = "recorded"
path = "base.jsonl"
lag_blocks = {{lag_blocks}}
gas_coin = "ETH"
order_books = ["{BOOKS[0]}", "{BOOKS[1]}"]
fill_shares_max = "100"

[chains.base.stablecoins.USDC]
address = "{USDC}"
symbol = "USDC"
decimals = 6

[chains.base.tokens.wtCOIN]
address = "{WTCOIN}"
symbol = "wtCOIN"
form = "wt"
underlying = "COIN"
decimals = 18
ratios = {{{{ 0 = "1" }}}}

[prices.bars]
kind = "recorded_bars"
quote = "USD"
files = {{{{ COIN = "bars.csv" }}}}

[risk]
order_notional_usd_max = "100000"
order_shares_max = "100"
collar_bps_max = 150
second_bps_max = 150
price_age_s_max = 300
day_loss_usd_max = "100000"
open_orders_max = 10
orders_per_minute_max = 30
residue_usd_max = "5000"
depeg_bps_max = 50
resends_max = 3
"""

ACCOUNT = """
[accounts.{name}]
kind = "paper"
ledger = "{name}.sqlite"
bars = "{bars}"
currency = "{currency}"
cash = "100000"
seed = "{name}"
holdings = {{ COIN = "100" }}
fees = {{ commission_per_order = "0", commission_per_share = "0", sell_notional_rate = "0", sell_per_share = "0" }}

[instruments."COIN@{name}"]
account = "{name}"
symbol = "COIN"
underlying = "COIN"
quote = "{currency}"
tick = "0.01"
lot = "0.01"
qty_min = "0.01"
notional_min = "1"
contract_size = "1"
"""

OWNER = """
[owners.{name}.vaults.base]
account = "vault-{name}"
addresses = ["{address}"]

[hedges.{name}.COIN]
instrument = "COIN@{account}"
threshold_shares = "1"
order_shares_max = "50"
sessions = ["regular"]
price_source = "bars"
price_age_s_max = 120
collar_bps = 100
second_source = "{second}"
order_ttl_s = 600
close_cutoff_s = 15
retry_s = 10
shorting = false
{more}
"""


class Fill(NamedTuple):
    """An onchain fill: when, at which order book, whose vault, which side, how many shares, at which price in USDC.

    `other` names the owner of the other order where two standing orders were cleared against each other.
    """

    at: Instant
    owner: str
    side: str
    shares: str
    book: int = 0
    price: str = "251"
    other: str | None = None


Block = tuple[Instant, dict[str, object]]
"""A line of a recording, and when it is shown."""


class Played(NamedTuple):
    """What is left of a day: why the engine stopped, its events, and what each command was answered."""

    reason: str
    events: tuple[Event, ...]
    answers: tuple[CommandAnswer, ...]


def minute(minutes: int, seconds: int = 0) -> Instant:
    """Returns an instant after the open."""
    return later(OPEN, seconds=60 * minutes + seconds)


def address_of(owner: str) -> str:
    """Returns the address that an owner's orders stand under."""
    return "0x" + owner.encode().hex().ljust(40, "0")


def account(name: str, *, currency: str = "USD", bars: str = "bars") -> str:
    """Returns the sections of a broker account."""
    return ACCOUNT.format(name=name, currency=currency, bars=bars)


def owner(name: str, *, at: str, second: str = "none", more: str = "") -> str:
    """Returns the sections of an owner that hedges at an account."""
    return OWNER.format(name=name, address=address_of(name), account=at, second=second, more=more)


def write_home(
    home: Path,
    sections: Sequence[str],
    fills: Sequence[Fill],
    *,
    minutes: int = 40,
    mark: str = "1",
    mode: str = "",
    lag_blocks: int = 0,
    blocks: Sequence[Block] = (),
) -> Loaded:
    """Writes configuration and recordings of a desk, and returns its configuration."""
    head = HEAD.format(end=text_of_instant(minute(minutes)), lag_blocks=lag_blocks)
    text = head + "".join(sections) + f'\n[marks]\nUSDC = "{mark}"\n'
    home.mkdir(parents=True, exist_ok=True)
    (home / "flatbook.toml").write_text(text.replace('mode = "paper"', f'mode = "{mode or "paper"}"'))
    (home / "bars.csv").write_text("\n".join(_bars(minutes)))
    shown = [*((each.at, _block(number, each)) for number, each in enumerate(fills, 1)), *blocks]
    lines = [msgspec.json.encode(block) for _, block in sorted(shown, key=lambda block: block[0])]
    (home / "base.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return load(home, environment={})


def empty_block(at: Instant) -> Block:
    """Returns a block without logs: it moves the head on."""
    return at, _header(number_at(at))


def replaced_block(at: Instant, *, by: Instant) -> Block:
    """Returns the block without logs that takes the place of another one, and of all after it, when it is shown."""
    number = number_at(at)
    return by, _header(number) | {"hash": f"0x{'f' * 8}{number:056x}", "shown_at": by // NS_PER_S}


def number_at(at: Instant) -> int:
    """Returns the number of the block of an instant."""
    return (at // NS_PER_S - GENESIS_S) // BLOCK_S


def play(
    loaded: Loaded, commands: Sequence[tuple[Instant, Command]] = (), *, plans: dict[str, FaultPlan] | None = None
) -> Played:
    """Runs a desk until its tape ends or it stops by itself, gives it commands on the way, and returns what is left."""
    desk = compose(loaded, plans=plans or {})
    answers: list[CommandAnswer] = []
    try:
        reason = asyncio.run(_play(desk, loaded, commands, answers))
    finally:
        desk.close()
    return Played(reason, journalled(loaded), tuple(answers))


async def _play(
    desk: Desk, loaded: Loaded, commands: Sequence[tuple[Instant, Command]], answers: list[CommandAnswer]
) -> str:
    steering = asyncio.create_task(_steer(desk, commands, answers))
    try:
        return await serve(desk, loaded, open_log(io.StringIO(), now=desk.clock.now))
    finally:
        steering.cancel()


async def _steer(desk: Desk, commands: Sequence[tuple[Instant, Command]], answers: list[CommandAnswer]) -> None:
    for at, command in commands:
        await desk.clock.sleep_until(at)
        answers.append(await desk.engine.command(command))


def root_of(price: Decimal) -> int:
    """Returns what a pool of USDC and the share's token states as its root at a price."""
    return isqrt(Q192 * 10**14 // int(price.scaleb(2)))


def command(verb: Verb, **arguments: str) -> Command:
    """Returns an operator's command."""
    key = " ".join((verb.value, *arguments.values()))
    return Command(key=key, actor="op", reason="test", verb=verb, arguments=arguments)


def journalled(loaded: Loaded) -> tuple[Event, ...]:
    """Returns all events of a desk's journal."""
    reader = open_reader(loaded.journal)
    try:
        return tuple(event for row in reader.read() for event in row.events)
    finally:
        reader.close()


def nets(loaded: Loaded) -> dict[str, Decimal]:
    """Returns the net of each owner in COIN at the end of the journal."""
    state = State()
    for event in journalled(loaded):
        apply(state, event)
    return {owner: net.known for (owner, _), net in state.positions.nets.items()}


def shares_at(loaded: Loaded, name: str, at: Instant) -> Decimal:
    """Returns the shares that a broker's own ledger holds at an instant, whatever our journal says."""
    desk = compose(loaded)
    try:
        return desk.brokers[AccountId(name)].truth.balances_at(AccountId(name), at).get("COIN", Decimal(0))
    finally:
        desk.close()


def placed_at(loaded: Loaded, name: str, order_id: str) -> int:
    """Returns how often a broker was asked to place an order."""
    desk = compose(loaded)
    try:
        return desk.brokers[AccountId(name)].truth.received(order_id).get(Request.PLACE, 0)
    finally:
        desk.close()


def _bars(minutes: int) -> Iterator[str]:
    yield "ts,open,close"
    for number in range(-2, minutes):
        yield f"{text_of_instant(minute(number))},250,250"


def _header(number: int) -> dict[str, object]:
    return {
        "number": number,
        "hash": f"0x{number:064x}",
        "parent_hash": f"0x{number - 1:064x}",
        "timestamp": GENESIS_S + BLOCK_S * number,
        "logs": [],
    }


def _block(number: int, fill: Fill) -> dict[str, object]:
    header = _header(number_at(fill.at))
    place = LogPlace(
        address=BOOKS[fill.book],
        tx=f"0x{number:064x}",
        log_index=number,
        block=number_at(fill.at),
        block_hash=str(header["hash"]),
    )
    ours = _traded(fill.owner, fill)
    if fill.other is None:
        logs: Sequence[object] = (encode_take(place, ours, taker=TAKER),)
    else:
        turned = "buy" if fill.side == "sell" else "sell"
        logs = encode_clear_v3(place, ours, _traded(fill.other, fill._replace(side=turned)), sender=TAKER)
    return header | {"logs": logs}


def _traded(name: str, fill: Fill) -> OrderTraded:
    tokens, dollars = _float(Decimal(fill.shares)), _float(Decimal(fill.shares) * Decimal(fill.price))
    if fill.side == "buy":
        return OrderTraded(order=_order(name, received=WTCOIN, gave=USDC), received=tokens, gave=dollars)
    return OrderTraded(order=_order(name, received=USDC, gave=WTCOIN), received=dollars, gave=tokens)


def _order(name: str, *, received: str, gave: str) -> StandingOrder:
    vaults = (TokenVault(token=received, vault=1),), (TokenVault(token=gave, vault=1),)
    return StandingOrder(owner=address_of(name), inputs=vaults[0], outputs=vaults[1], nonce=1)


def _float(amount: Decimal) -> RainFloat:
    decimals = significant_decimals(amount)
    return RainFloat(coefficient=scaled_integer(amount, decimals=decimals), exponent=-decimals)
