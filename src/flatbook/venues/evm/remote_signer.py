"""A signer in a process of its own, over a socket of this machine: it holds the key and has rules of its own.

One line of JSON each way. What comes back is checked: it must be the very transaction that was asked for, signed by
the wallet.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from flatbook.values.ids import WalletId
from flatbook.venues.evm.signing import SignedAnswer, SignedTx, SignerRefused, SignerSilent, TxFields, flaw_of_signed

LINE_BYTES_MAX = 1 << 18
ANSWER_S = 10
DETAIL_MAX = 200


class SignerAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a signer says: signed bytes and their hash, or why not."""

    tx: str | None = None
    raw: str | None = None
    refused: str | None = None


_answers = msgspec.json.Decoder(SignerAnswer)


class RemoteSigner:
    """The way to a signer that holds the key of one wallet."""

    def __init__(self, socket: Path, wallet: WalletId) -> None:
        self._socket, self._wallet = socket, wallet

    @property
    def wallet(self) -> WalletId:
        """The address that signs, in lower case."""
        return self._wallet

    async def sign(self, fields: TxFields) -> SignedAnswer:
        """Has a transaction signed. Gives: SignerRefused also where what came back is not what was asked for."""
        try:
            answer = await asyncio.wait_for(self._asked(fields), ANSWER_S)
        except (OSError, TimeoutError, ValueError) as error:
            return SignerSilent(detail=f"the signer does not answer: {type(error).__name__}")
        except msgspec.MsgspecError:
            return SignerSilent(detail="the signer answers what cannot be read")
        if answer.tx is None or answer.raw is None:
            return SignerRefused(detail=(answer.refused or "it does not say why")[:DETAIL_MAX])
        signed = SignedTx(tx=answer.tx, raw=answer.raw)
        flaw = flaw_of_signed(signed, fields, self._wallet)
        return signed if flaw is None else SignerRefused(detail=f"what the signer signed is refused: {flaw}")

    async def _asked(self, fields: TxFields) -> SignerAnswer:
        reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_BYTES_MAX)
        try:
            writer.write(msgspec.json.encode(fields) + b"\n")
            await writer.drain()
            return _answers.decode(await reader.readline())
        finally:
            writer.close()
