from __future__ import annotations

from flatbook.ops.config_alerts import DiscordChannel, EmailChannel, TelegramChannel, WebhookChannel
from flatbook.ops.config_example import EXAMPLE
from tests.unit.ops.scene import loaded, problem, problems

SECRETS = 'bot = "env:BOT"\nword = "env:WORD"\n'
CHANNELS = """
[alerts]
desk = "coin desk"
unknown_s = 30

[alerts.channels.hook]
kind = "webhook"
url = "https://example.org/hook"
key = "secret:word"
severity = "critical"

[alerts.channels.phone]
kind = "telegram"
token = "secret:bot"
chat = "-100123"

[alerts.channels.chat]
kind = "discord"
address = "secret:word"

[alerts.channels.mail]
kind = "email"
host = "mail.example.org"
sender = "desk@example.org"
recipients = ["one@example.org", "two@example.org"]
user = "desk"
password = "secret:word"
"""
TEXT = EXAMPLE + SECRETS + CHANNELS


KEY_IN_ADDRESS = (
    'channels.hook.url: an address with a password or a key is a secret: write "secret:NAME", with its place '
    "under [secrets]"
)


def wrong(old: str, new: str) -> list[str]:
    """Returns what is wrong with the channels, changed."""
    assert TEXT.count(old) == 1, old
    return [line.partition("alerts.")[2] for line in problems(TEXT.replace(old, new))]


def test_quiet_hours_have_their_form_their_length_and_a_zone_that_there_is() -> None:
    quiet = 'chat = "-100123"\nquiet = "22:00-07:00"\n'
    alerts = loaded(
        ("[secrets]\n", "[secrets]\n" + SECRETS + CHANNELS.replace('chat = "-100123"\n', quiet))
    ).config.alerts
    phone = alerts.channels["phone"]
    assert isinstance(phone, TelegramChannel)
    assert (phone.quiet, alerts.zone) == ("22:00-07:00", "UTC")
    at_all_hours = quiet.replace("07:00", "22:00")
    assert wrong('chat = "-100123"\n', at_all_hours) == [
        "channels.phone.quiet: it would always be quiet: begin and end are the same"
    ]
    (form,) = wrong('chat = "-100123"\n', quiet.replace("22:00", "24:00"))
    assert form.startswith("channels.phone.quiet: '24:00-07:00' does not have the form ")
    assert wrong("unknown_s = 30\n", 'zone = "Mars/Olympus"\n') == [
        "zone: this machine knows no time zone 'Mars/Olympus': write one such as Europe/Zurich, or UTC"
    ]


def test_channels_of_every_kind_are_read() -> None:
    alerts = loaded(("[secrets]\n", "[secrets]\n" + SECRETS + CHANNELS)).config.alerts
    assert (alerts.desk, alerts.unknown_s, alerts.unhedged_s) == ("coin desk", 30, 300)
    hook, phone, chat, mail = alerts.channels.values()
    assert isinstance(hook, WebhookChannel)
    assert isinstance(phone, TelegramChannel)
    assert isinstance(chat, DiscordChannel)
    assert isinstance(mail, EmailChannel)
    assert (phone.url, mail.port, mail.security.value) == ("https://api.telegram.org", 587, "starttls")


def test_who_is_told_changes_no_digest() -> None:
    assert loaded(("[secrets]\n", "[secrets]\n" + SECRETS + CHANNELS)).digest == loaded().digest


def test_a_secret_that_is_not_there_is_said_with_its_channel() -> None:
    assert wrong('token = "secret:bot"', 'token = "secret:robot"') == [
        "channels.phone.token: there is no secret 'robot': state its place under [secrets]"
    ]


def test_a_secret_is_named_and_never_written() -> None:
    (told,) = wrong('token = "secret:bot"', 'token = "123:abc"')
    assert told.startswith('channels.phone.token: is no name of a secret: write "secret:NAME"')
    assert "123:abc" not in told


def test_an_address_is_encrypted_or_here_and_holds_nothing_secret() -> None:
    where = "https://example.org/hook"
    assert wrong(where, "http://example.org/hook") == [
        "channels.hook.url: is not encrypted: http:// goes to this machine only, write https://"
    ]
    assert wrong(where, "https://example.org/hook?token=1") == [KEY_IN_ADDRESS]
    assert wrong(where, "secret:nothing") == [
        "channels.hook.url: there is no secret 'nothing': state its place under [secrets]"
    ]


def test_mail_needs_somebody_to_get_it_and_a_login_its_password() -> None:
    assert wrong('["one@example.org", "two@example.org"]', "[]") == [
        "channels.mail.recipients: nobody would get it: name at least one"
    ]
    assert wrong('user = "desk"\n', "") == ["channels.mail.user: user and password belong together: state both or none"]
    (told,) = wrong('"two@example.org"', '"two, three"')
    assert told.startswith("channels.mail.recipients:")


def test_a_checkpoint_may_not_be_younger_than_cursors_are_written() -> None:
    assert "660 to 86400 seconds" in problem(("[secrets]\n", "[alerts]\ncheckpoint_s = 600\n\n[secrets]\n"))
