from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from flatbook.projections.export import TABLES
from tests.unit.cli.scene import call


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_go_to_standard_output_and_totals_beside_them(flat: Path) -> None:
    told = call("export", "fills", "--totals", "--home", str(flat))
    assert told.code == 0
    assert [(row["side"], row["gave"], row["gave_amount"]) for row in table(told.out)] == [
        ("sell", "wtCOIN", "1.5"),
        ("sell", "wtCOIN", "0.75"),
        ("sell", "wtCOIN", "3"),
    ]
    assert told.err.splitlines()[-1] == "total wtCOIN: -5.25, as in the ledger"


def test_a_file_is_written_whole_and_never_over_another(flat: Path, tmp_path: Path) -> None:
    place = tmp_path / "hedges.csv"
    body = call("export", "hedges", "--to", str(place), "--totals", "--json", "--home", str(flat)).body()
    assert (body["schema"], body["rows"], body["path"]) == (
        "flatbook.export.v1",
        len(table(place.read_text())),
        str(place),
    )
    assert {total["asset"]: total["difference"] for total in body["totals"]} == {"COIN": "0", "USD": "0"}
    again = call("export", "hedges", "--to", str(place), "--home", str(flat))
    assert (again.code, again.err) == (2, f"flatbook: {place}: is there already; name another file\n")


def test_parquet_goes_to_a_file_only(flat: Path, tmp_path: Path) -> None:
    assert call("export", "fills", "--format", "parquet", "--home", str(flat)).code == 2
    place = tmp_path / "fills.parquet"
    assert call("export", "fills", "--format", "parquet", "--to", str(place), "--home", str(flat)).code == 0
    assert pq.read_table(place).num_rows == 3


def test_a_stretch_of_time_is_chosen_by_when_things_happened(flat: Path) -> None:
    told = call("export", "fills", "--since", "2025-12-02T14:32:00Z", "--totals", "--home", str(flat))
    assert [row["gave_amount"] for row in table(told.out)] == ["0.75", "3"]
    assert told.err.splitlines()[-1] == "total wtCOIN: -3.75, as in the ledger"
    before = call("export", "fills", "--until", "2025-12-02T14:32:00Z", "--home", str(flat))
    assert [row["gave_amount"] for row in table(before.out)] == ["1.5"]
    assert call("export", "fills", "--since", "yesterday", "--home", str(flat)).code == 2


def test_totals_that_differ_from_the_ledger_are_said_and_fail(flat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong sign is planted where the ledger is read."""
    monkeypatch.setitem(TABLES, "fills", replace(TABLES["fills"], sign=-1))
    told = call("export", "fills", "--totals", "--home", str(flat))
    assert told.code == 1
    assert told.err.splitlines()[-1] == "total wtCOIN: -5.25, DIFFERS from the ledger's 5.25"


def test_a_table_that_is_none_is_refused(flat: Path) -> None:
    assert call("export", "everything", "--home", str(flat)).code == 2
