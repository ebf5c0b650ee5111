"""Sends from one wallet on one chain: tries, prices, signs, hands over, looks. All nodes are asked, none is believed.

It keeps nothing: the nonce, the bytes and the fees of what was signed stand in the journal. It retries nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from flatbook.engine.call_reports import (
    CallFlaw,
    CallSight,
    CoinAnswer,
    CoinSight,
    LookAnswer,
    MinedSight,
    NotReady,
    NotReadyFor,
    SendAnswer,
    SignAnswer,
    Signature,
    Taken,
    TokenMove,
    TurnedDown,
    TurnedDownFor,
)
from flatbook.engine.ports import CallToSign
from flatbook.engine.reports import Unknown
from flatbook.events.calls import CallRefusal
from flatbook.events.orders import UnknownReason
from flatbook.values.ids import ChainId, WalletId
from flatbook.venues.evm.answers import block_call, header_of, receipt_call
from flatbook.venues.evm.call_words import (
    Prices,
    Seen,
    base_fee_of,
    coin_call,
    count_call,
    count_of,
    estimate_call,
    fee_of,
    gas_wanted,
    is_pooled,
    is_short_of_coin,
    quantity_of,
    receipt_of,
    send_call,
    sent_of,
    silent,
    transaction_call,
    wei_of,
)
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result
from flatbook.venues.evm.signing import Signer, SignerRefused, SignerSilent, TxFields

SIGN_CALLS = 6


class EvmSender:
    """One wallet on one EVM chain. Needs: at least one node; `signer` holds the key of the wallet."""

    def __init__(self, nodes: Sequence[Node], signer: Signer, *, chain: ChainId) -> None:
        self._nodes, self._signer, self._chain = tuple(nodes), signer, chain

    @property
    def chain(self) -> ChainId:
        """The chain that its nodes must serve."""
        return self._chain

    @property
    def wallet(self) -> WalletId:
        """The address that signs, in lower case."""
        return self._signer.wallet

    async def sign(self, call: CallToSign) -> SignAnswer:
        """Tries the call on every node, prices its gas by the dearest of them, and signs it. Sends nothing.

        Gives: CallFlaw where it would revert or the chain is another one, NotReady where a node is behind or silent.
        """
        calls = [
            Call(method="eth_chainId"),
            block_call("latest"),
            count_call(self.wallet, "latest"),
            count_call(self.wallet, "pending"),
            coin_call(self.wallet),
            Call(method="eth_maxPriorityFeePerGas"),
        ]
        if call.nonce is None:
            calls.append(estimate_call(self.wallet, call.to, call.payload, int(call.value)))
        stated = await self._ask_all(calls)
        ready = self._nonce_of(call, stated)
        if isinstance(ready, int) and call.nonce is None and ready > call.nonce_floor:
            ready = await self._settled(call, ready, stated)
        if not isinstance(ready, int):
            return ready
        gas = _gas_of(call, self._names, stated)
        if not isinstance(gas, int):
            return gas
        fees = fee_of(_prices_of(stated), gas, (call.fee_wei_floor, call.tip_wei_floor), call.fee_wei_total_max)
        if isinstance(fees, NotReady):
            return fees
        held = min(wei_of(outcomes[4]) or 0 for outcomes in stated)
        if held < gas * fees[0] + int(call.value):
            detail = f"{held} wei are held, gas may cost {gas * fees[0]}"
            return NotReady(reason=NotReadyFor.COIN_MISSING, detail=detail)
        return await self._signed(call, ready, gas, fees)

    def _nonce_of(self, call: CallToSign, stated: Sequence[tuple[Outcome, ...]]) -> int | CallFlaw | NotReady:
        """Returns the nonce for a call once every node is on the chain and has what the call builds on."""
        pending = [call.nonce_floor]
        for name, outcomes in zip(self._names, stated, strict=True):
            chain, used, waiting = (count_of(outcomes[place]) for place in (0, 2, 3))
            head = header_of(outcomes[1].value) if isinstance(outcomes[1], Result) else None
            if chain is None or used is None or waiting is None or head is None or wei_of(outcomes[4]) is None:
                first = next((each for each in outcomes[:5] if not isinstance(each, Result)), outcomes[1])
                return silent(name, "chain, head, nonce and coin", first)
            if chain != self._chain:
                detail = f"{name} serves chain {chain}, the wallet is one of chain {self._chain}"
                return CallFlaw(reason=CallRefusal.WRONG_CHAIN, detail=detail)
            if head.number < call.block_seen or (call.nonce is None and used < call.nonce_floor):
                detail = f"{name} is at block {head.number} and nonce {used}, {call.nonce_floor} is next"
                return NotReady(reason=NotReadyFor.NODE_BEHIND, detail=detail)
            pending.append(waiting)
        return call.nonce if call.nonce is not None else max(pending)

    async def _settled(self, call: CallToSign, nonce: int, stated: Sequence[tuple[Outcome, ...]]) -> int | NotReady:
        """Returns a nonce that follows transactions which are not ours once all of them are final."""
        head = min(_number_of(outcomes[1]) or 0 for outcomes in stated)
        deep = max(0, head - call.confirmations + 1)
        counts = await self._numbers((count_call(self.wallet, deep),), "the nonce")
        if isinstance(counts, NotReady):
            return counts
        settled = min(each[0] for each in counts)
        if settled >= nonce:
            return nonce
        detail = f"nonces {call.nonce_floor} to {nonce - 1} are not ours, and only those below {settled} are final"
        return NotReady(reason=NotReadyFor.NONCE_UNSETTLED, detail=detail)

    async def _signed(self, call: CallToSign, nonce: int, gas: int, fees: tuple[int, int]) -> SignAnswer:
        fields = TxFields(
            chain=int(self._chain),
            nonce=nonce,
            to=call.to,
            payload=call.payload,
            value=int(call.value),
            gas=gas,
            fee_wei_max=fees[0],
            tip_wei_max=fees[1],
        )
        answer = await self._signer.sign(fields)
        if isinstance(answer, SignerRefused):
            return CallFlaw(reason=CallRefusal.SIGNER_REFUSED, detail=answer.detail)
        if isinstance(answer, SignerSilent):
            return NotReady(reason=NotReadyFor.SIGNER_SILENT, detail=answer.detail)
        return Signature(nonce=nonce, tx=answer.tx, raw=answer.raw, gas=gas, fee_wei_max=fees[0], tip_wei_max=fees[1])

    async def send(self, tx: str, raw: str) -> SendAnswer:
        """Hands signed bytes to every node: one that drops them does not matter while another one has them.

        Gives: TurnedDown for a nonce that is used only where no node knows these very bytes. Whatever carries a
        request twice makes the second copy meet the block of the first.
        """
        stated = await self._ask_all((send_call(raw),))
        answer = sent_of([outcomes[0] for outcomes in stated], tx)
        used = isinstance(answer, TurnedDown) and answer.reason is TurnedDownFor.NONCE_TOO_LOW
        return await self._unless_known(tx, answer) if used else answer

    async def _unless_known(self, tx: str, answer: SendAnswer) -> SendAnswer:
        stated = await self._ask_all((transaction_call(tx), receipt_call(tx)))
        found = [outcome for outcomes in stated for outcome in outcomes]
        if any(isinstance(outcome, Result) and outcome.value is not None for outcome in found):
            return Taken()
        silent_one = any(not isinstance(outcome, Result) for outcome in found)
        return Unknown(reason=UnknownReason.UNREADABLE) if silent_one else answer

    async def look(self, txs: tuple[str, ...], confirmations: int) -> LookAnswer:
        """Looks for the transactions of one call by their hashes: heads first, then nonces, then receipts.

        In this order a nonce that is seen used has a receipt that is seen too, if it is one of ours.
        """
        heads = await self._numbers((block_call("latest"), Call(method="eth_chainId")), "its head")
        if isinstance(heads, NotReady):
            return heads
        head = min(each[0] for each in heads)
        if any(each[1] != self._chain for each in heads):
            return NotReady(reason=NotReadyFor.NODES_DISAGREE, detail="a node serves another chain")
        deep = max(0, head - confirmations + 1)
        counts = await self._numbers((count_call(self.wallet, "latest"), count_call(self.wallet, deep)), "the nonce")
        if isinstance(counts, NotReady):
            return counts
        asked = [receipt_call(tx) for tx in txs] + [transaction_call(tx) for tx in txs]
        found = _found_of(txs, self.wallet, self._names, await self._ask_all(asked))
        if isinstance(found, NotReady):
            return found
        seen, pooled = found
        mined = await self._mined(seen) if seen is not None else None
        if isinstance(mined, NotReady):
            return mined
        return CallSight(
            head=head,
            mined=mined,
            pooled=pooled,
            nonce=min(each[0] for each in counts),
            nonce_settled=min(each[1] for each in counts),
        )

    async def coin(self) -> CoinAnswer:
        """Reads what the wallet holds of the chain's coin: the least that a node states."""
        stated = await self._ask_all((coin_call(self.wallet), count_call(self.wallet, "latest")))
        held, nonces = [], []
        for name, outcomes in zip(self._names, stated, strict=True):
            wei, nonce = wei_of(outcomes[0]), count_of(outcomes[1])
            if wei is None or nonce is None:
                return silent(name, "coin and nonce", outcomes[0])
            held.append(wei)
            nonces.append(nonce)
        return CoinSight(wei=quantity_of(min(held)), nonce=min(nonces))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(node.name for node in self._nodes)

    async def _ask_all(self, calls: Sequence[Call]) -> list[tuple[Outcome, ...]]:
        return list(await asyncio.gather(*(node.ask(calls) for node in self._nodes)))

    async def _numbers(self, calls: Sequence[Call], what: str) -> list[tuple[int, ...]] | NotReady:
        """Returns the numbers that each node answers with; a block answers with its own."""
        numbers: list[tuple[int, ...]] = []
        for name, outcomes in zip(self._names, await self._ask_all(calls), strict=True):
            found = [_number_of(outcome) for outcome in outcomes]
            known = tuple(number for number in found if number is not None)
            if len(known) < len(found):
                return silent(name, what, outcomes[found.index(None)])
            numbers.append(known)
        return numbers

    async def _mined(self, seen: Seen) -> MinedSight | NotReady:
        """Returns where a receipt stands once every node shows its block under the same hash."""
        stated = await self._ask_all((block_call(seen.block),))
        headers = [header_of(each[0].value) if isinstance(each[0], Result) else None for each in stated]
        first = headers[0]
        if first is None or any(header != first for header in headers) or first.block_hash != seen.block_hash:
            detail = f"the nodes do not show block {seen.block} as the receipt of {seen.tx} names it"
            return NotReady(reason=NotReadyFor.NODES_DISAGREE, detail=detail)
        return MinedSight(
            tx=seen.tx,
            block=seen.block,
            block_hash=seen.block_hash,
            success=seen.success,
            gas_wei=quantity_of(seen.gas_wei),
            happened_at=first.at,
            moves=tuple(TokenMove(token=each.token, raw=each.raw) for each in seen.moves),
        )


