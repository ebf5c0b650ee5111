"""`flatbook wallet`: keys of wallets, and calls that the running engine makes for an operator."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Key, Reason, Where, says
from flatbook.cli.output import show
from flatbook.cli.sending import answer, send

if TYPE_CHECKING:
    from flatbook.ops.config import Loaded
    from flatbook.ops.config_wallets import WalletSection
    from flatbook.ops.secret_value import Secret

KEY_CHARS_MAX = 128

WalletName = Annotated[str, says("The name of the wallet in the configuration.")]
Amount = Annotated[str, says("How much, in whole tokens, such as 1500.25.")]
Asset = Annotated[str, says("The token, by its name in the ledger.")]
Vault = Annotated[str, says("The account of the vault.")]


def new(name: WalletName, /, *, where: Where = HERE) -> None:
    """Makes a key and keeps it, encrypted, in the keystore that the configuration names. A key is never overwritten."""
    from flatbook.services.keystore import make_key

    _keep("wallet.new", name, make_key(), where)


def import_key(name: WalletName, /, *, where: Where = HERE) -> None:
    """Takes a private key from standard input and keeps it, encrypted, in the keystore that the configuration names."""
    from flatbook.services.keystore import KeystoreRefused, key_of_text

    print("The private key: ", end="", file=sys.stderr, flush=True)
    try:
        key = key_of_text(sys.stdin.readline(KEY_CHARS_MAX))
    except KeystoreRefused as error:
        raise Failed(Exit.USAGE, str(error), where=name) from error
    _keep("wallet.import", name, key, where)


def _keep(verb: str, name: str, key: Secret, where: Where) -> None:
    from flatbook.ops.config import places_of
    from flatbook.ops.secret_value import SecretRefused
    from flatbook.ops.secrets import resolve
    from flatbook.services.keystore import KeystoreRefused, keep_key

    loaded, wallet = _wallet(name, where)
    if wallet.keystore is None or wallet.password is None:
        raise Failed(Exit.USAGE, "has no keystore of its own: its signer keeps the key", where=name)
    try:
        password = resolve(places_of(loaded), wallet.password)
        address = keep_key(loaded.home / wallet.keystore, key, password)
    except (KeystoreRefused, SecretRefused) as error:
        raise Failed(
            Exit.REFUSED, str(error), where=name, do="flatbook secrets list shows where secrets are"
        ) from error
    body = {"wallet": name, "address": address, "keystore": wallet.keystore}
    show(
        verb, body, lambda: (f"{name} is {address}; its key is in {wallet.keystore}, encrypted",), as_json=where.as_json
    )


def _wallet(name: str, where: Where) -> tuple[Loaded, WalletSection]:
    from flatbook.cli.desks import loaded_of

    loaded = loaded_of(where)
    if name not in loaded.config.wallets:
        known = ", ".join(loaded.config.wallets) or "the configuration has none"
        raise Failed(Exit.USAGE, "is no wallet of this desk", where=name, do=f"wallets: {known}")
    return loaded, loaded.config.wallets[name]


def show_calls(*, where: Where = HERE) -> None:
    """Shows the wallets of the desk, their next nonce, and the calls that are open or ended lately."""
    from flatbook.cli.reading import past_of

    with past_of(where) as past:
        state = past.state()
    calls = [_told(call) for call in state.calls.values()]
    wallets = [
        {"chain": chain, "wallet": wallet, "nonce_next": book.nonce_next, "calls_today": book.calls_today}
        for (chain, wallet), book in state.wallets.items()
    ]
    body = {"wallets": wallets, "calls": calls}
    show("wallet.show", body, lambda: _lines(wallets, calls), as_json=where.as_json)


def _told(call: Any) -> dict[str, Any]:
    newest = call.newest
    return {
        "call_id": call.call_id,
        "purpose": call.purpose.value,
        "status": call.status.value,
        "wallet": call.wallet,
        "chain": call.chain,
        "nonce": call.nonce,
        "signatures": call.signed,
        "tx": call.mined.tx if call.mined is not None else newest.tx if newest is not None else None,
        "amount": call.amount,
        "asset": call.asset,
        "decided_at": call.decided_at,
    }


def _lines(wallets: list[dict[str, Any]], calls: list[dict[str, Any]]) -> tuple[str, ...]:
    heads = [f"{each['wallet']} on chain {each['chain']}: next nonce {each['nonce_next']}" for each in wallets]
    rows = [
        f"  {each['call_id']}  {each['purpose']}  {each['status']}  nonce {each['nonce']}  {each['tx'] or 'unsigned'}"
        for each in calls
    ]
    return (*heads, *rows) or ("no wallet of this desk has made a call yet",)


def approve(
    vault: Vault, asset: Asset, amount: Amount, /, *, reason: Reason, key: Key = None, where: Where = HERE
) -> int:
    """Allows the book of a vault exactly so much of a token."""
    return _move("approve", (vault, asset, amount), (reason, key), where)


def deposit(
    vault: Vault, asset: Asset, amount: Amount, /, *, reason: Reason, key: Key = None, where: Where = HERE
) -> int:
    """Puts tokens of the wallet into a vault. The book is allowed exactly so much first."""
    return _move("deposit", (vault, asset, amount), (reason, key), where)


def withdraw(
    vault: Vault, asset: Asset, amount: Amount, /, *, reason: Reason, key: Key = None, where: Where = HERE
) -> int:
    """Takes tokens out of a vault into the wallet: so much, or what is there if that is less."""
    return _move("withdraw", (vault, asset, amount), (reason, key), where)


def _move(move: str, what: tuple[str, str, str], told: tuple[str, str | None], where: Where) -> int:
    account, asset, amount = what
    arguments = {"move": move, "account": account, "asset": asset, "amount": amount}
    return answer(f"wallet.{move}", send(where, "vault_move", arguments, told), as_json=where.as_json)


def take_back(
    call_id: Annotated[str, says("The id of the call, as flatbook wallet show prints it.")],
    /,
    *,
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Takes a call back: one that is not signed yet ends, one that was sent has its nonce spent on nothing."""
    sent = send(where, "call_take_back", {"call_id": call_id}, (reason, key))
    return answer("wallet.cancel", sent, as_json=where.as_json)


def signer(
    name: WalletName,
    /,
    *,
    socket: Annotated[str, says("The socket to answer on, below the home.")] = "run/signer.sock",
    where: Where = HERE,
) -> int:
    """Signs for one wallet until it is stopped: its own process, its own user, its own copy of the rules.

    Signs what the section of the wallet in this configuration allows, read from the very bytes, and nothing else.
    """
    import asyncio

    from flatbook.ops.control_socket import SocketTaken
    from flatbook.ops.secret_value import SecretRefused
    from flatbook.services.keystore import KeystoreRefused
    from flatbook.services.signing import signer_of, until_stopped

    loaded, wallet = _wallet(name, where)
    try:
        desk = signer_of(loaded, name, wallet)
        print(f"signs for {name} on {socket}", file=sys.stderr)
        asyncio.run(until_stopped(desk, loaded.home / socket))
    except (KeystoreRefused, SecretRefused, SocketTaken, ValueError, OSError) as error:
        raise Failed(Exit.REFUSED, str(error), where=name) from error
    return Exit.OK
