from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.ops.alerts.channels import ChatWebhookChannel, LogChannel, TelegramChannel, WebhookChannel
from flatbook.ops.alerts.mail import MailChannel
from flatbook.ops.alerts.rules import Threshold
from flatbook.ops.config import Loaded, load_text
from flatbook.ops.config_example import EXAMPLE
from flatbook.ops.secret_value import SecretRefused
from flatbook.ops.telemetry import Log, open_log
from flatbook.services.alerts import outlets_of, terms_of, watch_command
from flatbook.values.ids import OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant

ALERTS = """word = "file:word"

[alerts.channels.log]
kind = "log"

[alerts.channels.hook]
kind = "webhook"
url = "https://example.org/hook"
key = "secret:word"
severity = "critical"

[alerts.channels.phone]
kind = "telegram"
token = "secret:word"
chat = "1"

[alerts.channels.chat]
kind = "slack"
address = "secret:word"

[alerts.channels.talk]
kind = "discord"
address = "secret:word"

[alerts.channels.mail]
kind = "email"
host = "mail.example.org"
sender = "desk@example.org"
recipients = ["one@example.org"]
"""


def loaded(home: Path, more: str = ALERTS, changes: Mapping[str, str] = {}) -> Loaded:
    text = EXAMPLE
    for old, new in changes.items():
        text = text.replace(old, new)
    return load_text(text + more, home)


def quiet() -> Log:
    return open_log(io.StringIO(), now=lambda: Instant(0))


def test_each_kind_of_channel_is_made_with_its_secret(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("a word")
    (tmp_path / "word").chmod(0o600)
    outlets = outlets_of(loaded(tmp_path), quiet())
    assert {name: type(outlet.channel) for name, outlet in outlets.items()} == {
        "log": LogChannel,
        "hook": WebhookChannel,
        "phone": TelegramChannel,
        "chat": ChatWebhookChannel,
        "talk": ChatWebhookChannel,
        "mail": MailChannel,
    }
    assert {name: outlet.severity.value for name, outlet in outlets.items() if name in ("log", "hook", "mail")} == {
        "log": "info",
        "hook": "critical",
        "mail": "warning",
    }


def test_a_secret_that_cannot_be_had_is_refused_before_anything_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecretRefused):
        outlets_of(loaded(tmp_path), quiet())


def test_the_bounds_are_those_of_the_hedges_and_chains_that_are_configured(tmp_path: Path) -> None:
    terms = terms_of(loaded(tmp_path, "").config)
    ((key, threshold),) = terms.nets.items()
    assert key == (OwnerId("desk"), Underlying("COIN"))
    assert isinstance(threshold, Threshold)
    assert threshold.shares == Decimal(1)
    assert terms.chains == (SourceId("raindex:base"),)


def test_on_a_tape_no_checkpoint_is_old(tmp_path: Path) -> None:
    tape = '\n[clock]\nkind = "tape"\nstart = 2025-12-01T00:00:00Z\nend = 2025-12-02T00:00:00Z\n'
    assert terms_of(load_text(EXAMPLE + tape, tmp_path).config).chains == ()


def test_the_process_that_tells_is_this_program_for_this_desk(tmp_path: Path) -> None:
    command = watch_command(tmp_path, tmp_path / "flatbook.toml")
    assert command[1:6] == ("-m", "flatbook", "alerts", "watch", "--beside")
    assert command[6:] == ("--home", str(tmp_path), "--config", str(tmp_path / "flatbook.toml"))
