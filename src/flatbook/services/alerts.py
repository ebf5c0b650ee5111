"""Alerts of a desk: its channels made from the configuration, and the process that watches beside the engine."""

from __future__ import annotations

import asyncio
import fcntl
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flatbook.engine.ports import Clock, JournalUnavailable
from flatbook.journal.sqlite_reader import SqliteReader, open_reader
from flatbook.ops import config_alerts as sections
from flatbook.ops.alerts.channels import (
    DISCORD_CHARS_MAX,
    SLACK_CHARS_MAX,
    Channel,
    ChatWebhookChannel,
    LogChannel,
    TelegramChannel,
    WebhookChannel,
)
from flatbook.ops.alerts.delivery import Outcome, file_beside
from flatbook.ops.alerts.mail import MailChannel, MailServer
from flatbook.ops.alerts.message import sample
from flatbook.ops.alerts.quiet import Quiet, quiet_of
from flatbook.ops.alerts.rules import Terms, Threshold
from flatbook.ops.alerts.watcher import Desk, Outlet, Watcher
from flatbook.ops.config import Loaded, places_of
from flatbook.ops.config_rules import source_of
from flatbook.ops.config_shape import ClockKind, Config
from flatbook.ops.control_client import is_listening
from flatbook.ops.home import SNAPSHOT_FOLDER, SOCKET_FILE
from flatbook.ops.secret_value import Places, Secret
from flatbook.ops.secrets import PREFIX, resolve
from flatbook.ops.telemetry import Log
from flatbook.values.ids import OwnerId, Underlying
from flatbook.values.instants import later

LOCK_SUFFIX = ".lock"
LOOK_S = 1
BESIDE = "--beside"


class AlreadyWatched(Exception):
    """Another process tells the alerts of this desk already."""


def terms_of(config: Config) -> Terms:
    """Returns the bounds of the rules. Recorded time says nothing of how old a checkpoint is."""
    stated = config.alerts
    on_tape = config.clock.kind is ClockKind.TAPE
    return Terms(
        nets={
            (OwnerId(owner), Underlying(underlying)): Threshold(shares=hedge.threshold_shares, usd=hedge.threshold_usd)
            for owner, hedges in config.hedges.items()
            for underlying, hedge in hedges.items()
        },
        chains=() if on_tape else tuple(source_of(name) for name in config.chains),
        unknown_s=stated.unknown_s,
        unhedged_s=stated.unhedged_s,
        checkpoint_s=stated.checkpoint_s,
        gone_s=stated.gone_s,
        silent_s=stated.silent_s,
        renew_critical_s=stated.renew_critical_s,
        renew_warning_s=stated.renew_warning_s,
        recover_s=stated.recover_s,
    )


def channel_of(section: sections.ChannelSection, places: Places, home: Path, log: Log) -> Channel:
    """Returns a channel.

    Errors: SecretRefused when one of its secrets cannot be had.
    """
    if isinstance(section, sections.LogChannel):
        return LogChannel(log)
    if isinstance(section, sections.WebhookChannel):
        return WebhookChannel(_address(places, section.url), _secret(places, section.key))
    if isinstance(section, sections.TelegramChannel):
        return TelegramChannel(section.url, resolve(places, section.token), section.chat)
    if isinstance(section, sections.DiscordChannel):
        return ChatWebhookChannel(resolve(places, section.address), "content", DISCORD_CHARS_MAX)
    if isinstance(section, sections.SlackChannel):
        return ChatWebhookChannel(resolve(places, section.address), "text", SLACK_CHARS_MAX)
    server = MailServer(
        host=section.host,
        port=section.port,
        starttls=section.security is sections.MailSecurity.STARTTLS,
        user=section.user,
        password=_secret(places, section.password),
        authorities=None if section.authorities is None else str(home / Path(section.authorities).expanduser()),
    )
    return MailChannel(server, section.sender, section.recipients)


def _address(places: Places, stated: str) -> Secret:
    return resolve(places, stated) if stated.startswith(PREFIX) else Secret(stated)


def _secret(places: Places, stated: str | None) -> Secret | None:
    return None if stated is None else resolve(places, stated)


def outlets_of(loaded: Loaded, log: Log) -> dict[str, Outlet]:
    """Returns the channels of a desk by name.

    Errors: SecretRefused.
    """
    places, alerts = places_of(loaded), loaded.config.alerts
    return {
        name: Outlet(
            channel=channel_of(section, places, loaded.home, log),
            severity=section.severity,
            quiet=_quiet(section, alerts.zone),
        )
        for name, section in alerts.channels.items()
    }


def _quiet(section: sections.ChannelSection, zone: str) -> Quiet | None:
    """Returns when a channel tells only what is critical; the log takes all at any hour."""
    stated = None if isinstance(section, sections.LogChannel) else section.quiet
    return None if stated is None else quiet_of(stated, zone)


def watched_desk(loaded: Loaded, log: Log) -> Desk:
    """Returns the desk as it is watched.

    Errors: SecretRefused.
    """
    socket = loaded.home / SOCKET_FILE
    return Desk(
        name=loaded.config.alerts.desk,
        terms=terms_of(loaded.config),
        outlets=outlets_of(loaded, log),
        file=file_beside(loaded.journal),
        answers=lambda: is_listening(socket),
    )


async def watch(loaded: Loaded, log: Log, clock: Clock, *, beside: bool) -> None:
    """Tells the alerts of a desk until it is cancelled; `beside` an engine until standard input ends with it.

    Errors: AlreadyWatched, SecretRefused, JournalBroken, JournalUnavailable.
    """
    over = asyncio.Event()
    ending = asyncio.create_task(_end_of_input(over)) if beside else None
    try:
        desk = watched_desk(loaded, log)
        with _only_watcher(desk.file), closing(await _reader(loaded.journal, clock, over)) as reader:
            await Watcher(desk, reader, loaded.home / SNAPSHOT_FOLDER, clock).run(over)
    finally:
        if ending is not None:
            ending.cancel()


async def _end_of_input(over: asyncio.Event) -> None:
    """Waits for the end of standard input, which comes when whoever started this process ends, however it ends."""
    stream = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), sys.stdin)
    while await stream.read(1):
        continue
    over.set()


async def _reader(path: Path, clock: Clock, over: asyncio.Event) -> SqliteReader:
    """Opens a journal, once there is one.

    Errors: JournalBroken; JournalUnavailable when there is none at the end.
    """
    while True:
        try:
            return open_reader(path)
        except JournalUnavailable:
            if over.is_set():
                raise
        await clock.sleep_until(later(clock.now(), seconds=LOOK_S))


@contextmanager
def _only_watcher(file: Path) -> Iterator[None]:
    """Keeps a desk from being told of twice.

    Errors: AlreadyWatched.
    """
    with file.with_name(file.name + LOCK_SUFFIX).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyWatched("the alerts of this desk are told by another process already") from None
        yield


async def try_channels(loaded: Loaded, log: Log, clock: Clock) -> dict[str, Outcome]:
    """Sends a test message through each channel, and returns what came of each.

    Errors: SecretRefused.
    """
    desk = loaded.config.alerts.desk
    outlets = outlets_of(loaded, log)
    return {name: await outlet.channel.send(sample(desk, clock.now(), name)) for name, outlet in outlets.items()}


def watch_command(home: Path, config: Path) -> tuple[str, ...]:
    """Returns how the process that watches a desk is started."""
    return (
        *(sys.executable, "-m", "flatbook", "alerts", "watch", BESIDE),
        *("--home", str(home), "--config", str(config)),
    )
