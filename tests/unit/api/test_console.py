"""The console's files: what is served where, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api import console
from flatbook.api.app import create_app
from flatbook.api.console import CONSOLE, NOT_BUILT
from tests.unit.api.conftest import site_of


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives a folder that stands in the place of the console's bundle, with a page and a script in it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>flatbook</title>", "utf-8")
    (folder / "assets" / "index-1a2b.js").write_text("void 0", "utf-8")
    (folder / "assets" / "notes.txt").write_text("not of the console", "utf-8")
    (tmp_path / "secret.js").write_text("not of the bundle", "utf-8")
    monkeypatch.setattr(console, "BUNDLE", folder)
    return folder


@pytest.fixture
def client(demo: Path, bundle: Path) -> Iterator[TestClient[Any]]:
    """Gives a client of an application that serves the bundle."""
    assert bundle.is_dir()
    with TestClient(create_app(site_of(demo), CONSOLE)) as client:
        yield client


def test_every_page_is_the_one_page_and_is_asked_for_anew(client: TestClient[Any]) -> None:
    for path in ("/", "/overview", "/settings"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "<title>flatbook</title>")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_part_may_be_kept_for_ever(client: TestClient[Any]) -> None:
    answer = client.get("/assets/index-1a2b.js")
    assert (answer.status_code, answer.text) == (200, "void 0")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "name", ["notes.txt", "nothing.js", "..%2F..%2Fsecret.js", "%2e%2e/%2e%2e/secret.js", "..%2Findex.html"]
)
def test_nothing_but_the_bundle_is_served(client: TestClient[Any], name: str) -> None:
    answer = client.get(f"/assets/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_unknown_address_is_not_a_page(client: TestClient[Any]) -> None:
    assert client.get("/nothing").status_code == 404
    assert client.get("/api/v1/nothing").status_code == 404


def test_a_person_who_asks_for_no_page_gets_the_console_which_says_so(client: TestClient[Any]) -> None:
    asks = {"accept": "text/html,*/*;q=0.8"}
    answer = client.get("/nopage", headers=asks)
    assert (answer.status_code, answer.text) == (404, "<title>flatbook</title>")
    assert client.get("/api/v1/nothing", headers=asks).json()["code"] == "not_found"
    assert client.post("/nopage", headers=asks).json()["code"] == "not_found"


def test_without_a_bundle_the_page_says_how_to_make_one(client: TestClient[Any], bundle: Path) -> None:
    (bundle / "index.html").unlink()
    answer = client.get("/overview")
    assert (answer.status_code, answer.text) == (503, NOT_BUILT)
