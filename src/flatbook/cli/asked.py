"""Names that a question is about: one that nobody knows is refused with those that are known, and not answered zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flatbook.cli.desks import config_or_none
from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import Where
from flatbook.values.ids import Underlying

if TYPE_CHECKING:
    from flatbook.cli.reading import Past
    from flatbook.ops.config_shape import Config


def check_known(where: Where, past: Past, owner: str | None, symbol: str | None) -> None:
    """Passes when an owner and an underlying stand in the configuration or in the journal.

    The journal is folded only for a name that the configuration does not have.
    Errors: Failed.
    """
    config = config_or_none(where)
    owners, symbols = ((), ()) if config is None else (_owners(config), _symbols(config))
    if (owner is None or owner in owners) and (symbol is None or symbol in symbols):
        return
    nets = past.state().positions.nets
    _check(owner, (*owners, *(key[0] for key in nets)), "--owner", "owner")
    _check(symbol, (*symbols, *(key[1] for key in nets)), "--symbol", "underlying")


def _check(asked: str | None, known: Iterable[str], where: str, what: str) -> None:
    names = dict.fromkeys(str(name) for name in known)
    if asked is not None and asked not in names:
        told = f"take one of {', '.join(names)}" if names else f"no {what} is known before something was traded"
        raise Failed(Exit.USAGE, f"no {what} is called {asked!r}", where=where, do=told)


def shares_of(where: Where) -> frozenset[Underlying]:
    """Returns the US shares that a desk hedges, as it is configured: what trades in sessions."""
    config = config_or_none(where)
    return frozenset() if config is None else frozenset(_hedged(config))


def _hedged(config: Config) -> Iterator[Underlying]:
    return (Underlying(name) for hedges in config.hedges.values() for name in hedges)


def _owners(config: Config) -> tuple[str, ...]:
    return (*config.owners, *config.hedges, *config.grid)


def _symbols(config: Config) -> tuple[str, ...]:
    return (*_hedged(config), *(str(instrument.underlying) for instrument in config.instruments.values()))
