"""Starting an engine: what is real money needs consent to its accounts and its configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.scene import call

UNREADABLE = ('"keyring:flatbook/', '"file:missing/')


@pytest.fixture
def live_home(home_of_its_own: Path) -> Path:
    """A live desk whose secrets are not there, so that a start that is consented to ends at them."""
    assert call("init", "--live", "--jurisdiction", "us").code == 0
    path = home_of_its_own / "flatbook.toml"
    path.write_text(path.read_text().replace(*UNREADABLE))
    return path


def consent() -> str:
    text = call("config", "check", "--json").body()["consent"]
    assert isinstance(text, str)
    return text


def test_the_consent_that_check_shows_names_the_account_and_starts_the_desk(live_home: Path) -> None:
    assert live_home.exists()
    assert consent().startswith("alpaca@")
    assert f"flatbook run --live --consent {consent()}" in call("config", "check").out
    told = call("run", "--live", "--consent", consent())
    assert "missing/alpaca_key" in told.err


def test_a_live_desk_does_not_start_without_live(live_home: Path) -> None:
    assert live_home.exists()
    told = call("run")
    assert (told.code, told.out) == (6, "")
    assert "the mode of this desk is live; add --live if it shall trade real money" in told.err


def test_without_a_terminal_nobody_can_be_asked(live_home: Path) -> None:
    assert live_home.exists()
    told = call("run", "--live")
    assert told.code == 2
    assert f"nobody can be asked; in a script: --consent {consent()}" in told.err


def test_a_consent_is_to_one_configuration(live_home: Path) -> None:
    given = consent()
    text = live_home.read_text()
    live_home.write_text(text.replace('order_notional_usd_max = "50000"', 'order_notional_usd_max = "60000"'))
    told = call("run", "--live", "--consent", given)
    assert told.code == 6
    assert "is not that to alpaca with this configuration" in told.err


def test_where_secrets_are_and_what_is_logged_do_not_change_a_consent(live_home: Path) -> None:
    given = consent()
    live_home.write_text(live_home.read_text().replace("missing/", "elsewhere/") + '\n[log]\nlevel = "debug"\n')
    assert consent() == given


@pytest.mark.usefixtures("home_of_its_own")
def test_a_paper_desk_takes_no_consent() -> None:
    assert call("init").code == 0
    told = call("run", "--live")
    assert told.code == 2
    assert "the mode of this desk is paper" in told.err
    assert call("config", "check", "--json").body()["consent"] is None


@pytest.mark.usefixtures("home_of_its_own")
def test_a_desk_whose_recordings_are_not_there_does_not_start() -> None:
    assert call("init").code == 0
    told = call("run")
    assert (told.code, told.out) == (4, "")
    assert told.err.count("\n") == 1
    assert told.err.startswith("flatbook: recordings: ")
    assert "flatbook.toml:" in told.err
    assert told.err.endswith("; put the file there, or name another one\n")


def test_a_live_desk_runs_on_no_recordings(home_of_its_own: Path) -> None:
    told = call("init", "--live", "--recordings")
    assert (told.code, (home_of_its_own / "flatbook.toml").exists()) == (2, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--live",), "a live desk says by which rules it trades"),
        (("--live", "--jurisdiction", "mars"), "there is no profile 'mars'"),
        (("--jurisdiction", "us"), "only a live desk needs it"),
    ],
)
def test_a_live_desk_is_written_only_for_rules_that_somebody_chose(
    home_of_its_own: Path, words: tuple[str, ...], said: str
) -> None:
    told = call("init", *words)
    assert told.code == 2
    assert said in told.err
    assert not (home_of_its_own / "flatbook.toml").exists()
