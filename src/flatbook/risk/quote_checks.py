"""The checks that an intent of a quoting strategy must pass. The first rule that it breaks decides.

Each intent is looked at by itself, as if those approved before it worked already. What only reduces a position passes
whatever stands, but may not turn the position over; a cancel is never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from flatbook.events.orders import OrderStyle, RefusalRule
from flatbook.market.orderbook import Touch
from flatbook.risk.checks import Refusal
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.intents import PlaceIntent
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import BPS, ONE, ZERO, Price, plain

_BUY, _POST_ONLY = Side.BUY, OrderStyle.POST_ONLY


class Room(msgspec.Struct, gc=False):
    """Where an owner stands on one instrument and what works there; kept up while the intents of a decision pass.

    Units: contracts; `*_leaves` are what orders of the owner may still bring on a side, `*_exits` the part of it that
    only reduces. `own_bid` and `own_ask` are the best prices of any of our orders there, those to be cancelled left
    out. `day_result_usd` is None when it cannot be valued. `order_times` are those of the whole desk, in order, and
    `rate_from` is where the window of the rate begins.
    """

    instrument: Instrument
    touch: Touch | None
    halt: str | None
    stopped: tuple[Side, ...]
    quote_usd: Price | None
    position: Decimal
    order_times: Sequence[Instant]
    rate_from: Instant
    day_result_usd: Decimal | None
    buy_leaves: Decimal = ZERO
    sell_leaves: Decimal = ZERO
    buy_exits: Decimal = ZERO
    sell_exits: Decimal = ZERO
    own_bid: Price | None = None
    own_ask: Price | None = None
    open_orders: int = 0
    is_killed: bool = False

    def count(self, side: Side, leaves: Decimal, *, reduces: bool) -> None:
        """Counts an order of the owner that may still execute."""
        if side is _BUY:
            self.buy_leaves += leaves
        else:
            self.sell_leaves += leaves
        if reduces:
            self.add_exit(side, leaves)

    def add_exit(self, side: Side, leaves: Decimal) -> None:
        """Counts an order of the owner as one that only reduces."""
        if side is _BUY:
            self.buy_exits += leaves
        else:
            self.sell_exits += leaves

    def add(self, intent: PlaceIntent) -> None:
        """Counts an intent that may be carried out as working."""
        self.count(intent.side, intent.qty, reduces=intent.reduce_only)
        self.rest(intent.side, intent.limit)
        self.open_orders += 1

    def rest(self, side: Side, limit: Price | None) -> None:
        """Notes that one of our orders may rest at a price."""
        if limit is None:
            return
        if side is _BUY:
            if self.own_bid is None or limit > self.own_bid:
                self.own_bid = limit
        elif self.own_ask is None or limit < self.own_ask:
            self.own_ask = limit


Rule = Callable[[Room, PlaceIntent, QuoteLimits], Refusal | None]


def check_quote(room: Room, intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Returns the rule that an intent breaks, None when it may be carried out; it is counted as working then."""
    refusal = None if passes_plainly(room, intent, limits) else first_broken(room, intent, limits)
    if refusal is None:
        room.add(intent)
    return refusal


