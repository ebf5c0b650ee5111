"""How onchain events change the state of a desk."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import chain
from flatbook.events.refs import ref_of, ref_of_fill
from flatbook.state.desk import FILLS_KEPT_MAX, KnownFill, LogId, State
from flatbook.state.order_fold import eastern_day
from flatbook.state.orders import Broken, signed
from flatbook.state.positions import Net
from flatbook.values.ids import AccountId, AssetId, ChainId, EventRef
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, Money, Price, Quantity


def log_id(key: chain.LogKey) -> LogId:
    """Returns the identity of a log wherever its block stands."""
    return (key.chain, key.tx, key.log_index)


def fold_vault_filled(state: State, event: chain.VaultFilled) -> None:
    """Books an onchain fill: position, balances, day result, last price and identity."""
    fill = _known_fill_of_trade(event, event.shares, assumed=False)
    state.ratios[event.token] = event.ratio
    _remember(state, event.key, fill)
    _book(state, fill)
    net = _moved_net(state, fill, event.shares)
    _set_price(state, net, event)
    _set_cause(net, ref_of(event))


def fold_unvalued(state: State, event: chain.FillUnvalued) -> None:
    """Books a fill with an assumed ratio; the assumed shares count as exposure and are not hedged yet."""
    fill = _known_fill_of_trade(event, event.shares_assumed, assumed=True)
    _remember(state, event.key, fill)
    _book(state, fill)
    net = _moved_net(state, fill, event.shares_assumed)
    moved = signed(event.side, event.shares_assumed)
    net.held = Quantity(net.held + moved)
    net.unvalued = Quantity(net.unvalued + moved)
    _set_cause(net, ref_of(event))


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
    if fill.received is not None and fill.gave is not None:
        state.ratios[fill.gave if fill.side is Side.SELL else fill.received] = event.ratio
    _set_cause(net, ref_of(event))


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
        token_amount=None,
        happened_at=event.happened_at,
        hold=True,
        assumed=False,
    )
    _remember(state, event.key, fill)
    _book(state, fill)
    if fill.shares:
        net = _moved_net(state, fill, fill.shares)
        net.held = Quantity(net.held + _signed_shares(fill))
        _set_cause(net, ref_of(event))


def fold_released(state: State, event: chain.SkippedFillReleased) -> None:
    """Frees a held fill for hedging, or leaves it held for good."""
    fill = _known(state, event.chain, event.tx, event.log_index)
    if not fill.hold or not event.hedge or not fill.shares or fill.underlying is None:
        return
    net = state.positions.net(fill.owner, fill.underlying)
    net.held = Quantity(net.held - _signed_shares(fill))
    fill.hold = False
    _set_cause(net, ref_of(event))


def fold_reversed(state: State, event: chain.FillReversed) -> None:
    """Undoes a fill whose block was replaced."""
    fill = _known(state, event.key.chain, event.key.tx, event.key.log_index)
    del state.fills[log_id(event.key)]
    _book(state, fill, sign=-1)
    if not fill.shares or fill.underlying is None:
        return
    moved = _signed_shares(fill)
    net = _moved_net(state, fill, Quantity(-fill.shares))
    if fill.hold:
        net.held = Quantity(net.held - moved)
    if fill.assumed:
        net.unvalued = Quantity(net.unvalued - moved)
    _set_cause(net, ref_of(event))


def fold_gas(state: State, event: chain.GasSpent) -> None:
    """Takes the gas of our own transaction from the wallet."""
    state.add_balance(event.account, event.coin, -event.wei_amount.scaleb(-18))


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
        token_amount=event.token_amount,
        happened_at=event.happened_at,
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
    while len(state.fills) > FILLS_KEPT_MAX:
        oldest = next(iter(state.fills))
        dropped = state.fills.pop(oldest)
        known = state.fill_watermarks.get(oldest[0], 0)
        state.fill_watermarks[oldest[0]] = max(known, dropped.block)


def _book(state: State, fill: KnownFill, *, sign: int = 1) -> None:
    _add(state, fill.account, fill.received, fill.received_amount, sign)
    _add(state, fill.account, fill.gave, fill.gave_amount, -sign)


def _add(state: State, account: AccountId, asset: AssetId | None, amount: Decimal | None, sign: int) -> None:
    if asset is not None and amount is not None:
        state.add_balance(account, asset, sign * amount)


def _moved_net(state: State, fill: KnownFill, shares: Quantity) -> Net:
    if fill.instrument is None or fill.underlying is None or fill.side is None:
        raise Broken(f"fill {fill.ref} moves shares of an instrument it does not name")
    key = (fill.owner, fill.account, fill.instrument)
    return state.positions.move(key, fill.underlying, signed(fill.side, shares), ONE)


def _signed_shares(fill: KnownFill) -> Quantity:
    if fill.side is None or fill.shares is None:
        raise Broken(f"fill {fill.ref} has no signed quantity")
    return signed(fill.side, fill.shares)


def _set_price(state: State, net: Net, event: chain.VaultFilled) -> None:
    mark = state.mark(event.usdc)
    moved = signed(event.side, event.shares)
    if mark is not None:
        cash = _cash(event.side, event.usdc_amount)
        state.positions.add_day(net, eastern_day(event.happened_at), cash * mark, moved)
    if net.last_price_at is None or event.happened_at >= net.last_price_at:
        net.last_price, net.last_price_at = Price(event.price), event.happened_at


def _cash(side: Side, amount: Money) -> Decimal:
    return -amount if side is Side.BUY else amount


def _set_cause(net: Net, cause: EventRef | None) -> None:
    net.cause, net.intents = cause, 0
