import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clockOf, dayOf, momentOf } from "@/format/time";
import { useSettings, useZone } from "@/settings/settings";
import { Chart, type Twin } from "./Chart";
import { useColours, type Colours } from "./colours";

export type Line = {
  name: string;
  /** One place per time, for drawing only; null where nothing is known. */
  places: readonly (number | null)[];
  /** The same as texts, exactly as they arrived. */
  texts: readonly (string | null)[];
  colour: keyof Colours;
  fill?: boolean;
};

type Props = {
  testid: string;
  /** One sentence that says what the lines show. */
  summary: string;
  /** Seconds since 1970, ascending. */
  times: readonly number[];
  lines: readonly Line[];
  height?: number;
};

const DAY_S = 86_400;

/** The times below a chart, in the reader's zone: days where it spans some, else the clock. */
function ticksIn(zone: string): uPlot.Axis.Values {
  return (chart, seconds) => {
    const { min, max } = chart.scales["x"] ?? {};
    const spans = (max ?? 0) - (min ?? 0) > 2 * DAY_S;
    return seconds.map((at) => (spans ? dayOf(at * 1000, zone).slice(5) : clockOf(at * 1000, zone)));
  };
}

/** Room around lines that hardly move, so that one that stands still is not drawn as a leap. */
function roomAround(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  const [from, to] = [low ?? 0, high ?? 1];
  const room = (to - from) * 0.1 || Math.abs(to) * 0.0005 || 1;
  return [from - room, to + room];
}

function optionsOf({ lines, height = 200 }: Props, colours: Colours, zone: string, width: number): uPlot.Options {
  const axis = { stroke: colours.muted, font: "11px Inter", grid: { stroke: colours.line, width: 1 }, ticks: { stroke: colours.line, width: 1, size: 4 } };
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    cursor: { y: false, points: { size: 6 } },
    legend: { show: false },
    padding: [8, 8, 0, 0],
    scales: { y: { range: roomAround } },
    axes: [
      { ...axis, space: 80, values: ticksIn(zone), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, DAY_S, 7 * DAY_S] },
      { ...axis, size: 64, space: 32 },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        stroke: colours[line.colour],
        width: 1.5,
        points: { show: false },
        ...(line.fill ? { fill: `${colours[line.colour]}22` } : {}),
      })),
    ],
  };
}

function Drawing(props: Props) {
  const { times, lines, height = 200 } = props;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const { settings } = useSettings();
  const colours = useColours();
  const shape = JSON.stringify([lines.map((line) => [line.name, line.colour]), settings.theme, settings.pnl, settings.zone, height]);

  useEffect(() => {
    const at = place.current;
    if (!at) return;
    const made = new uPlot(optionsOf(props, colours, settings.zone, at.clientWidth), [[], ...lines.map(() => [])], at);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height }));
    watch.observe(at);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
    // The chart is made anew only when its shape changes; new numbers are set below.
  }, [shape]);

  useEffect(() => {
    chart.current?.setData([times as number[], ...lines.map((line) => line.places as (number | null)[])]);
  }, [times, lines, shape]);

  return <div ref={place} aria-hidden="true" className="min-w-0" />;
}

/** Lines over time, with a sentence that says what they show and a table of the same numbers. */
export function LineChart(props: Props) {
  const { testid, summary, times, lines } = props;
  const zone = useZone();
  const colours = useColours();
  const twin: Twin = {
    heads: ["at", ...lines.map((line) => line.name)],
    rows: () => times.map((at, index) => [momentOf(at * 1000, zone), ...lines.map((line) => line.texts[index] ?? "unknown")]),
  };
  const legend = lines.map((line) => (
    <span key={line.name} className="inline-flex shrink-0 items-center gap-1">
      <span className="h-0.5 w-3" style={{ background: colours[line.colour] }} />
      {line.name}
    </span>
  ));
  return (
    <Chart testid={testid} summary={summary} legend={legend} twin={twin}>
      <Drawing {...props} />
    </Chart>
  );
}
