"""Which tokens are traded and which share each stands for, by configured address and date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO, Quantity, significant_decimals

DECIMALS_MAX = 36
RATIO_MAX = Decimal(10**6)
RATIO_DECIMALS = 18

_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)


class TokenForm(Enum):
    """How the name of a token is made from a ticker; only `wt` wraps another token and has a ratio."""

    SUFFIX_0X = "0x"
    SUFFIX_S1 = "s1"
    PREFIX_T = "t"
    PREFIX_WT = "wt"


def ticker_of_symbol(symbol: str, forms: Sequence[TokenForm]) -> str | None:
    """Returns the ticker inside a token name that has one of the accepted forms, None for any other name.

    Gives: the ticker as the name states it; renames are applied by `underlying_at`.
    """
    for form in forms:
        prefixed = form in (TokenForm.PREFIX_T, TokenForm.PREFIX_WT)
        inner = symbol.removeprefix(form.value) if prefixed else symbol.removesuffix(form.value)
        if inner != symbol and _TICKER.fullmatch(inner):
            return inner
    return None


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shape of all settings of the parser."""


class TickerRename(Setting, frozen=True, kw_only=True):
    """A share changed its ticker while its token kept the old name; None: it has had the new one always."""

    old: Underlying
    new: Underlying
    since: Instant | None


class RatioFrom(Setting, frozen=True, kw_only=True):
    """The ratio of a wrapper from a block on, until the next entry.

    Units: underlying shares per token.
    """

    block: int
    ratio: Decimal

    def __post_init__(self) -> None:
        check_ratio(self.ratio)


class Token(Setting, frozen=True, kw_only=True):
    """A tokenized share.

    `address` is what identifies it; `symbol` is what the chain must state for it and never decides. `instrument` is
    its name in positions, `asset` its name in the ledger. It is known from `since` until just before `until`.
    Units: decimals of its base units. `ratios` ascend by block; they are of use with the form `wt` only.
    """

    address: str
    asset: AssetId
    instrument: InstrumentId
    symbol: str
    form: TokenForm
    ticker: Underlying
    decimals: int
    ratios: tuple[RatioFrom, ...] = ()
    since: Instant | None = None
    until: Instant | None = None

    def __post_init__(self) -> None:
        check_address(self.address, "token")
        if ticker_of_symbol(self.symbol, (self.form,)) != self.ticker:
            raise ValueError(f"token {self.symbol!r} is not the ticker {self.ticker!r} in the form {self.form.value!r}")
        _check_decimals(self.decimals, self.symbol)
        blocks = [entry.block for entry in self.ratios]
        if blocks != sorted(set(blocks)):
            raise ValueError(f"token {self.symbol}: the blocks of its ratios must ascend")


class Usdc(Setting, frozen=True, kw_only=True):
    """The dollar token that fills are paid in."""

    address: str
    asset: AssetId
    symbol: str
    decimals: int
    since: Instant | None = None
    until: Instant | None = None

    def __post_init__(self) -> None:
        check_address(self.address, "usdc")
        _check_decimals(self.decimals, self.symbol)


class Generation(Enum):
    """Which interface an order book has: V4 states integers, V5 and V6 state Floats."""

    V4 = "v4"
    V5 = "v5"
    V6 = "v6"


class VaultOwner(Setting, frozen=True, kw_only=True):
    """An address whose orders are ours, and whose fills belong to this owner and account."""

    address: str
    owner: OwnerId
    account: AccountId

    def __post_init__(self) -> None:
        check_address(self.address, "owner")


class Inventory(Setting, frozen=True, kw_only=True):
    """A shared inventory of ours. What its own `wallets` move is rebalancing and not a trade."""

    address: str
    wallets: tuple[str, ...]
    owner: OwnerId
    account: AccountId

    def __post_init__(self) -> None:
        check_address(self.address, "inventory")
        for wallet in self.wallets:
            check_address(wallet, "inventory wallet")


class RaindexConfig(Setting, frozen=True, kw_only=True):
    """What the parser must know to tell our fills from everything else on one chain.

    Units: shares_max in underlying shares per fill; a larger fill is booked and its hedge waits. `generations` name the
    order books that are not of the newest interface.
    """

    source: SourceId
    chain: ChainId
    order_books: tuple[str, ...]
    inventories: tuple[Inventory, ...]
    owners: tuple[VaultOwner, ...]
    tokens: tuple[Token, ...]
    usdc: tuple[Usdc, ...]
    renames: tuple[TickerRename, ...]
    shares_max: Quantity
    gas_coin: AssetId
    generations: Mapping[str, Generation] = {}

    def __post_init__(self) -> None:
        for address in self.order_books:
            check_address(address, "order book")
        if not self.shares_max > ZERO:
            raise ValueError("shares_max must be above zero")
        owners = [owner.address for owner in self.owners]
        if len(set(owners)) != len(owners):
            raise ValueError("an owner address is configured twice")

    def generation(self, address: str) -> Generation:
        """Returns which interface an order book has; the newest one where nothing is stated."""
        return self.generations.get(address, Generation.V6)

    def owner(self, address: str) -> VaultOwner | None:
        """Returns whose orders those of an address are, None when they are not ours."""
        return next((owner for owner in self.owners if owner.address == address), None)

    def inventory(self, address: str) -> Inventory | None:
        """Returns the inventory at an address, None when it is not ours."""
        return next((inventory for inventory in self.inventories if inventory.address == address), None)

    def payer(self, address: str) -> VaultOwner | None:
        """Returns who pays the gas of what an address sends, None when it is not a wallet of ours."""
        for inventory in self.inventories:
            if address in inventory.wallets:
                return VaultOwner(address=address, owner=inventory.owner, account=inventory.account)
        return self.owner(address)

    def token(self, address: str, at: Instant) -> Token | Usdc | None:
        """Returns the token or dollar that an address stands for at an instant, None when it is not known then."""
        listed: tuple[Token | Usdc, ...] = (*self.usdc, *self.tokens)
        return next((known for known in listed if known.address == address and _is_known(known, at)), None)


def check_address(address: str, what: str) -> None:
    """Checks that an address is 20 bytes of lower-case hex with its prefix.

    Errors: ValueError that says which setting is wrong.
    """
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{what} {address!r} is no address: 0x and 40 lower-case hex digits are expected")


def _check_decimals(decimals: int, name: str) -> None:
    if not 0 <= decimals <= DECIMALS_MAX:
        raise ValueError(f"token {name}: {decimals} decimals are out of bounds, 0 to {DECIMALS_MAX} are allowed")


def check_ratio(ratio: Decimal) -> Decimal:
    """Returns the ratio unchanged when it is above zero, below a million and has at most 18 decimals.

    Units: underlying shares per token.
    Errors: ValueError.
    """
    if not ratio.is_finite() or not ZERO < ratio < RATIO_MAX or significant_decimals(ratio) > RATIO_DECIMALS:
        raise ValueError(f"a ratio of {ratio} is not between 0 and {RATIO_MAX} with at most {RATIO_DECIMALS} decimals")
    return ratio


def _is_known(token: Token | Usdc, at: Instant) -> bool:
    return (token.since is None or token.since <= at) and (token.until is None or at < token.until)


def underlying_at(ticker: Underlying, renames: Sequence[TickerRename], at: Instant) -> Underlying:
    """Returns the ticker that a share has at an instant, its renames until then applied in order."""
    current = ticker
    for rename in sorted(renames, key=lambda rename: rename.since if rename.since is not None else -1):
        if rename.old == current and (rename.since is None or rename.since <= at):
            current = rename.new
    return current