def _number_of(outcome: Outcome) -> int | None:
    header = header_of(outcome.value) if isinstance(outcome, Result) else None
    return header.number if header is not None else count_of(outcome)


def _gas_of(call: CallToSign, names: Sequence[str], stated: Sequence[tuple[Outcome, ...]]) -> int | CallFlaw | NotReady:
    """Returns the gas of a call: that of what it replaces, or what the trials took and some more."""
    if call.gas is not None:
        return call.gas
    trials = [outcomes[SIGN_CALLS] for outcomes in stated]
    reverted = [each for each in trials if isinstance(each, Refused) and each.kind is RefusedFor.REVERTED]
    if len(reverted) == len(trials):
        return CallFlaw(reason=CallRefusal.WOULD_REVERT, detail=reverted[0].detail)
    if reverted:
        return NotReady(reason=NotReadyFor.NODES_DISAGREE, detail=f"only some nodes say: {reverted[0].detail}")
    gas = 0
    for name, trial in zip(names, trials, strict=True):
        if isinstance(trial, Refused) and is_short_of_coin(trial):
            return NotReady(reason=NotReadyFor.COIN_MISSING, detail=trial.detail)
        estimate = count_of(trial)
        if not estimate:
            return silent(name, "what gas the call takes", trial)
        gas = max(gas, gas_wanted(estimate))
    return gas


