"""The plan of a backtest that a home states: the grids that it trades live or on paper, over a recorded market.

Seats, limits and marks are those of the desk; cash and fees those of its paper accounts, or of `[backtest]`. Every
instrument that is traded is found on the tape by its symbol and product, or by the name that is given.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal

import msgspec

from flatbook.backtest.tape import Tape, TapeInstrument
from flatbook.backtest.terms import FeeRates, Latency, MarginTerms, Terms
from flatbook.engine.rules import SeatRules
from flatbook.market import ticks
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import PaperExchangeAccount
from flatbook.ops.config_backtest import BacktestSection, RatesSection
from flatbook.ops.config_seats import grid_seats
from flatbook.ops.config_shape import Config
from flatbook.services.backtest_plan import (
    MILLIONTHS_OF_PCT,
    BacktestPlan,
    PlanRefused,
    check_book,
    check_cash,
    check_dates,
    check_sizes,
    first_price,
)
from flatbook.services.paper_exchanges import FEES_IN_QUOTE, margin_terms
from flatbook.values.ids import AssetId, InstrumentId, OwnerId
from flatbook.values.instants import NS_PER_MS, NS_PER_S
from flatbook.values.instruments import Instrument, Product
from flatbook.values.money import BPS, Price, plain

FILE = "desk.json"
PRODUCTS = {Product.SPOT: ticks.Product.SPOT, Product.LINEAR_PERP: ticks.Product.LINEAR}

MARGINED = (Product.LINEAR_PERP,)

Named = Mapping[InstrumentId, InstrumentId]


def plan_of_home(loaded: Loaded, tape: Tape, *, only: Collection[str] = (), named: Named | None = None) -> BacktestPlan:
    """Returns the plan of a desk's grids, or of those of some owners, over a tape.

    `named` says what an instrument of the desk is called on the tape.
    Errors: PlanRefused with where and why.
    """
    check_dates(tape)
    seated = _seated(loaded.config, only)
    instruments = {each.id: each for seat in seated.values() for each in seat.seat.instruments}
    _check_named(named or {}, instruments)
    found = {name: _on_tape(each, tape, (named or {}).get(name)) for name, each in instruments.items()}
    for name, (place, taped) in found.items():
        _check_steps(instruments[name], taped)
        check_book(instruments[name], tape, place)
        check_sizes([each.seat for each in seated.values()], instruments[name], first_price(tape, place))
    terms = _terms(loaded.config, seated, instruments.values())
    check_cash([each.seat for each in seated.values()], terms.cash)
    return BacktestPlan(
        seats=tuple(each.seat for each in seated.values()),
        terms=terms,
        text=_told(loaded.config, seated, terms),
        file=FILE,
        names={InstrumentId(taped.id): name for name, (_, taped) in found.items()},
    )


def _seated(config: Config, only: Collection[str]) -> dict[OwnerId, SeatRules]:
    seats = grid_seats(config)
    unknown = [owner for owner in only if owner not in seats]
    if unknown:
        raise PlanRefused(f"{unknown[0]} has no grid here; {', '.join(seats) or 'nobody'} has")
    if not seats:
        raise PlanRefused("the configuration has no grid: state [grid.OWNER.INSTRUMENT], or name a plan")
    chosen = {owner: each for owner, each in seats.items() if not only or owner in only}
    accounts = tuple(dict.fromkeys(each.seat.account for each in chosen.values()))
    if len(accounts) > 1:
        raise PlanRefused(f"the grids trade at {', '.join(accounts)}: one account at a time, say --only OWNER")
    return chosen


def _check_named(named: Named, instruments: Collection[InstrumentId]) -> None:
    unknown = [name for name in named if name not in instruments]
    if unknown:
        raise PlanRefused(f"--name {unknown[0]}: no grid that runs trades it; they trade {', '.join(instruments)}")


def _on_tape(instrument: Instrument, tape: Tape, name: InstrumentId | None) -> tuple[int, TapeInstrument]:
    """Returns an instrument of the tape and its place: the one that is named, else the only one that is alike."""
    places = enumerate(tape.head.instruments)
    product = PRODUCTS[instrument.product]
    if name is not None:
        found = [(place, each) for place, each in places if each.id == name]
    else:
        found = [(place, each) for place, each in places if (each.symbol, each.product) == (instrument.symbol, product)]
    if len(found) == 1 and found[0][1].product is product:
        return found[0]
    on_tape = ", ".join(f"{each.id} ({each.product.name.lower()})" for each in tape.head.instruments)
    wanted = name or f"{instrument.symbol} ({product.name.lower()})"
    why = "is on the tape more than once" if len(found) > 1 else "is not on the tape"
    raise PlanRefused(f"{instrument.id}: {wanted} {why}, which has {on_tape}: say --name {instrument.id}=ONE OF THEM")


def _check_steps(instrument: Instrument, taped: TapeInstrument) -> None:
    """Refuses another tick, lot or contract than that of the tape.

    Errors: PlanRefused.
    """
    rules = instrument.rules
    if (rules.tick, rules.lot) != (taped.tick, taped.lot):
        raise PlanRefused(
            f"{instrument.id} has a tick of {plain(rules.tick)} and a lot of {plain(rules.lot)}, on the tape"
            f" {plain(taped.tick)} and {plain(taped.lot)}: make the tape with --tick {plain(rules.tick)}"
            f" --lot {plain(rules.lot)}"
        )
    if instrument.product is Product.LINEAR_PERP and instrument.contract_size != taped.contract_size:
        sizes = f"{plain(instrument.contract_size)}, on the tape of {plain(taped.contract_size)}"
        raise PlanRefused(f"{instrument.id} has a contract of {sizes}")


def _terms(config: Config, seated: Mapping[OwnerId, SeatRules], instruments: Collection[Instrument]) -> Terms:
    section = config.backtest or BacktestSection()
    return Terms(
        limits={owner: each.limits for owner, each in seated.items()},
        marks={AssetId(asset): Price(mark) for asset, mark in config.marks.items()},
        cash=_cash(config, section, instruments),
        fees={each.id: _fees(config, section, each) for each in instruments},
        placing=_way(section.placing_ms, section),
        canceling=_way(section.canceling_ms, section),
        reporting=_way(section.reporting_ms, section),
        seed=section.seed,
        share=section.share_ahead_pct * MILLIONTHS_OF_PCT,
        sample_ns=section.sample_s * NS_PER_S,
        margins={each.id: _margin(config, section, each) for each in instruments if each.product in MARGINED},
        checks_funds=True,
    )


def _way(least_ms: int, section: BacktestSection) -> Latency:
    return Latency(least_ns=least_ms * NS_PER_MS, spread_ns=section.spread_ms * NS_PER_MS)


def _cash(config: Config, section: BacktestSection, instruments: Collection[Instrument]) -> dict[AssetId, Decimal]:
    if section.cash:
        return {AssetId(asset): amount for asset, amount in section.cash.items()}
    account = config.accounts[next(each.account for each in instruments)]
    if not isinstance(account, PaperExchangeAccount):
        raise PlanRefused("nothing says what the account holds at the start: state [backtest.cash]")
    return {AssetId(coin): held for coin, held in account.coins.items()}


def _fees(config: Config, section: BacktestSection, instrument: Instrument) -> FeeRates:
    account = config.accounts[instrument.account]
    paper = account if isinstance(account, PaperExchangeAccount) else None
    rates = section.rates.get(instrument.id) or paper
    if rates is None:
        raise PlanRefused(f'nothing says what {instrument.id} costs: state [backtest.rates."{instrument.id}"]')
    in_quote = rates.in_quote if isinstance(rates, RatesSection) else rates.exchange in FEES_IN_QUOTE
    return FeeRates(maker=rates.maker_bps * BPS, taker=rates.taker_bps * BPS, in_quote=in_quote)


def _margin(config: Config, section: BacktestSection, instrument: Instrument) -> MarginTerms:
    account = config.accounts[instrument.account]
    paper = account.margin if isinstance(account, PaperExchangeAccount) else None
    stated = section.margin.get(instrument.id) or paper
    if stated is None:
        where = f'[backtest.margin."{instrument.id}"]'
        wanted = f"state leverage and maintenance_pct in {where}"
        raise PlanRefused(f"nothing says what margin {instrument.id} needs: {wanted}")
    return margin_terms(stated)


def _told(config: Config, seated: Mapping[OwnerId, SeatRules], terms: Terms) -> str:
    """Returns what of the configuration a run stands on, for whoever reads its folder later."""
    grids = {owner: sections for owner, sections in config.grid.items() if owner in seated}
    body = {"grid": grids, "instruments": config.instruments, "terms": terms}
    return json.dumps(msgspec.to_builtins(body), indent=2)