def first_broken(room: Room, intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Returns the rule that an intent breaks, None when it may be carried out: rule by rule, where none passes all."""
    for rule in EXITS if intent.reduce_only else NEW_RISK:
        refusal = rule(room, intent, limits)
        if refusal is not None:
            return refusal
    return None


def passes_plainly(room: Room, intent: PlaceIntent, limits: QuoteLimits) -> bool:
    """Whether an intent is far from breaking any rule of new risk, as nearly all are: all rules at one look.

    Gives: False where a rule must be asked, whatever it then says.
    """
    limit, touch, qty, result, usd = intent.limit, room.touch, intent.qty, room.day_result_usd, room.quote_usd
    if limit is None or touch is None or result is None or usd is None or intent.reduce_only:
        return False
    if room.halt is not None or room.stopped or room.open_orders >= limits.open_orders_max:
        return False
    if qty > limits.order_qty_max or (result is not ZERO and result < -limits.day_loss_usd_max):
        return False
    size, times, cap = intent.instrument.contract_size, room.order_times, limits.orders_per_minute_max
    worth = qty * limit * usd if size is ONE else qty * limit * size * usd
    if worth > limits.order_notional_usd_max or (len(times) >= cap and times[-cap] >= room.rate_from):
        return False
    if intent.side is _BUY:
        leaves, own, other = room.buy_leaves, room.own_ask, touch.ask * room.instrument.rules.tick
        if limit > other or (intent.style is _POST_ONLY and limit == other) or (own is not None and limit >= own):
            return False
        reached = room.position + qty
    else:
        leaves, own, other = room.sell_leaves, room.own_bid, touch.bid * room.instrument.rules.tick
        if limit < other or (intent.style is _POST_ONLY and limit == other) or (own is not None and limit <= own):
            return False
        reached = qty - room.position
    return (reached if leaves is ZERO else reached + leaves) <= limits.position_max


def _refusal(rule: RefusalRule, limit: object, asked: object) -> Refusal:
    return Refusal(rule=rule, limit=_text(limit), asked=_text(asked))


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def halted(room: Room, intent: PlaceIntent, _limits: QuoteLimits) -> Refusal | None:
    """Refuses new risk under a halt, and on a side that is stopped."""
    if room.halt is not None:
        return _refusal(RefusalRule.HALTED, "no halt", room.halt)
    if intent.side in room.stopped:
        return _refusal(RefusalRule.HALTED, f"no {intent.side.value}", intent.side.value)
    return None


def killed(room: Room, _intent: PlaceIntent, _limits: QuoteLimits) -> Refusal | None:
    """Refuses even an exit under a kill: whoever kills wants to see no order at all."""
    return _refusal(RefusalRule.HALTED, "no kill", room.halt or "") if room.is_killed else None


def fresh(room: Room, _intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses to quote on a book that is unfit, one-sided or older than its bound."""
    return _refusal(RefusalRule.FRESHNESS, limits.book_age_ms_max, "no book") if room.touch is None else None


def priced(_room: Room, intent: PlaceIntent, _limits: QuoteLimits) -> Refusal | None:
    """Refuses an order without a limit."""
    return _refusal(RefusalRule.NO_LIMIT_PRICE, "a limit", "none") if intent.limit is None else None


def notional(room: Room, intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses an order worth more than the cap, or one that cannot be valued."""
    cap = limits.order_notional_usd_max
    if room.quote_usd is None:
        return _refusal(RefusalRule.NOTIONAL_MAX, f"no mark of {intent.instrument.quote}", "unvalued")
    if intent.limit is None:
        return _refusal(RefusalRule.NOTIONAL_MAX, cap, "unvalued")
    usd = intent.qty * intent.limit * intent.instrument.contract_size * room.quote_usd
    return _refusal(RefusalRule.NOTIONAL_MAX, cap, usd) if usd > cap else None


def quantity(_room: Room, intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses an order of more contracts than the cap."""
    cap = limits.order_qty_max
    return _refusal(RefusalRule.QUANTITY_MAX, cap, intent.qty) if intent.qty > cap else None


def position(room: Room, intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses what could take the position beyond its cap, if all that works on the same side executes."""
    if intent.side is _BUY:
        reached = room.position + room.buy_leaves + intent.qty
    else:
        reached = room.sell_leaves + intent.qty - room.position
    return _refusal(RefusalRule.POSITION_MAX, limits.position_max, reached) if reached > limits.position_max else None


def within_touch(room: Room, intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses a limit that is worse for us than the other side of the touch by more than the collar."""
    touch, limit = room.touch, intent.limit
    if touch is None or limit is None:
        return None
    tick = room.instrument.rules.tick
    if intent.side is _BUY:
        ask = touch.ask * tick
        if limit <= ask:
            return None
        bound = ask * (ONE + limits.collar_bps_max * BPS)
        return _refusal(RefusalRule.COLLAR, bound, limit) if limit > bound else None
    bid = touch.bid * tick
    if limit >= bid:
        return None
    bound = bid * (ONE - limits.collar_bps_max * BPS)
    return _refusal(RefusalRule.COLLAR, bound, limit) if limit < bound else None


def makes(room: Room, intent: PlaceIntent, _limits: QuoteLimits) -> Refusal | None:
    """Refuses an order that must only make, and that would take from the touch we see."""
    touch, limit = room.touch, intent.limit
    if intent.style is not _POST_ONLY or touch is None or limit is None:
        return None
    tick = room.instrument.rules.tick
    if intent.side is _BUY:
        ask = touch.ask * tick
        return _refusal(RefusalRule.WOULD_TAKE, ask, limit) if limit >= ask else None
    bid = touch.bid * tick
    return _refusal(RefusalRule.WOULD_TAKE, bid, limit) if limit <= bid else None


def crosses_none_of_ours(room: Room, intent: PlaceIntent, _limits: QuoteLimits) -> Refusal | None:
    """Refuses an order that could trade with another one of this account, whoever of us it belongs to."""
    limit = intent.limit
    if limit is None:
        return None
    if intent.side is _BUY:
        ask = room.own_ask
        return _refusal(RefusalRule.SELF_CROSS, ask, limit) if ask is not None and limit >= ask else None
    bid = room.own_bid
    return _refusal(RefusalRule.SELF_CROSS, bid, limit) if bid is not None and limit <= bid else None


def day_loss(room: Room, _intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses new risk once the day's result is worse than the limit, or while it cannot be valued."""
    result, cap = room.day_result_usd, -limits.day_loss_usd_max
    if result is None:
        return _refusal(RefusalRule.DAY_LOSS_MAX, cap, "unvalued")
    return _refusal(RefusalRule.DAY_LOSS_MAX, cap, result) if result < cap else None


def open_orders(room: Room, _intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses one open order too many."""
    asked, cap = room.open_orders + 1, limits.open_orders_max
    return _refusal(RefusalRule.OPEN_ORDERS_MAX, cap, asked) if asked > cap else None


def order_rate(room: Room, _intent: PlaceIntent, limits: QuoteLimits) -> Refusal | None:
    """Refuses an order above the rate: the cap is reached when the order that lies so many back is in the window."""
    times, cap = room.order_times, limits.orders_per_minute_max
    if len(times) < cap or times[-cap] < room.rate_from:
        return None
    return _refusal(RefusalRule.ORDER_RATE_MAX, cap, cap + 1)


def only_reduces(room: Room, intent: PlaceIntent, _limits: QuoteLimits) -> Refusal | None:
    """Refuses an exit of more than is held, less what other exits already give back."""
    held = -room.position - room.buy_exits if intent.side is _BUY else room.position - room.sell_exits
    return _refusal(RefusalRule.EXCEEDS_NET, max(ZERO, held), intent.qty) if intent.qty > held else None


NEW_RISK: tuple[Rule, ...] = (
    halted,
    fresh,
    priced,
    notional,
    quantity,
    position,
    within_touch,
    makes,
    crosses_none_of_ours,
    day_loss,
    open_orders,
    order_rate,
)
EXITS: tuple[Rule, ...] = (killed, only_reduces)
