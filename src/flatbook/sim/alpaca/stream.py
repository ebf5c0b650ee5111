"""The streams of the simulated Alpaca: `trade_updates` of the Trading API, and the trade events of the Broker API.

Source: docs.alpaca.markets, Websocket Streaming (authorization, listening, frames of bytes) and Subscribe to Trade
Events (SSE): `/v1` numbers events and gives an ULID beside, `/v2` gives the ULID only; what came after `since_id` is
told first; comments tell that the stream lives. alpaca-py authenticates by `authenticate` with its data.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from flatbook.sim.alpaca import pages
from flatbook.sim.alpaca.faults import BrokerFaults, Pushing
from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Ledger
from flatbook.sim.alpaca.terms import AlpacaTerms
from flatbook.sim.chance import digest
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.network.http_stream import Say, Talk
from flatbook.values.instants import NS_PER_MS, Instant, text_of_instant
from flatbook.values.money import ZERO, plain

SOCKET_PATH = "/stream"
EVENT_PATHS = ("/v1/events/trades", "/v2/events/trades", "/v2beta1/events/trades")
UPDATES = "trade_updates"
HEARTBEAT = ": heartbeat\n\n"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID_CHARS, ULID_TIME_BITS_OFF = 26, 80


class TradeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an order, as all streams tell it."""

    number: int
    ulid: str
    account_id: str
    content: dict[str, object]


class Streams:
    """All open streams of one Alpaca, and what has been told on them. `is_open` says whether anybody listens."""

    def __init__(self, ledger: Ledger, terms: AlpacaTerms, faults: BrokerFaults, knows: Callable[[Ask], bool]) -> None:
        self._ledger, self._terms, self._faults, self._knows = ledger, terms, faults, knows
        self._talks: dict[_Socket | _Events, None] = {}
        self._late: list[TradeEvent] = []
        self.told: list[TradeEvent] = []
        self.opened: Callable[[], None] | None = None
        ledger.watchers.append(self)

    @property
    def is_open(self) -> bool:
        """Whether anybody listens."""
        return bool(self._talks)

    def is_stream(self, ask: Ask) -> bool:
        """Whether a request asks for a stream: a socket, or events of whoever is known."""
        return ask.path == SOCKET_PATH or (ask.path in EVENT_PATHS and self._knows(ask))

    def open(self, ask: Ask, say: Say, _now: Instant) -> Talk:
        """Opens a stream; one of events begins with what the query asks to hear again."""
        talk: _Socket | _Events
        if ask.path == SOCKET_PATH:
            talk = _Socket(self._terms, say, self._forget)
        else:
            talk = _Events(ask, say, self._forget)
            for event in self.told:
                talk.replay(event)
        self._talks[talk] = None
        if self.opened is not None:
            self.opened()
        return talk

    def due(self, at: Instant) -> None:
        """Waits for nothing: whoever serves the streams lets time pass."""

    def beat(self) -> None:
        """Tells all streams of events that they live."""
        for talk in list(self._talks):
            talk.beat()

    def changed(self, order: BookedOrder, execution: BookedExecution | None) -> None:
        """Tells what became of an order, as faultily as pushes are."""
        event = self._event(order, execution)
        self.told.append(event)
        if not self._talks:
            return
        pushing = self._faults.pushes(f"push {event.content['event']}")
        if pushing is Pushing.LATE:
            self._late.append(event)
            return
        if pushing is not Pushing.LOST:
            self._push(event)
        if pushing is Pushing.TWICE:
            self._push(event)
        late, self._late = self._late, []
        for held in reversed(late):
            self._push(held)

    def _push(self, event: TradeEvent) -> None:
        for talk in list(self._talks):
            talk.push(event)

    def _forget(self, talk: _Socket | _Events) -> None:
        self._talks.pop(talk, None)

    def _event(self, order: BookedOrder, execution: BookedExecution | None) -> TradeEvent:
        view, number = order.now, len(self.told) + 1
        at = text_of_instant(view.at)
        content: dict[str, object] = {
            "event": _word(order, execution),
            "at": at,
            "timestamp": at,
            "order": pages.order_page(self._ledger, order, view),
        }
        if execution is not None:
            held = self._ledger.holdings(order.account_id, view.at).get(order.symbol, ZERO)
            content |= {
                "execution_id": execution.id,
                "price": plain(execution.price),
                "qty": plain(execution.qty),
                "position_qty": plain(held),
            }
        return TradeEvent(
            number=number, ulid=ulid_of(view.at, str(number)), account_id=order.account_id, content=content
        )


