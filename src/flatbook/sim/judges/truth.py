"""What really happened up to now, added up from the entries of venues and chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flatbook.sim.judges.exact import OF_CASH, OF_SHARE, OF_TOKEN, Exact
from flatbook.sim.judges.expectation import Expectation, NetKey
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant

PLACE = "place"
CANCEL = "cancel"
HASH_DIGITS = 10

FillKey = tuple[str, int, str]
ExecutionKey = tuple[str, str, str, int]
_TOKEN_SHARES = rec.TOKEN


class TrueOrder:
    """An order at a venue. Units: 1e-9 share. `over_filled` is what it had executed when it ended."""

    __slots__ = ("ending", "filled", "over_at", "over_filled", "taken", "taken_at")

    def __init__(self, taken: rec.OrderTaken) -> None:
        self.taken, self.taken_at = taken, taken.at
        self.filled = 0
        self.ending: str | None = None
        self.over_at: Instant | None = None
        self.over_filled = 0


class TrueFill:
    """A fill of a vault in a block. Units: shares in 1e-36, cut to 1e-18 as positions are."""

    __slots__ = ("at", "block", "fill", "key", "shares")

    def __init__(self, fill: rec.ChainFill, made: rec.BlockMade, shares: int) -> None:
        self.fill, self.block, self.at, self.shares = fill, made.number, made.at, shares
        self.key: FillKey = (fill.tx, fill.log_index, made.block_hash)


class Truth:
    """The ledgers of venues and chain. An execution belongs to the owner for whom the journal intended its order.

    Units: balances and nets in 1e-36. `owner_of` says whose an order is. `nets` move by chain fills
    that stand and by executions of orders of an owner.
    """

    def __init__(self, expects: Expectation, owner_of: Callable[[str], NetKey | None]) -> None:
        self._expects, self._owner_of = expects, owner_of
        self.underlyings = {(each.account, each.symbol): each.underlying for each in expects.listings}
        self.symbols = {(each.account, each.instrument): each.symbol for each in expects.listings}
        self.orders: dict[str, TrueOrder] = {}
        self.by_client: dict[str, list[TrueOrder]] = {}
        self.executions: dict[ExecutionKey, rec.Executed] = {}
        self.balances: dict[tuple[str, str], int] = {}
        self.places: dict[str, list[rec.Requested]] = {}
        self.fills: dict[FillKey, TrueFill] = {}
        self.gone: dict[FillKey, TrueFill] = {}
        self.announced: dict[tuple[str, int], rec.ChainFill] = {}
        self.nets: dict[NetKey, Exact] = {}
        self.lives: dict[str, int] = {}
        self.life_began: dict[str, Instant] = {}
        self.hears: dict[type[rec.Entry], Callable[[Any], None]] = {
            rec.AccountOpened: self._opened,
            rec.Requested: self._requested,
            rec.OrderTaken: self._taken,
            rec.Executed: self._executed,
            rec.OrderOver: self._over,
            rec.Moved: self._moved,
            rec.Announced: self._announced,
            rec.BlockMade: self._block_made,
            rec.BlocksCut: self._blocks_cut,
            rec.LifeBegan: self._life_began,
        }

    def copies(self, client_id: str) -> int:
        """Returns how many repetitions of the placing of an order the network made."""
        return sum(1 for request in self.places.get(client_id, ()) if request.copy)

    def owner_of(self, entry: rec.Executed) -> NetKey | None:
        """Returns the net that an execution belongs to, None when no order of ours caused it."""
        order = self.orders.get(entry.venue_id)
        if entry.client_id is None or entry.forced or (order is not None and not order.taken.ours):
            return None
        return self._owner_of(entry.client_id)

    def asset_of(self, account: str, symbol: str) -> str:
        """Returns the asset under which our events hold a symbol."""
        return self.underlyings.get((account, symbol), symbol)

    def move_net(self, key: NetKey, by: Exact) -> None:
        """Moves the true net of an owner."""
        self.nets[key] = self.nets.get(key, 0) + by

    def _add(self, account: str, asset: str, amount: int) -> None:
        key = (account, asset)
        self.balances[key] = self.balances.get(key, 0) + amount

    def _opened(self, entry: rec.AccountOpened) -> None:
        self._add(entry.account, self._expects.terms(entry.account).cash_asset, entry.cash * OF_CASH)
        for symbol, qty in entry.holdings.items():
            self._add(entry.account, self.asset_of(entry.account, symbol), qty * OF_SHARE)

    def _requested(self, entry: rec.Requested) -> None:
        if entry.verb == PLACE and entry.client_id is not None:
            self.places.setdefault(entry.client_id, []).append(entry)

    def _taken(self, entry: rec.OrderTaken) -> None:
        order = self.orders[entry.venue_id] = TrueOrder(entry)
        if entry.ours and entry.client_id is not None:
            self.by_client.setdefault(entry.client_id, []).append(order)

    def _executed(self, entry: rec.Executed) -> None:
        self.executions[entry.account, entry.symbol, entry.execution_id, entry.sign] = entry
        order = self.orders.get(entry.venue_id)
        if order is not None:
            order.filled += entry.qty
        self._add(entry.account, self.asset_of(entry.account, entry.symbol), entry.sign * entry.qty * OF_SHARE)
        cash = self._expects.terms(entry.account).cash_asset
        self._add(entry.account, cash, -entry.sign * entry.qty * entry.price * OF_CASH)
        self._add(entry.account, entry.fee_asset or cash, -entry.fee * OF_CASH)
        owner = self.owner_of(entry)
        if owner is not None:
            self.move_net(owner, entry.sign * entry.qty * OF_SHARE)

    def _moved(self, entry: rec.Moved) -> None:
        self._add(entry.account, entry.asset, entry.amount * OF_CASH)

    def _over(self, entry: rec.OrderOver) -> None:
        order = self.orders.get(entry.venue_id)
        if order is not None and order.ending is None:
            order.ending, order.over_at, order.over_filled = entry.ending, entry.at, order.filled

    def _ratio(self, underlying: str, block: int) -> int:
        steps = self._expects.ratios.get(underlying, ())
        return next((ratio for first, ratio in reversed(steps) if first <= block), _TOKEN_SHARES)

    def _announced(self, entry: rec.Announced) -> None:
        self.announced[entry.fill.tx, entry.fill.log_index] = entry.fill

    def _block_made(self, entry: rec.BlockMade) -> None:
        for fill in entry.fills:
            shares = fill.tokens * self._ratio(fill.underlying, entry.number) // rec.TOKEN * OF_TOKEN
            known = TrueFill(fill, entry, shares)
            self.fills[known.key] = known
            self.move_net((fill.owner, fill.underlying), fill.sign * shares)

    def _blocks_cut(self, entry: rec.BlocksCut) -> None:
        for key in [key for key, fill in self.fills.items() if fill.block >= entry.from_number]:
            cut = self.gone[key] = self.fills.pop(key)
            self.move_net((cut.fill.owner, cut.fill.underlying), -cut.fill.sign * cut.shares)

    def _life_began(self, entry: rec.LifeBegan) -> None:
        self.lives[entry.process] = entry.life
        self.life_began[entry.process] = entry.at
