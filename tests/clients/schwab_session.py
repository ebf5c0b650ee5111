"""A session of schwab-py, the community's client, with the server whose address is given. Prints what it saw as JSON.

Run by the interpreter of .venv-clients/schwab, never imported by us; the client's files are as they were installed. Its
requests go to https://api.schwabapi.com; a transport given to each of its HTTP sessions carries them to our server.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import authlib.integrations.httpx_client as authlib  # type: ignore[import-untyped]
import httpx
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from installed import files_changed  # type: ignore[import-not-found]
from schwab import auth  # type: ignore[import-not-found]
from schwab.client import Client  # type: ignore[import-not-found]
from schwab.orders import equities  # type: ignore[import-not-found]
from schwab.orders.common import Session  # type: ignore[import-not-found]
from schwab.streaming import StreamClient  # type: ignore[import-not-found]
from schwab.utils import Utils  # type: ignore[import-not-found]
from websockets.exceptions import ConnectionClosed  # type: ignore[import-not-found]

SEEN: dict[str, Any] = {}
ASKS_MAX, BETWEEN_S = 2_000, 0.02
STREAM_S_MAX = 30
API = "https://api.schwabapi.com"
KEY, SECRET, CALLBACK = "app-key", "app-word", "https://127.0.0.1:8182"


class Redirected(httpx.BaseTransport):
    """Carries requests for Schwab to our server."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carries one request."""
        request.url = request.url.copy_with(scheme="http", host=self._to.hostname, port=self._to.port)
        return self._inner.handle_request(request)


def until(ask: Callable[[], httpx.Response], is_so: Callable[[Any], bool]) -> Any:
    """Asks again until the answer is as it shall be, and returns it."""
    got = None
    for _ in range(ASKS_MAX):
        answer = ask()
        got = answer.json() if answer.status_code == 200 else None
        if got is not None and is_so(got):
            return got
        time.sleep(BETWEEN_S)
    raise AssertionError(f"it never came: {got}")


def keeping(kept: dict[str, Any]) -> Callable[..., None]:
    """Returns what the client calls to keep a token."""

    def keep(token: dict[str, Any], *_: Any, **__: Any) -> None:
        kept.update(token)

    return keep


def logged_in(transport: Redirected) -> tuple[Client, dict[str, Any]]:
    """Logs in by code, as a person does who pastes the address that the browser ends at."""
    context = auth.get_auth_context(KEY, CALLBACK)
    SEEN["authorize"] = context.authorization_url
    with httpx.Client(transport=transport) as browser:
        redirected = browser.get(context.authorization_url).headers["Location"]
    kept: dict[str, Any] = {}
    client = auth.client_from_received_url(KEY, SECRET, context, redirected, keeping(kept))
    try:
        auth.client_from_received_url(KEY, SECRET, context, redirected, keeping({}))
    except OAuthError as error:
        SEEN["a code twice"] = str(error)
    return client, kept


def refreshed(kept: dict[str, Any]) -> Client:
    """Returns a client of a token that its clock holds for expired: it asks for a new one before its first request."""
    old = kept["token"]["access_token"]
    kept["token"]["expires_at"] = 1
    client = auth.client_from_access_functions(KEY, SECRET, lambda: kept, keeping(kept))
    SEEN["numbers"] = client.get_account_numbers().json()
    SEEN["refreshed"] = [*SEEN.get("refreshed", []), kept["token"]["access_token"] != old]
    return client


def refused_by_a_stranger(client: Client, kept: dict[str, Any]) -> dict[str, Any]:
    """What Schwab says to a token that it did not give."""
    false = {**kept["token"], "access_token": "nobody", "expires_at": time.time() + 1_800}
    stranger = auth.client_from_access_functions(KEY, SECRET, lambda: {**kept, "token": false}, lambda *_a, **_k: None)
    answer = stranger.get_account_numbers()
    return {"status": answer.status_code, "errors": answer.json()["errors"][0]["title"]}


