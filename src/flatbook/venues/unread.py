"""What of a venue's words could not be read: why, and how often. One count by reason for each stream and adapter."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.market.depth import UnreadFor, reason_of

Counts = dict[UnreadFor, int]


def no_counts() -> Counts:
    """Returns counts of nothing, for every reason."""
    return dict.fromkeys(UnreadFor, 0)


def note(counts: Counts, fault: Exception | None = None) -> None:
    """Counts what could not be read by why it could not; None is that it is none of the protocol's."""
    counts[UnreadFor.MALFORMED if fault is None else reason_of(fault)] += 1


def sum_of(*counts: Mapping[UnreadFor, int]) -> Counts:
    """Returns the sums of counts."""
    return {reason: sum(each[reason] for each in counts) for reason in UnreadFor}
