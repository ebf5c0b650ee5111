"""Alerts by e-mail: SMTP with TLS, over the standard library in a thread of its own.

smtplib blocks. It runs in the process that watches, never in the engine's, and every wait of it has a bound.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from flatbook.ops.alerts.book import Kind
from flatbook.ops.alerts.delivery import Again, Outcome, Refused, Sent
from flatbook.ops.alerts.message import Message
from flatbook.ops.secret_value import Secret
from flatbook.values.instants import NS_PER_S

TIMEOUT_S = 10
PERMANENT = 500
CREDENTIALS = (530, 534, 535, 538)


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server that takes mail, over TLS from the start or, with `starttls`, from before the login on."""

    host: str
    port: int
    starttls: bool
    user: str | None
    password: Secret | None
    authorities: str | None = None
    timeout_s: float = TIMEOUT_S


class MailChannel:
    """Sends each message as an e-mail to all recipients. A copy has the same Message-ID."""

    def __init__(self, server: MailServer, sender: str, recipients: tuple[str, ...]) -> None:
        self._server, self._sender, self._recipients = server, sender, recipients

    async def send(self, message: Message) -> Outcome:
        """Sends one message."""
        mail = mail_of(message, self._sender, self._recipients)
        return await asyncio.to_thread(_deliver, self._server, mail)


def mail_of(message: Message, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """Returns the e-mail of a message."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(recipients), message.head
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2] or 'flatbook'}>"
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at // NS_PER_S, tz=UTC))
    mail["Auto-Submitted"] = "auto-generated"
    if message.kind is Kind.RAISED and message.severity.value == "critical":
        mail["Importance"] = "high"
    mail.set_content(message.text)
    return mail


def _deliver(server: MailServer, mail: EmailMessage) -> Outcome:
    try:
        with _connected(server) as smtp:
            if server.user is not None and server.password is not None:
                smtp.login(server.user, server.password.reveal())
            refused = smtp.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return _of_code(min(codes, default=0), "recipients")
    except smtplib.SMTPResponseException as error:
        return _of_code(error.smtp_code, "server")
    except smtplib.SMTPNotSupportedError:
        return Again(why="the server offers no TLS or no login")
    except UnicodeError:
        return Again(why="the user, the password or an address is not ASCII")
    except ssl.SSLError:
        return Again(why="the server's certificate is not trusted, or TLS broke")
    except (smtplib.SMTPException, OSError):
        return Again(why="no connection, no answer in time, or it broke")
    return Refused(why=f"{len(refused)} recipients are refused") if refused else Sent()


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=server.authorities)
    if not server.starttls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        smtp.starttls(context=context)
    except (smtplib.SMTPException, OSError):
        smtp.close()
        raise
    return smtp


def _of_code(code: int, who: str) -> Outcome:
    why = f"{who} {code}"
    return Refused(why=why) if code >= PERMANENT and code not in CREDENTIALS else Again(why=why)
