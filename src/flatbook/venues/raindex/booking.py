"""From an exchange of our vault to the event that books it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.events.chain import (
    FillSkipped,
    FillUnvalued,
    FillValued,
    LogKey,
    LogUnparsed,
    SkipReason,
    UnparsedReason,
    UnvaluedReason,
    VaultFilled,
)
from flatbook.events.event import Event
from flatbook.values.ids import AccountId, AssetId, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.money import ONE, NumberRefused, Quantity
from flatbook.venues.raindex.rain_float import RainFloat, decimal_cut
from flatbook.venues.raindex.tokens import RaindexConfig, Token, TokenForm, underlying_at
from flatbook.venues.raindex.valuation import Appraisal, Leg, NoTrade, appraise, price_of, share_leg, shares_of
from flatbook.venues.raindex.wire import Receipt, shortened


class BlockFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a block besides its logs. Keys are lower-case addresses and transaction hashes.

    `ratios` were read at this very block, `ratios_before` last at a block before it (shares per token); `symbols` and
    `decimals` are what the tokens state onchain of themselves.
    """

    number: int
    hash: str
    at: Instant
    ratios: Mapping[str, Decimal]
    ratios_before: Mapping[str, Decimal]
    symbols: Mapping[str, str]
    receipts: Mapping[str, Receipt]
    decimals: Mapping[str, int] = {}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What all logs of a block are read with."""

    config: RaindexConfig
    block: BlockFacts
    seen_at: Instant

    def key(self, tx: str, log_index: int) -> LogKey:
        """Returns where a log of this block stands."""
        return LogKey(
            chain=self.config.chain, tx=tx, log_index=log_index, block=self.block.number, block_hash=self.block.hash
        )

    def unparsed(self, key: LogKey, reason: UnparsedReason, topic: str, detail: str) -> LogUnparsed:
        """Returns the event that says that a log could not be read, and why."""
        return LogUnparsed(
            key=key,
            source=self.config.source,
            reason=reason,
            topic=topic,
            detail=shortened(detail),
            seen_at=self.seen_at,
        )


class Moved(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens that our vault received or gave, as a log states them.

    Units: `amount` a raw integer in base units or a Rain Float in whole tokens. `decimals` are those that the log
    states beside a raw integer; where it states none those of the configured token count.
    """

    token: str
    amount: int | RainFloat
    decimals: int | None


