"""Every route of the description, asked with whatever its description allows and forbids."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from flatbook.values.instants import NS_PER_S
from tests.unit.api.door_scene import HERE, Door, opened
from tools.generate_openapi import PATH

DESCRIPTION = json.loads(PATH.read_bytes())
DESCRIBED = schemathesis.openapi.from_dict(DESCRIPTION)
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
WITHOUT_ENGINE = ("engine_not_running",)
ASKED = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations() -> list[tuple[str, str, GenerationMode]]:
    """Returns every route, with what it allows and, where it takes anything, with what it forbids."""
    return [
        (path, method, mode)
        for path, methods in DESCRIPTION["paths"].items()
        for method, operation in methods.items()
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or operation.get("parameters")
    ]


@pytest.fixture(scope="module")
def guarded(demo: Path) -> Iterator[tuple[Door, dict[str, str]]]:
    """Gives the guarded application over a copy of the demo desk, and the header of who may do everything."""
    with tempfile.TemporaryDirectory(prefix="fb-") as folder:
        home = shutil.copytree(demo, Path(folder, "home"))
        with opened(home) as door:
            yield door, door.token("schema", "admin")


@pytest.mark.parametrize(("path", "method", "mode"), operations())
def test_every_answer_is_as_it_is_described(
    guarded: tuple[Door, dict[str, str]], path: str, method: str, mode: GenerationMode
) -> None:
    door, headers = guarded

    @ASKED
    @given(case=DESCRIBED[path][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        door.clock.shifted_ns += 10 * NS_PER_S  # so that no allowance runs out
        sent = case.as_transport_kwargs(base_url=HERE)
        body = {"json": sent["json"]} if sent.get("json") is not None else {"content": sent.get("data")}
        asked = door.client.build_request(
            sent["method"], sent["url"], params=sent.get("params"), headers={**sent["headers"], **headers}, **body
        )
        response = door.client.send(asked)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code < 500 or response.json()["code"] in WITHOUT_ENGINE

    check()
