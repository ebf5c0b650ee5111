"""What the product's own read models make of a journal, as plain numbers: judges compare them with the truth."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

ZERO = Decimal(0)


class NetResults(msgspec.Struct, frozen=True, kw_only=True):
    """The profit and loss of one (owner, underlying).

    Units: USD. `realised` by bucket, before fees; `open_qty` in shares, short below zero; `open_usd` is what the open
    lots cost less what they brought, None where that is not known.
    """

    owner: str
    underlying: str
    realised: Mapping[str, Decimal]
    fees: Decimal
    open_qty: Decimal
    open_usd: Decimal | None


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of one asset, over all accounts and vaults.

    Units: units of the asset. opened + traded - charged + unexplained make up what is held; `unbalanced` is what its
    debits and credits differ by.
    """

    opened: Decimal = ZERO
    traded: Decimal = ZERO
    charged: Decimal = ZERO
    unexplained: Decimal = ZERO
    held: Decimal = ZERO
    unbalanced: Decimal = ZERO


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a desk at the end of its world.

    Units: `net_usd` in USD: all that is realised less all fees. `gaps` counts trades and costs without a value, and
    trades that could not be matched; `agrees` says that profit and loss agrees with the ledger by the product's own
    audit.
    """

    nets: tuple[NetResults, ...]
    flows: Mapping[str, Flows]
    net_usd: Decimal
    gaps: int
    agrees: bool


class SeatResults(msgspec.Struct, frozen=True, kw_only=True):
    """What the books of a desk at an exchange hold at the end.

    Units: `held` by asset, in units of it, a position in margin by its instrument; `owned` by owner, and `in_slots`, in
    contracts. `agrees` says that the product's own audit of its ledger is sound and its trial balance zero.
    """

    held: Mapping[str, Decimal]
    owned: Mapping[str, Decimal]
    in_slots: Decimal
    agrees: bool
