"""What the desk holds and whether it is flat: health, meta, status, positions."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import msgspec
from litestar.params import PathParameter

from flatbook import __version__
from flatbook.api.access_names import check_name
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.positions import EVERYTHING, Asked, PositionsAnswer, positions_answer
from flatbook.api.answers.status import NOT_ASKED, StatusAnswer, age_s, status_answer
from flatbook.api.routes import KEPT, OF_JOURNAL, TEXT_MAX, At, AtSite, OwnerQuery, SymbolQuery, reading
from flatbook.api.site import Site, View
from flatbook.events.control import Mode
from flatbook.ops.config import is_recorded
from flatbook.ops.config_shape import ClockKind
from flatbook.ops.home import is_demo

SymbolInPath = Annotated[str, PathParameter(description="An underlying.", max_length=TEXT_MAX)]


class DeskMode(Enum):
    """Whose money moves."""

    DEMO = "DEMO"
    PAPER = "PAPER"
    LIVE = "LIVE"


class MetaAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which desk this is, and which pages it has something for. `grafana` is where metrics are drawn, if anywhere.

    `recorded`: its market is played from recordings, wholly or in part. `called` begins each command line for it.
    """

    mode: DeskMode
    recorded: bool
    version: str
    home: str
    called: str
    config_digest: str
    epoch: int | None
    now: str
    pages: list[str]
    grafana: str | None


@reading("/meta", "Which desk is this", tag="desk", opt=KEPT)
async def meta(site: AtSite) -> MetaAnswer:
    """Says the mode of the desk, its version, and which pages it has something for."""
    config = site.loaded.config
    return MetaAnswer(
        mode=mode_of(site),
        recorded=is_recorded(config),
        version=__version__,
        home=str(site.home),
        called=site.called,
        config_digest=site.loaded.digest,
        epoch=site.live.status.own.get("epoch"),
        now=instant_or_none(site.now) or "",
        pages=_pages(config.grid, config.hedges),
        grafana=config.api.grafana,
    )


def mode_of(site: Site) -> DeskMode:
    """Returns whose money moves on a desk."""
    if site.loaded.config.mode is Mode.LIVE:
        return DeskMode.LIVE
    return DeskMode.DEMO if is_demo(site.home) else DeskMode.PAPER


def _pages(grids: Any, hedges: Any) -> list[str]:
    some = {"grid": bool(grids), "capacity": bool(hedges)}
    always = ("overview", "execution", "orders", "trades", "inventory", "market", "reports", "risk", "events")
    return [*always, *(name for name, there in some.items() if there), "health", "settings"]


@reading("/status", "Is the desk flat", tag="desk", opt=KEPT)
async def status(site: AtSite, at: At = None) -> StatusAnswer:
    """Says whether the desk is flat, and what stands in the way: what `flatbook status --json` says."""
    return present_status_of(site, await site.view(at))


def present_status_of(site: Site, view: View) -> StatusAnswer:
    """Returns how the desk stands, as it was told a moment ago where nothing has changed since."""
    return site.remembered("status", view, lambda: status_of(site, view))


def status_of(site: Site, view: View) -> StatusAnswer:
    """Returns how the desk stands."""
    told = NOT_ASKED if view.is_past else site.live.status
    has_age = not view.is_past and (bool(told.running) or site.loaded.config.clock.kind is ClockKind.SYSTEM)
    age = age_s(view.folds.event_at, site.now) if has_age else None
    since = site.open_since(view)
    return status_answer(site.holdings(view), view.moment, told, age, since)


@reading("/positions", "What is held, and what that nets to", tag="desk", opt=OF_JOURNAL)
async def positions(
    site: AtSite, owner: OwnerQuery = None, symbol: SymbolQuery = None, at: At = None
) -> PositionsAnswer:
    """Returns positions, nets, held fills and balances: what `flatbook positions --json` says."""
    view = await site.view(at)
    asked = Asked(owner=owner, symbol=symbol)
    return present_positions_of(site, view) if asked == EVERYTHING else positions_of(site, view, asked)


@reading("/positions/{symbol:str}", "What is held of one underlying", tag="desk", opt=OF_JOURNAL)
async def positions_in(site: AtSite, symbol: SymbolInPath, owner: OwnerQuery = None, at: At = None) -> PositionsAnswer:
    """Returns positions, nets and held fills of one underlying: as the whole list with `symbol`."""
    check_name(site, "symbol", symbol)
    return positions_of(site, await site.view(at), Asked(owner=owner, symbol=symbol))


def present_positions_of(site: Site, view: View) -> PositionsAnswer:
    """Returns all that the desk holds, as it was told before where nothing was committed since."""
    return site.remembered("positions", view, lambda: positions_of(site, view, EVERYTHING), of_journal=True)


def positions_of(site: Site, view: View, asked: Asked) -> PositionsAnswer:
    """Returns what the desk holds."""
    return positions_answer(site.holdings(view), view.moment, asked)


ROUTES = (meta, status, positions, positions_in)
