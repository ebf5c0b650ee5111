from __future__ import annotations

import json
from pathlib import Path

from flatbook.ops.config_kinds import keys_of, kinds_of
from flatbook.ops.config_schema import config_schema, reference, schema_text
from flatbook.ops.config_shape import Config, HedgeSection, RiskSection
from tools.generate_config_reference import page

DOCS = Path(__file__).parents[3] / "docs"
REMEDY = "run tools/generate_config_reference.py"


def test_the_schema_in_the_documents_is_that_of_the_shape() -> None:
    assert (DOCS / "flatbook.schema.json").read_text() == schema_text(), REMEDY


def test_the_page_in_the_documents_has_the_example_and_the_reference_of_the_shape() -> None:
    written = (DOCS / "configuration.md").read_text()
    assert page(written) == written, REMEDY


def test_the_schema_refuses_unknown_keys_and_knows_what_is_required() -> None:
    schema = config_schema()
    definitions = schema["$defs"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(each["additionalProperties"] is False for each in definitions.values() if "properties" in each)
    assert definitions["RiskSection"]["required"] == list(RiskSection.__struct_fields__)
    assert definitions["HedgeSection"]["properties"]["collar_bps"] == {
        "description": "How far beyond the price the limit of an order may lie. "
        "From 1 to 5000 basis points (100 are one percent).",
        "type": "integer",
        "minimum": 1,
        "maximum": 5000,
    }
    assert json.loads(schema_text())["$ref"] == "#/$defs/Config"


def test_money_is_text_in_the_schema() -> None:
    stated = config_schema()["$defs"]["RiskSection"]["properties"]["day_loss_usd_max"]
    assert (stated["type"], stated["pattern"]) == ("string", r"^-?[0-9]+(\.[0-9]+)?$")


def test_no_key_that_moves_money_has_a_default() -> None:
    optional = {
        "threshold_shares",
        "threshold_usd",
        "second_age_s_max",
        "second_bps_max",
        "ramp",
        "backup",
        "open_wait_s",
    }
    required = set(config_schema()["$defs"]["HedgeSection"]["required"])
    assert set(kinds_of(HedgeSection)) - required == optional


def test_every_key_says_what_it_means() -> None:
    text = reference()
    for key in keys_of(Config):
        assert f"`{key}`" in text or f".{key}." in text or f".{key}]" in text or f"[{key}" in text, key
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) > 90
    assert [row for row in rows if row.endswith("|  |")] == []
