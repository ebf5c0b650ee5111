from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.ops import config_read
from flatbook.ops.config_read import (
    ConfigRefused,
    Problem,
    Stated,
    files_of,
    key_of_text,
    key_text,
    lay_environment,
    merge,
    read_files,
    read_text,
)

TEXT = '''\
top = 1
[a.b]
one = "x"        # a comment
"two words" = [
  "p",
  "q",
]
three = """
four = 4
"""
dotted.deep = true
[a."c.d"]
five = { six = 6 }
'''


def test_each_value_knows_its_line() -> None:
    tree = read_text(TEXT, "f.toml")
    assert tree["top"].origin == "f.toml:1"
    assert tree["a"]["b"]["one"] == Stated(value="x", origin="f.toml:3")
    assert tree["a"]["b"]["two words"] == Stated(value=["p", "q"], origin="f.toml:4")
    assert tree["a"]["b"]["three"].origin == "f.toml:8"
    assert tree["a"]["b"]["dotted"]["deep"].origin == "f.toml:11"
    assert tree["a"]["c.d"]["five"]["six"].origin == "f.toml:13"


def test_what_stands_in_a_text_of_several_lines_is_no_key() -> None:
    assert "four" not in read_text(TEXT, "f.toml")["a"]["b"]


def test_tables_merge_and_all_else_is_replaced() -> None:
    tree = read_text("[a]\nx = 1\ny = [1, 2]\n[b]\nz = 1\n", "one")
    merge(tree, read_text("b = 5\n[a]\ny = [3]\nw = 4\n", "two"))
    assert tree["a"]["x"] == Stated(value=1, origin="one:2")
    assert tree["a"]["y"] == Stated(value=[3], origin="two:3")
    assert tree["a"]["w"] == Stated(value=4, origin="two:4")
    assert tree["b"] == Stated(value=5, origin="two:1")


def test_a_variable_means_the_name_that_is_there_whatever_its_case_and_marks() -> None:
    tree = read_text('[instruments."COIN/USD@paper"]\nlot = "1"\n', "f")
    lay_environment(tree, {"FLATBOOK__INSTRUMENTS__COIN_USD_PAPER__LOT": "2"})
    assert tree["instruments"]["COIN/USD@paper"]["lot"] == Stated(
        value="2", origin="env FLATBOOK__INSTRUMENTS__COIN_USD_PAPER__LOT", as_text=True
    )


def test_a_variable_may_name_a_section_that_no_file_has() -> None:
    tree: dict[str, object] = {}
    lay_environment(tree, {"FLATBOOK__JOURNAL__PATH": "j", "FLATBOOK__MARKS__USDC": "1", "FLATBOOK_HOME": "h"})
    assert tree == {
        "journal": {"path": Stated(value="j", origin="env FLATBOOK__JOURNAL__PATH", as_text=True)},
        "marks": {"USDC": Stated(value="1", origin="env FLATBOOK__MARKS__USDC", as_text=True)},
    }


@pytest.mark.parametrize(
    "name", ["FLATBOOK__", "FLATBOOK__RISK__", "FLATBOOK____A", "FLATBOOK__A__B__C__D__E__F__G__H__I"]
)
def test_a_variable_that_is_no_key_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        lay_environment({}, {name: "canary"})
    assert str(refused.value) == f"env {name}: is no key: write FLATBOOK__SECTION__KEY"


def test_keys_are_written_with_quotes_where_they_need_them() -> None:
    assert key_text(("a", "COIN/USD@paper", "b-c")) == 'a."COIN/USD@paper".b-c'
    assert key_of_text('a."COIN/USD@paper".b-c') == ("a", "COIN/USD@paper", "b-c")


def test_fragments_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "flatbook.toml").write_text("x = 0\n")
    (tmp_path / "flatbook.d").mkdir()
    for name, value in (("b.toml", 2), ("a.toml", 1), ("c.toml~", 3)):
        (tmp_path / "flatbook.d" / name).write_text(f"x = {value}\n")
    assert [file.name for file in files_of(tmp_path)] == ["flatbook.toml", "a.toml", "b.toml"]
    assert read_files(tmp_path)["x"] == Stated(value=2, origin="flatbook.d/b.toml:1")


def test_files_and_their_number_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flatbook.toml").write_text("x = 0\n" + "#" * 100)
    monkeypatch.setattr(config_read, "FILE_BYTES_MAX", 64)
    with pytest.raises(ConfigRefused, match="larger than 64 bytes"):
        read_files(tmp_path)
    (tmp_path / "flatbook.d").mkdir()
    (tmp_path / "flatbook.d" / "a.toml").touch()
    monkeypatch.setattr(config_read, "FRAGMENTS_MAX", 0)
    with pytest.raises(ConfigRefused, match="1 files, at most 0 are read"):
        files_of(tmp_path)


def test_a_problem_says_where_what_and_why_as_far_as_it_knows() -> None:
    assert str(Problem(origin="f:1", key="a.b", text="is odd")) == "f:1: a.b: is odd"
    assert str(Problem(origin="", key="a", text="is odd")) == "a: is odd"
