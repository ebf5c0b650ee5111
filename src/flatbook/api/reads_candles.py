"""Candles: what the engine saw of an instrument minute by minute, and what we traded in that time."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from litestar.params import QueryParameter
from msgspec.structs import replace

from flatbook.api.answers.basis import BasisAnswer, of_fills, of_pair
from flatbook.api.answers.candles import CandleFillBody, CandlesAnswer, CandlesSeen
from flatbook.api.answers.positions import number_or_none
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import KEPT, TEXT_MAX, AtSite, reading
from flatbook.api.site import Site, View
from flatbook.ops.control_client import ControlFault
from flatbook.projections.lots import price_of
from flatbook.projections.trades import newest_facts
from flatbook.values.instants import Instant, instant_of_text, text_of_instant
from flatbook.values.money import plain

FILLS_MAX = 500
ASK_S = 2.0

Instrument = Annotated[str, QueryParameter(description="Of which instrument.", min_length=1, max_length=TEXT_MAX)]

Against = Annotated[
    str | None, QueryParameter(description="Another instrument of the same underlying.", max_length=TEXT_MAX)
]


@reading("/candles", "An instrument minute by minute", tag="market", opt=KEPT)
async def candles(site: AtSite, instrument: Instrument) -> CandlesAnswer:
    """Returns the newest minutes of a book, or of the price that its hedge reads, and what we traded in that time."""
    return await _candles(site, instrument)


async def _candles(site: Site, instrument: str) -> CandlesAnswer:
    if instrument not in site.rules.instruments:
        raise Problem(404, Code.NOT_FOUND, "no instrument of this desk is called so")
    seen = await _seen(site, instrument)
    if seen is None:
        return CandlesAnswer(known=False, instrument=instrument, now=None, every_s=None, candles=[], fills=[])
    since = instant_of_text(seen.candles[0].at) if seen.candles else instant_of_text(seen.now)
    hedged = (each.instrument.underlying for each in site.rules.hedges.values() if each.instrument.id == instrument)
    fills = await site.results(partial(_fills, instrument, next(hedged, None), since))
    return CandlesAnswer(
        known=True,
        instrument=instrument,
        now=seen.now,
        every_s=seen.every_s,
        candles=seen.candles,
        fills=fills,
    )


@reading("/basis", "How far prices lie apart", tag="market", opt=KEPT)
async def basis(site: AtSite, instrument: Instrument, against: Against = None) -> BasisAnswer:
    """Returns our fills onchain beside the price of their hedge or, with `against`, two instruments of one kind."""
    ours = await _candles(site, instrument)
    answer = BasisAnswer(
        known=ours.known,
        instrument=instrument,
        against=against,
        choices=_alike(site, instrument),
        hedges=list(dict.fromkeys(each.instrument.id for each in site.rules.hedges.values())),
        since=ours.candles[0].at if ours.candles else ours.now,
        points=list(of_fills(ours.candles, ours.fills)) if against is None else [],
    )
    if against is None:
        return answer
    if against not in answer.choices:
        raise Problem(422, Code.INVALID, "only instruments of the same underlying are compared")
    theirs = await _seen(site, against)
    if theirs is None:
        return replace(answer, known=False)
    return replace(answer, points=list(of_pair(ours.candles, theirs.candles)))


def _alike(site: Site, instrument: str) -> list[str]:
    """Returns the other instruments of the same underlying."""
    known = site.rules.instruments
    own = next(each for each in known.values() if each.id == instrument)
    return [each.id for each in known.values() if each.underlying == own.underlying and each.id != instrument]


async def _seen(site: Site, instrument: str) -> CandlesSeen | None:
    try:
        answer = await site.live.ask({"kind": "candles", "instrument": instrument}, ASK_S)
    except ControlFault:
        return None
    return msgspec.convert(answer, CandlesSeen)


def _fills(instrument: str, hedged: str | None, since: Instant, view: View) -> list[CandleFillBody]:
    """Returns our trades of an instrument since an instant, and those that it hedges."""
    return [
        CandleFillBody(
            at=text_of_instant(fact.at),
            side=fact.side.value,
            qty=plain(fact.qty),
            price=number_or_none(price_of(fact.money, fact.qty)) if fact.qty else None,
            asset=fact.asset,
            place=fact.place.value,
            order_id=fact.order_id,
            ref=fact.ref,
            owner=fact.owner,
        )
        for fact in newest_facts(view.folds.pnl, FILLS_MAX)
        if (fact.instrument == instrument or fact.underlying == hedged) and fact.at >= since
    ]


ROUTES = (candles, basis)
