"""Has chain calls signed, sent and looked for, and brings the answers back as inputs. The fold is its memory.

All it keeps is how often in a row nothing was found of a call: after a restart it counts anew. Nothing is retried here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from flatbook.engine.call_reports import CallSight, NotReady, NotReadyFor
from flatbook.engine.effects import CallEffect, EffectKey, LookForCall, SendCall, SignCall, key_of
from flatbook.engine.inputs import CallLooked, Item, SendAnswered, SignAnswered
from flatbook.engine.ports import ChainSender
from flatbook.engine.reports import Unknown
from flatbook.events.orders import UnknownReason
from flatbook.state.calls import WalletKey
from flatbook.values.ids import CallId

Senders = Mapping[WalletKey, ChainSender]

_UNREADABLE = NotReady(reason=NotReadyFor.NODE_SILENT, detail="the answer of the wallet cannot be read")


class CallOutbox:
    """Hands the effects of chain calls to wallets, each at most once at a time."""

    def __init__(self, senders: Senders, *, deliver: Callable[[Item], None]) -> None:
        self._senders, self._deliver = senders, deliver
        self._in_flight: dict[EffectKey, asyncio.Task[None]] = {}
        self._missed: dict[CallId, int] = {}

    @property
    def in_flight(self) -> int:
        """How many effects are under way."""
        return len(self._in_flight)

    def send(self, effect: CallEffect) -> None:
        """Starts an effect unless the same one is under way, or nobody serves its wallet any more."""
        key, sender = key_of(effect), self._senders.get(effect.wallet)
        if sender is None or key in self._in_flight:
            return
        task = asyncio.get_running_loop().create_task(self._carry(sender, effect))
        self._in_flight[key] = task
        task.add_done_callback(lambda done: self._ended(effect, key, done))

    async def close(self) -> None:
        """Ends what is under way; what nodes still do with it is found again at the next start."""
        tasks = tuple(self._in_flight.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _carry(self, sender: ChainSender, effect: CallEffect) -> Coroutine[Any, Any, None]:
        if isinstance(effect, SignCall):
            return self._sign(sender, effect)
        return self._hand_over(sender, effect) if isinstance(effect, SendCall) else self._look(sender, effect)

    def _ended(self, effect: CallEffect, key: EffectKey, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(key, None)
        if not task.cancelled() and task.exception() is not None:
            self._deliver_broken(effect)

    def _deliver_broken(self, effect: CallEffect) -> None:
        """A sender that raised may have sent; one that signs or looks sends nothing."""
        if isinstance(effect, SignCall):
            self._deliver_signed(effect, _UNREADABLE)
        elif isinstance(effect, SendCall):
            unknown = Unknown(reason=UnknownReason.UNREADABLE)
            self._deliver(SendAnswered(call_id=effect.call_id, attempt=effect.attempt, answer=unknown))

    async def _sign(self, sender: ChainSender, effect: SignCall) -> None:
        self._deliver_signed(effect, await sender.sign(effect.call))

    def _deliver_signed(self, effect: SignCall, answer: Any) -> None:
        call = effect.call
        self._deliver(
            SignAnswered(call_id=call.call_id, attempt=call.attempt, nonce_floor=call.nonce_floor, answer=answer)
        )

    async def _hand_over(self, sender: ChainSender, effect: SendCall) -> None:
        answer = await sender.send(effect.tx, effect.raw)
        self._deliver(SendAnswered(call_id=effect.call_id, attempt=effect.attempt, answer=answer))

    async def _look(self, sender: ChainSender, effect: LookForCall) -> None:
        answer = await sender.look(effect.txs, effect.confirmations)
        if isinstance(answer, CallSight):
            absent = answer.mined is None and not answer.pooled
            self._missed[effect.call_id] = self._missed.get(effect.call_id, 0) + 1 if absent else 0
        misses = self._missed.get(effect.call_id, 0)
        if not misses:
            self._missed.pop(effect.call_id, None)
        self._deliver(CallLooked(call_id=effect.call_id, answer=answer, misses=misses))
