"""Accounts and channels as they are configured, and where the keys of each are kept; no key is ever read here."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from flatbook.ops.config import Loaded, places_of
from flatbook.ops.config_accounts import is_real_money
from flatbook.ops.config_section import Section
from flatbook.ops.secrets import PREFIX, list_secrets


class KeyBody(msgspec.Struct, frozen=True, kw_only=True):
    """A key of an account or a channel: what it is for, its name under [secrets], and where it is kept."""

    field: str
    name: str
    place: str


class AccountKeysBody(msgspec.Struct, frozen=True, kw_only=True):
    """One account of the configuration. `environment` is None where its orders never leave this machine."""

    account: str
    kind: str
    environment: str | None
    real_money: bool
    keys: list[KeyBody]


class AccountKeysAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of the configuration, and what asks each of them what its keys may do."""

    accounts: list[AccountKeysBody]
    check: str = "flatbook doctor"


class ChannelBody(msgspec.Struct, frozen=True, kw_only=True):
    """One channel of alerts: the least urgent alert that it carries, when it tells only critical ones, and its keys."""

    channel: str
    kind: str
    severity: str
    quiet: str | None
    keys: list[KeyBody]


class ChannelsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The channels that carry alerts, and after how many seconds each kind of trouble is told.

    Units: seconds, by the names under [alerts] in the configuration; quiet hours are those of `zone`.
    """

    desk: str
    zone: str
    channels: list[ChannelBody]
    bounds_s: dict[str, int]
    test: str = "flatbook alerts test"


def accounts_answer(loaded: Loaded) -> AccountKeysAnswer:
    """Returns the accounts of a configuration, with where their keys are kept."""
    places = _places(loaded)
    return AccountKeysAnswer(
        accounts=[
            AccountKeysBody(
                account=name,
                kind=str(section.__struct_config__.tag),
                environment=_text(section, "environment"),
                real_money=is_real_money(section),
                keys=list(_keys(section, places)),
            )
            for name, section in sorted(loaded.config.accounts.items())
        ]
    )


def channels_answer(loaded: Loaded) -> ChannelsAnswer:
    """Returns the channels of a configuration, with where their keys are kept."""
    places, alerts = _places(loaded), loaded.config.alerts
    return ChannelsAnswer(
        desk=alerts.desk,
        zone=alerts.zone,
        channels=[
            ChannelBody(
                channel=name,
                kind=str(section.__struct_config__.tag),
                severity=section.severity.value,
                quiet=getattr(section, "quiet", None),
                keys=list(_keys(section, places)),
            )
            for name, section in sorted(alerts.channels.items())
        ],
        bounds_s={name: getattr(alerts, name) for name in alerts.__struct_fields__ if name.endswith("_s")},
    )


def _places(loaded: Loaded) -> dict[str, str]:
    return {each.name: each.place for each in list_secrets(places_of(loaded))}


def _keys(section: Section, places: dict[str, str]) -> Iterator[KeyBody]:
    for field in section.__struct_fields__:
        stated = getattr(section, field)
        if isinstance(stated, str) and stated.startswith(PREFIX):
            name = stated.removeprefix(PREFIX)
            yield KeyBody(field=field, name=name, place=places.get(name, ""))


def _text(section: Section, field: str) -> str | None:
    found = getattr(section, field, None)
    return None if found is None else str(found.value)
