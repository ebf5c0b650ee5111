"""What our orders offer at a block: asked of all nodes by the hash of the newest block that they share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from flatbook.engine.offer_reports import OfferSight, OffersSight
from flatbook.engine.ports import Clock
from flatbook.engine.reports import Unknown
from flatbook.events.offers import LegQuote, OfferLeg, OfferSeen
from flatbook.events.orders import UnknownReason
from flatbook.values.ids import AssetId, ChainId, SourceId
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, ZERO, NumberRefused, Price, Quantity, cut, divide_cut
from flatbook.venues.evm.answers import Header, block_call, header_of, ratio_call, ratio_of, view_call
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Outcome, Refused, RefusedFor, Result
from flatbook.venues.raindex.offers import REMOVE_ORDER
from flatbook.venues.raindex.rain_float import FloatRefused, RainFloat, decimal_cut, smaller, unpack
from flatbook.venues.raindex.tokens import Generation, RaindexConfig, TokenForm
from flatbook.venues.raindex.wire import WORD, read_hex

SHARE_DECIMALS = 18
V4_DECIMALS = 18

_UNKNOWN = Unknown(reason=UnknownReason.UNREADABLE)


class EvmOfferReader:
    """Asks all nodes for quote, vault balance and ratio of each leg, and believes what all of them say."""

    def __init__(self, nodes: Sequence[Node], config: RaindexConfig, clock: Clock) -> None:
        self._nodes, self._config, self._clock = tuple(nodes), config, clock

    @property
    def source(self) -> SourceId:
        """The name of the source that sees the orders."""
        return self._config.source

    @property
    def chain(self) -> ChainId:
        """The chain whose orders can be asked for."""
        return self._config.chain

    async def offers(self, orders: tuple[OfferSeen, ...]) -> OffersSight | Unknown:
        """Asks what orders offer at the newest block that all nodes have; Unknown where they do not agree."""
        block = await self._shared_block()
        if block is None:
            return _UNKNOWN
        tokens = {leg.token: self._ratio_address(leg) for order in orders for leg in order.legs}
        addresses = list(dict.fromkeys(each for each in tokens.values() if each is not None))
        calls = [ratio_call(address, block.block_hash) for address in addresses]
        for order in orders:
            for quote, balance in zip(order.quotes, order.balances, strict=True):
                calls += [view_call(order.order_book, payload, block.block_hash) for payload in (quote, balance)]
        stated = await self._ask_all(calls)
        if any(each != stated[0] for each in stated[1:]) or any(not _is_said(each) for each in stated[0]):
            return _UNKNOWN
        ratios = {address: ratio_of(_value(each)) for address, each in zip(addresses, stated[0], strict=False)}
        answers, sights = list(stated[0][len(addresses) :]), list[OfferSight]()
        for order in orders:
            mine, answers = answers[: 2 * len(order.legs)], answers[2 * len(order.legs) :]
            sight = self._sight(order, mine, {leg.token: _ratio(tokens[leg.token], ratios) for leg in order.legs})
            if sight is not None:
                sights.append(sight)
        return OffersSight(
            source=self.source, block=block.number, block_hash=block.block_hash, at=block.at, offers=tuple(sights)
        )

    async def _ask_all(self, calls: Sequence[Call]) -> list[tuple[Outcome, ...]]:
        return list(await asyncio.gather(*(node.ask(calls) for node in self._nodes)))

    async def _shared_block(self) -> Header | None:
        """Returns the newest block that all nodes have, None where they do not agree on one."""
        heads = [_header(outcomes[0]) for outcomes in await self._ask_all((block_call("latest"),))]
        known = [head.number for head in heads if head is not None]
        if len(known) < len(heads):
            return None
        shared = [_header(outcomes[0]) for outcomes in await self._ask_all((block_call(min(known)),))]
        return shared[0] if all(each == shared[0] for each in shared) else None

    def _ratio_address(self, leg: OfferLeg) -> str | None:
        """Returns the wrapper whose ratio a leg needs, None where its token wraps nothing."""
        token = next((each for each in self._config.tokens if each.asset == leg.token), None)
        return token.address if token is not None and token.form is TokenForm.PREFIX_WT else None

    def _sight(
        self, order: OfferSeen, answers: Sequence[Outcome], ratios: dict[AssetId, Decimal | None]
    ) -> OfferSight | None:
        is_raw = order.removal[2:10] == REMOVE_ORDER[Generation.V4]
        legs: list[LegQuote] = []
        for place, leg in enumerate(order.legs):
            ratio = ratios[leg.token]
            balance = self._balance(leg, answers[2 * place + 1], is_raw=is_raw)
            if ratio is None or balance is None:
                return None
            try:
                legs.append(quote_of(leg, quoted_of(answers[2 * place], is_raw=is_raw), balance, ratio))
            except (NumberRefused, FloatRefused):
                return None
        return OfferSight(order_hash=order.order_hash, legs=tuple(legs))

    def _balance(self, leg: OfferLeg, outcome: Outcome, *, is_raw: bool) -> RainFloat | None:
        word = read_hex(_value(outcome), size=WORD)
        if word is None:
            return None
        if not is_raw:
            return unpack(word)
        token = self._config.token(leg.gives, self._clock.now())
        return None if token is None else RainFloat(coefficient=int.from_bytes(word, "big"), exponent=-token.decimals)


Quoted = tuple[RainFloat, RainFloat]


def quoted_of(outcome: Outcome, *, is_raw: bool) -> Quoted | None:
    """Returns the most that an order gives and what it wants for each, None where it gives nothing now.

    Units: whole tokens given; whole tokens wanted per token given.
    """
    found = read_hex(_value(outcome), size=3 * WORD)
    if found is None or not any(found[:WORD]):
        return None
    most, ratio = found[WORD : 2 * WORD], found[2 * WORD :]
    if not is_raw:
        return unpack(most), unpack(ratio)
    return (
        RainFloat(coefficient=int.from_bytes(most, "big"), exponent=-V4_DECIMALS),
        RainFloat(coefficient=int.from_bytes(ratio, "big"), exponent=-V4_DECIMALS),
    )


def quote_of(leg: OfferLeg, quoted: Quoted | None, balance: RainFloat, ratio: Decimal) -> LegQuote:
    """Returns what a leg offers: no more than its vault holds, or than the order gives.

    Units: balance in whole tokens of what the vault gives; ratio in shares per token.
    Gives: for a sale that states no price now all shares of its vault: it may state one in the next block.
    Errors: NumberRefused, FloatRefused when a number cannot be one of ours.
    """
    held = Quantity(decimal_cut(balance))
    if quoted is None:
        shares = cut(held * ratio, decimals=SHARE_DECIMALS) if leg.side is Side.SELL else ZERO
        return LegQuote(shares=Quantity(shares), price=None, balance=held)
    given, each = decimal_cut(smaller(quoted[0], balance)), decimal_cut(quoted[1])
    if not given > ZERO or not each > ZERO:
        return LegQuote(shares=Quantity(ZERO), price=None, balance=held)
    if leg.side is Side.SELL:
        shares, price = cut(given * ratio, decimals=SHARE_DECIMALS), divide_cut(each, ratio, decimals=SHARE_DECIMALS)
    else:
        shares = cut(cut(given * each, decimals=SHARE_DECIMALS) * ratio, decimals=SHARE_DECIMALS)
        price = divide_cut(ONE, cut(each * ratio, decimals=SHARE_DECIMALS), decimals=SHARE_DECIMALS)
    return LegQuote(shares=Quantity(shares), price=Price(price) if price > ZERO else None, balance=held)


def _ratio(address: str | None, ratios: dict[str, Decimal | None]) -> Decimal | None:
    return ONE if address is None else ratios[address]


def _header(outcome: Outcome) -> Header | None:
    return header_of(outcome.value) if isinstance(outcome, Result) else None


def _value(outcome: Outcome) -> object:
    return outcome.value if isinstance(outcome, Result) else None


def _is_said(outcome: Outcome) -> bool:
    """Whether a node said something: a value, or that the call reverts there."""
    return isinstance(outcome, Result) or (isinstance(outcome, Refused) and outcome.kind is RefusedFor.REVERTED)
