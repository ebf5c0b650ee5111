"""A desk with alerts, halts and nets, the bounds it is watched by, and servers that play what a channel talks to."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from aiohttp import web
from msgspec.structs import replace

from flatbook.events import control
from flatbook.events.control import AlertName, HaltCause, HaltScope, HoldReason, Severity
from flatbook.events.event import Event
from flatbook.ops.alerts.book import Kind
from flatbook.ops.alerts.message import Message
from flatbook.ops.alerts.rules import Terms, Threshold
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.values.ids import Epoch, HaltId, OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import Quantity

T0 = instant_of_text("2025-12-02T15:00:00Z")
OWNER, COIN, CHAIN = OwnerId("desk"), Underlying("COIN"), SourceId("raindex:base")

TERMS = Terms(
    nets={(OWNER, COIN): Threshold(shares=Decimal(1))},
    chains=(CHAIN,),
    unknown_s=60,
    unhedged_s=300,
    checkpoint_s=900,
    gone_s=30,
    silent_s=60,
    renew_critical_s=3600,
    renew_warning_s=43_200,
    recover_s=60,
)


def at(seconds: int) -> Instant:
    """Returns an instant so many seconds into the scene."""
    return later(T0, seconds=seconds)


def folded(*events: Event) -> State:
    """Returns the state that events lead to, after an engine started."""
    state = State()
    for event in (STARTED, *events):
        apply(state, event)
    return state


STARTED = control.EngineStarted(epoch=Epoch(7), mode=control.Mode.PAPER, version="1", config_digest="d", started_at=T0)
STOPPED = control.EngineStopped(reason="signal", stopped_at=at(5))


def raised(
    name: AlertName, subject: str, seconds: int = 0, severity: Severity = Severity.WARNING, detail: str = "what it is"
) -> control.AlertRaised:
    """Returns an alert of the engine."""
    return control.AlertRaised(
        name=name, severity=severity, subject=subject, detail=detail, because=None, raised_at=at(seconds)
    )


def cleared(name: AlertName, subject: str, seconds: int = 0) -> control.AlertCleared:
    """Returns the end of an alert of the engine."""
    return control.AlertCleared(name=name, subject=subject, cleared_at=at(seconds))


def halted(cause: HaltCause = HaltCause.DIVERGED, seconds: int = 0) -> control.TradingHalted:
    """Returns a halt of an instrument."""
    return control.TradingHalted(
        halt_id=HaltId("halt-one"),
        scope=HaltScope.INSTRUMENT,
        target="COIN/USD@paper",
        cause=cause,
        reason="the books differ",
        halted_at=at(seconds),
    )


def held(reason: HoldReason) -> control.HedgeHeld:
    """Returns the note of a hedge that waits."""
    return control.HedgeHeld(owner=OWNER, underlying=COIN, reason=reason, net=Quantity(Decimal(3)), decided_at=T0)


def with_net(state: State, shares: str) -> State:
    """Returns a state whose net is so many shares."""
    state.positions.kept_net(OWNER, COIN).known = Quantity(Decimal(shares))
    return state


MESSAGE = Message(
    id="abc",
    kind=Kind.RAISED,
    name="books_diverged",
    severity=Severity.CRITICAL,
    desk="coin desk",
    subject="paper:COIN",
    detail="ours 3, theirs 2",
    do="find the missing trade",
    runbook="docs/runbook.md#books_diverged",
    since=T0,
    at=at(1),
)


def message(number: int, severity: Severity = Severity.CRITICAL, seconds: int = 0) -> Message:
    """Returns one of many messages."""
    return replace(MESSAGE, id=f"m{number}", severity=severity, at=at(seconds))


class Answer(NamedTuple):
    """What a server says to one request; None of a status: it says nothing and closes.

    `then` is a second piece of the body, which comes once the first one has been sent.
    """

    status: int | None
    body: bytes = b"{}"
    headers: Mapping[str, str] = MappingProxyType({})
    then: bytes = b""


class Taken(NamedTuple):
    """A request as a server took it."""

    path: str
    headers: dict[str, str]
    body: bytes


class HttpServer:
    """Plays a server: one answer after the other, the last one for ever."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.taken: list[Taken] = []
        self.url = ""
        self.silent = asyncio.Event()

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Takes a request."""
        self.taken.append(Taken(request.path, dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.status is None:
            await self.silent.wait()
            return web.Response()
        if answer.status == 0:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if not answer.then:
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        pieces = web.StreamResponse(status=answer.status, headers=answer.headers)
        await pieces.prepare(request)
        for piece in (answer.body, answer.then):
            await asyncio.sleep(0.02)
            await pieces.write(piece)
        return pieces


@asynccontextmanager
async def served(*answers: Answer) -> AsyncIterator[HttpServer]:
    """Serves answers on this machine."""
    server = HttpServer(answers)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.silent.set()
        await runner.cleanup()


class SmtpServer:
    """Plays a mail server that wants TLS and a login. `says` replaces what it answers to a verb, once each."""

    def __init__(self, context: ssl.SSLContext, says: Mapping[str, str]) -> None:
        self.context = context
        self.says = {verb.upper(): answer for verb, answer in says.items()}
        self.mails: list[str] = []
        self.verbs: list[str] = []
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        writer.write(b"220 here\r\n")
        try:
            while line := (await reader.readline()).decode().strip():
                verb = line.split()[0].upper()
                self.verbs.append(verb)
                answer = self.says.pop(verb, None)
                if answer == "":
                    break
                await self._answer(verb, answer, reader, writer)
                if verb == "QUIT":
                    break
        except (ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()

    async def _answer(
        self, verb: str, answer: str | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        usual = {"EHLO": "250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN", "DATA": "354 go on", "AUTH": "235 in"}
        usual |= {"STARTTLS": "220 go on", "QUIT": "221 bye"}
        writer.write((answer or usual.get(verb, "250 fine")).encode() + b"\r\n")
        await writer.drain()
        if answer is not None:
            return
        if verb == "STARTTLS":
            await writer.start_tls(self.context)
        if verb == "DATA":
            await self._take_mail(reader, writer)

    async def _take_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines: list[str] = []
        while (line := (await reader.readline()).decode()).strip("\r\n") != ".":
            lines.append(line)
        self.mails.append("".join(lines))
        if "AFTER_DATA" in self.says:
            self.says.pop("AFTER_DATA")
            writer.close()
            return
        writer.write(b"250 taken\r\n")
        await writer.drain()


@asynccontextmanager
async def mail_server(certificate: Path, says: Mapping[str, str]) -> AsyncIterator[SmtpServer]:
    """Serves mail on this machine with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    smtp = SmtpServer(context, says)
    server = await asyncio.start_server(smtp.talk, "127.0.0.1", 0)
    smtp.port = server.sockets[0].getsockname()[1]
    async with server:
        yield smtp


def made_certificate(folder: Path) -> Path:
    """Makes a certificate of this machine, with its key in the same file."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    words: tuple[Any, ...] = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", str(key), "-out", str(certificate), "-days", "30", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
    )
    subprocess.run(words, check=True, capture_output=True)
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    return both
