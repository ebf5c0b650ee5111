"""Writes what the documents say of the configuration, from its shape: the JSON Schema, the example, the reference."""

from __future__ import annotations

from pathlib import Path

from flatbook.ops.config_example import EXAMPLE
from flatbook.ops.config_schema import reference, schema_text

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "configuration.md"
SCHEMA = DOCS / "flatbook.schema.json"


def page(written: str) -> str:
    """Returns the page with its example and its reference as they are now."""
    head, _, rest = written.partition("## Example\n")
    _, _, below = rest.partition("## Sections and keys\n")
    kept = below.partition("\n###")[0].strip()
    return f"{head}## Example\n\n```toml\n{EXAMPLE}```\n\n## Sections and keys\n\n{kept}\n\n{reference()}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    SCHEMA.write_text(schema_text())
