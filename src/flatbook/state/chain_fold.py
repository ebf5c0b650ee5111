"""How onchain events change the state of a desk."""

from __future__ import annotations

from flatbook.events import chain
from flatbook.events.refs import ref_of, ref_of_fill
from flatbook.state.desk import FILLS_KEPT_MAX, GAS_KEPT_MAX, KnownFill, LogId, State, forget_oldest, oldest
from flatbook.state.orders import Broken, signed
from flatbook.state.positions import Net
from flatbook.values.ids import ChainId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, ZERO, Price, Quantity
from flatbook.values.us_eastern import eastern_day


def log_id(key: chain.LogKey) -> LogId:
    """Returns the identity of a log wherever its block stands."""
    return (key.chain, key.tx, key.log_index)


def fold_vault_filled(state: State, event: chain.VaultFilled) -> None:
    """Books an onchain fill: position, balances, day result, last price and identity."""
    fill = _known_fill_of_trade(event, event.shares, assumed=False)
    _remember(state, event.key, fill)
    _book(state, fill, event.seen_at)
    net = _moved_net(state, fill, event.shares)
    state.ratios[event.token] = event.ratio
    _value(state, net, fill, event.price)
    net.cause = ref_of(event)


def fold_unvalued(state: State, event: chain.FillUnvalued) -> None:
    """Books a fill with an assumed ratio; the assumed shares count as exposure and are not hedged yet."""
    fill = _known_fill_of_trade(event, event.shares_assumed, assumed=True)
    _remember(state, event.key, fill)
    _book(state, fill, event.seen_at)
    net = _moved_net(state, fill, event.shares_assumed)
    moved = signed(event.side, event.shares_assumed)
    net.held = Quantity(net.held + moved)
    net.unvalued = Quantity(net.unvalued + moved)
    net.cause = ref_of(event)


def fold_valued(state: State, event: chain.FillValued) -> None:
    """Replaces the assumed shares of a fill by the real ones, and frees it for hedging."""
    fill = _known(state, event.chain, event.tx, event.log_index)
    if fill.side is None or fill.shares is None or not fill.assumed:
        raise Broken(f"fill {fill.ref} is not waiting for a value")
    assumed = signed(fill.side, fill.shares)
    net = _moved_net(state, fill, Quantity(event.shares - fill.shares))
    net.held = Quantity(net.held - assumed)
    net.unvalued = Quantity(net.unvalued - assumed)
    fill.shares, fill.assumed, fill.hold = event.shares, False, False
    token = fill.gave if fill.side is Side.SELL else fill.received
    if token is not None:
        state.ratios[token] = event.ratio
    _value(state, net, fill, event.price)
    net.cause = ref_of(event)


def fold_skipped(state: State, event: chain.FillSkipped) -> None:
    """Books a fill whose hedge waits: balances and position move, the position part is held."""
    fill = KnownFill(
        block=event.key.block,
        block_hash=event.key.block_hash,
        ref=ref_of_fill(event.key),
        owner=event.owner,
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        side=event.side,
        shares=event.shares,
        received=event.received,
        received_amount=event.received_amount,
        gave=event.gave,
        gave_amount=event.gave_amount,
        usdc=None,
        usdc_amount=None,
        day_cash_usd=None,
        happened_at=event.happened_at,
        seen_at=event.seen_at,
        hold=True,
        assumed=False,
    )
    _remember(state, event.key, fill)
    _book(state, fill, event.seen_at)
    if _moves_shares(fill):
        net = _moved_net(state, fill, _shares(fill))
        net.held = Quantity(net.held + _signed_shares(fill))
        net.cause = ref_of(event)


def fold_released(state: State, event: chain.SkippedFillReleased) -> None:
    """Frees a held fill for hedging, or leaves it held for good."""
    fill = _known(state, event.chain, event.tx, event.log_index)
    if not fill.hold or not event.hedge or not _moves_shares(fill):
        return
    net = _moved_net(state, fill, Quantity(ZERO))
    net.held = Quantity(net.held - _signed_shares(fill))
    fill.hold = False
    net.cause = ref_of(event)


