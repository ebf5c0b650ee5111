"""Which owners, underlyings, accounts and instruments there are to ask about: a name that nobody knows is refused.

A filter with a name that is mistyped would otherwise be answered with nothing: no profit, no order, no position.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from flatbook.api.access_queries import NAME_TEXT_MAX
from flatbook.api.problems import Code, Problem
from flatbook.api.site import Site
from flatbook.values.ids import UNASSIGNED

KINDS = {"owner": "owner", "symbol": "underlying", "account": "account", "instrument": "instrument"}
NAMES_TOLD_MAX = 10

Names = dict[str, None]


def names_of(site: Site, question: str) -> Names:
    """Returns the names that a question may have: of the configuration, and of all that was ever held."""
    config, rules, rows = site.loaded.config, site.rules, site.folds.state.positions.rows.values()
    nets, hedges = site.folds.state.positions.nets, rules.hedges
    ours = rules.instruments.values()
    found: dict[str, tuple[Iterable[str], ...]] = {
        "owner": (config.owners, (key[0] for key in hedges), rules.seats, (key[0] for key in nets), (UNASSIGNED,)),
        "symbol": ((key[1] for key in hedges), (each.underlying for each in ours), (key[1] for key in nets)),
        "account": (rules.cards, config.accounts, (each.account for each in ours), (row.account for row in rows)),
        "instrument": (rules.instruments, (row.instrument for row in rows)),
    }
    return dict.fromkeys(str(name) for names in found[question] for name in names)


def check_names(query: bytes, site: Site) -> None:
    """Passes questions about names that somebody knows; all of them while the journal is not read to its end.

    Needs: each is asked once, and the route knows it.
    Errors: Problem.
    """
    for question, name in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if question in KINDS:
            check_name(site, question, name)


def check_name(site: Site, question: str, name: str) -> None:
    """Passes a name that somebody knows, and every one while the journal is not read to its end.

    Errors: Problem.
    """
    if site.follower.seen_at is None:
        return
    known = names_of(site, question)
    if name not in known:
        some = ", ".join([*known][:NAMES_TOLD_MAX]) or "none"
        text = f"no {KINDS[question]} is called {name[:NAME_TEXT_MAX]!r}; there are: {some}"
        raise Problem(404, Code.NOT_FOUND, text)
