"""Where a desk is."""

from __future__ import annotations

from pathlib import Path

from flatbook.ops.home import home_of


def test_the_home_is_the_variable_or_the_folder_of_the_user() -> None:
    assert home_of({"FLATBOOK_HOME": "desks/one"}) == Path("desks/one")
    assert home_of({"FLATBOOK_HOME": "~/one"}) == Path.home() / "one"
    assert home_of({}) == Path.home() / ".flatbook"
