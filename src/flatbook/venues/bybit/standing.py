"""Whether an account at Bybit is one that we may trade at: its mode, its key, its positions and its trading rules.

Read with a statement, and again after a while. What is wrong is told in words, and nothing is placed meanwhile; cancels
always pass. Source: bybit-exchange.github.io/docs/v5/account/account-info, v5/user/apikey-info, v5/position,
v5/market/instrument, v5/acct-mode, v5/asset/transfer/unitransfer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import NotSent, Unknown
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, TradingRules, is_multiple
from flatbook.values.money import ONE, ZERO, parse_number, plain
from flatbook.venues.bybit import wire
from flatbook.venues.bybit.account import ONE_WAY, WirePosition
from flatbook.venues.bybit.refusals import read
from flatbook.venues.bybit.wire import Category
from flatbook.venues.http import Carried, Reply, Request

STANDING_AGE_S = 300
UNIFIED = (3, 4, 5, 6)  # Source: v5/enum, unifiedMarginStatus: unified accounts of all generations
WITHDRAW = "Withdraw"
# Rights of a main account and of a sub-account to send money to one another; AccountTransfer stays within an account.
TO_OTHER_ACCOUNTS = ("SubMemberTransfer", "SubMemberTransferList")
TRADING = "Trading"
LINEAR_PERPETUAL = "LinearPerpetual"

Ask = Callable[[Request], Awaitable[Carried]]
_Content = TypeVar("_Content")


class WireAccount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The mode of an account as Bybit writes it."""

    unified_margin_status: int


