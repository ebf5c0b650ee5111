"""Corporate actions that operators state, and jumps of wrappers that fills show: both freeze what is offered."""

from __future__ import annotations

from flatbook.engine.inputs import Command
from flatbook.engine.turn import Turn
from flatbook.events.actions import ActionKind, CorporateActionStated, FreezeEnded, RatioJumped
from flatbook.events.chain import VaultFilled
from flatbook.events.control import AlertName, Severity
from flatbook.values.ids import Underlying
from flatbook.values.instants import InstantRefused, instant_of_text, later, text_of_instant
from flatbook.values.money import plain

EVE_S = 86_400


def why_not_state(turn: Turn, command: Command) -> str | None:
    """Returns why a corporate action cannot be taken, None when it can."""
    arguments = command.arguments
    if arguments.get("kind") not in [each.value for each in ActionKind]:
        return f"kind must be {', '.join(each.value for each in ActionKind)}"
    if arguments.get("underlying") not in [underlying for _, underlying in turn.rules.hedges]:
        return f"{arguments.get('underlying', '')!r} is hedged by nobody here"
    try:
        instant_of_text(arguments.get("effective_at", ""))
    except InstantRefused as error:
        return f"effective_at: {error}"
    return None


def state_action(turn: Turn, command: Command) -> None:
    """Books a corporate action: from its eve on nothing of the share is offered, until an operator ends that."""
    arguments = command.arguments
    effective_at = instant_of_text(arguments["effective_at"])
    turn.book(
        CorporateActionStated(
            action_id=f"{arguments['underlying']}:{arguments['kind']}:{text_of_instant(effective_at)}",
            underlying=Underlying(arguments["underlying"]),
            kind=ActionKind(arguments["kind"]),
            freezes_at=later(effective_at, seconds=-EVE_S),
            effective_at=effective_at,
            reason=command.reason,
            stated_at=turn.now,
        )
    )


def why_not_end(turn: Turn, command: Command) -> str | None:
    """Returns why a freeze cannot be ended, None when it can."""
    action_id = command.arguments.get("action_id", "")
    if action_id in turn.state.freezes.by_id:
        return None
    return f"no freeze {action_id!r} stands: {', '.join(turn.state.freezes.by_id) or 'there is none'}"


def end_freeze(turn: Turn, command: Command) -> None:
    """Ends a freeze."""
    action_id = command.arguments["action_id"]
    turn.book(FreezeEnded(action_id=action_id, reason=command.reason, ended_at=turn.now))
    turn.clear(AlertName.RATIO_JUMPED, action_id)


def watch_ratio(turn: Turn, event: VaultFilled) -> None:
    """Freezes a share whose wrapper moved too far within a day. Needs: the fill is not booked yet."""
    before = turn.state.freezes.jump_of(event.token, event.ratio)
    if before is None:
        return
    jumped = RatioJumped(
        action_id=f"ratio:{event.token}:{event.key.block}",
        underlying=event.underlying,
        token=event.token,
        before=before,
        after=event.ratio,
        block=event.key.block,
        seen_at=turn.now,
    )
    turn.book(jumped)
    detail = f"{event.token} wraps {plain(event.ratio)} shares, it was {plain(before)}: nothing of it is offered"
    turn.alert(AlertName.RATIO_JUMPED, jumped.action_id, detail, severity=Severity.CRITICAL)
