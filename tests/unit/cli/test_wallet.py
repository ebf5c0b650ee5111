"""`flatbook wallet` without an engine: keys are made and taken in, and nothing of them is shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from flatbook.cli.faults import Exit
from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.ops.secret_value import Secret
from flatbook.services.keystore import key_from
from tests.unit.cli.scene import call
from tests.unit.services.test_live_wallets import KEY, SECRETS, WALLET, WALLETS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOT", SECRETS["HOT"])
    (tmp_path / "flatbook.toml").write_text(LIVE_EXAMPLE.replace("\n[secrets]\n", WALLETS))
    return tmp_path


def test_a_new_key_is_kept_encrypted_and_never_overwritten(home: Path) -> None:
    told = call("wallet", "new", "hot", "--home", str(home))
    assert told.code == Exit.OK
    path = home / "keys" / "hot.json"
    key = key_from(path, Secret(SECRETS["HOT"]))
    assert key.reveal() not in told.out + told.err + path.read_text()
    again = call("wallet", "new", "hot", "--home", str(home))
    assert again.code == Exit.REFUSED
    assert "never overwritten" in again.err


def test_a_key_from_standard_input_is_kept_and_not_repeated(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(KEY + "\n"))
    told = call("wallet", "import", "hot", "--home", str(home))
    assert told.code == Exit.OK
    assert f"hot is {WALLET}" in told.out
    assert KEY[2:] not in told.out + told.err


def test_what_is_no_key_or_no_wallet_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hello\n"))
    assert call("wallet", "import", "hot", "--home", str(home)).code == Exit.USAGE
    told = call("wallet", "new", "cold", "--home", str(home))
    assert told.code == Exit.USAGE
    assert "wallets: hot" in told.err


def test_a_deposit_needs_a_running_engine(home: Path) -> None:
    words = ("wallet", "deposit", "vault", "USDC", "5", "--reason", "r", "--home", str(home))
    assert call(*words).code == Exit.NOT_RUNNING
