"""What the paths of the simulated Schwab name."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec

TRADER = "/trader/v1/accounts"
MARKET = "/marketdata/v1"
FIXED = {
    "/v1/oauth/token": "token",
    "/v1/oauth/authorize": "authorize",
    f"{TRADER}/accountNumbers": "numbers",
    TRADER: "accounts",
    "/trader/v1/orders": "all_orders",
    "/trader/v1/userPreference": "preference",
    f"{MARKET}/markets": "markets",
    f"{MARKET}/markets/equity": "hours",
    f"{MARKET}/quotes": "quotes",
}
OF_ACCOUNT = {"orders": "order", "transactions": "transaction"}
NOTHING = "nothing"


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What a path names: the account by its hash, the kind of thing, and which one, empty for all of them."""

    kind: str
    account_hash: str = ""
    name: str = ""

    def verb(self, method: str) -> str:
        """Returns the name by which faults know the request, such as `GET order`."""
        return f"{method} {OF_ACCOUNT.get(self.kind, self.kind) if self.name else self.kind}"


def resource_of(path: str) -> Resource:
    """Returns what a path names; what it does not name is of the kind `nothing`."""
    if path in FIXED:
        return Resource(kind=FIXED[path])
    if path.startswith(f"{MARKET}/") and path.endswith("/quotes"):
        return Resource(kind="quotes", name=unquote(path.removeprefix(f"{MARKET}/").removesuffix("/quotes")))
    if not path.startswith(f"{TRADER}/"):
        return Resource(kind=NOTHING)
    account_hash, *rest = (unquote(part) for part in path.removeprefix(f"{TRADER}/").split("/"))
    if not rest:
        return Resource(kind="account", account_hash=account_hash)
    if rest[0] not in OF_ACCOUNT or len(rest) > 2:
        return Resource(kind=NOTHING)
    return Resource(kind=rest[0], account_hash=account_hash, name=rest[1] if rest[1:] else "")
