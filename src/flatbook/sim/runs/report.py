"""The report of a run as one HTML page: what struck, what was reached, what failed. It loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from flatbook.sim.faults import FAULTS
from flatbook.sim.judges.table import JUDGES as JUDGED
from flatbook.sim.judges.table import LATER, predicate_of
from flatbook.sim.runs.reached import STATUSES

MS_PER_HOUR = 3_600_000
SHADES = 5

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --shade: 9, 105, 218; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
.green { color: var(--good); } .red { color: var(--bad); }
.figures { display: flex; flex-wrap: wrap; gap: .6rem 2.4rem; margin: 1.2rem 0; padding: 0; }
.figures div { display: flex; flex-direction: column-reverse; } .figures dd { font-size: 1.4rem; margin: 0; }
.figures dt { opacity: .7; } table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .6rem; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } th.up { font-weight: 500; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; } ul { margin: .3rem 0; }
.s0 { opacity: .45; } .s1 { background: rgba(var(--shade), .08); } .s2 { background: rgba(var(--shade), .18); }
.s3 { background: rgba(var(--shade), .30); } .s4 { background: rgba(var(--shade), .45); }
"""


def page_of(body: Mapping[str, Any]) -> str:
    """Returns the page of a run. `body` is what the verb answers to programs."""
    word = "red" if body["red"] else "green"
    parts = (
        f"<h1>Simulated worlds: <span class={word}>{word}</span></h1>",
        f"<p>flatbook {escape(str(body['version']))}, scenarios of version {body['scenario_version']}</p>",
        _figures(body),
        _never_struck(body["never_struck"]),
        "".join(_failures(body["failures"], body["red_worlds"])),
        "".join(_faults(body)),
        "".join(_cells(body["cells"])),
        "".join(_edges(body)),
        "".join(_invariants(body["reasons"])),
    )
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en><title>Simulated worlds: {word}</title>{head}{''.join(parts)}</html>\n"


def _figures(body: Mapping[str, Any]) -> str:
    shown = {
        "worlds": f"{body['worlds']:,} of {body['planned']:,}",
        "red": f"{body['red_worlds']:,}",
        "virtual hours": f"{body['virtual_ms'] // MS_PER_HOUR:,}",
        "virtual hours a processor second": f"{body['virtual_hours_per_cpu_s']:,}",
        "worlds a processor second": f"{body['worlds_per_cpu_s']:,}",
        "events in journals": f"{body['events']:,}",
        "strikes of faults": f"{sum(body['faults'].values()):,}",
        "seeds run twice": f"{body['pairs']:,}",
    }
    cells = (f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown.items())
    return f"<dl class=figures>{''.join(cells)}</dl>"


def _never_struck(faults: Sequence[str]) -> str:
    told = f"The run covers too little: {', '.join(faults)} never struck. More seeds are what helps."
    return f"<p class=red>{escape(told)}</p>" if faults else ""


def _failures(failures: Sequence[Mapping[str, Any]], red_worlds: int) -> Iterator[str]:
    if not red_worlds:
        return
    yield f"<h2>Failures</h2><p>{red_worlds:,} worlds are red; the first {len(failures)} are these.</p>"
    for failure in failures:
        again = [failure["replay"], *([f"flatbook sim scenario {failure['smallest']}"] if failure["smallest"] else [])]
        yield f"<h3>{escape(failure['name'])}</h3>"
        yield "".join(f"<p><code>{escape(line)}</code></p>" for line in again)
        yield f"<ul>{''.join(f'<li><code>{escape(line)}</code></li>' for line in failure['told'])}</ul>"


def _faults(body: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Faults injected</h2>"
    named = {**dict.fromkeys(body["never_struck"], 0), **body["faults"]}
    rows = ((name, FAULTS[name].what, f"{named[name]:,}") for name in FAULTS if name in named)
    yield _table(("fault", "what happens", "strikes"), rows, numbers=(2,))


def _cells(cells: Mapping[str, int]) -> Iterator[str]:
    yield "<h2>Status of orders when a fault struck</h2>"
    struck = {cell.partition("*")[2]: None for cell in cells}
    faults = [name for name in FAULTS if name in struck]
    reached = sum(1 for status in STATUSES for fault in faults if cells.get(f"{status}*{fault}"))
    yield f"<p>{reached:,} of {len(faults) * len(STATUSES):,} cells were reached.</p><table><tr><th>fault</th>"
    yield "".join(f"<th class='n up'>{escape(status)}</th>" for status in STATUSES)
    for fault in faults:
        yield f"</tr><tr><td>{escape(fault)}</td>"
        for status in STATUSES:
            count = cells.get(f"{status}*{fault}", 0)
            yield f"<td class='n s{min(len(str(count)) if count else 0, SHADES - 1)}'>{count:,}</td>"
    yield "</tr></table>"


def _edges(body: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Moves of orders</h2>"
    missing = body["edges_missing"]
    yield f"<p>{len(body['edges'])} moves of the table were made, {len(missing)} were not.</p>"
    rows = [(*edge.partition(">")[::2], f"{count:,}") for edge, count in body["edges"].items()]
    yield _table(
        ("status", "move", "times"), [*rows, *((*edge.partition(">")[::2], "0") for edge in missing)], numbers=(2,)
    )


def _invariants(reasons: Mapping[str, int]) -> Iterator[str]:
    yield "<h2>Invariants checked</h2>"
    rows = ((name, predicate_of(name), "not yet" if name in LATER else f"{reasons.get(name, 0):,}") for name in JUDGED)
    yield _table(("invariant", "what it says", "worlds that broke it"), rows, numbers=(2,))


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: tuple[int, ...]) -> str:
    def cells(word: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{word}{' class=n' if index in numbers else ''}>{escape(text)}</{word}>" for index, text in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', titles)}</tr>{body}</table>"
