"""What is said on Schwab's stream: where it is, how one logs in there, and what its messages mean to us.

Account activity tells that something happened, in words that Schwab does not document. So nothing of a message is
believed but that it came. Source: Streamer Guide, LOGIN, SUBS and codes; Trader API, GET userPreference.
"""

from __future__ import annotations

from enum import Enum
from urllib.parse import urlsplit

import msgspec

from flatbook.engine.reports import Unknown
from flatbook.venues.http import Reply, Request
from flatbook.venues.schwab.refusals import SERVER_FAULT, UNREADABLE, is_json

ACTIVITY = "ACCT_ACTIVITY"
ACTIVITY_KEY = "flatbook"
ACTIVITY_FIELDS = "0,1,2,3"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SUCCESS = 0
LOGIN_ID, SUBSCRIPTION_ID = "0", "1"


class Heard(Enum):
    """What a message of the stream means."""

    LET_IN = "let_in"
    SHUT_OUT = "shut_out"
    ACTIVITY = "activity"
    NOTHING = "nothing"


class StreamPlace(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the stream is and how Schwab calls us there."""

    streamer_socket_url: str
    schwab_client_customer_id: str
    schwab_client_correl_id: str
    schwab_client_channel: str
    schwab_client_function_id: str

    @property
    def origin(self) -> str:
        """Scheme and host."""
        parts = urlsplit(self.streamer_socket_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """What follows the host."""
        return urlsplit(self.streamer_socket_url).path or "/"

    @property
    def is_safe(self) -> bool:
        """Whether an access token may be sent there: over TLS, or to this machine."""
        parts = urlsplit(self.streamer_socket_url)
        return bool(parts.hostname) and (parts.scheme == "wss" or (parts.scheme == "ws" and parts.hostname in LOOPBACK))


class _Preference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    streamer_info: list[StreamPlace]


class _Result(msgspec.Struct, frozen=True, kw_only=True):
    code: int = -1


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    service: str = ""
    command: str = ""
    content: _Result = _Result()


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    service: str = ""


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    response: list[_Answer] = []
    data: list[_Told] = []


def preference_request() -> Request:
    """Returns the request for what a client must know to stream."""
    return Request(method="GET", path="/trader/v1/userPreference")


def preference_answer(reply: Reply) -> StreamPlace | Unknown:
    """Returns where the stream is; unreadable where a token may not be sent."""
    if reply.status != 200 or not is_json(reply):
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    try:
        places = msgspec.json.decode(reply.body, type=_Preference).streamer_info
        return places[0] if places and places[0].is_safe else UNREADABLE
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return UNREADABLE


def login_text(place: StreamPlace, access: str) -> str:
    """Returns the message that logs in with an access token."""
    parameters = {
        "Authorization": access,
        "SchwabClientChannel": place.schwab_client_channel,
        "SchwabClientFunctionId": place.schwab_client_function_id,
    }
    return _request(place, "ADMIN", "LOGIN", LOGIN_ID, parameters)


def subscription_text(place: StreamPlace) -> str:
    """Returns the message that subscribes to the activity of all accounts of the login."""
    parameters = {"keys": ACTIVITY_KEY, "fields": ACTIVITY_FIELDS}
    return _request(place, ACTIVITY, "SUBS", SUBSCRIPTION_ID, parameters)


def meaning_of(message: bytes) -> Heard:
    """Returns what a message means. Total: what cannot be read means nothing, for polls find what happened."""
    try:
        told = msgspec.json.decode(message, type=_Message)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Heard.NOTHING
    for answer in told.response:
        if (answer.service, answer.command) == ("ADMIN", "LOGIN"):
            return Heard.LET_IN if answer.content.code == SUCCESS else Heard.SHUT_OUT
    return Heard.ACTIVITY if any(line.service == ACTIVITY for line in told.data) else Heard.NOTHING


def _request(place: StreamPlace, service: str, command: str, number: str, parameters: dict[str, str]) -> str:
    asked = {
        "requestid": number,
        "service": service,
        "command": command,
        "SchwabClientCustomerId": place.schwab_client_customer_id,
        "SchwabClientCorrelId": place.schwab_client_correl_id,
        "parameters": parameters,
    }
    return msgspec.json.encode({"requests": [asked]}).decode()
