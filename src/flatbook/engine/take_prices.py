"""What oracles said of fills: booked as information, never decided on, and dropped rather than believed."""

from __future__ import annotations

from flatbook.engine.inputs import Priced
from flatbook.engine.sound import flaw_of_instant, flaw_of_number
from flatbook.engine.turn import Turn
from flatbook.state.chain_fold import log_id


def take_priced(turn: Turn, item: Priced) -> None:
    """Books the price that an oracle had of a fill in the block in which the fill still stands."""
    event = item.event
    known = turn.state.fills.get(log_id(event.key))
    if known is None or known.event.key.block_hash != event.key.block_hash:
        turn.drop("price_of_no_fill")
        return
    flaw = (
        flaw_of_number("price", event.price)
        or flaw_of_number("confidence", event.confidence)
        or flaw_of_instant(event.published_at, turn.now)
    )
    if flaw is not None:
        turn.drop("price_unsound")
        return
    turn.book(event)
