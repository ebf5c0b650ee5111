"""What the desk holds and whether it is flat: health, meta, status, positions."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from flatbook import __version__
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.positions import Asked, PositionsAnswer, positions_answer, unhedged_of
from flatbook.api.answers.status import NOT_ASKED, StatusAnswer, age_s, status_answer, thresholds_of
from flatbook.api.routes import PUBLIC, At, AtSite, OwnerQuery, SymbolQuery, reading
from flatbook.api.site import AGE_S_MAX, Site, View
from flatbook.events.control import Mode
from flatbook.ops.config_shape import ClockKind
from flatbook.ops.home import DEMO_FILE


class State(Enum):
    """How a part is. What nobody knows is unknown, and never good."""

    GOOD = "good"
    LATE = "late"
    BAD = "bad"
    UNKNOWN = "unknown"


class PartBody(msgspec.Struct, frozen=True, kw_only=True):
    """One part that the desk stands on, and how it is.

    Units: `age_s` seconds since it was last seen good, None where that never was; it is late beyond `age_s_max`.
    """

    name: str
    kind: str
    state: State
    age_s: int | None
    age_s_max: int | None
    detail: str


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How the process, the journal and the engine are. `ok` where every part is good."""

    ok: bool
    now: str
    version: str
    parts: list[PartBody]


class DeskMode(Enum):
    """Whose money moves."""

    DEMO = "DEMO"
    PAPER = "PAPER"
    LIVE = "LIVE"


class MetaAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which desk this is, and which pages it has something for."""

    mode: DeskMode
    version: str
    home: str
    config_digest: str
    epoch: int | None
    now: str
    pages: list[str]


@reading("/health", "Is everything there", tag="desk", opt=PUBLIC)
async def health(site: AtSite) -> HealthAnswer:
    """Says how the journal and the engine are, without a login: nothing of the desk is told."""
    return health_of(site)


def health_of(site: Site) -> HealthAnswer:
    """Returns how the parts are that answers stand on."""
    parts = [_journal_part(site), _engine_part(site)]
    return HealthAnswer(
        ok=all(part.state is State.GOOD for part in parts),
        now=instant_or_none(site.now) or "",
        version=__version__,
        parts=parts,
    )


def _journal_part(site: Site) -> PartBody:
    follower = site.follower
    age = age_s(follower.seen_at, site.clock.now())
    if follower.fault is not None:
        state, detail = State.BAD, follower.fault
    elif age is None:
        state, detail = State.UNKNOWN, "it is being read"
    else:
        state, detail = (State.GOOD if age <= AGE_S_MAX else State.LATE), ""
    return PartBody(name="journal", kind="journal", state=state, age_s=age, age_s_max=AGE_S_MAX, detail=detail)


def _engine_part(site: Site) -> PartBody:
    told, age = site.live.status, age_s(site.live.seen_at, site.clock.now())
    if told.running is None:
        state, detail = State.UNKNOWN, "it was not asked yet"
    elif not told.running:
        state, detail = State.BAD, "no engine runs"
    elif told.own.get("cancel_only"):
        state, detail = State.BAD, "it only cancels: its journal cannot be written"
    elif age is None or age > AGE_S_MAX:
        state, detail = State.UNKNOWN, "it listens and does not answer"
    else:
        state, detail = State.GOOD, ""
    return PartBody(name="engine", kind="engine", state=state, age_s=age, age_s_max=AGE_S_MAX, detail=detail)


@reading("/meta", "Which desk is this", tag="desk")
async def meta(site: AtSite) -> MetaAnswer:
    """Says the mode of the desk, its version, and which pages it has something for."""
    config = site.loaded.config
    return MetaAnswer(
        mode=mode_of(site),
        version=__version__,
        home=str(site.home),
        config_digest=site.loaded.digest,
        epoch=site.live.status.own.get("epoch"),
        now=instant_or_none(site.now) or "",
        pages=_pages(config.grid, config.hedges),
    )


def mode_of(site: Site) -> DeskMode:
    """Returns whose money moves on a desk."""
    if site.loaded.config.mode is Mode.LIVE:
        return DeskMode.LIVE
    return DeskMode.DEMO if (site.home / DEMO_FILE).exists() else DeskMode.PAPER


def _pages(grids: Any, hedges: Any) -> list[str]:
    some = {"grid": bool(grids), "capacity": bool(hedges)}
    always = ("overview", "execution", "orders", "trades", "inventory", "market", "reports", "risk", "events")
    return [*always, *(name for name, there in some.items() if there), "health", "settings"]


@reading("/status", "Is the desk flat", tag="desk")
async def status(site: AtSite, at: At = None) -> StatusAnswer:
    """Says whether the desk is flat, and what stands in the way: what `flatbook status --json` says."""
    return status_of(site, await site.view(at))


def status_of(site: Site, view: View) -> StatusAnswer:
    """Returns how the desk stands."""
    told = NOT_ASKED if view.is_past else site.live.status
    has_age = not view.is_past and (bool(told.running) or site.loaded.config.clock.kind is ClockKind.SYSTEM)
    age = age_s(view.folds.at, site.now) if has_age else None
    return status_answer(view.folds.state, view.moment, thresholds_of(site.loaded.config), told, age)


@reading("/positions", "What is held, and what that nets to", tag="desk")
async def positions(
    site: AtSite, owner: OwnerQuery = None, symbol: SymbolQuery = None, at: At = None
) -> PositionsAnswer:
    """Returns positions, nets, held fills and balances: what `flatbook positions --json` says."""
    view = await site.view(at)
    return positions_of(site, view, Asked(owner=owner, symbol=symbol))


def positions_of(site: Site, view: View, asked: Asked) -> PositionsAnswer:
    """Returns what the desk holds."""
    return positions_answer(view.folds.state, view.moment, unhedged_of(site.loaded.config), asked)


ROUTES = (health, meta, status, positions)
