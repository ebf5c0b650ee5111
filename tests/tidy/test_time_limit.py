"""A test that hangs does not hang the run."""

from __future__ import annotations

import threading

import pytest

from tests.time_limit import Hung, ends_within


def test_what_hangs_is_ended_at_its_limit_and_says_where_it_stood() -> None:
    with pytest.raises(Hung, match=r"after 0\.05 s(?s:.*)in test_what_hangs_is_ended"), ends_within(0.05):
        threading.Event().wait()


def test_what_takes_the_first_end_for_an_error_is_ended_again() -> None:
    ended = 0
    try:
        with ends_within(0.05, again_s=0.05):
            try:
                threading.Event().wait()
            except Hung:
                ended += 1
                threading.Event().wait()
    except Hung:
        ended += 1
    assert ended == 2
