"""The application as a whole: its description, and what it answers to requests that are none."""

from __future__ import annotations

from tools.generate_openapi import PATH, written


def test_the_description_that_is_committed_is_that_of_the_routes() -> None:
    assert written() == PATH.read_bytes(), "routes changed: make api-schema, and look at the diff"
