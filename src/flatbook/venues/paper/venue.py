"""The paper broker as a venue of the engine: each call is one request, sent once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flatbook.engine.ports import ApprovedOrder, Clock, FillSource, IdRule, VenueCard
from flatbook.engine.reports import (
    AccountStatement,
    CancelAnswer,
    Execution,
    ExecutionPage,
    FindAnswer,
    NotSent,
    PlaceAnswer,
    Pushed,
    Rejected,
    Unknown,
)
from flatbook.events.orders import NotSentReason
from flatbook.market.quotes import Quote
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument
from flatbook.venues.paper import parse, wire
from flatbook.venues.unread import Counts, no_counts, note

READ_TIMEOUT_S = 10


def paper_card(*, id_rule: IdRule = IdRule.FOR_EVER, id_window_s: int = 0, read_lag_max_s: int = 0) -> VenueCard:
    """Returns what the adapter declares about a paper broker; rule and lag are those of the broker's spec.

    Units: seconds.
    """
    return VenueCard(
        name="paper",
        id_rule=id_rule,  # Source: sim/broker/rules.py check_client_id; for ever is the rule of Alpaca
        id_window_s=id_window_s,
        request_window_s=5,  # Source: sim/broker/spec.py request_window_s, refused later as request_expired
        read_lag_max_s=read_lag_max_s,  # Source: sim/broker/spec.py read_lag_ms, rounded up
        place_timeout_s=5,  # Source: ours; the broker's own latency is below 0.1 s unless a fault is scripted
        fill_source=FillSource.EXECUTIONS,  # Source: sim/broker/answers.py execution_view, ids of the broker's own
    )


class PaperVenue:
    """One account at a paper broker; implements the engine's OrderVenue.

    Needs: `instruments` are those of this account. `extended_hours` asks for the early and late sessions too.
    """

    def __init__(
        self,
        transport: wire.Transport,
        clock: Clock,
        *,
        account: AccountId,
        instruments: Sequence[Instrument],
        card: VenueCard,
        extended_hours: bool = False,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._account = account
        self._symbol_of = {instrument.id: instrument.symbol for instrument in instruments}
        self._symbols = {instrument.symbol: instrument.id for instrument in instruments}
        self._card = card
        self._extended_hours = extended_hours
        self._unread = no_counts()

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about the broker."""
        return self._card

    def unread(self) -> Counts:
        """Returns how much of what was pushed could not be read, and was left to the poll."""
        return self._unread

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once.

        Errors: NotSent when it is past its good_until, of another account, or of an instrument that is not ours to
        trade here; Unknown after `place_timeout_s`, a broken connection, an internal error or an unreadable answer.
        """
        now, symbol = self._clock.now(), self._symbol_of.get(order.instrument)
        if symbol is None or order.account != self._account:
            return NotSent(reason=NotSentReason.REFUSED_LOCALLY)
        if now >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        request = wire.place_request(order, symbol=symbol, extended_hours=self._extended_hours, sent_at=now)
        sent = await self._send(request, now, self._card.place_timeout_s)
        return parse.place_answer(sent, order_id=order.order_id) if isinstance(sent, bytes) else sent

    async def cancel(
        self,
        order_id: OrderId,
        venue_order_id: VenueOrderId | None,
        instrument: InstrumentId | None = None,  # noqa: ARG002
    ) -> CancelAnswer:
        """Asks once to cancel the order.

        Errors: CancelTooLate when it has ended or is not known there; Unknown and NotSent as in `place`.
        """
        now = self._clock.now()
        request = wire.cancel_request(self._account, order_id=order_id, venue_order_id=venue_order_id, sent_at=now)
        sent = await self._send(request, now, self._card.place_timeout_s)
        return parse.cancel_answer(sent) if isinstance(sent, bytes) else sent

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:  # noqa: ARG002
        """Asks for the order by our client id, with its executions.

        Errors: Absent when the broker says it has none; Unknown and NotSent as in `place`.
        """
        now = self._clock.now()
        sent = await self._send(wire.find_request(self._account, order_id=order_id, sent_at=now), now, READ_TIMEOUT_S)
        return parse.find_answer(sent, order_id=order_id, symbols=self._symbols) if isinstance(sent, bytes) else sent

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns one page of executions after a cursor, and the next cursor; an empty page is the end.

        Errors: Unknown and NotSent as in `place`.
        """
        now = self._clock.now()
        request = wire.executions_request(self._account, cursor=cursor, sent_at=now)
        sent = await self._send(request, now, READ_TIMEOUT_S)
        return parse.executions_answer(sent, symbols=self._symbols) if isinstance(sent, bytes) else sent

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads open orders, holdings and balances in one request.

        Errors: Unknown and NotSent as in `place`.
        """
        now = self._clock.now()
        sent = await self._send(wire.statement_request(self._account, sent_at=now), now, READ_TIMEOUT_S)
        if not isinstance(sent, bytes):
            return sent
        return parse.statement_answer(sent, account=self._account, symbols=self._symbols, stated_at=now)

    async def quote(self, instrument: InstrumentId) -> Quote | Rejected | Unknown | NotSent:
        """Reads the newest price of an instrument.

        Errors: Rejected when the broker has none; Unknown and NotSent as in `place`.
        """
        now, symbol = self._clock.now(), self._symbol_of.get(instrument)
        if symbol is None:
            return NotSent(reason=NotSentReason.REFUSED_LOCALLY)
        request = wire.quote_request(self._account, symbol=symbol, sent_at=now)
        sent = await self._send(request, now, READ_TIMEOUT_S)
        return parse.quote_answer(sent, seen_at=self._clock.now()) if isinstance(sent, bytes) else sent

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Delivers pushed executions as they come, besides what polling finds; False where none are pushed.

        Gives: the same execution may come twice, pushed and polled; its identity tells. An unreadable push is counted
        and left to the poll.
        """

        def push(body: bytes) -> None:
            execution = parse.pushed_execution(body, account=self._account, symbols=self._symbols)
            if isinstance(execution, Execution):
                deliver(execution)
            elif execution is not None:
                note(self._unread)

        return await self._transport.watch(push)

    async def _send(self, request: bytes, now: Instant, timeout_s: int) -> wire.Sent:
        return await self._transport.send(request, later(now, seconds=timeout_s))
