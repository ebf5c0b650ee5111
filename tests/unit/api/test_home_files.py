"""Files of the home: what is none hides no other, a name leads nowhere else, and every name can be saved under."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from flatbook.api.home_files import disposition, file_of, files_of
from flatbook.api.problems import Problem
from tests.unit.api.door_scene import Door, opened


@pytest.fixture(scope="module")
def door(demo: Path) -> Iterator[Door]:
    with tempfile.TemporaryDirectory(prefix="fb-") as folder, opened(shutil.copytree(demo, Path(folder, "h"))) as door:
        yield door


@pytest.fixture
def exports(door: Door) -> Iterator[Path]:
    """Gives a folder of exports with one whole file and much that is none."""
    folder = door.site.home / "exports"
    folder.mkdir()
    (folder / "whole.csv").write_text("a,b\n", "utf-8")
    (folder / "nowhere.csv").symlink_to("/nowhere")
    (folder / "round.csv").symlink_to(folder / "round.csv")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "two\nlines.csv").write_text("x", "utf-8")
    (folder / os.fsdecode(b"\xff.csv")).write_text("x", "utf-8")
    (folder / "secret.csv").symlink_to(door.site.home / "flatbook.toml")
    yield folder
    shutil.rmtree(folder)


def test_what_is_no_whole_file_hides_no_other_and_is_not_told(exports: Path) -> None:
    assert sorted(file.name for file in files_of(exports.parent, "exports", "*.*")) == ["secret.csv", "whole.csv"]
    for name in ("nowhere.csv", "round.csv", "folder.csv", "pipe.csv", "../flatbook.toml", "two\nlines.csv"):
        with pytest.raises(Problem) as refused:
            file_of(exports.parent, "exports", "*.*", name)
        assert refused.value.status == 404


def test_the_tasks_are_told_beside_files_that_are_none(door: Door, exports: Path) -> None:
    for folder, name in (("backups", "x.sqlite"), ("data", "x.parquet")):
        (door.site.home / folder).mkdir(exist_ok=True)
        (door.site.home / folder / name).symlink_to("/nowhere")
    told = door.client.get("/api/v1/tasks", headers=door.token("", "read"))
    assert (told.status_code, told.json()["backups"], told.json()["tapes"]) == (200, [], [])


def test_an_export_is_told_out_of_its_folder_only(door: Door, exports: Path) -> None:
    asked = door.token("", "read")
    assert door.client.get("/api/v1/exports/whole.csv", headers=asked).text == "a,b\n"
    for name in ("secret.csv", "nowhere.csv", "folder.csv", "pipe.csv", "..%2fflatbook.toml", "%2fetc%2fpasswd"):
        assert door.client.get(f"/api/v1/exports/{name}", headers=asked).status_code == 404, name


@pytest.mark.parametrize("name", ["\u65e5\u672c.csv", 'quo"te.csv', "semi;colon.csv", "\u00e9.csv", "back\\slash.csv"])
def test_a_file_is_saved_under_its_name_whatever_letters_that_has(door: Door, exports: Path, name: str) -> None:
    (exports / name).write_text("x", "utf-8")
    answer = door.client.get(f"/api/v1/exports/{quote(name, safe='')}", headers=door.token("", "read"))
    assert (answer.status_code, answer.text) == (200, "x")
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def test_a_plain_name_stands_as_it_is() -> None:
    assert disposition("fills-20251201T000000Z.csv") == 'attachment; filename="fills-20251201T000000Z.csv"'
