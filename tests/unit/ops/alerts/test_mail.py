"""E-mail against a server on this machine that speaks SMTP with TLS, and fails as servers do."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from flatbook.ops.alerts.delivery import Again, Outcome, Refused, Sent
from flatbook.ops.alerts.mail import MailChannel, MailServer, mail_of
from flatbook.ops.secret_value import Secret
from tests.unit.ops.alerts.scene import MESSAGE, SmtpServer, made_certificate, mail_server

BROKE = Again(why="no connection, no answer in time, or it broke")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate of the server"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_certificate(tmp_path_factory.mktemp("tls"))


def sent(
    certificate: Path, says: Mapping[str, str] | None = None, *, trusted: bool = True, password: str = "a password"
) -> tuple[Outcome, SmtpServer]:
    """Sends the message once to a server that says something else than usual to some verbs."""

    async def send() -> tuple[Outcome, SmtpServer]:
        async with mail_server(certificate, says or {}) as smtp:
            server = MailServer(
                host="127.0.0.1",
                port=smtp.port,
                starttls=True,
                user="desk",
                password=Secret(password),
                authorities=str(certificate) if trusted else None,
                timeout_s=1,
            )
            channel = MailChannel(server, "desk@example.org", ("one@example.org", "two@example.org"))
            return await channel.send(MESSAGE), smtp

    return asyncio.run(send())


def test_a_mail_goes_out_after_tls_and_login_to_all_recipients(certificate: Path) -> None:
    outcome, smtp = sent(certificate)
    assert outcome == Sent()
    verbs = ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
    assert smtp.verbs == verbs
    (mail,) = smtp.mails
    assert "Subject: CRITICAL books_diverged: paper:COIN [coin desk]" in mail
    assert "To: one@example.org, two@example.org" in mail
    assert "do: find the missing trade" in mail


def test_a_copy_of_a_mail_has_the_same_id() -> None:
    mail = mail_of(MESSAGE, "desk@example.org", ("one@example.org",))
    assert mail["Message-ID"] == "<abc@example.org>"
    assert mail["Date"] == "Tue, 02 Dec 2025 15:00:01 +0000"
    assert mail["Importance"] == "high"


def test_nothing_is_said_to_a_server_that_is_not_trusted(certificate: Path) -> None:
    outcome, smtp = sent(certificate, trusted=False)
    assert outcome == Again(why="the server's certificate is not trusted, or TLS broke")
    assert smtp.verbs == ["EHLO", "STARTTLS"]


def test_nothing_is_said_to_a_server_without_tls(certificate: Path) -> None:
    outcome, smtp = sent(certificate, {"ehlo": "250 here"})
    assert outcome == Again(why="the server offers no TLS or no login")
    assert "AUTH" not in smtp.verbs
    assert smtp.mails == []


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ({"auth": "535 wrong"}, Again(why="server 535")),
        ({"auth": "454 later"}, Again(why="server 454")),
        ({"mail": "451 later"}, Again(why="server 451")),
        ({"mail": "550 never"}, Refused(why="server 550")),
        ({"rcpt": "550 unknown"}, Refused(why="1 recipients are refused")),
        ({"data": "552 too large"}, Refused(why="server 552")),
        ({"data": ""}, BROKE),
        ({"after_data": "closed"}, BROKE),
    ],
)
def test_what_a_mail_server_answers_decides_whether_it_is_asked_again(
    certificate: Path, says: dict[str, str], outcome: Outcome
) -> None:
    assert sent(certificate, says)[0] == outcome


def test_a_password_that_no_mail_server_can_be_told_is_said_and_stops_nothing(certificate: Path) -> None:
    outcome, smtp = sent(certificate, password="Schlüssel")
    assert outcome == Again(why="the user, the password or an address is not ASCII")
    assert smtp.mails == []


def test_where_no_mail_server_listens_or_answers_it_is_tried_again() -> None:
    def to(port: int) -> Outcome:
        server = MailServer(host="127.0.0.1", port=port, starttls=True, user=None, password=None, timeout_s=0.2)
        return asyncio.run(MailChannel(server, "a@example.org", ("b@example.org",)).send(MESSAGE))

    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert to(silent.getsockname()[1]) == BROKE
    assert to(9) == BROKE