class Trading:
    """What is done with one account."""

    def __init__(self, client: Client, account: str, day: datetime) -> None:
        self._client, self._account, self._day = client, account, day
        self._utils = Utils(client, account)

    def place(self, spec: Any) -> int:
        """Places an order and returns the id that the client reads from the answer."""
        return self._utils.extract_order_id(self._client.place_order(self._account, spec))

    def order(self, number: int, status: str) -> Any:
        """Returns an order once it has a status."""
        return until(lambda: self._client.get_order(number, self._account), lambda got: got["status"] == status)

    def trade(self) -> None:
        """Buys, sells, sells short, is refused, cancels and replaces."""
        bought = self.place(equities.equity_buy_market("AAPL", 10))
        SEEN["bought"] = self.order(bought, "FILLED")
        sold = self.place(equities.equity_sell_limit("AAPL", 4, "150.00"))
        SEEN["sold"] = self.order(sold, "FILLED")
        short = self.place(equities.equity_sell_short_market("NVDA", 3))
        SEEN["short"] = self.order(short, "FILLED")
        refusal = self._client.place_order(self._account, equities.equity_sell_market("AAPL", 5_000))
        SEEN["oversold"] = {"status": refusal.status_code, **refusal.json()}
        rests = self.place(equities.equity_buy_limit("AAPL", 2, "100.00"))
        SEEN["rests"] = self.order(rests, "WORKING")
        SEEN["canceling"] = self._client.cancel_order(rests, self._account).status_code
        SEEN["canceled"] = self.order(rests, "CANCELED")
        SEEN["canceled twice"] = self._client.cancel_order(rests, self._account).status_code
        self._replace()
        late = equities.equity_buy_limit("AAPL", 1, "100.00").set_session(Session.PM)
        SEEN["of the evening"] = self.order(self.place(late), "PENDING_ACTIVATION")

    def _replace(self) -> None:
        first = self.place(equities.equity_buy_limit("AAPL", 2, "100.00"))
        self.order(first, "WORKING")
        answer = self._client.replace_order(self._account, first, equities.equity_buy_limit("AAPL", 3, "300.00"))
        second = self._utils.extract_order_id(answer)
        SEEN["replacing"] = {"first": first, "second": second}
        SEEN["replaced"] = self.order(first, "REPLACED")
        SEEN["replacement"] = self.order(second, "FILLED")

    def read(self) -> None:
        """Reads what there is to read."""
        span = {"from_entered_datetime": self._day, "to_entered_datetime": self._day + timedelta(days=1)}
        SEEN["orders"] = self._client.get_orders_for_account(self._account, **span).json()
        SEEN["all orders"] = len(self._client.get_orders_for_all_linked_accounts(**span).json())
        filled = Client.Order.Status.FILLED
        SEEN["filled"] = self._client.get_orders_for_account(self._account, status=filled, **span).json()
        account = self._client.get_account(self._account, fields=[Client.Account.Fields.POSITIONS]).json()
        SEEN["account"] = account["securitiesAccount"]
        SEEN["accounts"] = len(self._client.get_accounts().json())
        market = Client.MarketHours.Market.EQUITY
        SEEN["hours"] = self._client.get_market_hours(market, date=self._day.date()).json()
        SEEN["sunday"] = self._client.get_market_hours(market, date=(self._day + timedelta(days=5)).date()).json()
        SEEN["quotes"] = self._client.get_quotes(["AAPL", "NOPE"]).json()
        SEEN["quote"] = self._client.get_quote("NVDA").json()
        SEEN["preference"] = self._client.get_user_preferences().json()
        SEEN["unknown order"] = self._client.get_order(1, self._account).status_code

    def history(self) -> None:
        """Reads the history of trades."""
        rows = self._client.get_transactions(
            self._account, start_date=self._day, end_date=self._day + timedelta(days=2)
        )
        SEEN["transactions"] = rows.json()
        SEEN["transaction"] = self._client.get_transaction(self._account, rows.json()[0]["activityId"]).json()


async def streamed(client: Client, url: str, trading: Trading) -> None:
    """Logs in on the stream, follows the account and a quote while an order is placed and fills, and leaves."""
    activity: list[Any] = []
    quotes: list[Any] = []
    stream = StreamClient(client)
    to = urlsplit(url)
    await stream.login(websocket_connect_args={"host": to.hostname, "port": to.port})
    stream.add_account_activity_handler(activity.append)
    stream.add_level_one_equity_handler(quotes.append)
    await stream.account_activity_sub()
    await stream.level_one_equity_subs(["AAPL"])
    placed = asyncio.create_task(asyncio.to_thread(trading.place, equities.equity_buy_market("AAPL", 1)))
    kinds: list[str] = []
    while "OrderFillCompleted" not in kinds or not quotes:
        await stream.handle_message()
        kinds = [line["MESSAGE_TYPE"] for message in activity for line in message["content"]]
    SEEN["stream"] = {"order": await placed, "kinds": kinds, "activity": activity, "quotes": quotes}
    rival = StreamClient(client)
    await rival.login(websocket_connect_args={"host": to.hostname, "port": to.port})
    SEEN["displaced"] = await displaced(stream)
    await rival.logout()


async def displaced(stream: StreamClient) -> str:
    """How a stream ends for which another has logged in."""
    try:
        while True:
            await stream.handle_message()
    except ConnectionClosed as error:
        return type(error).__name__


def ended(client: Client, kept: dict[str, Any]) -> str:
    """What becomes of the client once a week has passed since the login."""
    client.session.get(f"{API}/a-week-passes")
    SEEN["after a week"] = client.get_account_numbers().status_code
    kept["token"]["expires_at"] = 1
    late = auth.client_from_access_functions(KEY, SECRET, lambda: kept, keeping({}))
    try:
        late.get_account_numbers()
    except OAuthError as error:
        return f"{type(error).__name__}: {error}"
    return "still in"


def main() -> None:
    """Runs the session."""
    url, day = sys.argv[1], datetime.fromisoformat(sys.argv[2]).replace(tzinfo=UTC)
    SEEN["files changed"] = files_changed("schwab-py")
    transport = Redirected(url)
    auth.OAuth2Client = functools.partial(authlib.OAuth2Client, transport=transport)
    first, kept = logged_in(transport)
    SEEN["first"] = first.get_account_numbers().json()
    client = refreshed(kept)
    SEEN["stranger"] = refused_by_a_stranger(client, kept)
    trading = Trading(client, SEEN["numbers"][0]["hashValue"], day)
    trading.trade()
    trading.read()
    asyncio.run(asyncio.wait_for(streamed(client, url, trading), STREAM_S_MAX))
    client.session.get(f"{API}/a-day-passes")
    client = refreshed(kept)
    Trading(client, SEEN["numbers"][0]["hashValue"], day).history()
    SEEN["ended"] = ended(client, kept)
    sys.stdout.write(json.dumps(SEEN))


main()
