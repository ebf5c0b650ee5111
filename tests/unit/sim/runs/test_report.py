"""The report says everything on one page, and nothing on it can act."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from flatbook.sim.runs.report import page_of

BODY: dict[str, Any] = {
    "red": True, "version": "1", "scenario_version": 1, "worlds": 3, "planned": 4, "pairs": 0, "red_worlds": 1,
    "reasons": {"I3": 1}, "events": 1_234, "virtual_ms": 7_200_000, "cpu_us": 1, "worlds_per_cpu_s": 30,
    "virtual_hours_per_cpu_s": 2, "faults": {"N1": 7}, "never_struck": ["N2"], "edges": {"intended>accepted": 5},
    "edges_missing": ["unknown>resent"], "cells": {"unknown*N1": 12, "no_order*N1": 1},
    "failures": [
        {"name": "seed 3", "replay": "flatbook sim seed 3", "told": ["I3: <script>alert(1)</script>"], "smallest": None}
    ],
}  # fmt: skip


class Reader(HTMLParser):
    """Reads a page: its tags, the places they point to, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.points: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.points += [name for name, _ in attrs if name in {"src", "href"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def read(body: dict[str, Any]) -> Reader:
    reader = Reader()
    reader.feed(page_of(body))
    return reader


def test_the_page_names_what_failed_and_how_to_run_it_again() -> None:
    text = read(BODY).text
    for told in ("red", "seed 3", "flatbook sim seed 3", "3 of 4", "1,234", "N2", "unknown"):
        assert told in text
    assert "I3: <script>alert(1)</script>" in text


def test_a_page_that_is_red_for_what_never_struck_says_so() -> None:
    told = "The run covers too little: N2 never struck. More seeds are what helps."
    assert told in read({**BODY, "red_worlds": 0, "failures": []}).text
    assert "too little" not in read({**BODY, "never_struck": []}).text


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = read(BODY)
    assert (page.points, "script" in page.tags) == ([], False)


def test_every_fault_and_cell_has_its_count() -> None:
    lines = read(BODY).text.splitlines()
    assert lines[lines.index("N1") :][:3][-1] == "7"
    assert "12" in lines
    assert "2 of 7 cells were reached." in lines


def test_a_green_page_has_no_failures() -> None:
    assert "Failures" not in read(BODY | {"red": False, "red_worlds": 0, "failures": []}).text