def _prices_of(stated: Sequence[tuple[Outcome, ...]]) -> Prices:
    return Prices(
        base_wei=max(base_fee_of(outcomes[1]) or 0 for outcomes in stated),
        tip_wei=max(count_of(outcomes[5]) or 0 for outcomes in stated),
    )


def _found_of(
    txs: Sequence[str], wallet: str, names: Sequence[str], stated: Sequence[tuple[Outcome, ...]]
) -> tuple[Seen | None, tuple[str, ...]] | NotReady:
    """Returns the receipt that all nodes show, if any, and which transactions one of them still knows."""
    seen: list[Seen | None] = []
    pooled: dict[str, None] = {}
    for name, outcomes in zip(names, stated, strict=True):
        receipts = [receipt_of(outcome, tx, wallet) for outcome, tx in zip(outcomes, txs, strict=False)]
        known = [is_pooled(outcome, tx) for outcome, tx in zip(outcomes[len(txs) :], txs, strict=True)]
        trouble = next((each for each in (*receipts, *known) if isinstance(each, str)), None)
        if trouble is not None:
            return NotReady(reason=NotReadyFor.NODE_SILENT, detail=f"{name}: {trouble}")
        shown = [each for each in receipts if isinstance(each, Seen)]
        if len(shown) > 1:
            return NotReady(reason=NotReadyFor.NODES_DISAGREE, detail=f"{name} has two receipts of one nonce")
        seen.append(shown[0] if shown else None)
        pooled |= dict.fromkeys(tx for tx, is_known in zip(txs, known, strict=True) if is_known)
    if any(each != seen[0] for each in seen):
        return NotReady(reason=NotReadyFor.NODES_DISAGREE, detail="only some nodes have the receipt")
    return seen[0], tuple(pooled)
