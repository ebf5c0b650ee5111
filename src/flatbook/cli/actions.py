"""`flatbook action`: corporate actions that freeze what is offered of a share, and the end of such a freeze."""

from __future__ import annotations

from typing import Annotated

from flatbook.cli.options import HERE, Key, Reason, Where, says
from flatbook.cli.sending import answer, send


def state(
    symbol: Annotated[str, says("The share.")],
    /,
    *,
    kind: Annotated[str, says("split, reverse_split, dividend, rename, delisting or halt.")],
    effective: Annotated[str, says("When it takes effect: an instant with its zone.")],
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """States a corporate action. From a day before it on no order of ours in the share stands; hedges go on.

    The freeze stands until `flatbook action end`: a person has to see that positions and tokens are as they should be.
    """
    arguments = {"underlying": symbol, "kind": kind, "effective_at": effective}
    sent = send(where, "action_state", arguments, (reason, key))
    return answer("action.state", sent, as_json=where.as_json)


def end(
    action_id: Annotated[str, says("The freeze, as `flatbook status` names it.")],
    /,
    *,
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Ends a freeze: of a corporate action that is over, or of a wrapper whose jump is explained."""
    sent = send(where, "action_end", {"action_id": action_id}, (reason, key))
    return answer("action.end", sent, as_json=where.as_json)
