"""The person who logs in at the simulated Schwab, and where the tokens are kept."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from flatbook.sim.network.http_broker import Ask
from flatbook.sim.schwab.login import Logins
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.values.instants import Instant, later
from flatbook.venues.schwab.tokens import FORM, Tokens, app_headers, exchange_request


class KeptTokens:
    """A store of tokens in memory. Implements TokenStore of the adapter."""

    def __init__(self, tokens: Tokens | None) -> None:
        self.tokens = tokens
        self.times = 0

    def load(self) -> Tokens | None:
        """Returns the tokens that are kept."""
        return self.tokens

    def keep(self, tokens: Tokens) -> bool:
        """Keeps tokens in the place of all earlier ones."""
        self.tokens = tokens
        self.times += 1
        return True


def log_in(logins: Logins, terms: SchwabTerms, now: Instant) -> Tokens:
    """Logs in as a person does, past the network: from an address to a code, from a code to tokens."""
    asked = {"client_id": terms.key, "redirect_uri": terms.callback}
    told = logins.authorize(Ask(method="GET", path="/v1/oauth/authorize", query=asked, headers={}), now)
    code = parse_qs(urlsplit(told.headers["Location"]).query)["code"][0]
    request = exchange_request(code, callback=terms.callback)
    headers = {name.lower(): value for name, value in app_headers(terms.key, terms.secret).items()}
    given = logins.token(
        Ask(method="POST", path=request.path, query={}, headers={**headers, "content-type": FORM}, body=request.body),
        now,
    )
    assert isinstance(given, dict), "a person who logs in gets tokens"
    return Tokens(
        access=given["access_token"],
        access_ends_at=later(now, seconds=terms.access_s),
        refresh=given["refresh_token"],
        login_ends_at=later(now, seconds=terms.login_s),
    )
