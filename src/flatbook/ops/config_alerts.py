"""The section of the configuration about alerts: bounds of the rules, and the channels that carry them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from flatbook.events.control import Severity
from flatbook.ops.alerts.quiet import HOURS_TEXT
from flatbook.ops.config_fields import said, seconds, text, whole
from flatbook.ops.config_section import SECRET_REFERENCE, Name, Section

CHECKPOINT_S_LEAST = 660  # cursors alone are committed every ten minutes
HOUR_S = 3_600
HALF_A_DAY_S = 43_200
DAY_S = 86_400
TELEGRAM = "https://api.telegram.org"
MAIL_PORT = 587
LEAST_SAID = "The least urgent alert that it carries."
QUIET_SAID = "Hours in which it tells only what is critical, such as 22:00-07:00; all else waits. Left out: none."
MAIL_ADDRESS = r"[^@\s<>,]{1,64}@[^@\s<>,]{1,255}"

MailAddress = Annotated[str, text("An address.", MAIL_ADDRESS)]


class MailSecurity(Enum):
    """When a connection to a mail server turns to TLS."""

    STARTTLS = "starttls"
    TLS = "tls"


class LogChannel(Section, frozen=True, kw_only=True, tag_field="kind", tag="log"):
    """Alerts go into the log of the process that watches: name, subject and severity."""

    severity: Annotated[Severity, said(LEAST_SAID)] = Severity.INFO


class WebhookChannel(Section, frozen=True, kw_only=True, tag_field="kind", tag="webhook"):
    """Alerts are posted as JSON to an address, signed with HMAC-SHA256 in the header X-Flatbook-Signature."""

    url: Annotated[str, text('Where to post: https, or http on this machine; or "secret:" and its name.')]
    key: Annotated[
        str | None, text('What signs: "secret:" and its name; left out: nothing is signed.', SECRET_REFERENCE)
    ] = None
    severity: Annotated[Severity, said(LEAST_SAID)] = Severity.WARNING
    quiet: Annotated[str | None, text(QUIET_SAID, HOURS_TEXT)] = None


class TelegramChannel(Section, frozen=True, kw_only=True, tag_field="kind", tag="telegram"):
    """Alerts are messages of a Telegram bot."""

    token: Annotated[str, text('The token of the bot: "secret:" and its name.', SECRET_REFERENCE)]
    chat: Annotated[str, text("The id or @name of the chat.", r"-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64}")]
    url: Annotated[str, text("The server of the bot API.")] = TELEGRAM
    severity: Annotated[Severity, said(LEAST_SAID)] = Severity.WARNING
    quiet: Annotated[str | None, text(QUIET_SAID, HOURS_TEXT)] = None


class DiscordChannel(Section, frozen=True, kw_only=True, tag_field="kind", tag="discord"):
    """Alerts are posted to an incoming webhook of Discord."""

    address: Annotated[str, text('The address of the webhook: "secret:" and its name.', SECRET_REFERENCE)]
    severity: Annotated[Severity, said(LEAST_SAID)] = Severity.WARNING
    quiet: Annotated[str | None, text(QUIET_SAID, HOURS_TEXT)] = None


class SlackChannel(Section, frozen=True, kw_only=True, tag_field="kind", tag="slack"):
    """Alerts are posted to an incoming webhook of Slack."""

    address: Annotated[str, text('The address of the webhook: "secret:" and its name.', SECRET_REFERENCE)]
    severity: Annotated[Severity, said(LEAST_SAID)] = Severity.WARNING
    quiet: Annotated[str | None, text(QUIET_SAID, HOURS_TEXT)] = None


class EmailChannel(Section, frozen=True, kw_only=True, tag_field="kind", tag="email"):
    """Alerts are e-mails, handed to a server over TLS."""

    host: Annotated[str, text("The server.", r"[A-Za-z0-9.:-]{1,255}")]
    sender: Annotated[str, text("From whom.", MAIL_ADDRESS)]
    recipients: Annotated[tuple[MailAddress, ...], said("To whom.")]
    port: Annotated[int, whole("Its port.", unit="(TCP)", least=1, most=65_535)] = MAIL_PORT
    security: Annotated[MailSecurity, said("TLS before the login, or from the start.")] = MailSecurity.STARTTLS
    user: Annotated[str | None, text("Who logs in; left out: nobody does.")] = None
    password: Annotated[str | None, text('The password: "secret:" and its name.', SECRET_REFERENCE)] = None
    authorities: Annotated[str | None, text("A file of the authorities to trust instead of the system's.")] = None
    severity: Annotated[Severity, said(LEAST_SAID)] = Severity.WARNING
    quiet: Annotated[str | None, text(QUIET_SAID, HOURS_TEXT)] = None


ChannelSection = LogChannel | WebhookChannel | TelegramChannel | DiscordChannel | SlackChannel | EmailChannel


class AlertsSection(Section, frozen=True, kw_only=True):
    """What is told to people, when, and how. Without a channel nobody is told; `flatbook status` still shows it."""

    desk: Annotated[str, text("How messages name this desk.", r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")] = "flatbook"
    unknown_s: Annotated[int, seconds("So long may the fate of an order be unknown.", least=0, most=DAY_S)] = 60
    unhedged_s: Annotated[int, seconds("So long may a net be above its threshold.", least=0, most=DAY_S)] = 300
    checkpoint_s: Annotated[
        int, seconds("So long may nothing be read of a chain.", least=CHECKPOINT_S_LEAST, most=DAY_S)
    ] = 900
    gone_s: Annotated[int, seconds("So long may an engine that did not stop not answer.", least=0, most=HOUR_S)] = 30
    silent_s: Annotated[int, seconds("So long may a channel deliver nothing.", least=0, most=DAY_S)] = 60
    renew_critical_s: Annotated[
        int, seconds("A critical alert that stands is told again.", least=60, most=7 * DAY_S)
    ] = HOUR_S
    renew_warning_s: Annotated[int, seconds("Any other alert that stands is told again.", least=60, most=7 * DAY_S)] = (
        HALF_A_DAY_S
    )
    recover_s: Annotated[
        int, seconds("Its cause must be gone so long before the end is told.", least=0, most=HOUR_S)
    ] = 60
    zone: Annotated[str, text("Where quiet hours are, such as Europe/Zurich.")] = "UTC"
    channels: Annotated[dict[Name, ChannelSection], said("The channels, by name.")] = {}
