"""The production engine over the production adapter of Bybit, against the simulated Bybit, in virtual time."""

from __future__ import annotations

import msgspec

from flatbook.engine.ports import OrderVenue
from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.instruments import Instrument
from flatbook.venues.bybit.pacing import new_budget
from flatbook.venues.bybit.stream import PING, STREAM_PATIENCE, PrivateStream
from flatbook.venues.bybit.venue import BYBIT_CARD, BybitAccount, BybitVenue, BybitWay
from flatbook.venues.bybit.wire import Ahead, signer
from flatbook.venues.http import SessionHttp
from flatbook.venues.websocket import SessionSocket
from tests.desk import PAPER
from tests.sim.exchange_desk import ACCOUNT, HOST, TERMS, TRADED, ExchangeDesk

DEAD_MAN_S = 30


class BybitDesk(ExchangeDesk):
    """A desk at a unified account of Bybit, which cancels what is open half a minute after it heard from us last."""

    terms = msgspec.structs.replace(
        TERMS,
        markets=tuple(
            msgspec.structs.replace(each, refuses_taking_maker=False, refuses_partial_fok=False)
            for each in TRADED.values()
        ),
        accounts=(msgspec.structs.replace(ACCOUNT, margin={}),),
        unified=True,
        ids_return=False,
        forced_ids={},
    )
    serving, card = staticmethod(bybit_server), BYBIT_CARD

    def connect(self, clock: LoopClock) -> tuple[OrderVenue, tuple[SessionHttp, ...]]:
        """Returns the adapter of a new process, and what it must close."""
        http, venue = bybit_adapter(clock, self.instrument, dead_man_s=DEAD_MAN_S)
        return venue, (http,)


def bybit_adapter(
    clock: LoopClock, instrument: Instrument, *, dead_man_s: int | None = None
) -> tuple[SessionHttp, BybitVenue]:
    """Returns the adapter of one instrument at the simulated Bybit, and what carries its requests."""
    ahead = Ahead()

    def reveal() -> tuple[str, str]:
        return ACCOUNT.key, ACCOUNT.secret

    http = SessionHttp(f"https://{HOST}", clock, connect=SimulatedConnector, sign=signer(reveal, clock, ahead))
    socket = SessionSocket(f"wss://{HOST}", clock, connect=SimulatedConnector, patience=STREAM_PATIENCE, beat=PING)
    topics = () if dead_man_s is None else ("dcp.future", "dcp.spot")
    return http, BybitVenue(
        BybitWay(http=http, ahead=ahead, budget=new_budget()),
        clock,
        account=BybitAccount(account=PAPER, user_id="", instruments=(instrument,), dead_man_s=dead_man_s),
        stream=PrivateStream(socket, reveal, clock, topics=topics),
    )
