"""The signer: a process of its own that holds the key of one wallet and signs what its own rules allow.

It reads one line of JSON from a socket of this machine and answers with one. What it has signed of a day it keeps in a
file before it answers, so that a restart does not open its caps anew. It has no connection to anything else.
"""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.engine.ports import Clock
from flatbook.ops.control_socket import bound_socket
from flatbook.ops.secret_files import read_private, write_private
from flatbook.ops.secret_value import SecretRefused
from flatbook.services.signing_rules import NotSigned, SigningRules, verdict_of
from flatbook.values.instants import utc_day
from flatbook.values.money import plain
from flatbook.venues.evm.remote_signer import ANSWER_S, LINE_BYTES_MAX, SignerAnswer
from flatbook.venues.evm.signing import SignedTx, Signer, TxFields

TAKES_BACK_TIMES = 2
"""Calls that only take back are signed up to so many times the calls of a day: a full day leaves no order standing."""

_fields = msgspec.json.Decoder(TxFields)


class Signed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What was signed of a UTC day: calls by what they do, and amounts. Units: units of the asset."""

    day: int = 0
    calls: dict[str, None] = {}
    spent: dict[str, Decimal] = {}


class SignerDesk:
    """Signs for one wallet. The same call under the same nonce, at another fee, counts once."""

    def __init__(self, rules: SigningRules, signer: Signer, clock: Clock, *, kept: Path) -> None:
        self._rules, self._signer, self._clock, self._kept = rules, signer, clock, kept
        self._signed = _read(kept)

    async def answer(self, line: bytes) -> SignerAnswer:
        """Signs what a line asks for, or says why not. What is counted is on the disk before anything is returned."""
        try:
            fields = _fields.decode(line)
        except msgspec.MsgspecError:
            return SignerAnswer(refused="what was asked cannot be read")
        why = self._count(fields)
        if why is not None:
            return SignerAnswer(refused=why)
        signed = await self._signer.sign(fields)
        if isinstance(signed, SignedTx):
            return SignerAnswer(tx=signed.tx, raw=signed.raw)
        return SignerAnswer(refused=signed.detail)

    def _count(self, fields: TxFields) -> str | None:
        """Counts a call against the day, once, or returns why it is not signed."""
        verdict = verdict_of(fields, self._rules)
        if isinstance(verdict, NotSigned):
            return verdict.why
        day = max(utc_day(self._clock.now()), self._signed.day)  # a clock that goes back opens no cap anew
        if self._signed.day < day:
            self._signed = Signed(day=day)
        call, held = f"{fields.nonce}:{fields.to}:{fields.payload}", self._signed
        if call in held.calls:
            return None
        allowed = self._rules.calls_day_max * (TAKES_BACK_TIMES if verdict.takes_back else 1)
        if len(held.calls) >= allowed:
            return f"{len(held.calls)} calls today, {allowed} are allowed"
        spent = dict(held.spent)
        if verdict.asset is not None:
            total = spent.get(verdict.asset, Decimal(0)) + verdict.amount
            if total > verdict.day_max:
                return f"{plain(total)} {verdict.asset} in a day, {plain(verdict.day_max)} are allowed"
            spent[verdict.asset] = total
        after = Signed(day=day, calls={**held.calls, call: None}, spent=spent)
        try:
            write_private(self._kept, msgspec.json.encode(after))
        except (SecretRefused, OSError) as error:
            return f"what is signed today cannot be kept: {type(error).__name__}"
        self._signed = after
        return None


def _read(path: Path) -> Signed:
    """Returns what was signed of a day.

    Errors: ValueError for a file that cannot be read: without it the caps of the day would be open.
    """
    if not path.exists():
        return Signed()
    try:
        return msgspec.convert(json.loads(read_private(path)), Signed, strict=False)
    except (ValueError, SecretRefused, msgspec.ValidationError) as error:
        raise ValueError(f"{path.name} does not say what was signed today: {type(error).__name__}") from error


async def serve_signer(desk: SignerDesk, socket: Path, stop: asyncio.Event) -> None:
    """Answers on a socket until it is told to stop.

    Errors: SocketTaken; OSError when the folder cannot be used.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), ANSWER_S)
            writer.write(msgspec.json.encode(await desk.answer(line)) + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            return
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, sock=bound_socket(socket), limit=LINE_BYTES_MAX)
    async with server:
        await stop.wait()