class Exchange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one of our vaults received and gave. A side is None when the settlement could not be paired."""

    key: LogKey
    owner: OwnerId
    account: AccountId
    kind: str
    received: Moved | None
    gave: Moved | None


def event_of_exchange(exchange: Exchange, reading: Reading) -> Event:
    """Returns the event that books an exchange: filled, unvalued, skipped, or not readable for its precision."""
    try:
        received, gave = _leg(exchange.received, reading), _leg(exchange.gave, reading)
        if received is None or gave is None:
            return _incomplete(exchange, received, gave, reading)
        ratio, is_known = _ratio_of_exchange(received, gave, reading.block)
        found = appraise(received, gave, ratio=ratio, shares_max=reading.config.shares_max)
    except NumberRefused as error:
        return reading.unparsed(exchange.key, UnparsedReason.PRECISION, exchange.kind, str(error))
    if isinstance(found, Appraisal):
        doubt = _doubt(exchange, reading)
        if doubt is None:
            return _filled(exchange, found, reading, ratio) if is_known else _unvalued(exchange, found, reading, ratio)
        found = NoTrade(reason=doubt[0], token=found.token, side=found.side, shares=found.shares, detail=doubt[1])
    return _skipped(exchange, found, received, gave, reading)


def _leg(moved: Moved | None, reading: Reading) -> Leg | None:
    if moved is None:
        return None
    token = reading.config.token(moved.token, reading.block.at)
    if isinstance(moved.amount, RainFloat):
        return Leg(token=token, amount=Quantity(decimal_cut(moved.amount)))
    decimals = token.decimals if token is not None else moved.decimals
    if decimals is None:
        return None
    return Leg(token=token, amount=Quantity(decimal_cut(RainFloat(coefficient=moved.amount, exponent=-decimals))))


def _ratio_of_exchange(received: Leg, gave: Leg, block: BlockFacts) -> tuple[Decimal, bool]:
    traded = share_leg(received, gave)
    return (ONE, True) if traded is None else ratio_at(traded[0], block)


def ratio_at(token: Token, block: BlockFacts) -> tuple[Decimal, bool]:
    """Returns the ratio of a token at a block, and whether it is known for that block.

    Units: underlying shares per token.
    Gives: 1 for a token that wraps nothing; what was read at the block; else what is configured for it. Otherwise
    the last one read before the block, or 1 when none ever was: an assumption that is not known.
    """
    if token.form is not TokenForm.PREFIX_WT:
        return ONE, True
    if token.address in block.ratios:
        return block.ratios[token.address], True
    configured = [entry.ratio for entry in token.ratios if entry.block <= block.number]
    if configured:
        return configured[-1], True
    return block.ratios_before.get(token.address, ONE), False


def _doubt(exchange: Exchange, reading: Reading) -> tuple[SkipReason, str] | None:
    """Returns why the tokens of an exchange may not be what they are configured to be."""
    for moved in (exchange.received, exchange.gave):
        token = reading.config.token(moved.token, reading.block.at) if moved is not None else None
        if moved is None or token is None:
            continue
        stated = reading.block.symbols.get(token.address)
        if stated is not None and stated != token.symbol:
            return SkipReason.SYMBOL_MISMATCH, f"{token.symbol} calls itself {stated!r}"
        for decimals in (moved.decimals, reading.block.decimals.get(token.address)):
            if decimals is not None and decimals != token.decimals:
                return SkipReason.DECIMALS_MISMATCH, f"{token.symbol} has {token.decimals} decimals, not {decimals}"
    return None


def _asset(moved: Moved | None, reading: Reading) -> AssetId | None:
    if moved is None:
        return None
    token = reading.config.token(moved.token, reading.block.at)
    return token.asset if token is not None else AssetId(f"{reading.config.chain}:{moved.token}")


def _taker_gas(exchange: Exchange, reading: Reading) -> Quantity | None:
    receipt = reading.block.receipts.get(exchange.key.tx)
    if receipt is None or receipt.gas_wei is None:
        return None
    ours = receipt.sender is not None and reading.config.payer(receipt.sender) is not None
    return None if ours else Quantity(Decimal(receipt.gas_wei))


def _filled(exchange: Exchange, found: Appraisal, reading: Reading, ratio: Decimal) -> VaultFilled:
    return VaultFilled(
        key=exchange.key,
        owner=exchange.owner,
        account=exchange.account,
        instrument=found.token.instrument,
        underlying=underlying_at(found.token.ticker, reading.config.renames, reading.block.at),
        token=found.token.asset,
        side=found.side,
        token_amount=found.token_amount,
        usdc_amount=found.usdc_amount,
        usdc=found.usdc.asset,
        ratio=ratio,
        shares=found.shares,
        price=found.price,
        kind=exchange.kind,
        taker_gas_wei=_taker_gas(exchange, reading),
        happened_at=reading.block.at,
        seen_at=reading.seen_at,
    )


def _unvalued(exchange: Exchange, found: Appraisal, reading: Reading, ratio: Decimal) -> FillUnvalued:
    return FillUnvalued(
        key=exchange.key,
        owner=exchange.owner,
        account=exchange.account,
        instrument=found.token.instrument,
        underlying=underlying_at(found.token.ticker, reading.config.renames, reading.block.at),
        token=found.token.asset,
        side=found.side,
        token_amount=found.token_amount,
        usdc_amount=found.usdc_amount,
        usdc=found.usdc.asset,
        ratio_assumed=ratio,
        shares_assumed=found.shares,
        reason=UnvaluedReason.RATIO_MISSING,
        kind=exchange.kind,
        taker_gas_wei=_taker_gas(exchange, reading),
        happened_at=reading.block.at,
        seen_at=reading.seen_at,
    )


def _skipped(
    exchange: Exchange, found: NoTrade, received: Leg | None, gave: Leg | None, reading: Reading
) -> FillSkipped:
    known = found.token is not None and found.shares is not None
    token = found.token
    return FillSkipped(
        key=exchange.key,
        owner=exchange.owner,
        account=exchange.account,
        reason=found.reason,
        received=_asset(exchange.received, reading),
        received_amount=received.amount if received is not None else None,
        gave=_asset(exchange.gave, reading),
        gave_amount=gave.amount if gave is not None else None,
        instrument=token.instrument if token is not None else None,
        underlying=(
            underlying_at(token.ticker, reading.config.renames, reading.block.at) if token is not None else None
        ),
        side=found.side,
        shares=found.shares if known else None,
        detail=shortened(found.detail),
        happened_at=reading.block.at,
        seen_at=reading.seen_at,
    )


def _incomplete(exchange: Exchange, received: Leg | None, gave: Leg | None, reading: Reading) -> FillSkipped:
    """Books an exchange of which one side is missing, or in raw integers of a token that is not configured."""
    unpaired = exchange.received is None or exchange.gave is None
    left, right = received or _nothing(), gave or _nothing()
    traded = share_leg(left, right)
    token, side, amount = traded if traded is not None else (None, None, None)
    shares = shares_of(amount, ratio_at(token, reading.block)[0]) if token is not None and amount is not None else None
    raw = ", ".join(f"{moved.amount} base units of {moved.token}" for moved in _raw_moves(exchange))
    found = NoTrade(
        reason=SkipReason.UNPAIRED_SETTLEMENT if unpaired else SkipReason.UNKNOWN_TOKEN,
        token=token,
        side=side,
        shares=shares,
        detail=raw,
    )
    return _skipped(exchange, found, received, gave, reading)


def _nothing() -> Leg:
    return Leg(token=None, amount=Quantity(Decimal(0)))


def _raw_moves(exchange: Exchange) -> list[Moved]:
    sides = (exchange.received, exchange.gave)
    return [moved for moved in sides if moved is not None and not isinstance(moved.amount, RainFloat)]


def value_of_fill(fill: FillUnvalued, ratio: Decimal, *, seen_at: Instant) -> FillValued:
    """Returns the event that gives an earlier fill its value.

    Units: ratio in underlying shares per token, at the block of the fill.
    Errors: NumberRefused when shares or price need more than 38 digits.
    """
    return FillValued(
        chain=fill.key.chain,
        tx=fill.key.tx,
        log_index=fill.key.log_index,
        ratio=ratio,
        shares=shares_of(fill.token_amount, ratio),
        price=price_of(fill.usdc_amount, fill.token_amount, ratio),
        seen_at=seen_at,
    )