def fold_reversed(state: State, event: chain.FillReversed) -> None:
    """Undoes a fill whose block was replaced."""
    fill = _known(state, event.key.chain, event.key.tx, event.key.log_index)
    del state.fills[log_id(event.key)]
    _book(state, fill, event.seen_at, sign=-1)
    if not _moves_shares(fill):
        return
    moved = _signed_shares(fill)
    net = _moved_net(state, fill, Quantity(-_shares(fill)))
    if fill.hold:
        net.held = Quantity(net.held - moved)
    if fill.assumed:
        net.unvalued = Quantity(net.unvalued - moved)
    if fill.day_cash_usd is not None:
        state.positions.add_day(net, _day_of(fill), -fill.day_cash_usd, -moved)
    net.cause = ref_of(event)


def fold_gas(state: State, event: chain.GasSpent) -> None:
    """Takes the gas of our own transaction from the wallet."""
    state.gas[event.chain, event.tx] = None
    forget_oldest(state.gas, GAS_KEPT_MAX)
    state.add_balance(event.account, event.coin, -event.wei_amount.scaleb(-18), event.seen_at)


def _known_fill_of_trade(
    event: chain.VaultFilled | chain.FillUnvalued, shares: Quantity, *, assumed: bool
) -> KnownFill:
    usdc = Quantity(event.usdc_amount)
    bought = event.side is Side.BUY
    return KnownFill(
        block=event.key.block,
        block_hash=event.key.block_hash,
        ref=ref_of_fill(event.key),
        owner=event.owner,
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        side=event.side,
        shares=shares,
        received=event.token if bought else event.usdc,
        received_amount=event.token_amount if bought else usdc,
        gave=event.usdc if bought else event.token,
        gave_amount=usdc if bought else event.token_amount,
        usdc=event.usdc,
        usdc_amount=event.usdc_amount,
        day_cash_usd=None,
        happened_at=event.happened_at,
        seen_at=event.seen_at,
        hold=assumed,
        assumed=assumed,
    )


def _known(state: State, chain_id: ChainId, tx: str, log_index: int) -> KnownFill:
    fill = state.fills.get((chain_id, tx, log_index))
    if fill is None:
        raise Broken(f"fill {chain_id}:{tx}:{log_index} is not known")
    return fill


def _remember(state: State, key: chain.LogKey, fill: KnownFill) -> None:
    if log_id(key) in state.fills:
        raise Broken(f"fill {fill.ref} is booked twice")
    state.fills[log_id(key)] = fill
    for first in oldest(state.fills, FILLS_KEPT_MAX):
        dropped = state.fills.pop(first)
        known = state.fill_watermarks.get(first[0], 0)
        state.fill_watermarks[first[0]] = max(known, dropped.block)


def _book(state: State, fill: KnownFill, at: Instant, *, sign: int = 1) -> None:
    amounts = ((fill.received, fill.received_amount, sign), (fill.gave, fill.gave_amount, -sign))
    for asset, amount, direction in amounts:
        if asset is not None and amount is not None:
            state.add_balance(fill.account, asset, direction * amount, at)


def _moves_shares(fill: KnownFill) -> bool:
    return None not in (fill.instrument, fill.underlying, fill.side, fill.shares)


def _shares(fill: KnownFill) -> Quantity:
    if fill.shares is None:
        raise Broken(f"fill {fill.ref} has no quantity")
    return fill.shares


def _signed_shares(fill: KnownFill) -> Quantity:
    if fill.side is None:
        raise Broken(f"fill {fill.ref} has no side")
    return signed(fill.side, _shares(fill))


def _moved_net(state: State, fill: KnownFill, shares: Quantity) -> Net:
    if fill.instrument is None or fill.underlying is None or fill.side is None:
        raise Broken(f"fill {fill.ref} moves shares of an instrument it does not name")
    key = (fill.owner, fill.account, fill.instrument)
    return state.positions.move(key, fill.underlying, signed(fill.side, shares), ONE)


def _value(state: State, net: Net, fill: KnownFill, price: Price) -> None:
    """Adds a fill to the day's result, and keeps its price when none is newer."""
    mark = state.mark(fill.usdc) if fill.usdc is not None else None
    if mark is not None and fill.usdc_amount is not None:
        cash = -fill.usdc_amount if fill.side is Side.BUY else fill.usdc_amount
        fill.day_cash_usd = cash * mark
        state.positions.add_day(net, _day_of(fill), fill.day_cash_usd, _signed_shares(fill))
    if net.last_price_at is None or fill.happened_at >= net.last_price_at:
        net.last_price, net.last_price_at = price, fill.happened_at


def _day_of(fill: KnownFill) -> int:
    return eastern_day(min(fill.happened_at, fill.seen_at))
