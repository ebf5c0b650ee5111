"""What was earned, what stands where, and what bounds it: profit and loss, reports, inventory, risk, configuration."""

from __future__ import annotations

from functools import partial

import msgspec

from flatbook.api.answers.accumulators import AccumulatorsAnswer, accumulators_answer
from flatbook.api.answers.capacity import CapacityAnswer, capacity_answer
from flatbook.api.answers.config import ConfigAnswer, config_answer
from flatbook.api.answers.grids import GridsAnswer, grids_answer
from flatbook.api.answers.instruments import InstrumentsAnswer, instrument_body
from flatbook.api.answers.inventory import InventoryAnswer, inventory_answer
from flatbook.api.answers.margin import MarginAnswer, margin_answer, rates_of
from flatbook.api.answers.market import MarketAnswer, MarketBody
from flatbook.api.answers.offers import OffersAnswer, offers_answer, prices_of
from flatbook.api.answers.pnl import Books, PnlAnswer, pnl_answer
from flatbook.api.answers.positions import EVERYTHING, Asked
from flatbook.api.answers.report import ReportBody, report_body
from flatbook.api.answers.risk import HaltsAnswer, RiskAnswer, risk_answer
from flatbook.api.answers.status import halts_of
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import KEPT, OF_CONFIG, OF_JOURNAL, At, AtSite, OwnerQuery, SymbolQuery, reading
from flatbook.api.site import Site, View
from flatbook.api.within import AtScope, scope_of
from flatbook.ops.config_instruments import instrument_of
from flatbook.projections.days import eastern_date_or_none
from flatbook.projections.report import Books as ReportBooks
from flatbook.projections.report import Prices, report_of
from flatbook.projections.results import Scope
from flatbook.values.money import parse_number
from flatbook.values.sessions import CalendarEnded


@reading("/pnl", "What was earned", tag="books", opt=OF_JOURNAL)
async def pnl(site: AtSite, within: AtScope, at: At = None) -> PnlAnswer:
    """Returns results in all and of the last day, by owner, underlying and day: what `flatbook pnl --json` says."""
    return await site.results(partial(pnl_of, within), at)


def pnl_of(scope: Scope, view: View) -> PnlAnswer:
    """Returns the results of a scope."""
    folds = view.folds
    books = Books(pnl=folds.pnl, evidence=folds.evidence, ledger=folds.ledger)
    today = None if folds.at is None else eastern_date_or_none(folds.at)
    return pnl_answer(books, view.moment, scope, today, folds.at)


@reading("/accumulators", "What has gathered and is not hedged yet", tag="desk", opt=OF_JOURNAL)
async def accumulators(site: AtSite, at: At = None) -> AccumulatorsAnswer:
    """Returns each net beside the size from which on it is hedged."""
    view = await site.view(at)
    return accumulators_answer(site.holdings(view), view.moment)


@reading("/inventory", "What stands where", tag="books", opt=KEPT)
async def inventory(site: AtSite, at: At = None) -> InventoryAnswer:
    """Returns balances, positions and funds of each account and vault, and when its venue last said so."""
    return inventory_of(site, await site.view(at))


def inventory_of(site: Site, view: View) -> InventoryAnswer:
    """Returns what stands where."""
    statements = {} if view.is_past else site.live.status.own.get("statements", {})
    return inventory_answer(view.folds.state, view.moment, site.loaded.config, statements, site.rules.wallets)


@reading("/capacity", "What can still be hedged", tag="books", opt=OF_JOURNAL)
async def capacity(site: AtSite, owner: OwnerQuery = None, symbol: SymbolQuery = None, at: At = None) -> CapacityAnswer:
    """Returns what each account can still buy and sell for each hedge: what `flatbook capacity --json` says."""
    view = await site.view(at)
    return capacity_answer(view.folds.state, view.moment, site.rules, Asked(owner=owner, symbol=symbol))


@reading("/offers", "Our orders on chains", tag="books", opt=KEPT)
async def offers(site: AtSite, owner: OwnerQuery = None, symbol: SymbolQuery = None, at: At = None) -> OffersAnswer:
    """Returns our own orders that stand on chains, or that were pulled: what `flatbook offers --json` says."""
    return offers_of(site, await site.view(at), Asked(owner=owner, symbol=symbol))


def offers_of(site: Site, view: View, asked: Asked = EVERYTHING) -> OffersAnswer:
    """Returns our own orders on chains."""
    prices = {} if view.is_past else prices_of(site.live.status.own)
    return offers_answer(view.folds.state, view.moment, prices, asked)