class WireKey(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a key may do as Bybit writes it."""

    read_only: int
    permissions: dict[str, list[str]]
    user_id: int | str = msgspec.field(name="userID")


class WireLots(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The grid of quantities as Bybit writes it: spot and perpetuals have names of their own for it."""

    min_order_qty: str
    qty_step: str = ""
    base_precision: str = ""
    min_notional_value: str = ""
    min_order_amt: str = ""


class WirePrices(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The grid of prices as Bybit writes it."""

    tick_size: str


class WireInstrument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A symbol as Bybit writes it."""

    symbol: str
    status: str
    base_coin: str
    quote_coin: str
    lot_size_filter: WireLots
    price_filter: WirePrices
    contract_type: str = ""
    settle_coin: str = ""


class WireInstruments(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the request for a symbol."""

    rows: list[WireInstrument] = msgspec.field(name="list")


class WirePositions(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the request for the position in a symbol: two of them in hedge mode."""

    rows: list[WirePosition] = msgspec.field(name="list")


class Standing:
    """What is known of one account.

    `flaw` says in words why nothing may be placed, None when nothing speaks against it. `meant` is the user id that the
    key must be of; empty: any. `counts_contracts` as in BybitAccount.
    """

    def __init__(
        self,
        symbols: Mapping[tuple[Category, str], Instrument],
        clock: Clock,
        *,
        meant: str,
        counts_contracts: bool = False,
    ) -> None:
        self._symbols, self._clock, self._meant = dict(symbols), clock, meant
        self._counts_contracts = counts_contracts
        self._fresh_until = Instant(0)
        self._untradable: dict[InstrumentId, str] = {}
        self.flaw: str | None = "the account has not been read yet"

    @property
    def untradable(self) -> tuple[InstrumentId, ...]:
        """Our instruments that Bybit does not let trade as they are configured."""
        return tuple(self._untradable)

    @property
    def reasons(self) -> Mapping[InstrumentId, str]:
        """Why each of them is untradable."""
        return self._untradable

    async def refresh(self, ask: Ask) -> Unknown | NotSent | None:
        """Reads everything where it is old.

        Errors: Unknown and NotSent where something cannot be had; what was known stands then.
        """
        now = self._clock.now()
        if now < self._fresh_until and self.flaw is None:
            return None
        account = await _had(ask, wire.account_request(), WireAccount)
        if isinstance(account, Unknown | NotSent):
            return account
        key = await _had(ask, wire.key_request(), WireKey)
        if isinstance(key, Unknown | NotSent):
            return key
        flaw = flaw_of_account(account) or flaw_of_key(key, self._meant, dict.fromkeys(c for c, _ in self._symbols))
        for category, symbol in self._symbols:
            found = await self._read_symbol(ask, category, symbol)
            if isinstance(found, Unknown | NotSent):
                return found
            flaw = flaw or found
        self.flaw = flaw
        self._fresh_until = later(now, seconds=STANDING_AGE_S)
        return None

    async def _read_symbol(self, ask: Ask, category: Category, symbol: str) -> str | Unknown | NotSent | None:
        """Reads the rules of a symbol and, of a perpetual, its position mode; returns what is wrong with the mode."""
        instrument = self._symbols[category, symbol]
        listed = await _had(ask, wire.instrument_request(category, symbol), WireInstruments)
        if isinstance(listed, Unknown | NotSent):
            return listed
        if self._counts_contracts and category is Category.LINEAR:
            instrument = msgspec.structs.replace(instrument, contract_size=ONE)
        reason = reason_untradable(instrument, category, listed)
        if reason is None:
            self._untradable.pop(instrument.id, None)
        else:
            self._untradable[instrument.id] = reason
        if category is not Category.LINEAR:
            return None
        positions = await _had(ask, wire.position_request(symbol), WirePositions)
        return positions if isinstance(positions, Unknown | NotSent) else flaw_of_mode(positions, symbol)

    def doubt(self, flaw: str) -> None:
        """Takes it that something is wrong, until everything has been read again."""
        self.flaw, self._fresh_until = flaw, Instant(0)


def flaw_of_account(account: WireAccount) -> str | None:
    """Returns why an account is none that this adapter speaks for."""
    if account.unified_margin_status in UNIFIED:
        return None
    return f"the account is not a unified one (unifiedMarginStatus {account.unified_margin_status})"


def flaw_of_key(key: WireKey, meant: str, categories: Mapping[Category, None]) -> str | None:
    """Returns why a key is not taken: it can do too much, or too little, or is of another account."""
    if meant and str(key.user_id) != meant:
        return f"the key is of the account {key.user_id}, not of {meant}"
    if WITHDRAW in key.permissions.get("Wallet", []):
        return "the key may withdraw: make one that may only trade"
    if any(right in key.permissions.get("Wallet", []) for right in TO_OTHER_ACCOUNTS):
        return "the key may send money to other accounts: make one that may only trade"
    if key.read_only != 0:
        return "the key may only read"
    if Category.LINEAR in categories and "Order" not in key.permissions.get("ContractTrade", []):
        return "the key may not trade contracts"
    if Category.SPOT in categories and "SpotTrade" not in key.permissions.get("Spot", []):
        return "the key may not trade on spot"
    return None


def flaw_of_mode(positions: WirePositions, symbol: str) -> str | None:
    """Returns what is wrong with the position mode of a perpetual: one way is the only one that is spoken here."""
    if any(position.position_idx != ONE_WAY for position in positions.rows):
        return f"{symbol} is in hedge mode: set the position mode to one-way"
    return None


def rules_of(listed: WireInstrument) -> TradingRules:
    """Returns the trading rules of a symbol. Errors: ValueError."""
    lots = listed.lot_size_filter
    notional_min = lots.min_notional_value or lots.min_order_amt
    return TradingRules(
        tick=parse_number(listed.price_filter.tick_size),
        lot=parse_number(lots.qty_step or lots.base_precision),
        qty_min=parse_number(lots.min_order_qty),
        notional_min=parse_number(notional_min) if notional_min else ZERO,
    )


def reason_untradable(instrument: Instrument, category: Category, listed: WireInstruments) -> str | None:
    """Returns why an instrument may not be traded as it is configured, None when it may.

    Gives: a configured grid may be coarser than Bybit's, never finer; one contract is one coin of the base.
    """
    found = next((each for each in listed.rows if each.symbol == instrument.symbol), None)
    if found is None:
        return "Bybit has no such symbol"
    if found.status != TRADING:
        return f"Bybit says that it is {found.status}"
    if category is Category.LINEAR and found.contract_type != LINEAR_PERPETUAL:
        return f"it is a {found.contract_type}, not a linear perpetual"
    settled_in = found.settle_coin if category is Category.LINEAR else found.quote_coin
    if (settled_in, instrument.contract_size) != (instrument.quote, ONE):
        return f"it is paid in {settled_in} and a contract is 1 {found.base_coin}"
    if category is Category.SPOT and found.base_coin != instrument.underlying:
        return f"its coin is {found.base_coin}"
    try:
        return _difference_of_rules(instrument.rules, rules_of(found))
    except ValueError:
        return "its trading rules cannot be read"


def _difference_of_rules(ours: TradingRules, theirs: TradingRules) -> str | None:
    for name in ("tick", "lot"):
        configured, stated = getattr(ours, name), getattr(theirs, name)
        if not is_multiple(configured, stated):
            return f"its {name} is {plain(stated)}, and {plain(configured)} is configured"
    for name in ("qty_min", "notional_min"):
        configured, stated = getattr(ours, name), getattr(theirs, name)
        if configured < stated:
            return f"its {name} is {plain(stated)}, and {plain(configured)} is configured"
    return None


async def _had(ask: Ask, request: Request, content: type[_Content]) -> _Content | Unknown | NotSent:
    reply = await ask(request)
    return read(reply, content) if isinstance(reply, Reply) else reply
