"""What nodes state beyond the newest block: logs of transactions that a sequencer has put in order, and no block yet.

None of it is certain. A log counts once every node states it, and is gone once none does.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from flatbook.venues.evm.agreement import LOGS_MAX, Asked, Trouble, is_asked, trouble_of
from flatbook.venues.evm.answers import SeenLog
from flatbook.venues.evm.rpc import Call, Outcome, Result
from flatbook.venues.raindex.wire import RawLog, Unreadable, read_log

PENDING = "pending"


class Beyond(msgspec.Struct, frozen=True, kw_only=True):
    """What the nodes state beyond a block: `agreed` by all of them, `seen` by any, as (transaction, log index)."""

    agreed: tuple[SeenLog, ...]
    seen: tuple[tuple[str, int], ...]

    @property
    def told(self) -> tuple[object, ...]:
        """What is new about it, once it is known."""
        return tuple((log.raw.tx, log.raw.log_index) for log in self.agreed), self.seen


def beyond_call(asked: Asked) -> Call:
    """Returns the call for the logs from a block on, those without a block included."""
    wanted = {
        "fromBlock": hex(asked.first),
        "toBlock": PENDING,
        "address": list(asked.addresses),
        "topics": [list(asked.topics)],
    }
    return Call(method="eth_getLogs", params=(wanted,))


def shown_beyond(name: str, outcome: Outcome, asked: Asked) -> tuple[RawLog, ...] | Trouble:
    """Returns the logs that a node states beyond a block, without the block that they claim, in their order."""
    if not isinstance(outcome, Result):
        return trouble_of(name, outcome, "logs without a block")
    if not isinstance(outcome.value, list) or len(outcome.value) > LOGS_MAX:
        return Trouble(detail=f"what {name} states as logs without a block is no list, or too long")
    found = [read_log(each) for each in outcome.value]
    read = [replace(log, block=None, block_hash=None) for log in found if not isinstance(log, Unreadable)]
    if len(read) < len(found):
        return Trouble(detail=f"{name} states a log without a block that cannot be read")
    return tuple(sorted((log for log in read if is_asked(log, asked)), key=lambda log: (log.log_index, log.tx)))


def beyond_of(shown: Sequence[tuple[RawLog, ...]], asked: Asked) -> Beyond:
    """Returns what all nodes state beyond a block, and what any of them does."""
    everywhere = [log for log in shown[0] if all(log in other for other in shown[1:])]
    anywhere = dict.fromkeys((log.tx, log.log_index) for logs in shown for log in logs)
    return Beyond(
        agreed=tuple(SeenLog(raw=log, block=asked.first, block_hash="", at=None) for log in everywhere),
        seen=tuple(sorted(anywhere)),
    )
