"""The contracts of a simulated chain: an order book, a dollar and a wrapped share for each symbol, with their owner."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.sim.world.chain import CHAIN, SOURCE, STABLE, USDC_DECIMALS, VaultNames
from flatbook.values.ids import AssetId, OwnerId, Underlying
from flatbook.values.money import Quantity
from flatbook.venues.raindex.tokens import RaindexConfig, Token, TokenForm, Usdc, VaultOwner

BOOK = "0x" + "b0" * 20
FORGER = "0x" + "f0" * 20
DOLLAR = "0x" + "d0" * 20
PYTH = "0x" + "8f" * 20
TAKER = "0x" + "7a" * 20
SHARES_MAX = Quantity(Decimal(10**9))
ADDRESS_DIGITS, FEED_DIGITS = 40, 64


class Contracts(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at which address. `decimals` by symbol of the share that a token wraps."""

    owner: OwnerId
    names: VaultNames
    decimals: Mapping[str, int]

    @property
    def symbols(self) -> dict[str, str]:
        """The share that a token wraps, by the token's address."""
        return {token_of(symbol): symbol for symbol in self.decimals}

    def config(self) -> RaindexConfig:
        """Returns what a desk that knows these contracts has in its configuration."""
        return RaindexConfig(
            source=SOURCE,
            chain=CHAIN,
            order_books=(BOOK,),
            inventories=(),
            owners=(VaultOwner(address=address_of(self.owner), owner=self.owner, account=self.names.account),),
            tokens=tuple(self._token(symbol) for symbol in self.decimals),
            usdc=(Usdc(address=DOLLAR, asset=STABLE, symbol="USDC", decimals=USDC_DECIMALS),),
            renames=(),
            shares_max=SHARES_MAX,
            gas_coin=AssetId("ETH"),
        )

    def _token(self, symbol: str) -> Token:
        return Token(
            address=token_of(symbol),
            asset=self.names.tokens[symbol],
            instrument=self.names.instruments[symbol],
            symbol=f"wt{symbol}",
            form=TokenForm.PREFIX_WT,
            ticker=Underlying(symbol),
            decimals=self.decimals[symbol],
        )


def address_of(name: str) -> str:
    """Returns the address that a name stands for."""
    return "0x" + name.encode().hex().rjust(ADDRESS_DIGITS, "0")


def feed_of(symbol: str) -> str:
    """Returns the id of the feed of a share or a coin."""
    return "0x" + symbol.encode().hex().rjust(FEED_DIGITS, "f")


def token_of(symbol: str) -> str:
    """Returns the address of the token that wraps a share."""
    return address_of(f"wt{symbol}")
