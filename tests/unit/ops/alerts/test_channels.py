"""Channels over HTTP against servers on this machine that answer, refuse, break off and keep silent."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from flatbook.ops.alerts.channels import ChatWebhookChannel, LogChannel, Post, TelegramChannel, WebhookChannel
from flatbook.ops.alerts.delivery import Again, Outcome, Refused, Sent
from flatbook.ops.config_shape import LogFormat, LogSection
from flatbook.ops.secret_value import Secret
from flatbook.ops.telemetry import open_log
from tests.unit.ops.alerts.scene import MESSAGE, T0, Answer, HttpServer, served

pytestmark = pytest.mark.real

KEY = Secret("a shared key")
TOKEN = Secret("123:bot-token\n")
OK = Answer(200, b'{"ok":true,"result":{"message_id":7}}')
LOST = Answer(0)
SILENT = Answer(None)


def sent(make: Callable[[str], object], *answers: Answer) -> tuple[Outcome, HttpServer]:
    """Sends the message once through a channel that is made for the server's address."""

    async def send() -> tuple[Outcome, HttpServer]:
        async with served(*answers) as server:
            channel = make(server.url)
            outcome: Awaitable[Outcome] = channel.send(MESSAGE)  # type: ignore[attr-defined]
            return await outcome, server

    return asyncio.run(send())


def webhook(url: str) -> WebhookChannel:
    return WebhookChannel(Secret(f"{url}/hook"), KEY, timeout_s=0.2)


def telegram(url: str) -> TelegramChannel:
    return TelegramChannel(url, TOKEN, "-100123", timeout_s=0.2)


def test_a_webhook_gets_json_with_the_signature_of_exactly_those_bytes() -> None:
    outcome, server = sent(webhook, Answer(204))
    (taken,) = server.taken
    digest = hmac.new(b"a shared key", taken.body, hashlib.sha256).hexdigest()
    assert outcome == Sent()
    assert (taken.path, taken.headers["X-Flatbook-Signature"]) == ("/hook", f"sha256={digest}")
    assert json.loads(taken.body)["id"] == "abc"


def test_without_a_key_nothing_is_signed() -> None:
    _, server = sent(lambda url: WebhookChannel(Secret(url), None), Answer(200))
    assert "X-Flatbook-Signature" not in server.taken[0].headers


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(500), Again(why="status 500")),
        (Answer(503, headers={"Retry-After": "17"}), Again(why="status 503", after_s=17)),
        (Answer(429, headers={"Retry-After": "soon"}), Again(why="status 429")),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), Again(why="status 302")),
        (Answer(401), Again(why="status 401: address or key is not taken")),
        (Answer(404), Again(why="status 404: address or key is not taken")),
        (Answer(400), Refused(why="status 400")),
        (LOST, Again(why="no connection, or it broke")),
        (SILENT, Again(why="no answer in time")),
    ],
)
def test_what_a_webhook_answers_decides_whether_it_is_asked_again(answer: Answer, outcome: Outcome) -> None:
    assert sent(webhook, answer)[0] == outcome


def test_where_nobody_listens_it_is_tried_again() -> None:
    outcome, _ = sent(lambda _: WebhookChannel(Secret("http://127.0.0.1:9/"), KEY), Answer(200))
    assert outcome == Again(why="no connection, or it broke")
    outcome, _ = sent(lambda _: WebhookChannel(Secret("http://[broken"), KEY), Answer(200))
    assert outcome == Again(why="no connection, or it broke")


def test_a_telegram_message_is_plain_text_to_its_chat_by_its_bot() -> None:
    outcome, server = sent(telegram, OK)
    (taken,) = server.taken
    assert outcome == Sent()
    assert taken.path == "/bot123:bot-token/sendMessage"
    assert json.loads(taken.body) == {
        "chat_id": "-100123",
        "text": MESSAGE.text,
        "link_preview_options": {"is_disabled": True},
    }


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            Answer(429, b'{"ok":false,"error_code":429,"description":"Too Many","parameters":{"retry_after":23}}'),
            Again(why="status 429", after_s=23),
        ),
        (Answer(429, b"not json", {"Retry-After": "4"}), Again(why="status 429", after_s=4)),
        (Answer(200, b'{"ok":true,"result":', then=b'{"message_id":7}}'), Sent()),
        (Answer(200, b'{"ok":false}'), Again(why="an answer that is none of Telegram's")),
        (Answer(200, b"<html>hotel</html>"), Again(why="an answer that is none of Telegram's")),
        (Answer(401, b'{"ok":false}'), Again(why="status 401: address or key is not taken")),
        (Answer(400, b'{"ok":false,"description":"chat not found"}'), Refused(why="status 400")),
        (Answer(502, b""), Again(why="status 502")),
        (LOST, Again(why="no connection, or it broke")),
        (SILENT, Again(why="no answer in time")),
    ],
)
def test_what_telegram_answers_decides_whether_it_is_asked_again(answer: Answer, outcome: Outcome) -> None:
    assert sent(telegram, answer)[0] == outcome


@pytest.mark.parametrize("answer", [Answer(401), Answer(400), Answer(502), LOST, SILENT])
def test_no_failure_says_anything_of_a_key_or_an_address(answer: Answer) -> None:
    for make in (webhook, telegram, lambda url: ChatWebhookChannel(Secret(f"{url}/T/B"), "text", 9, timeout_s=0.2)):
        outcome, server = sent(make, answer)
        shown = repr(outcome) + repr(make(server.url)) + repr(Post(url=server.url, body=b""))
        assert not [word for word in ("bot-token", "shared key", "127.0.0.1", "/T/B") if word in shown]


def test_a_long_text_is_cut_to_what_a_chat_takes() -> None:
    async def send() -> list[int]:
        async with served(OK) as server:
            long = replace(MESSAGE, detail="x" * 9000)
            await TelegramChannel(server.url, TOKEN, "1").send(long)
            await ChatWebhookChannel(Secret(server.url), "content", 1900).send(long)
            return [
                len(max(json.loads(taken.body).values(), key=lambda value: len(str(value)))) for taken in server.taken
            ]

    assert asyncio.run(send()) == [4000, 1900]


def test_a_chat_gets_the_text_in_its_own_field() -> None:
    outcome, server = sent(lambda url: ChatWebhookChannel(Secret(f"{url}/services/T/B\n"), "text", 3000), Answer(200))
    assert (outcome, server.taken[0].path) == (Sent(), "/services/T/B")
    assert json.loads(server.taken[0].body) == {"text": MESSAGE.text}


def test_the_log_gets_a_record_of_the_alerts_own_level() -> None:
    stream = io.StringIO()
    log = open_log(stream, now=lambda: T0, stated=LogSection(format=LogFormat.JSON))
    assert asyncio.run(LogChannel(log).send(MESSAGE)) == Sent()
    assert json.loads(stream.getvalue()) == {
        "at": "2025-12-02T15:00:00Z",
        "level": "error",
        "event": "alert_told",
        "name": "books_diverged",
        "subject": "paper:COIN",
        "kind": "raised",
        "severity": "critical",
    }
