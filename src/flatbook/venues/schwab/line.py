"""The line of one login to Schwab: all of its requests go here, at one pace and out of one budget.

Accounts, quotes and the stream of a login share what Schwab allows it a minute.
"""

from __future__ import annotations

from flatbook.engine.ports import Allowance, Clock
from flatbook.engine.reports import NotSent
from flatbook.events.orders import NotSentReason
from flatbook.values.instants import Instant, later
from flatbook.venues.http import Carried, Http, Reply, Request
from flatbook.venues.pace import Pace, pace_after
from flatbook.venues.schwab.lanes import Budget, Lane, allowance_of, taken
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.refusals import UNAUTHORIZED

READ_TIMEOUT_S = 10
REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)


class SchwabLine:
    """Carries the requests of one login. Needs: `http` proves who asks with the headers of `login`."""

    def __init__(self, http: Http, login: Login, clock: Clock) -> None:
        self._http, self._login, self._clock = http, login, clock
        self._pace, self._budget = Pace(), Budget()

    def allowances(self, now: Instant) -> tuple[Allowance, ...]:
        """Returns how many of the requests of a minute are used; they come back one by one."""
        return (allowance_of(self._budget, now),)

    async def ask(self, request: Request, lane: Lane, timeout_s: int = READ_TIMEOUT_S) -> Carried:
        """Carries a request when its lane is free.

        Units: seconds.
        Gives: only cancels go while Schwab asks to wait, and with a token that may not be taken any more.
        """
        if lane is not Lane.CANCEL and self._clock.now() < self._pace.held_until:
            return REFUSED_LOCALLY
        is_ready = await self._login.ready(ahead=lane is Lane.READ)
        if not is_ready and (lane is not Lane.CANCEL or self._login.tokens is None):
            return REFUSED_LOCALLY
        budget = taken(self._budget, lane, self._clock.now())
        if budget is None:
            return REFUSED_LOCALLY
        self._budget = budget
        reply = await self._http.send(request, later(self._clock.now(), seconds=timeout_s))
        if isinstance(reply, Reply):
            self._pace = pace_after(self._pace, reply, self._clock.now())
            if reply.status == UNAUTHORIZED:
                self._login.doubt()
        return reply
