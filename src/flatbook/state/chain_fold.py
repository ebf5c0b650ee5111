"""How onchain events change the state of a desk."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import chain
from flatbook.events.refs import ref_of, ref_of_fill
from flatbook.state.desk import FILLS_KEPT_MAX, GAS_KEPT_MAX, KnownFill, LogId, State, forget_oldest, oldest
from flatbook.state.orders import Broken, signed
from flatbook.state.positions import Net, NetKey
from flatbook.values.ids import AssetId, ChainId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import NUMBER_DECIMALS_MAX, ONE, ZERO, Price, Quantity, cut
from flatbook.values.us_eastern import eastern_day

_BUY = Side.BUY


def log_id(key: chain.LogKey) -> LogId:
    """Returns the identity of a log wherever its block stands."""
    return (key.chain, key.tx, key.log_index)


def exchanged(fill: chain.Fill) -> tuple[AssetId | None, Quantity | None, AssetId | None, Quantity | None]:
    """Returns what a fill's vault received and how much, and what it gave and how much; None where it does not say.

    Units: amounts as onchain, cut beyond 36 decimals, above zero.
    """
    if isinstance(fill, chain.FillSkipped):
        return fill.received, fill.received_amount, fill.gave, fill.gave_amount
    usdc = Quantity(fill.usdc_amount)
    if fill.side is _BUY:
        return fill.token, fill.token_amount, fill.usdc, usdc
    return fill.usdc, usdc, fill.token, fill.token_amount


def fold_vault_filled(state: State, event: chain.VaultFilled) -> None:
    """Books an onchain fill: position, balances, day result, last price and identity."""
    fill = KnownFill(event=event, shares=event.shares, day_cash_usd=None, hold=False, assumed=False)
    _remember(state, fill)
    moved = signed(event.side, event.shares)
    net = _move(state, event, moved)
    state.ratios[event.token] = event.ratio
    state.freezes.keep_ratio(event.token, event.ratio, event.happened_at)
    fill.day_cash_usd = _value(state, net, event, moved, event.price)
    net.cause = ref_of_fill(event.key)


def fold_unvalued(state: State, event: chain.FillUnvalued) -> None:
    """Books a fill with an assumed ratio; the assumed shares count as exposure and are not hedged yet."""
    _remember(state, KnownFill(event=event, shares=event.shares_assumed, day_cash_usd=None, hold=True, assumed=True))
    moved = signed(event.side, event.shares_assumed)
    net = _move(state, event, moved)
    net.held = Quantity(net.held + moved)
    net.unvalued = Quantity(net.unvalued + moved)
    net.cause = ref_of(event)


def fold_valued(state: State, event: chain.FillValued) -> None:
    """Replaces the assumed shares of a fill by the real ones, and frees it for hedging."""
    fill = _known(state, event.chain, event.tx, event.log_index)
    booked, assumed = fill.event, _moved(fill)
    if not isinstance(booked, chain.FillUnvalued) or assumed is None or not fill.assumed:
        raise Broken(f"fill {fill.ref} is not waiting for a value")
    moved = signed(booked.side, event.shares)
    net = _move(state, booked, Quantity(moved - assumed))
    net.held = Quantity(net.held - assumed)
    net.unvalued = Quantity(net.unvalued - assumed)
    fill.shares, fill.assumed, fill.hold = event.shares, False, False
    state.ratios[booked.token] = event.ratio
    fill.day_cash_usd = _value(state, net, booked, moved, event.price)
    net.cause = ref_of(event)


def fold_skipped(state: State, event: chain.FillSkipped) -> None:
    """Books a fill whose hedge waits: balances and position move, the position part is held."""
    fill = KnownFill(event=event, shares=event.shares, day_cash_usd=None, hold=True, assumed=False)
    _remember(state, fill)
    moved = _moved(fill)
    if moved is not None:
        net = _move(state, event, moved)
        net.held = Quantity(net.held + moved)
        net.cause = ref_of(event)


def fold_released(state: State, event: chain.SkippedFillReleased) -> None:
    """Frees a held fill for hedging, or leaves it held for good."""
    fill = _known(state, event.chain, event.tx, event.log_index)
    moved = _moved(fill)
    if not fill.hold or not event.hedge or moved is None:
        return
    net = _move(state, fill.event, Quantity(ZERO))
    net.held = Quantity(net.held - moved)
    fill.hold = False
    net.cause = ref_of(event)


def fold_reversed(state: State, event: chain.FillReversed) -> None:
    """Undoes a fill whose block was replaced."""
    fill = _known(state, event.key.chain, event.key.tx, event.key.log_index)
    del state.fills[log_id(event.key)]
    state.provisional.pop(log_id(event.key), None)
    _book(state, fill.event, event.seen_at, undone=True)
    moved = _moved(fill)
    if moved is None:
        return
    net = _move(state, fill.event, Quantity(-moved))
    if fill.hold:
        net.held = Quantity(net.held - moved)
    if fill.assumed:
        net.unvalued = Quantity(net.unvalued - moved)
    if fill.day_cash_usd is not None:
        state.positions.add_day(net, _day_of(fill.event), -fill.day_cash_usd, -moved)
    net.cause = ref_of(event)


def fold_finalized(state: State, event: chain.BlocksFinalized) -> None:
    """Notes up to where a chain is final: fills up to there are provisional no more."""
    state.final_blocks[event.chain] = event.block
    for identity in [each for each in state.provisional if each[0] == event.chain]:
        if state.fills[identity].event.key.block <= event.block:
            del state.provisional[identity]


def provisional_shares(state: State) -> dict[NetKey, Quantity]:
    """Returns what of each net stands in blocks that can still be replaced, or in none yet; nothing of other nets.

    Units: shares, signed.
    """
    found: dict[NetKey, Quantity] = {}
    for identity in state.provisional:
        fill = state.fills[identity]
        owner, underlying, moved = fill.event.owner, fill.event.underlying, _moved(fill)
        if underlying is not None and moved is not None:
            found[owner, underlying] = Quantity(found.get((owner, underlying), ZERO) + moved)
    return found


def fold_gas(state: State, event: chain.GasSpent) -> None:
    """Takes the gas of our own transaction from the wallet."""
    state.gas[event.chain, event.tx] = None
    forget_oldest(state.gas, GAS_KEPT_MAX)
    state.add_balance(event.account, event.coin, -event.wei_amount.scaleb(-18), event.seen_at)


def _known(state: State, chain_id: ChainId, tx: str, log_index: int) -> KnownFill:
    fill = state.fills.get((chain_id, tx, log_index))
    if fill is None:
        raise Broken(f"fill {chain_id}:{tx}:{log_index} is not known")
    return fill


def _remember(state: State, fill: KnownFill) -> None:
    """Keeps a fill under its identity, and books what its vault received and gave."""
    identity = log_id(fill.event.key)
    if identity in state.fills:
        raise Broken(f"fill {fill.ref} is booked twice")
    state.fills[identity] = fill
    final = state.final_blocks.get(identity[0])
    if final is not None and fill.event.key.block > final:
        state.provisional[identity] = None
    if len(state.fills) > FILLS_KEPT_MAX:
        _forget_fills(state)
    _book(state, fill.event, fill.event.seen_at)


def _forget_fills(state: State) -> None:
    for identity in oldest(state.fills, FILLS_KEPT_MAX):
        key = state.fills.pop(identity).event.key
        state.provisional.pop(identity, None)
        state.fill_watermarks[key.chain] = max(key.block, state.fill_watermarks.get(key.chain, 0))


def _book(state: State, event: chain.Fill, at: Instant, *, undone: bool = False) -> None:
    received, received_amount, gave, gave_amount = exchanged(event)
    if received is not None and received_amount is not None:
        state.add_balance(event.account, received, -received_amount if undone else received_amount, at)
    if gave is not None and gave_amount is not None:
        state.add_balance(event.account, gave, gave_amount if undone else -gave_amount, at)


def _moved(fill: KnownFill) -> Quantity | None:
    """Returns the signed shares that a fill moved; None when it does not say which share, or how many."""
    event = fill.event
    if event.instrument is None or event.underlying is None or event.side is None or fill.shares is None:
        return None
    return signed(event.side, fill.shares)


def _move(state: State, event: chain.Fill, shares: Quantity) -> Net:
    if event.instrument is None or event.underlying is None:
        raise Broken(f"fill {ref_of(event)} moves shares of an instrument it does not name")
    return state.positions.move((event.owner, event.account, event.instrument), event.underlying, shares, ONE)


def _value(
    state: State, net: Net, event: chain.VaultFilled | chain.FillUnvalued, shares: Quantity, price: Price
) -> Decimal | None:
    """Adds a fill to the day's result, keeps its price when none is newer, and returns the cash that the day took.

    Units: price in the dollar token per share; what is kept and returned is in USD, and nothing is without a mark.
    """
    mark = state.mark(event.usdc)
    if mark is None:
        return None
    if net.last_price_at is None or event.happened_at >= net.last_price_at:
        net.last_price = Price(cut(price * mark, decimals=NUMBER_DECIMALS_MAX))
        net.last_price_at = event.happened_at
    cash = (-event.usdc_amount if event.side is _BUY else event.usdc_amount) * mark
    state.positions.add_day(net, _day_of(event), cash, shares)
    return cash


def _day_of(event: chain.Fill) -> int:
    return eastern_day(min(event.happened_at, event.seen_at))
