"""A report as one page of HTML that needs nothing but itself: no script, no other file, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape

from flatbook.backtest.plots import Line, Mark, Plot, summary_of, svg_of
from flatbook.backtest.report import Report
from flatbook.values.instants import NS_PER_MS, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, cents_of, plain

LINE_COLOURS = ("one", "two", "three", "four")
PARTS = ("spread", "inventory", "fees", "funding", "opening")
STYLE = """
:root{color-scheme:light dark;--page:#fff;--card:#f5f7f9;--text:#17202a;--soft:#51606f;--rule:#d5dbe1;--one:#2563eb;
--two:#15803d;--three:#b45309;--four:#7c3aed;--buy:#15803d;--sell:#b91c1c}
@media(prefers-color-scheme:dark){:root{--page:#0b0f14;--card:#121923;--text:#e5edf5;--soft:#b6c2cf;--rule:#2a3644;
--one:#60a5fa;--two:#22c55e;--three:#f59e0b;--four:#a78bfa;--buy:#22c55e;--sell:#f87171}}
body{background:var(--page);color:var(--text);font:15px/1.5 Inter,system-ui,sans-serif;margin:2rem auto;max-width:62rem;
padding:0 1rem}h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:.3rem .6rem;text-align:right;
border-bottom:1px solid var(--rule)}th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem}.card{background:var(--card);
border-radius:.5rem;padding:.6rem .8rem}.card b{display:block;font-size:1.15rem}.card span{color:var(--soft);
font-size:.85rem}
svg{width:100%;height:auto;background:var(--card);border-radius:.5rem}.grid{stroke:var(--rule)}
.axis{fill:var(--soft);font-size:11px}.line{fill:none;stroke-width:1.5}.area{opacity:.25}
.line.one{stroke:var(--one)}.line.two{stroke:var(--two)}.line.three{stroke:var(--three)}.line.four{stroke:var(--four)}
.area.one{fill:var(--one)}.area.three{fill:var(--three)}.buy{fill:var(--buy)}.sell{fill:var(--sell)}
.key{display:inline-block;width:.8rem;height:.2rem;margin:0 .35rem .2rem .9rem}.key.one{background:var(--one)}
.key.two{background:var(--two)}.key.three{background:var(--three)}.key.four{background:var(--four)}
.bad{color:var(--sell);font-weight:600}.wide{overflow-x:auto}
"""


def page_of(report: Report, title: str, facts: Mapping[str, str]) -> str:
    """Returns the page of a report. `facts` say what was run on what, in words."""
    body = "\n".join(_body(report, title, facts))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(report: Report, title: str, facts: Mapping[str, str]) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>"
    span = f"{text_of_instant(report.began_at)} to {text_of_instant(report.ended_at)}"
    yield f"<p>{span}, {report.rows:,} rows of tape.</p>"
    if not report.is_whole:
        yield '<p class="bad">The run was stopped before its tape ended.</p>'
    if not report.adds_up:
        yield '<p class="bad">The parts do not add up to the change of equity.</p>'
    yield from (f'<p class="bad">No orders: {escape(why)}.</p>' for why in report.no_orders)
    yield _cards(report)
    yield "<h2>Profit by part</h2>" + _parts(report)
    yield from (_figure(plot) for plot in plots_of(report))
    yield "<h2>Figures</h2>" + _table(("", "value"), figures_of(report))
    yield "<h2>Run</h2>" + _table(("", ""), facts.items())


def _cards(report: Report) -> str:
    equity, orders = report.equity, report.orders
    shown = (
        ("net, USD", _money(report.total["net"])),
        ("return", _percent(equity.total_return if equity else None)),
        ("Sharpe", _ratio(equity.sharpe if equity else None)),
        ("largest drawdown", _percent(equity.max_drawdown if equity else None)),
        ("executions", f"{orders.executions:,}"),
        ("orders filled", _percent(orders.fill_rate)),
        ("made", _percent(orders.maker_share)),
        ("largest exposure, USD", f"{report.exposure_max_usd:,.0f}"),
    )
    return '<div class="cards">' + "".join(
        f'<div class="card"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for name, value in shown
    ) + "</div>"  # fmt: skip


def _parts(report: Report) -> str:
    rows = [
        (f"{each.instrument}, {each.quote}", *_in_cents([getattr(each, name) for name in PARTS]), plain(each.position))
        for each in report.parts
    ]
    rows.append(("all, USD", *_in_cents([report.total[name] for name in PARTS]), ""))
    return _table(("instrument", *PARTS, "net", "held at the end"), rows)


def _in_cents(parts: Sequence[Decimal]) -> list[str]:
    """Returns parts in cents, and the net that they add up to."""
    told = cents_of(parts)
    return [f"{each:,f}" for each in (*told, sum(told, ZERO))]


def plots_of(report: Report) -> list[Plot]:
    """Returns the plots of a report."""
    curve = report.curve
    drawdown, peak = [], 0.0
    for each in curve.equity:
        peak = max(peak, each)
        drawdown.append(each - peak)
    plots = [
        Plot("Equity", "USD", curve.times, (Line("equity", "one", curve.equity),)),
        Plot("Drawdown", "USD", curve.times, (Line("below the peak", "three", drawdown, is_filled=True),)),
        Plot(
            "Parts so far",
            "USD",
            curve.times,
            (
                Line("spread", "two", curve.spread),
                Line("fees", "three", curve.fees),
                Line("funding", "four", curve.funding),
                Line("inventory", "one", [sum(each) for each in zip(curve.inventory, curve.opening, strict=True)]),
            ),
        ),
        Plot("Exposure", "USD", curve.times, (Line("exposure", "one", curve.exposures, is_filled=True),)),
    ]
    for instrument, middles in curve.middles.items():
        fills = [each for each in report.executions if each.instrument == instrument]
        marks = [Mark(each.seen_at, float(each.price), each.side is Side.BUY) for each in fills]
        plots.append(Plot(f"{instrument}: middle and executions", "quote", curve.times, _known(middles), marks))
        held = Line("position", "one", curve.positions[instrument], is_filled=True)
        plots.append(Plot(f"{instrument}: position", "contracts", curve.times, (held,)))
    return plots


def _known(middles: Sequence[float]) -> tuple[Line, ...]:
    """Returns a line of prices; where none was seen yet the first that was seen stands."""
    first = next((each for each in middles if each), 0.0)
    return (Line("middle", "one", [each or first for each in middles]),)


def _figure(plot: Plot) -> str:
    drawn = svg_of(plot)
    if not drawn:
        return ""
    keys = "".join(f'<span class="key {line.colour}"></span>{escape(line.name)}' for line in plot.lines)
    legend = keys if len(plot.lines) > 1 else ""
    return f"<h2>{escape(plot.title)}, {escape(plot.unit)}{legend}</h2>{drawn}<p>{escape(summary_of(plot))}.</p>"


def figures_of(report: Report) -> list[tuple[str, str]]:
    """Returns the figures of a report, each with its name, for people."""
    return [*_equity_figures(report), *_order_figures(report), *_trade_figures(report)]


def _equity_figures(report: Report) -> Iterator[tuple[str, str]]:
    equity = report.equity
    if equity is None:
        return
    if report.not_annualised is not None:
        yield "figures of a year (-)", report.not_annualised
    yield "Sharpe ratio", _ratio(equity.sharpe)
    yield "Sortino ratio", _ratio(equity.sortino)
    yield "volatility, a year", _percent(equity.annualised_volatility)
    yield "growth, a year", _percent(equity.cagr)
    yield "Calmar ratio", _ratio(equity.calmar)
    yield "largest drawdown", _percent(equity.max_drawdown)
    yield "longest time below a peak, samples", f"{equity.max_drawdown_duration_periods:,}"


def _order_figures(report: Report) -> Iterator[tuple[str, str]]:
    orders, queue = report.orders, report.queue
    yield "orders intended, refused by risk", f"{orders.intended:,}, {orders.refused:,}"
    yield "orders accepted, canceled", f"{orders.accepted:,}, {orders.canceled:,}"
    yield "orders filled, in part only", f"{orders.filled:,}, {orders.filled_in_part:,}"
    for reason, count in sorted(orders.rejected.items()):
        yield f"orders rejected: {reason}", f"{count:,}"
    for held in report.held:
        times = ", ".join(f"{reason} {count:,}" for reason, count in held.times.items())
        yield f"held: {held.owner} on {held.instrument}", times
    if orders.forced:
        yield "positions closed by force", f"{orders.forced:,}"
    yield "executions without a middle before them", f"{report.without_middle:,}"
    if queue is not None:
        waited = (queue.waited_median_ns // NS_PER_MS, queue.waited_95_ns // NS_PER_MS)
        yield "made after, median, 95 of 100", f"{waited[0]:,} ms, {waited[1]:,} ms"
        yield "behind, median, 95 of 100", f"{queue.ahead_median:,} lots, {queue.ahead_95:,} lots"
    yield "turned over, USD", _money(report.turnover_usd)
    yield "turned over, of the mean equity", _ratio(report.turnover_rate)
    yield "mean exposure, USD", f"{report.exposure_mean_usd:,.2f}"


def _trade_figures(report: Report) -> Iterator[tuple[str, str]]:
    trades = report.trades
    yield "closing executions, won, lost", f"{trades.count:,}, {trades.wins:,}, {trades.losses:,}"
    yield "won of all", _percent(trades.win_rate)
    yield "profit factor", _ratio(trades.profit_factor)
    yield "longest run of losses", f"{trades.max_consecutive_losses:,}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _money(amount: Decimal) -> str:
    return f"{cents_of((amount,))[0]:,f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