@reading("/grids", "The slots of the grids", tag="desk", opt=OF_JOURNAL)
async def grids(site: AtSite, owner: OwnerQuery = None, at: At = None) -> GridsAnswer:
    """Returns the slots of the grids, from the highest level to the lowest: what `flatbook grid slots --json` says."""
    return grids_of(site, await site.view(at), owner)


def grids_of(site: Site, view: View, owner: str | None = None) -> GridsAnswer:
    """Returns the slots of the grids."""
    return grids_answer(view.folds.state, view.moment, site.loaded.config, owner)


@reading("/risk", "Limits and how far each is used", tag="risk", opt=KEPT)
async def risk(site: AtSite, at: At = None) -> RiskAnswer:
    """Returns limits with their use, breakers, halts, freezes and alerts."""
    return present_risk_of(site, await site.view(at))


def present_risk_of(site: Site, view: View) -> RiskAnswer:
    """Returns the limits of the desk and their use, as told a moment ago where nothing has changed since."""
    return site.remembered("risk", view, lambda: risk_of(site, view))


def risk_of(site: Site, view: View) -> RiskAnswer:
    """Returns the limits of the desk and how far each is used."""
    now = view.folds.at if view.is_past and view.folds.at is not None else site.now
    return risk_answer(site.holdings(view), view.moment, site.rules, now)


@reading("/margin", "How far contracts are from being closed by force", tag="risk", opt=KEPT)
async def margin(site: AtSite) -> MarginAnswer:
    """Returns the margin of each account that trades contracts, at the prices that the engine sees now."""
    view = site.present()
    books = {each.instrument: parse_number(each.mid) for each in market_of(site).books if each.mid is not None}
    config = site.loaded.config
    instruments = [instrument_of(config, name) for name in config.instruments]
    return margin_answer(view.folds.state, view.moment, instruments, rates_of(config), books)


@reading("/halts", "What is halted", tag="risk", opt=OF_JOURNAL)
async def halts(site: AtSite, at: At = None) -> HaltsAnswer:
    """Returns the halts that stand."""
    view = await site.view(at)
    return HaltsAnswer(as_of=view.moment, halts=halts_of(view.folds.state))


@reading("/market", "What the engine sees of its markets", tag="market", opt=KEPT)
async def market(site: AtSite) -> MarketAnswer:
    """Returns the books and reference prices that the running engine sees, each with its age limit."""
    return market_of(site)


def market_of(site: Site) -> MarketAnswer:
    """Returns what the running engine saw last; nothing is known where none answers."""
    if not site.live.answers or not site.live.market:
        return MarketAnswer(known=False, now=None, books=[], prices=[], instruments=[])
    seen = msgspec.convert(site.live.market, MarketBody)
    return MarketAnswer(known=True, now=seen.now, books=seen.books, prices=seen.prices, instruments=seen.instruments)


@reading("/instruments", "What is traded, and by which rules", tag="market", opt=OF_CONFIG)
async def instruments(site: AtSite) -> InstrumentsAnswer:
    """Returns the instruments with tick, lot and least sizes, and the fees that the configuration states."""
    config = site.loaded.config
    return InstrumentsAnswer(instruments=[instrument_body(each, config) for each in site.rules.instruments.values()])


@reading("/report", "How well the hedge did", tag="books")
async def report(site: AtSite, owner: OwnerQuery = None, symbol: SymbolQuery = None) -> ReportBody:
    """Returns how long fills waited, what was exposed, and what each part earned: as `flatbook report --json`."""
    return await site.results(partial(_report, scope_of(owner, symbol), site.prices))


def _report(scope: Scope, prices: Prices, view: View) -> ReportBody:
    folds = view.folds
    books = ReportBooks(folds.pnl, folds.evidence, folds.ledger, folds.times)
    try:
        return report_body(report_of(books, prices, None, scope))
    except CalendarEnded as error:
        raise Problem(422, Code.INVALID, str(error)) from error


@reading("/config", "The configuration in force", tag="desk", opt=OF_CONFIG)
async def config(site: AtSite) -> ConfigAnswer:
    """Returns every value in force and where it comes from; of secrets only their place."""
    return config_answer(site.loaded)


ROUTES = (
    pnl,
    accumulators,
    inventory,
    capacity,
    offers,
    grids,
    risk,
    margin,
    halts,
    market,
    instruments,
    report,
    config,
)
