"""The configuration from the command line: written, checked, shown with its origins, described; secrets by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.scene import call


def test_init_writes_what_config_check_accepts(home_of_its_own: Path) -> None:
    told = call("init")
    assert told.code == 0
    assert told.out.startswith(f"wrote {home_of_its_own / 'flatbook.toml'}\n")
    checked = call("config", "check", "--json")
    assert (checked.code, checked.body()["ok"]) == (0, True)
    assert {each["key"] for each in checked.body()["missing"]} == {"chains.base.path", "prices.paper-bars.files.COIN"}
    assert home_of_its_own.stat().st_mode & 0o777 == 0o700


def test_init_takes_a_folder_as_a_configuration_as_every_verb_does_and_moves_none(home_of_its_own: Path) -> None:
    folder = home_of_its_own / "conf"
    folder.mkdir(parents=True)
    assert call("init", "--config", str(folder), "--json").body()["path"] == str(folder / "flatbook.toml")
    assert call("init", "--config", str(folder), "--force", "--json").body()["kept"] == str(
        folder / "flatbook.toml.old"
    )
    assert call("config", "check", "--config", str(folder)).code == 0
    refused = call("init", "--config", "/proc")
    assert (refused.code, "Traceback" in refused.err, refused.err.startswith("flatbook: ")) == (1, False, True)


def test_init_never_overwrites_unless_forced(home_of_its_own: Path) -> None:
    path = home_of_its_own / "flatbook.toml"
    assert call("init").code == 0
    path.write_text("# mine\n")
    refused = call("init")
    assert (refused.code, path.read_text()) == (2, "# mine\n")
    assert "give --force to replace it" in refused.err
    forced = call("init", "--force", "--json")
    assert forced.body()["kept"] == str(path) + ".old"
    assert Path(forced.body()["kept"]).read_text() == "# mine\n"


def test_init_with_recordings_lacks_nothing(home_of_its_own: Path) -> None:
    assert len(call("init", "--recordings", "--json").body()["recordings"]) == 3
    body = call("config", "check", "--json").body()
    assert (body["ok"], body["missing"]) == (True, [])
    assert call("doctor").code == 0
    values = {each["key"]: each for each in call("config", "show", "--effective", "--json").body()["values"]}
    assert values["clock.kind"]["value"] == "tape"
    assert values["clock.kind"]["origin"].startswith("flatbook.d/recordings.toml:")


def test_a_configuration_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "other" / "desk.toml"
    assert call("init", "--config", str(path)).code == 0
    assert call("--config", str(path), "config", "check").code == 0
    assert call("config", "check").code == 4


def test_check_says_all_that_is_wrong_with_line_and_remedy(home_of_its_own: Path) -> None:
    call("init")
    path = home_of_its_own / "flatbook.toml"
    text = path.read_text().replace('cash = "1000000"', "cash = 0.1").replace("open_orders_max", "open_order_max")
    path.write_text(text)
    told = call("config", "check")
    assert told.code == 4
    assert "3 problems" in told.out
    assert "accounts.paper.cash: a float is not exact" in told.out
    assert "did you mean" in told.out
    body = call("config", "check", "--json").body()
    assert {each["where"].partition(":")[0] for each in body["problems"]} == {"flatbook.toml"}
    shown = call("config", "show")
    assert (shown.code, shown.out) == (4, "")
    assert "(and 2 more: flatbook config check lists them)" in shown.err


def test_effective_values_name_their_origin(home_of_its_own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("init")
    monkeypatch.setenv("FLATBOOK__RISK__OPEN_ORDERS_MAX", "7")
    values = {each["key"]: each for each in call("config", "show", "--effective", "--json").body()["values"]}
    assert (values["risk.open_orders_max"]["value"], values["risk.open_orders_max"]["origin"]) == (
        "7",
        "env FLATBOOK__RISK__OPEN_ORDERS_MAX",
    )
    assert values["journal.path"]["origin"].startswith("flatbook.toml:")
    assert values["pace.retry_s"]["origin"] == "default"
    assert "risk.open_orders_max = 7\n" in call("config", "show").out


def test_schema_is_json_and_describes_the_sections() -> None:
    schema = json.loads(call("config", "schema").out)
    assert "risk" in schema["$defs"]["Config"]["properties"]


def test_doctor_fails_where_something_is_missing(home_of_its_own: Path) -> None:
    told = call("doctor")
    assert told.code == 1
    assert f"[fail] home: {home_of_its_own} is not there" in told.out
    missing = home_of_its_own / "flatbook.toml"
    assert (
        f"[fail] config: {missing}: there is no such file: `flatbook init` writes one; --home names another desk\n"
        in told.out
    )
    call("init")
    body = call("doctor", "--json").body()
    assert (body["ok"], {each["check"] for each in body["findings"] if each["verdict"] == "fail"}) == (
        False,
        {"recordings"},
    )
    missing.write_text("[risk]\nnothing = 1\n")
    assert "is no key of this section: correct it, then ask `flatbook config check`\n" in call("doctor").out


def with_secrets(home: Path) -> None:
    call("init")
    with (home / "flatbook.toml").open("a") as stream:
        stream.write('broker = "file:keys/broker"\nother = "env:DESK_OTHER_KEY"\n')


def keep_secret(name: str, value: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "flatbook", "secrets", "set", name]
    return subprocess.run(words, input=value, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.real
def test_a_secret_is_read_from_standard_input_and_never_shown(home_of_its_own: Path) -> None:
    with_secrets(home_of_its_own)
    (home_of_its_own / "keys").mkdir(mode=0o700)
    assert call("secrets", "test").code == 1
    kept = keep_secret("broker", "canary-7f3c\n")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert (home_of_its_own / "keys" / "broker").read_text().strip() == "canary-7f3c"
    assert call("secrets", "test", "broker").code == 0
    told = [
        call(*words)
        for words in (
            ["secrets", "list"],
            ["secrets", "test"],
            ["config", "show", "--effective"],
            ["config", "check"],
            ["doctor"],
        )
    ]
    assert "broker" in told[0].out
    assert "canary" not in "".join((kept.stdout, kept.stderr, *(each.out + each.err for each in told)))


@pytest.mark.real
def test_a_secret_that_is_not_named_or_empty_is_refused(home_of_its_own: Path) -> None:
    with_secrets(home_of_its_own)
    unnamed = keep_secret("brokr", "x")
    assert (unnamed.returncode, unnamed.stdout) == (2, "")
    assert "no secret has this name; known: broker, other" in unnamed.stderr
    assert keep_secret("broker", "").returncode == 2
    assert call("secrets", "test", "nix").code == 2


def test_a_secret_is_never_an_argument() -> None:
    assert call("secrets", "set", "broker", "canary-7f3c").code == 2


def test_the_names_of_secrets_are_listed_with_their_places(home_of_its_own: Path) -> None:
    with_secrets(home_of_its_own)
    body = call("secrets", "list", "--json").body()
    assert [(each["name"], each["place"].partition(":")[0]) for each in body["secrets"]] == [
        ("broker", "file"),
        ("other", "env"),
    ]
