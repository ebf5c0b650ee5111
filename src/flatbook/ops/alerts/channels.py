"""The ways to a person: the log, an HTTP address, Telegram and e-mail.

No channel raises, none retries, and none says more of a failure than a status or a word: an address may hold a key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import msgspec

from flatbook.events.control import Severity
from flatbook.ops.alerts.delivery import Again, Outcome, Refused, Sent
from flatbook.ops.alerts.message import Message, cut
from flatbook.ops.secret_value import Secret
from flatbook.ops.telemetry import Log

TIMEOUT_S = 10
ANSWER_BYTES_MAX = 65_536
TELEGRAM_CHARS_MAX = 4_000
DISCORD_CHARS_MAX = 1_900
SLACK_CHARS_MAX = 3_000
SIGNATURE = "X-Flatbook-Signature"
WAIT_HEADER = "Retry-After"
TRY_LATER = (408, 409, 425, 429)
CREDENTIALS = (401, 403, 404)
JSON = "application/json"

_LEVELS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "error"}


class Channel(Protocol):
    """A way to a person."""

    async def send(self, message: Message) -> Outcome:
        """Delivers a message once and returns what is known of it."""
        ...


class LogChannel:
    """Writes alerts into the log: name, subject and severity, as records may hold no sentences."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def send(self, message: Message) -> Outcome:
        """Writes one record."""
        told = getattr(self._log, _LEVELS[message.severity])
        told("alert_told", name=message.name, subject=message.subject, kind=message.kind, severity=message.severity)
        return Sent()


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One POST of JSON."""

    url: str
    body: bytes
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Post({len(self.body)} bytes)"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: its status, its body as far as it was read, and how long it asks to wait."""

    status: int
    body: bytes
    wait: str


async def post(request: Post, timeout_s: float) -> Reply | Again:
    """Posts once over a connection of its own, and returns the answer; Again where none came that can be read."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    headers = {"Content-Type": JSON, "User-Agent": "flatbook", **request.headers}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(request.url, data=request.body, headers=headers, allow_redirects=False) as response,
        ):
            body = await _read(response.content)
            return Reply(status=response.status, body=body, wait=response.headers.get(WAIT_HEADER, ""))
    except TimeoutError:
        return Again(why="no answer in time")
    except (aiohttp.ClientError, OSError, ValueError):
        return Again(why="no connection, or it broke")


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Returns a body, however many pieces it comes in, and no more than ANSWER_BYTES_MAX of it."""
    body = b""
    while len(body) < ANSWER_BYTES_MAX and (piece := await content.read(ANSWER_BYTES_MAX - len(body))):
        body += piece
    return body


def outcome_of(reply: Reply | Again, wait_s: int | None = None) -> Outcome:
    """Returns what an answer means. Credentials that are not taken may be mended, so that the message is kept."""
    if isinstance(reply, Again):
        return reply
    status = reply.status
    if 200 <= status < 300:
        return Sent()
    why = f"status {status}"
    if status in CREDENTIALS:
        return Again(why=f"{why}: address or key is not taken")
    if status in TRY_LATER or status >= 500 or status < 400:
        asked = int(reply.wait) if reply.wait.isascii() and reply.wait.isdecimal() else None
        return Again(why=why, after_s=wait_s if wait_s is not None else asked)
    return Refused(why=why)


class WebhookChannel:
    """Posts each message as JSON to an address, signed with a key that both sides know.

    The signature is `sha256=` and the hex HMAC-SHA256 of the body; the body holds the message's id and instant.
    """

    def __init__(self, url: Secret, key: Secret | None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._key, self._timeout_s = url, key, timeout_s

    async def send(self, message: Message) -> Outcome:
        """Posts one message."""
        body = message.body()
        headers = {} if self._key is None else {SIGNATURE: signature_of(self._key, body)}
        return outcome_of(await post(Post(url=self._url.reveal().strip(), body=body, headers=headers), self._timeout_s))


def signature_of(key: Secret, body: bytes) -> str:
    """Returns the signature of a body."""
    return "sha256=" + hmac.new(key.reveal().encode(), body, hashlib.sha256).hexdigest()


class ChatWebhookChannel:
    """Posts the text of each message to the incoming webhook of a chat: Discord takes `content`, Slack `text`."""

    def __init__(self, url: Secret, field: str, chars_max: int, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._field, self._chars_max, self._timeout_s = url, field, chars_max, timeout_s

    async def send(self, message: Message) -> Outcome:
        """Posts one message."""
        body = msgspec.json.encode({self._field: cut(message.text, self._chars_max)})
        return outcome_of(await post(Post(url=self._url.reveal().strip(), body=body), self._timeout_s))


class _TelegramAnswer(msgspec.Struct):
    ok: bool = False
    parameters: dict[str, Any] = {}


class TelegramChannel:
    """Sends each message as plain text with the bot API's sendMessage.

    Source: core.telegram.org/bots/api: `ok` says whether it was taken; 429 states `parameters.retry_after` in seconds.
    """

    def __init__(self, url: str, token: Secret, chat: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._token, self._chat, self._timeout_s = url, token, chat, timeout_s

    async def send(self, message: Message) -> Outcome:
        """Sends one message."""
        body = msgspec.json.encode(
            {
                "chat_id": self._chat,
                "text": cut(message.text, TELEGRAM_CHARS_MAX),
                "link_preview_options": {"is_disabled": True},
            }
        )
        url = f"{self._url}/bot{self._token.reveal().strip()}/sendMessage"
        reply = await post(Post(url=url, body=body), self._timeout_s)
        return reply if isinstance(reply, Again) else _telegram_outcome(reply)


def _telegram_outcome(reply: Reply) -> Outcome:
    try:
        answer = msgspec.json.decode(reply.body, type=_TelegramAnswer)
    except msgspec.MsgspecError:
        answer = _TelegramAnswer()
    wait_s = answer.parameters.get("retry_after")
    found = outcome_of(reply, wait_s if isinstance(wait_s, int) else None)
    return Again(why="an answer that is none of Telegram's") if isinstance(found, Sent) and not answer.ok else found
