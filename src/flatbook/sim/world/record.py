"""What really happened in a simulated world, in order: the truth that judges read. Nothing here comes from our books.

Units everywhere: quantities are ints of 1e-9 share, prices ints of 1e-4 USD per share, cash ints of 1e-13 USD, so that
a quantity times a price is cash. Tokens are ints of 1e-18, USDC ints of 1e-6. `sign` is +1 for a buy of the account or
vault, -1 for a sale. Instants are those of the world, whatever any process believes.
"""

from __future__ import annotations

import hashlib

import msgspec

from flatbook.events.codec import encode_events
from flatbook.events.event import Event
from flatbook.values.instants import Instant

SHARE = 10**9
PRICE = 10**4
CASH = SHARE * PRICE
TOKEN = 10**18
USDC = 10**6
ENTRIES_MAX = 1_000_000


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The shape of all entries."""

    at: Instant


class AccountOpened(Entry, frozen=True, kw_only=True):
    """An account begins with cash and shares by symbol."""

    account: str
    cash: int
    holdings: dict[str, int]


class Requested(Entry, frozen=True, kw_only=True):
    """A request arrived at a venue. `process` and `life` sent it; `copy` counts repetitions that the network made."""

    account: str
    verb: str
    client_id: str | None
    process: str
    life: int
    sent_at: Instant
    copy: int


class OrderTaken(Entry, frozen=True, kw_only=True):
    """A venue took an order; `ours` is false for one that somebody else placed on the account."""

    account: str
    venue_id: str
    client_id: str | None
    symbol: str
    sign: int
    qty: int
    limit: int | None
    ours: bool


class OrderRefused(Entry, frozen=True, kw_only=True):
    """A venue did not take an order."""

    account: str
    client_id: str | None
    code: str


class AskedToWait(Entry, frozen=True, kw_only=True):
    """A venue turned a request down for how often it was asked, and said until when nothing should come."""

    account: str
    verb: str
    until: Instant


class Executed(Entry, frozen=True, kw_only=True):
    """A venue executed. `fee` is in 1e-13 of `fee_asset`, cash where that is None; `forced`: nobody ordered it."""

    account: str
    execution_id: str
    venue_id: str
    client_id: str | None
    symbol: str
    sign: int
    qty: int
    price: int
    fee: int
    forced: bool
    fee_asset: str | None = None


class Moved(Entry, frozen=True, kw_only=True):
    """An exchange moved money of an account without a trade, such as funding.

    Units: amount in 1e-13 of the asset, into the account above zero.
    """

    account: str
    asset: str
    amount: int
    why: str


class Held(Entry, frozen=True, kw_only=True):
    """What an exchange says at the end that an account holds of an asset, or as a position in an instrument.

    Units: amount in 1e-13 of the asset.
    """

    account: str
    asset: str
    amount: int


class Displayed(Entry, frozen=True, kw_only=True):
    """The touch of a market became another one; zero where a side is empty. Units: prices."""

    symbol: str
    bid: int
    ask: int


class OrderOver(Entry, frozen=True, kw_only=True):
    """An order ended at a venue. A late execution may still follow.

    Units: `ending` is filled, canceled or expired, or turned_down: canceled because it would have taken.
    """

    account: str
    venue_id: str
    client_id: str | None
    ending: str


class ChainFill(msgspec.Struct, frozen=True, kw_only=True):
    """A log of a fill of our vault in a block."""

    tx: str
    log_index: int
    owner: str
    underlying: str
    sign: int
    tokens: int
    usdc: int


class Announced(Entry, frozen=True, kw_only=True):
    """A trade was put in order for the next block, and can be seen before it."""

    fill: ChainFill


class BlockMade(Entry, frozen=True, kw_only=True):
    """A block was put on the chain, on top of what stands."""

    number: int
    block_hash: str
    fills: tuple[ChainFill, ...]


class OracleHeld(Entry, frozen=True, kw_only=True):
    """What the oracle held of a symbol at a block, when somebody first asked. Units: 1e-8 USD, whole seconds."""

    symbol: str
    block_hash: str
    made_s: int
    price: int
    confidence: int
    published_s: int


class OffersStand(Entry, frozen=True, kw_only=True):
    """What of our own orders can be taken from now on, on either side. Units: tokens of 1e-18."""

    owner: str
    underlying: str
    sell: int
    buy: int


class BlocksCut(Entry, frozen=True, kw_only=True):
    """A reorganisation took away every block from a number on; new ones follow as `BlockMade`."""

    from_number: int


class Appended(Entry, frozen=True, kw_only=True):
    """A process committed a row to its journal. `believed_at` is what its clock said."""

    process: str
    life: int
    epoch: int
    first: int
    events: tuple[Event, ...]
    cursors: dict[str, str]
    believed_at: Instant


class AppendFailed(Entry, frozen=True, kw_only=True):
    """A process could not commit."""

    process: str
    life: int
    epoch: int
    why: str


class LifeBegan(Entry, frozen=True, kw_only=True):
    """A process started."""

    process: str
    life: int


class LifeEnded(Entry, frozen=True, kw_only=True):
    """A process ended: killed, or by itself with a reason."""

    process: str
    life: int
    how: str


class Commanded(Entry, frozen=True, kw_only=True):
    """An operator commanded something."""

    process: str
    key: str
    actor: str
    reason: str
    verb: str
    arguments: dict[str, str]


class CommandDone(Entry, frozen=True, kw_only=True):
    """An operator was answered; `seq` is None when the command acted without a journal."""

    process: str
    key: str
    accepted: bool
    repeated: bool
    seq: int | None
    why: str | None


class Priced(Entry, frozen=True, kw_only=True):
    """The true price of a symbol changed."""

    symbol: str
    price: int


class Injected(Entry, frozen=True, kw_only=True):
    """A fault of the catalogue was injected somewhere."""

    fault: str
    where: str


class SafetyOver(Entry, frozen=True, kw_only=True):
    """From now on nothing goes wrong any more: what is open must come to its end."""


class WorldOver(Entry, frozen=True, kw_only=True):
    """The last entry: the world stands still."""


class Record:
    """The entries of one world, in order, and a hash over them.

    Errors: OverflowError beyond ENTRIES_MAX entries: something goes on for ever.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Adds an entry."""
        if len(self.entries) >= ENTRIES_MAX:
            raise OverflowError(f"more than {ENTRIES_MAX} entries in one world")
        self.entries.append(entry)

    def trace(self) -> str:
        """Returns a hash over all entries: two runs of one seed have the same."""
        digest = hashlib.sha256()
        for entry in self.entries:
            if isinstance(entry, Appended):
                digest.update(encode_events(entry.events))
                entry = msgspec.structs.replace(entry, events=())  # noqa: PLW2901
            digest.update(repr(entry).encode())
        return digest.hexdigest()
