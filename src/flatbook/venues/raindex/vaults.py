"""One token of one vault: the bytes of the calls that move it, and what a book or a token says of it."""

from __future__ import annotations

import msgspec

from flatbook.values.money import NumberRefused, Quantity, cut, from_base_units
from flatbook.venues.evm.answers import view_call, word_of
from flatbook.venues.evm.rpc import Call
from flatbook.venues.raindex.calls import (
    BookVersion,
    Function,
    VaultPart,
    approve_payload,
    deposit_payload,
    payload,
    withdraw_payload,
)
from flatbook.venues.raindex.rain_float import FloatRefused, decimal_cut, unpack
from flatbook.venues.raindex.wire import WORD, read_hex


class RaindexVault(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a vault: the book that keeps it, or the inventory that manages it, and its number.

    Units: amounts in the smallest units of the token.
    """

    version: BookVersion
    book: str
    token: str
    decimals: int
    vault: int

    def _part(self, raw: int) -> VaultPart:
        return VaultPart(token=self.token, vault=self.vault, raw=raw, decimals=self.decimals)

    def approve(self, raw: int) -> str:
        """Returns the call to the token that allows the book exactly so much."""
        return approve_payload(self.book, raw)

    def deposit(self, raw: int) -> str:
        """Returns the call to the book that puts so much into the vault."""
        return deposit_payload(self.version, self._part(raw))

    def withdraw(self, raw: int) -> str:
        """Returns the call to the book that takes so much out of the vault, or what is there if that is less."""
        return withdraw_payload(self.version, self._part(raw))


def vault_call(vault: RaindexVault, owner: str, block_hash: str) -> Call:
    """Returns the call for what a vault of an owner holds at a block."""
    if vault.version is BookVersion.V4:
        asked = payload(Function.VAULT_BALANCE, owner, vault.token, vault.vault)
    else:
        asked = payload(Function.VAULT_BALANCE2, owner, vault.token, vault.vault.to_bytes(WORD, "big"))
    return view_call(vault.book, asked, block_hash)


def vault_of(vault: RaindexVault, value: object) -> Quantity | None:
    """Returns what a book answered that a vault holds, cut to the decimals of the token; None where it is no amount.

    Units: whole tokens.
    """
    if vault.version is BookVersion.V4:
        raw = word_of(value)
        return None if raw is None else from_base_units(raw, decimals=vault.decimals)
    stated = read_hex(value, size=WORD)
    if stated is None:
        return None
    try:
        return Quantity(cut(decimal_cut(unpack(stated)), decimals=vault.decimals))
    except (FloatRefused, NumberRefused):
        return None


def balance_call(token: str, holder: str, block_hash: str) -> Call:
    """Returns the call for what a holder has of a token at a block."""
    return view_call(token, payload(Function.BALANCE_OF, holder), block_hash)


def allowance_call(token: str, holder: str, spender: str, block_hash: str) -> Call:
    """Returns the call for what a spender may take of a holder at a block."""
    return view_call(token, payload(Function.ALLOWANCE, holder, spender), block_hash)


def amount_of(value: object, *, decimals: int) -> Quantity | None:
    """Returns an amount that a token answered, None where it is none. Units: whole tokens."""
    raw = word_of(value)
    return None if raw is None else from_base_units(raw, decimals=decimals)
