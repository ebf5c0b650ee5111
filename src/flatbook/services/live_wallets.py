"""The wallets of a desk: what each may call, made from its configuration, and who signs for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from flatbook.engine.call_outbox import Senders
from flatbook.engine.rules import Rules, VaultRules, WalletRules
from flatbook.ops.config import Loaded, places_of
from flatbook.ops.config_chains import ChainSection
from flatbook.ops.config_wallets import WalletSection, WalletVaultSection
from flatbook.ops.secrets import resolve
from flatbook.risk.call_limits import AllowedCall, CallLimits
from flatbook.services.keystore import address_in, key_from
from flatbook.state.calls import WalletKey
from flatbook.values.ids import AccountId, AssetId, ChainId, OwnerId, WalletId
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.remote_signer import RemoteSigner
from flatbook.venues.evm.sender import EvmSender
from flatbook.venues.evm.signing import LocalSigner, Signer
from flatbook.venues.raindex.calls import ADDS, DEPOSITS, REMOVES, WITHDRAWS, BookVersion, Function
from flatbook.venues.raindex.vaults import RaindexVault


def with_wallets(rules: Rules, loaded: Loaded) -> Rules:
    """Returns the rules of a desk with those of its wallets and of the vaults that they may move.

    Errors: KeystoreRefused where the address of a wallet cannot be read.
    """
    wallets: dict[WalletKey, WalletRules] = {}
    vaults: dict[tuple[AccountId, AssetId], VaultRules] = {}
    for wallet in loaded.config.wallets.values():
        key = wallet_key_of(loaded, wallet)
        wallets[key] = _rules_of(loaded, wallet)
        vaults |= dict(_vaults_of(loaded, wallet, key))
    return msgspec.structs.replace(rules, wallets=wallets, vaults=vaults)


def wallet_key_of(loaded: Loaded, wallet: WalletSection) -> WalletKey:
    """Returns the chain and the address of a wallet.

    Errors: KeystoreRefused.
    """
    chain = ChainId(loaded.config.chains[wallet.chain].id)
    if wallet.address is not None:
        return (chain, WalletId(wallet.address))
    return (chain, address_in(loaded.home / str(wallet.keystore)))


def senders_of(loaded: Loaded, nodes: Mapping[str, Sequence[Node]]) -> Senders:
    """Returns the sender of each wallet. `nodes` are those of each chain, by its name.

    Errors: KeystoreRefused, SecretRefused.
    """
    senders = {}
    for wallet in loaded.config.wallets.values():
        key = wallet_key_of(loaded, wallet)
        signer = _signer_of(loaded, wallet, key[1])
        senders[key] = EvmSender(nodes[wallet.chain], signer, chain=key[0])
    return senders


def _signer_of(loaded: Loaded, wallet: WalletSection, address: WalletId) -> Signer:
    if wallet.signer is not None:
        return RemoteSigner(loaded.home / wallet.signer, address)
    password = resolve(places_of(loaded), str(wallet.password))
    key = key_from(loaded.home / str(wallet.keystore), password)
    return LocalSigner(address, key.reveal)


def _rules_of(loaded: Loaded, wallet: WalletSection) -> WalletRules:
    chain = loaded.config.chains[wallet.chain]
    limits = CallLimits(
        allowed=tuple(_allowed(chain, wallet)),
        amount_max={AssetId(asset): vault.amount_max for asset, vault in wallet.moves.items()},
        amount_day_max={AssetId(asset): vault.amount_day_max for asset, vault in wallet.moves.items()},
        calls_day_max=wallet.calls_day_max,
        fee_coin_max=wallet.fee_coin_max,
    )
    return WalletRules(
        account=AccountId(wallet.account),
        coin=AssetId(chain.gas_coin),
        limits=limits,
        coin_low=wallet.coin_low,
        confirmations=wallet.confirmations,
        bump_s=wallet.bump_s,
    )


def _allowed(chain: ChainSection, wallet: WalletSection) -> Iterator[AllowedCall]:
    """Yields what a wallet may call: exactly the functions that move its vaults and its orders, and no others."""
    for asset, vault in wallet.moves.items():
        version = BookVersion(vault.version.value)
        token, _ = token_of(chain, asset)
        yield AllowedCall(to=token, selector=Function.APPROVE.value, destinations=(vault.book,))
        for function in (DEPOSITS[version], WITHDRAWS[version]):
            yield AllowedCall(to=vault.book, selector=function.value)
    for book in wallet.order_books:
        for function in (*ADDS.values(), *dict.fromkeys(REMOVES.values())):
            yield AllowedCall(to=book, selector=function.value)


def _vaults_of(
    loaded: Loaded, wallet: WalletSection, key: WalletKey
) -> Iterator[tuple[tuple[AccountId, AssetId], VaultRules]]:
    chain = loaded.config.chains[wallet.chain]
    for asset, vault in wallet.moves.items():
        account = loaded.config.owners[vault.owner].vaults[wallet.chain].account
        token, decimals = token_of(chain, asset)
        words = _words_of(vault, token, decimals)
        yield (
            (AccountId(account), AssetId(asset)),
            VaultRules(
                owner=OwnerId(vault.owner),
                wallet=key,
                token=token,
                decimals=decimals,
                book=vault.book,
                words=words,
            ),
        )


def _words_of(vault: WalletVaultSection, token: str, decimals: int) -> RaindexVault:
    return RaindexVault(
        version=BookVersion(vault.version.value),
        book=vault.book,
        token=token,
        decimals=decimals,
        vault=int(vault.vault, 16),
    )


def token_of(chain: ChainSection, asset: str) -> tuple[str, int]:
    """Returns the address and the decimals of a token."""
    stated = chain.stablecoins[asset] if asset in chain.stablecoins else chain.tokens[asset]
    return stated.address, stated.decimals
