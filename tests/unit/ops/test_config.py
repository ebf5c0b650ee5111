from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.ops.config import is_recorded, load, load_text, missing_files, places_of
from flatbook.ops.config_accounts import PaperAccount
from flatbook.ops.config_example import EXAMPLE, LIVE_EXAMPLE
from flatbook.ops.config_read import ConfigRefused
from tests.unit.ops.scene import HOME, changed, loaded, problem, problems


def values(home: Path, *, environment: dict[str, str] | None = None) -> dict[str, tuple[str, str]]:
    loaded = load(home, environment=environment or {})
    return {each.key: (each.value, each.origin) for each in loaded.effective}


def test_the_example_is_a_configuration_that_loads() -> None:
    config = loaded().config
    assert config.risk.order_notional_usd_max == Decimal(50_000)
    assert config.hedges["desk"]["COIN"].threshold_shares == Decimal(1)
    account = config.accounts["paper"]
    assert isinstance(account, PaperAccount)
    assert account.holdings == {"COIN": Decimal(1000)}
    assert loaded().journal == HOME / "journal.sqlite"


def test_later_layers_win_value_by_value(tmp_path: Path) -> None:
    (tmp_path / "flatbook.toml").write_text(EXAMPLE)
    (tmp_path / "flatbook.d").mkdir()
    (tmp_path / "flatbook.d" / "20-limits.toml").write_text("[risk]\nopen_orders_max = 3\ncollar_bps_max = 90\n")
    (tmp_path / "flatbook.d" / "10-limits.toml").write_text("[risk]\nopen_orders_max = 2\nresends_max = 1\n")
    (tmp_path / "flatbook.d" / "notes.txt").write_text("not read")
    environment = {"FLATBOOK__RISK__COLLAR_BPS_MAX": "80", "OTHER": "x"}
    found = values(tmp_path, environment=environment)
    assert found["risk.open_orders_max"] == ("3", "flatbook.d/20-limits.toml:2")
    assert found["risk.resends_max"] == ("1", "flatbook.d/10-limits.toml:3")
    assert found["risk.collar_bps_max"] == ("80", "env FLATBOOK__RISK__COLLAR_BPS_MAX")
    assert found["risk.order_shares_max"] == ("200", "flatbook.toml:95")
    assert found["pace.retry_s"] == ("5", "default")


def test_every_value_in_force_has_an_origin() -> None:
    effective = loaded().effective
    assert len(effective) > 70
    assert [each.key for each in effective if not each.origin or not each.key] == []
    assert len({each.key for each in effective}) == len(effective)


def test_a_file_or_a_folder_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.toml").write_text(EXAMPLE)
    (tmp_path / "elsewhere.d").mkdir()
    (tmp_path / "elsewhere.d" / "a.toml").write_text("[risk]\nresends_max = 0\n")
    named = load(HOME, path=tmp_path / "elsewhere.toml", environment={})
    assert named.config.risk.resends_max == 0
    assert named.home == HOME
    (tmp_path / "flatbook.toml").write_text(EXAMPLE)
    assert load(HOME, path=tmp_path, environment={}).config.risk.resends_max == 2


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"flatbook\.toml: there is no such file: `flatbook init` writes one"):
        load(tmp_path, environment={})


def test_a_text_that_is_no_toml_is_refused_with_its_place() -> None:
    assert problems("version = 1\nmode == 2\n") == ["flatbook.toml: is no TOML: Invalid value (at line 2, column 7)"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flatbook.toml").write_bytes(b"version = 1\n\xff\n")
    with pytest.raises(ConfigRefused, match="is no UTF-8 text at byte 12"):
        load(tmp_path, environment={})


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert problems(
        changed(
            ("collar_bps = 50", "colar_bps = 50"),
            ('order_notional_usd_max = "50000"', "order_notional_usd_max = 50000.5"),
            ("[journal]", "[jurnal]"),
        )
    ) == [
        "flatbook.toml:8: jurnal: is no key of this section; did you mean journal?",
        (
            "flatbook.toml:94: risk.order_notional_usd_max: "
            'a float is not exact: write "50000.5" in quotes (Value of one order. Above 0 to 1000000000 USD)'
        ),
        "flatbook.toml:86: hedges.desk.COIN.colar_bps: is no key of this section; did you mean collar_bps?",
        (
            "flatbook.toml:79: hedges.desk.COIN.collar_bps: is missing. "
            "How far beyond the price the limit of an order may lie. From 1 to 5000 basis points (100 are one percent)."
        ),
    ]


def test_the_version_is_required_and_known() -> None:
    assert problem(("version = 1\n", "")).startswith("flatbook.toml:4: version: is missing")
    assert problem(("version = 1\n", "version = 2\n")) == (
        "flatbook.toml:4: version: this flatbook reads version 1, not 2"
    )


def test_the_digest_follows_the_values_and_not_where_they_stand() -> None:
    digest = loaded().digest
    assert len(digest) == 32
    assert loaded(environment={"FLATBOOK__RISK__RESENDS_MAX": "2"}).digest == digest
    assert loaded(environment={"FLATBOOK__RISK__RESENDS_MAX": "1"}).digest != digest


def test_the_digest_knows_nothing_of_secrets_and_logs() -> None:
    stated = changed(("[secrets]\n", '[secrets]\nkey = "env:KEY"\n[log]\nlevel = "debug"\n'))
    assert load_text(stated, HOME).digest == loaded().digest


def test_missing_recordings_are_named_with_where_they_were_stated(tmp_path: Path) -> None:
    here = load_text(EXAMPLE, tmp_path)
    assert [str(each) for each in missing_files(here)] == [
        f"flatbook.toml:14: chains.base.path: there is no {tmp_path}/recordings/base.jsonl.gz",
        f"flatbook.toml:75: prices.paper-bars.files.COIN: there is no {tmp_path}/recordings/coin-bars.csv.gz",
    ]
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "base.jsonl.gz").touch()
    (tmp_path / "recordings" / "coin-bars.csv.gz").touch()
    assert missing_files(here) == ()


def test_a_desk_is_recorded_where_any_of_its_market_is_played_from_a_recording() -> None:
    assert is_recorded(load_text(EXAMPLE, HOME).config)
    assert not is_recorded(load_text(LIVE_EXAMPLE, HOME).config)


def test_absolute_paths_stay_and_relative_ones_start_at_the_home() -> None:
    assert loaded(('path = "journal.sqlite"', 'path = "/var/desk/j.sqlite"')).journal == Path("/var/desk/j.sqlite")
    assert loaded().place("a/b") == HOME / "a/b"


def test_secrets_are_found_where_the_configuration_says() -> None:
    stated = changed(("[secrets]\n", '[secrets]\n"paper/key" = "file:keys/paper"\n[age]\nidentity = "id.txt"\n'))
    places = places_of(load_text(stated, HOME), {"A": "b"})
    assert places.references == {"paper/key": "file:keys/paper"}
    assert places.identity == HOME / "id.txt"
    assert places.environment == {"A": "b"}
