"""The shape of a wallet: who signs, what it may call, and how much of it. What is not stated is not allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Annotated

from flatbook.ops.config_fields import amount, said, seconds, text, whole
from flatbook.ops.config_section import SECRET_REFERENCE, Address, Name, Section

COIN_LOW = Decimal("0.05")
FEE_COIN_MAX = Decimal("0.01")
CALLS_DAY_MAX = 200
CONFIRMATIONS = 3
VAULT_TEXT = "0x[0-9a-f]{1,64}"


class BookForm(Enum):
    """The generations of the order book."""

    V4 = "v4"
    V5 = "v5"
    V6 = "v6"


class WalletVaultSection(Section, frozen=True, kw_only=True):
    """A token of a vault that the wallet may approve, deposit and withdraw."""

    owner: Annotated[Name, said("Whose vault it is; its account there is that of [owners.NAME.vaults.CHAIN].")]
    book: Annotated[Address, said("The order book that keeps it, or the inventory that manages it.")]
    vault: Annotated[str, text("The number of the vault: 0x and lower-case hex digits.", VAULT_TEXT)]
    amount_max: Annotated[Decimal, amount("The most that one call may move.", unit="units", most="1000000000")]
    amount_day_max: Annotated[
        Decimal, amount("The most that the calls of a UTC day may move.", unit="units", most="1000000000")
    ]
    version: Annotated[BookForm, said("The generation of the book; an inventory is one of v6.")] = BookForm.V6


class WalletSection(Section, frozen=True, kw_only=True):
    """A wallet of this desk on one chain. Its key is in an encrypted keystore, or with a signer of its own process."""

    chain: Annotated[Name, said("The chain it sends on.")]
    account: Annotated[Name, said("The account of the ledger in which its coin and its tokens stand.")]
    keystore: Annotated[str | None, text("The file of its encrypted key, below the home.")] = None
    password: Annotated[str | None, text('What opens the keystore: "secret:" and its name.', SECRET_REFERENCE)] = None
    signer: Annotated[str | None, text("The socket of the signer that holds its key, below the home.")] = None
    address: Annotated[Address | None, said("Its address; needed with a signer, else read from the keystore.")] = None
    order_books: Annotated[
        tuple[Address, ...], said("The books in which it may add and remove orders of its own.")
    ] = ()
    moves: Annotated[dict[Name, WalletVaultSection], said("The tokens it may move, by their name in the ledger.")] = {}
    coin_low: Annotated[Decimal, amount("Less of the coin raises gas_low.", unit="coins", most="1000")] = COIN_LOW
    fee_coin_max: Annotated[
        Decimal, amount("The most that the gas of one transaction may cost.", unit="coins", most="100")
    ] = FEE_COIN_MAX
    calls_day_max: Annotated[
        int, whole("Calls of a UTC day; what only takes back is not counted out.", unit="calls", least=1, most=100_000)
    ] = CALLS_DAY_MAX
    confirmations: Annotated[
        int, whole("So many blocks, its own included, make a call final.", unit="blocks", least=1, most=1_000)
    ] = CONFIRMATIONS
    bump_s: Annotated[int, seconds("A call that waits longer is replaced at a higher fee.", least=4, most=3_600)] = 60


def flaws_of_wallets(
    wallets: Mapping[str, WalletSection],
    chains: Mapping[str, Collection[str]],
    owners: Mapping[str, Collection[str]],
    secrets: Collection[str],
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree in the wallets: the key and what is wrong there.

    Needs: the assets by chain that is read from nodes, the chains of the vaults by owner, and the names of secrets.
    """
    for name, wallet in wallets.items():
        key = ("wallets", name)
        assets = chains.get(wallet.chain)
        if assets is None:
            yield (*key, "chain"), f"there is no chain {wallet.chain!r} that is read from nodes"
        yield from _flaws_of_signer(key, wallet, secrets)
        for asset, vault in wallet.moves.items():
            place = (*key, "moves", asset)
            if assets is not None and asset not in assets:
                yield place, f"chain {wallet.chain} knows no token {asset!r}"
            if wallet.chain not in owners.get(vault.owner, ()):
                yield (*place, "owner"), f"there is no owner {vault.owner!r} with a vault on {wallet.chain}"
            if vault.amount_day_max < vault.amount_max:
                yield (*place, "amount_day_max"), "is below amount_max: one call could never use its own cap"


def _flaws_of_signer(
    key: tuple[str, ...], wallet: WalletSection, secrets: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if (wallet.keystore is None) == (wallet.signer is None):
        yield (*key, "keystore"), "state either a keystore with its password, or the socket of a signer"
    if wallet.keystore is not None and wallet.password is None:
        yield (*key, "password"), "a keystore needs what opens it"
    if wallet.signer is not None and wallet.address is None:
        yield (*key, "address"), "a signer does not say whose key it holds: state the address"
    if wallet.password is not None and wallet.password.removeprefix("secret:") not in secrets:
        name = wallet.password.removeprefix("secret:")
        yield (*key, "password"), f"there is no secret {name!r}: state its place under [secrets]"
