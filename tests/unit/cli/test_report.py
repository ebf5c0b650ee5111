from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

from tests.unit.cli.scene import call


def test_the_report_of_a_desk_without_a_configuration_splits_nothing_and_adds_up(flat: Path) -> None:
    body = call("report", "--json", "--home", str(flat)).body()
    parts = {part: Decimal(usd) for part, usd in body["parts_usd"].items()}
    assert body["schema"] == "flatbook.report.v1"
    assert [part for part, usd in parts.items() if usd] == ["unsplit"]
    assert parts["unsplit"] - Decimal(body["costs_usd"]["broker_fee"]) == Decimal(body["net_usd"])
    assert body["adds_up"] is True
    (line,) = body["latency"]
    assert (line["session"], line["fills"], line["hedged"], line["shares"]) == ("regular", 3, 3, "5.25")
    assert body["exposure"]["open_usd"] == "0"


def test_people_read_tables_and_a_sentence_on_whether_it_adds_up(flat: Path) -> None:
    told = call("report", "--home", str(flat))
    assert told.code == 0
    assert "from a fill seen to its hedge executed:" in told.out
    assert told.out.splitlines()[-1] == "the parts add up to the ledger"


def test_a_share_that_traded_nothing_has_nothing_to_report(flat: Path, tmp_path: Path) -> None:
    home = shutil.copytree(flat, tmp_path / "home")
    assert call("init", "--recordings", "--home", str(home)).code == 0
    for config in home.rglob("*.toml"):
        config.write_text(config.read_text("ascii").replace("COIN", "MSTR"), encoding="ascii")
    body = call("report", "--symbol", "MSTR", "--json", "--home", str(home)).body()
    assert (body["since"], body["latency"], body["net_usd"]) == (None, [], "0")
