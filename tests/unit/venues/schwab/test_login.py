"""The login while a desk runs."""

from __future__ import annotations

import asyncio

import msgspec

from flatbook.engine.reports import Unknown
from flatbook.events.orders import UnknownReason
from flatbook.values.instants import Instant, later
from flatbook.venues.http import Carried, Reply, Request
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.tokens import Tokens
from tests.clocks import StillClock
from tests.unit.venues.alpaca.sample import Carrier
from tests.unit.venues.schwab.sample import REGULAR, TOKENS, Kept, reply

TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)
REFUSED = reply({"error": "unsupported_token_type"}, 400)


def given(access: str) -> Reply:
    return reply({"access_token": access, "refresh_token": "refresh", "expires_in": 1800})


def login_of(
    *answers: Carried, tokens: Tokens | None = TOKENS, keeps: bool = True
) -> tuple[Login, StillClock, Carrier, Kept]:
    clock, store = StillClock(REGULAR), Kept(tokens, keeps=keeps)
    carrier = Carrier(clock, *answers)
    return Login(carrier, clock, store), clock, carrier, store


def ready(login: Login, *, ahead: bool = True) -> bool:
    return asyncio.run(login.ready(ahead=ahead))


def at_left(seconds: int) -> Instant:
    return later(TOKENS.access_ends_at, seconds=-seconds)


def test_the_stored_tokens_are_refreshed_only_when_they_are_used_up() -> None:
    login, clock, carrier, store = login_of(given("second"))
    assert ready(login)
    assert (len(carrier.requests), login.headers()) == (1, {"Authorization": "Bearer second"})
    assert [tokens.access for tokens in store.kept] == ["second"]
    clock.at = later(REGULAR, seconds=1_400)
    assert ready(login)
    assert len(carrier.requests) == 1


def test_reads_refresh_ahead_of_the_end_and_orders_go_with_what_there_is() -> None:
    login, clock, carrier, _ = login_of(given("second"), given("third"))
    ready(login)
    clock.at = at_left(299)
    assert ready(login, ahead=False)
    assert len(carrier.requests) == 1
    assert ready(login, ahead=True)
    assert (len(carrier.requests), login.headers()) == (2, {"Authorization": "Bearer third"})


def test_an_order_waits_for_a_token_only_when_the_last_one_is_spent() -> None:
    login, clock, carrier, _ = login_of(given("second"), given("third"))
    ready(login)
    clock.at = at_left(3)
    assert ready(login, ahead=False)
    assert len(carrier.requests) == 2


def test_while_a_refresh_fails_the_living_token_serves_and_then_nothing_does() -> None:
    login, clock, carrier, _ = login_of(given("second"), TIMED_OUT, TIMED_OUT)
    ready(login)
    clock.at = at_left(200)
    assert ready(login)
    assert ready(login)
    assert len(carrier.requests) == 2
    clock.at = at_left(0)
    assert not ready(login)
    assert len(carrier.requests) == 3


def test_two_at_once_ask_for_one_token() -> None:
    login, _, carrier, _ = login_of(given("second"))

    async def both() -> list[bool]:
        return list(await asyncio.gather(login.ready(ahead=True), login.ready(ahead=True)))

    assert asyncio.run(both()) == [True, True]
    assert len(carrier.requests) == 1


def test_a_token_that_was_not_taken_is_replaced() -> None:
    login, clock, carrier, _ = login_of(given("second"), given("third"))
    ready(login)
    login.doubt()
    clock.at = later(REGULAR, seconds=20)
    assert ready(login, ahead=False)
    assert (len(carrier.requests), login.headers()) == (2, {"Authorization": "Bearer third"})


def test_a_login_that_is_over_is_not_asked_with_and_a_new_one_is_picked_up() -> None:
    login, clock, carrier, store = login_of(REFUSED, given("new"))
    assert not ready(login)
    clock.at = later(REGULAR, seconds=20)
    store.tokens = msgspec.structs.replace(
        TOKENS, access="by hand", login_ends_at=later(TOKENS.login_ends_at, seconds=100)
    )
    assert ready(login)
    assert login.headers() == {"Authorization": "Bearer new"}
    assert login.tokens is not None
    assert login.tokens.login_ends_at == later(TOKENS.login_ends_at, seconds=100)
    clock.at = later(TOKENS.login_ends_at, seconds=200)
    assert not ready(login)
    assert len(carrier.requests) == 2


def test_a_login_that_a_person_makes_during_a_refresh_is_not_lost_to_the_older_one() -> None:
    by_hand = msgspec.structs.replace(TOKENS, access="by hand", login_ends_at=later(TOKENS.login_ends_at, seconds=100))

    class Meanwhile(Carrier):
        async def send(self, request: Request, timeout_at: Instant) -> Carried:
            store.tokens = by_hand
            return await super().send(request, timeout_at)

    clock, store = StillClock(REGULAR), Kept(TOKENS)
    login = Login(Meanwhile(clock, given("older")), clock, store)
    assert ready(login)
    assert (login.tokens, store.tokens, store.kept) == (by_hand, by_hand, [])


def test_without_a_login_nothing_is_asked() -> None:
    login, _, carrier, _ = login_of(tokens=None)
    assert not ready(login)
    assert (carrier.requests, login.headers(), login.tokens) == ([], {}, None)


def test_tokens_that_cannot_be_kept_are_used_all_the_same() -> None:
    login, _, _, _ = login_of(given("second"), keeps=False)
    assert ready(login)


def test_a_login_is_known_by_its_end_until_schwab_refuses_it_or_a_person_makes_a_new_one() -> None:
    login, clock, _, store = login_of(REFUSED)
    assert login.ends_at() == TOKENS.login_ends_at
    login.doubt()
    assert not ready(login)
    assert login.ends_at() is None
    until, ends_at = later(clock.at, seconds=1_800), later(TOKENS.login_ends_at, seconds=60)
    store.tokens = msgspec.structs.replace(TOKENS, access="new", access_ends_at=until, login_ends_at=ends_at)
    assert login.ends_at() == ends_at
    assert ready(login)
    assert login_of(tokens=None)[0].ends_at() is None
