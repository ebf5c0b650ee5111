"""What the channels of alerts owe the rest of a configuration: secrets that exist, addresses that are safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flatbook.ops.alerts.quiet import zone_of
from flatbook.ops.config_alerts import AlertsSection, EmailChannel
from flatbook.ops.config_read import Key
from flatbook.ops.config_urls import ENCRYPTED, PLAIN, flaw_of_stated
from flatbook.ops.secrets import PREFIX

SECRET_FIELDS = ("url", "key", "token", "address", "password")
HTTP_SCHEMES = (ENCRYPTED[0], PLAIN[0])


def flaws_of_alerts(alerts: AlertsSection, secrets: Mapping[str, str]) -> Iterator[tuple[Key, str]]:
    """Yields what does not agree within the section: the key and what is wrong there."""
    if (flaw := _flaw_of_zone(alerts.zone)) is not None:
        yield ("alerts", "zone"), flaw
    for name, channel in alerts.channels.items():
        key = ("alerts", "channels", name)
        for field in SECRET_FIELDS:
            stated = getattr(channel, field, None)
            if stated is not None and stated.startswith(PREFIX) and stated.removeprefix(PREFIX) not in secrets:
                wanted = stated.removeprefix(PREFIX)
                yield (*key, field), f"there is no secret {wanted!r}: state its place under [secrets]"
        url = getattr(channel, "url", None)
        if url is not None and (flaw := flaw_of_stated(url, HTTP_SCHEMES)) is not None:
            yield (*key, "url"), flaw
        begin, _, end = (getattr(channel, "quiet", None) or "").partition("-")
        if begin and begin == end:
            yield (*key, "quiet"), "it would always be quiet: begin and end are the same"
        if isinstance(channel, EmailChannel):
            yield from _flaws_of_mail(key, channel)


def _flaw_of_zone(name: str) -> str | None:
    try:
        zone_of(name)
    except ValueError as error:
        return str(error)
    return None


def _flaws_of_mail(key: Key, channel: EmailChannel) -> Iterator[tuple[Key, str]]:
    if not channel.recipients:
        yield (*key, "recipients"), "nobody would get it: name at least one"
    if (channel.user is None) != (channel.password is None):
        yield (*key, "user"), "user and password belong together: state both or none"
