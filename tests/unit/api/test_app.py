"""The application as a whole: its description, and what it answers to requests that are none."""

from __future__ import annotations

import json

from tools.generate_openapi import PATH, written


def test_the_description_that_is_committed_is_that_of_the_routes() -> None:
    assert written() == PATH.read_bytes(), "routes changed: make api-schema, and look at the diff"


def test_every_command_is_described_as_one_that_needs_a_key_of_its_own() -> None:
    paths = json.loads(PATH.read_bytes())["paths"]
    keys = [
        each
        for path in paths.values()
        for operation in path.values()
        for each in operation.get("parameters", [])
        if each["name"] == "idempotency-key"
    ]
    assert len(keys) >= 20
    assert [each for each in keys if not each["required"] or each["schema"]["type"] != "string"] == []
