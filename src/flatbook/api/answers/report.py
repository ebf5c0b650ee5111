"""How well the hedge did: how long fills waited, what was exposed meanwhile, and what each part of it earned."""

from __future__ import annotations

import msgspec

from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.positions import number_or_none
from flatbook.projections.report import GapLine, Report
from flatbook.values.money import plain


class WaitBody(msgspec.Struct, frozen=True, kw_only=True):
    """How long the fills of one session waited for their hedge. Units: shares; seconds."""

    session: str
    fills: int
    hedged: int
    netted: int
    open: int
    shares: str
    half_s: int | None
    most_s: int | None


class SessionExposureBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was exposed in one session. Units: seconds, USD, and USD times seconds."""

    session: str
    seconds: int
    usd_max: str
    usd_mean: str
    usd_seconds: str


class ExposureBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was exposed over the whole time. Units: USD, and USD times seconds."""

    usd_max: str
    usd_mean: str
    usd_seconds: str
    open_usd: str
    sessions: list[SessionExposureBody]


class GapBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was held over a pause of the session, and what its opening price made of it. Units: shares; USD."""

    owner: str
    underlying: str
    closed_at: str | None
    opened_at: str | None
    weekend: bool
    shares: str
    close: str | None
    open: str | None
    usd: str | None


class ReportBody(msgspec.Struct, frozen=True, kw_only=True):
    """How well the hedge did. Units: USD; `adds_up` where the parts are the ledger to the last digit."""

    since: str | None
    until: str | None
    latency: list[WaitBody]
    exposure: ExposureBody
    gaps: list[GapBody]
    parts_usd: dict[str, str]
    costs_usd: dict[str, str]
    net_usd: str
    adds_up: bool


def report_body(found: Report) -> ReportBody:
    """Returns a report as programs read it."""
    return ReportBody(
        since=instant_or_none(found.since),
        until=instant_or_none(found.until),
        latency=[
            WaitBody(
                session=line.session.value,
                fills=line.fills,
                hedged=line.hedged,
                netted=line.netted,
                open=line.open,
                shares=plain(line.shares),
                half_s=line.half_s,
                most_s=line.most_s,
            )
            for line in found.latencies
        ],
        exposure=_exposure(found),
        gaps=[_gap(line) for line in found.gaps],
        parts_usd={part.value: plain(usd) for part, usd in found.parts.items()},
        costs_usd={kind.value: plain(usd) for kind, usd in found.costs.items()},
        net_usd=plain(found.net),
        adds_up=found.adds_up,
    )


def _exposure(found: Report) -> ExposureBody:
    return ExposureBody(
        usd_max=plain(found.usd_max),
        usd_mean=plain(found.usd_mean),
        usd_seconds=plain(found.usd_seconds),
        open_usd=plain(found.open_usd),
        sessions=[
            SessionExposureBody(
                session=line.session.value,
                seconds=line.seconds,
                usd_max=plain(line.usd_max),
                usd_mean=plain(line.usd_mean),
                usd_seconds=plain(line.usd_seconds),
            )
            for line in found.exposures
        ],
    )


def _gap(line: GapLine) -> GapBody:
    return GapBody(
        owner=line.key[0],
        underlying=line.key[1],
        closed_at=instant_or_none(line.closed_at),
        opened_at=instant_or_none(line.opened_at),
        weekend=line.is_weekend,
        shares=plain(line.shares),
        close=number_or_none(line.close),
        open=number_or_none(line.open),
        usd=number_or_none(line.usd),
    )
