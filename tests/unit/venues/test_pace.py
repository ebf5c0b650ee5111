"""What replies say about when to ask again, believed within bounds."""

from __future__ import annotations

import pytest

from flatbook.values.instants import NS_PER_S, instant_of_text
from flatbook.venues.http import Reply
from flatbook.venues.pace import Pace, pace_after

NOW = instant_of_text("2025-12-01T15:00:00Z")
NOW_S = NOW // NS_PER_S
FRESH = Pace()


def waits(status: int, headers: dict[str, str], pace: Pace = FRESH) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    until = pace_after(pace, Reply(status=status, headers=named, body=b""), NOW).held_until
    return max(0, (until - NOW) // NS_PER_S)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {}, 0),
        (200, {"x_ratelimit_remaining": "1", "x_ratelimit_reset": str(NOW_S + 20)}, 0),
        (200, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOW_S + 20)}, 20),
        (200, {"x_ratelimit_remaining": "0"}, 0),
        (429, {"retry_after": "7"}, 7),
        (429, {"retry_after": "7", "x_ratelimit_reset": str(NOW_S + 20)}, 7),
        (429, {"x_ratelimit_reset": str(NOW_S + 20)}, 20),
        (429, {"x_ratelimit_reset": str(NOW_S - 20)}, 1),
        (429, {"retry_after": "0"}, 1),
        (429, {"retry_after": "86400"}, 300),
        (429, {"x_ratelimit_reset": "999999999999"}, 300),
        (429, {"retry_after": "9" * 40}, 1),
        (429, {"retry_after": "-5"}, 1),
        (429, {"retry_after": "soon"}, 1),
        (429, {"retry_after": "Tue, 99 Foo 2026 07:28:00 GMT"}, 1),
        (429, {}, 1),
    ],
)
def test_a_reply_holds_back_for_as_long_as_it_says_within_bounds(
    status: int, headers: dict[str, str], seconds: int
) -> None:
    assert waits(status, headers) == seconds


def test_refusals_without_a_word_on_the_time_double_the_wait_up_to_a_minute() -> None:
    pace, bare, seconds = Pace(), Reply(status=429, headers={}, body=b""), []
    for _ in range(8):
        before = Pace(refusals=pace.refusals)
        pace = pace_after(before, bare, NOW)
        seconds.append((pace.held_until - NOW) // NS_PER_S)
    assert seconds == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pace_after(pace, Reply(status=200, headers={}, body=b""), NOW).refusals == 0


def test_a_late_success_does_not_end_the_wait_that_another_reply_asked_for() -> None:
    held = pace_after(Pace(), Reply(status=429, headers={"retry-after": "30"}, body=b""), NOW)
    assert waits(200, {}, held) == 30
    assert waits(429, {"retry_after": "5"}, held) == 30
