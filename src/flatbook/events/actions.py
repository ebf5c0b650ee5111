"""Corporate actions and jumps of wrappers: facts that freeze what is offered, while what happened already is hedged."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from flatbook.events.event import Event
from flatbook.values.ids import AssetId, Underlying
from flatbook.values.instants import Instant


class ActionKind(Enum):
    """What a company does to its share."""

    SPLIT = "split"
    REVERSE_SPLIT = "reverse_split"
    DIVIDEND = "dividend"
    RENAME = "rename"
    DELISTING = "delisting"
    HALT = "halt"


class CorporateActionStated(Event, frozen=True, kw_only=True, tag="corporate_action_stated"):
    """An operator stated a corporate action: from `freezes_at`, its eve, nothing of the share is offered."""

    action_id: str
    underlying: Underlying
    kind: ActionKind
    freezes_at: Instant
    effective_at: Instant
    reason: str
    stated_at: Instant


class FreezeEnded(Event, frozen=True, kw_only=True, tag="freeze_ended"):
    """An operator ended a freeze: positions, tickers and ratios are as they should be."""

    action_id: str
    reason: str
    ended_at: Instant


class RatioJumped(Event, frozen=True, kw_only=True, tag="ratio_jumped"):
    """What a token wraps moved further within a day than it should: nothing of the share is offered until that ended.

    Units: shares per token. Fills keep the ratio of their own block.
    """

    action_id: str
    underlying: Underlying
    token: AssetId
    before: Decimal
    after: Decimal
    block: int
    seen_at: Instant
