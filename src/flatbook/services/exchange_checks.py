"""What may be wrong with an account at an exchange: asked as a statement is, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from flatbook.engine.ports import Clock, Switch
from flatbook.engine.reports import AccountStatement, Balance, NotSent, Unknown
from flatbook.engine.take_clock import SKEW_MS_MAX, least_skew_ms
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import is_real_money
from flatbook.ops.doctor import Finding, Verdict
from flatbook.services.live_accounts import Line
from flatbook.services.live_exchanges import exchange_venue_of
from flatbook.venues.binance.venue import BinanceVenue
from flatbook.venues.bybit.venue import BybitVenue
from flatbook.venues.ccxt.venue import CcxtVenue

ExchangeVenue = BybitVenue | BinanceVenue | CcxtVenue
FEE_COIN = "BNB"  # Source: Binance takes fees in it where an account holds some and has chosen so
LOOK = "look at the keys, the environment and the network"


async def of_exchange(loaded: Loaded, name: str, line: Line, clock: Clock) -> list[Finding]:
    """Returns what was found when an account at an exchange was read once."""
    assert line.exchange is not None, "the line of an account at an exchange is one"
    venue = exchange_venue_of(loaded, name, line.exchange, clock)
    assert isinstance(venue, ExchangeVenue), "the adapters of exchanges"
    check, stated = f"account {name}", await venue.statement()
    if venue.standing.flaw is not None and not isinstance(stated, NotSent):
        return [_finding(check, Verdict.FAIL, venue.standing.flaw, LOOK)]
    if isinstance(stated, Unknown | NotSent):
        return [_finding(check, Verdict.FAIL, f"no answer: {stated.reason.value}", LOOK)]
    reached = _finding(check, Verdict.OK, f"reached at {venue.card.name}")
    is_real = is_real_money(loaded.config.accounts[name])
    found = [reached, _of_rights(check, venue, is_real=is_real), *_of_statement(check, venue, stated)]
    if isinstance(venue, BinanceVenue):
        found += of_fee_coin(check, stated.balances, loaded.config.marks)
    return found


def _of_rights(check: str, venue: ExchangeVenue, *, is_real: bool) -> Finding:
    """Returns what is known of the rights of a key: our own adapters have read them, and refuse one that has more.

    Binance states them where money is real only.
    """
    if isinstance(venue, CcxtVenue):
        text = "what its key may do is not told through ccxt"
        return _finding(check, Verdict.WARN, text, "make sure at the exchange that it may trade and not withdraw")
    if isinstance(venue, BinanceVenue) and not is_real:
        return _finding(check, Verdict.OK, "what its key may do is stated nowhere here, and no money is real")
    return _finding(check, Verdict.OK, "its key may read and trade, and may not withdraw")


def of_fee_coin(check: str, balances: Sequence[Balance], marks: Mapping[str, Decimal]) -> Iterator[Finding]:
    """Yields that fees may be paid in a coin that no mark is stated of: they would have no value in any limit."""
    if FEE_COIN not in marks and any(each.asset == FEE_COIN and each.total for each in balances):
        text = f"it holds {FEE_COIN}, which fees may be paid in, and {FEE_COIN} has no mark"
        yield _finding(check, Verdict.WARN, text, f"state what {FEE_COIN} is worth under [marks]")


def _of_statement(
    check: str, venue: BybitVenue | BinanceVenue | CcxtVenue, stated: AccountStatement
) -> Iterator[Finding]:
    for instrument, reason in venue.standing.reasons.items():
        yield _finding(f"instrument {instrument}", Verdict.FAIL, reason, "correct [instruments], or leave it out")
    if venue.switch.state is Switch.NONE:
        yield _finding(check, Verdict.WARN, venue.switch.detail, "run flatbook guard beside the desk")
    skew_ms = 0 if stated.clock is None else least_skew_ms(stated.clock)
    if abs(skew_ms) > SKEW_MS_MAX:
        way = "ahead of" if skew_ms < 0 else "behind"
        text = f"our clock is at least {abs(skew_ms)} ms {way} the exchange's"
        yield _finding(check, Verdict.FAIL, text, "set the machine's clock (NTP)")


def _finding(check: str, verdict: Verdict, found: str, remedy: str = "") -> Finding:
    return Finding(check=check, verdict=verdict, found=found, remedy=remedy)