def _word(order: BookedOrder, execution: BookedExecution | None) -> str:
    if execution is None:
        return order.now.status
    return "fill" if execution.total >= order.qty else "partial_fill"


def ulid_of(at: Instant, name: str) -> str:
    """Returns an ULID: the ms of an instant, then a number that the name gives. Source: the ULID specification."""
    number = (at // NS_PER_MS << ULID_TIME_BITS_OFF) + int.from_bytes(digest("ulid", name)[:10], "big")
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(ULID_CHARS)))


class _Socket:
    """One socket of the Trading API: it must prove who it is, then say what it wants to hear."""

    def __init__(self, terms: AlpacaTerms, say: Say, forget: Callable[[_Socket], None]) -> None:
        self._terms, self._say, self._forget = terms, say, forget
        self._is_known = self._listens = False

    def hear(self, said: str | bytes, _now: Instant) -> None:
        """Takes a proof, or a list of streams; what cannot be read is told so."""
        try:
            asked = msgspec.json.decode(said, type=_Asked)
        except msgspec.DecodeError:
            self._tell("listening", {"error": "invalid message"})
            return
        if asked.action in ("authenticate", "auth"):
            proof = (asked.key or asked.data.key_id, asked.secret or asked.data.secret_key)
            self._is_known = proof == (self._terms.key, self._terms.secret)
        if not self._is_known:
            self._tell("authorization", {"status": "unauthorized", "action": asked.action})
            self._say(None)
        elif asked.action == "listen":
            self._listens = UPDATES in asked.data.streams
            self._tell("listening", {"streams": [UPDATES] if self._listens else []})
        else:
            self._tell("authorization", {"status": "authorized", "action": asked.action})

    def push(self, event: TradeEvent) -> None:
        """Tells an event of the account of the Trading API."""
        if self._listens and event.account_id == self._terms.trading_account:
            self._tell(UPDATES, {name: stated for name, stated in event.content.items() if name != "at"})

    def beat(self) -> None:
        """Tells nothing: sockets have pings."""

    def gone(self) -> None:
        """Forgets the stream."""
        self._forget(self)

    def _tell(self, stream: str, content: object) -> None:
        self._say(msgspec.json.encode({"stream": stream, "data": content}))


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    key_id: str = ""
    secret_key: str = ""
    streams: list[str] = []


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    action: str
    key: str = ""
    secret: str = ""
    data: _Said = _Said()


class _Events:
    """One stream of events of the Broker API."""

    def __init__(self, ask: Ask, say: Say, forget: Callable[[_Events], None]) -> None:
        self._say, self._forget, query = say, forget, ask.query
        self._is_numbered = ask.path.startswith("/v1/")
        self._accounts = tuple(query["id"].split(",")) if query.get("id") else None
        self._since = query.get("since_ulid") or query.get("since_id")
        self._until = query.get("until_ulid") or query.get("until_id")
        say(HEARTBEAT)

    def replay(self, event: TradeEvent) -> None:
        """Tells again what came after the event that the query names."""
        if self._since is not None and self._is_after(event, self._since):
            self.push(event)

    def _is_after(self, event: TradeEvent, named: str) -> bool:
        return event.number > int(named) if named.isdigit() and len(named) < ULID_CHARS else event.ulid > named

    def push(self, event: TradeEvent) -> None:
        """Tells an event of the accounts asked for; the one that the query ends with is the last."""
        if self._accounts is not None and event.account_id not in self._accounts:
            return
        if self._until is not None and self._is_after(event, self._until):
            self._say(None)
            return
        content = {"account_id": event.account_id, "event_id": event.ulid, **event.content}
        if self._is_numbered:
            content |= {"event_id": event.number, "event_ulid": event.ulid}
        self._say(f"data: {msgspec.json.encode(content).decode()}\n\n")
        if self._until in (event.ulid, str(event.number)):
            self._say(None)

    def hear(self, said: str | bytes, now: Instant) -> None:
        """Takes nothing: the client is silent."""

    def beat(self) -> None:
        """Tells that the stream lives."""
        self._say(HEARTBEAT)

    def gone(self) -> None:
        """Forgets the stream."""
        self._forget(self)
