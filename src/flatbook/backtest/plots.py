"""Line plots as SVG, drawn here so that a page of a report needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from flatbook.values.instants import Instant, text_of_instant

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 14, 26
POINTS_MAX = 600
MARKS_MAX = 2_000
TICKS = 5


class Line(NamedTuple):
    """One line of a plot; `colour` is a class of the page's style."""

    name: str
    colour: str
    values: Sequence[float]
    is_filled: bool = False


class Mark(NamedTuple):
    """Something that happened at an instant and a value. `is_up` says which way its triangle points."""

    at: int
    value: float
    is_up: bool


class Plot(NamedTuple):
    """Lines over the same instants, and marks among them. Units: instants in ns."""

    title: str
    unit: str
    times: Sequence[int]
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()


def svg_of(plot: Plot) -> str:
    """Returns a plot as SVG, with a sentence that says what it shows; nothing where it has no two points."""
    if len(plot.times) < 2:
        return ""
    frame = _frame_of(plot)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(summary_of(plot))}">',
        f"<title>{escape(summary_of(plot))}</title>",
        *_axes(frame),
        *(_line(plot.times, line, frame) for line in plot.lines),
        *(_mark(mark, frame) for mark in thinned(plot.marks)),
        "</svg>",
    ]
    return "\n".join(parts)


def summary_of(plot: Plot) -> str:
    """Returns what a plot shows in a sentence."""
    ends = ", ".join(f"{line.name} from {line.values[0]:,.2f} to {line.values[-1]:,.2f}" for line in plot.lines)
    return f"{plot.title} ({plot.unit}): {ends}"


def thinned(marks: Sequence[Mark]) -> Sequence[Mark]:
    """Returns at most MARKS_MAX marks, evenly taken."""
    step = -(-len(marks) // MARKS_MAX) or 1
    return marks[::step]


class _Frame(NamedTuple):
    begin: int
    end: int
    low: float
    high: float

    def x(self, at: int) -> float:
        return LEFT + (at - self.begin) / (self.end - self.begin) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def _frame_of(plot: Plot) -> _Frame:
    values = [value for line in plot.lines for value in line.values] + [mark.value for mark in plot.marks]
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return _Frame(plot.times[0], max(plot.times[-1], plot.times[0] + 1), low - room, high + room)


def _axes(frame: _Frame) -> list[str]:
    drawn = []
    for number in range(TICKS):
        value = frame.low + (frame.high - frame.low) * number / (TICKS - 1)
        y = frame.y(value)
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(f'<text class="axis" text-anchor="end" x="{LEFT - 6}" y="{y + 4:.1f}">{_short(value)}</text>')
        at = frame.begin + (frame.end - frame.begin) * number // (TICKS - 1)
        anchor = "start" if number == 0 else "end" if number == TICKS - 1 else "middle"
        drawn.append(
            f'<text class="axis" text-anchor="{anchor}" x="{frame.x(at):.1f}" y="{HEIGHT - 8}">'
            f"{_clock(at, frame.end - frame.begin)}</text>"
        )
    return drawn


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"


def _clock(at: int, span: int) -> str:
    text = text_of_instant(Instant(at - at % 10**9))
    return text[:10] if span > 4 * 86_400 * 10**9 else text[11:19]


def _line(times: Sequence[int], line: Line, frame: _Frame) -> str:
    points = _decimated(times, line.values)
    path = " ".join(f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in points)
    if line.is_filled:
        zero = frame.y(min(max(0.0, frame.low), frame.high))
        path = f"{frame.x(times[0]):.1f},{zero:.1f} {path} {frame.x(times[-1]):.1f},{zero:.1f}"
        return f'<polygon class="area {line.colour}" points="{path}"/>'
    return f'<polyline class="line {line.colour}" points="{path}"/>'


def _decimated(times: Sequence[int], values: Sequence[float]) -> list[tuple[int, float]]:
    """Returns points of which none that is highest or lowest in its stretch is lost."""
    pairs = list(zip(times, values, strict=True))
    if len(pairs) <= 2 * POINTS_MAX:
        return pairs
    kept: list[tuple[int, float]] = []
    for stretch in range(POINTS_MAX):
        part = pairs[len(pairs) * stretch // POINTS_MAX : len(pairs) * (stretch + 1) // POINTS_MAX]
        ends = {part.index(min(part, key=_value)), part.index(max(part, key=_value))}
        kept += [part[index] for index in sorted(ends)]
    return [pairs[0], *kept, pairs[-1]]


def _value(pair: tuple[int, float]) -> float:
    return pair[1]


def _mark(mark: Mark, frame: _Frame) -> str:
    x, y, up = frame.x(mark.at), frame.y(mark.value), -5 if mark.is_up else 5
    colour = "buy" if mark.is_up else "sell"
    return f'<polygon class="{colour}" points="{x - 3:.1f},{y:.1f} {x + 3:.1f},{y:.1f} {x:.1f},{y + up:.1f}"/>'
