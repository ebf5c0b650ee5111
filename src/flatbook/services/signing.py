"""A signer, composed from the section of a wallet."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded, places_of
from flatbook.ops.config_wallets import WalletSection
from flatbook.ops.secrets import resolve
from flatbook.services.keystore import KeystoreRefused, address_in, key_from
from flatbook.services.live_wallets import token_of
from flatbook.services.signer import SignerDesk, serve_signer
from flatbook.services.signing_rules import SignedMove, SigningRules
from flatbook.values.ids import AssetId
from flatbook.values.money import scaled_integer
from flatbook.venues.evm.signing import LocalSigner
from flatbook.venues.raindex.calls import BookVersion

WEI_DECIMALS = 18


def signer_of(loaded: Loaded, name: str, wallet: WalletSection) -> SignerDesk:
    """Returns the signer of a wallet whose keystore this configuration names.

    Errors: KeystoreRefused, SecretRefused; ValueError where what was signed today cannot be read.
    """
    if wallet.keystore is None or wallet.password is None:
        raise KeystoreRefused("a signer needs the keystore and the password of its wallet")
    path = loaded.home / wallet.keystore
    key = key_from(path, resolve(places_of(loaded), wallet.password))
    address = address_in(path)
    rules = signing_rules_of(loaded, wallet, address)
    kept = loaded.home / f"signed-{name}.json"
    return SignerDesk(rules, LocalSigner(address, key.reveal), SystemClock(), kept=kept)


def signing_rules_of(loaded: Loaded, wallet: WalletSection, address: str) -> SigningRules:
    """Returns what the section of a wallet lets it sign."""
    chain = loaded.config.chains[wallet.chain]
    tokens = {asset: token_of(chain, asset) for asset in (*chain.stablecoins, *chain.tokens)}
    moves = tuple(
        SignedMove(
            asset=AssetId(asset),
            version=BookVersion(move.version.value),
            token=tokens[asset][0],
            decimals=tokens[asset][1],
            book=move.book,
            vault=int(move.vault, 16),
            amount_max=move.amount_max,
            amount_day_max=move.amount_day_max,
        )
        for asset, move in wallet.moves.items()
    )
    return SigningRules(
        chain=chain.id,
        wallet=address,
        moves=moves,
        order_books=wallet.order_books,
        tokens=tuple(address for address, _ in tokens.values()),
        fee_wei_max=scaled_integer(wallet.fee_coin_max, decimals=WEI_DECIMALS),
        calls_day_max=wallet.calls_day_max,
    )


async def until_stopped(desk: SignerDesk, socket: Path) -> None:
    """Serves until the process is told to end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve_signer(desk, socket, stop)
