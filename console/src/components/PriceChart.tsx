import { BaselineSeries, ColorType, createChart, createSeriesMarkers, LineSeries, TickMarkType, type IChartApi, type SeriesMarker, type Time, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef } from "react";
import { clockOf, dayOf } from "@/format/time";
import { useSettings } from "@/settings/settings";
import { useColours, type Colours } from "./colours";

export type Point = { at: string; place: number };
export type Mark = { at: string; side: string; text: string };

type Props = {
  testid: string;
  /** One sentence that says what is drawn; the numbers themselves stand in the table beside it. */
  summary: string;
  points: readonly Point[];
  marks?: readonly Mark[];
  /** Whether the line is coloured above and below zero. */
  baseline?: boolean;
  height?: number;
};

const seconds = (at: string): UTCTimestamp => Math.floor(Date.parse(at) / 1000) as UTCTimestamp;

/** The points in order of time, one for each second: of several the last. */
function inOrder(points: readonly Point[]): { time: UTCTimestamp; value: number }[] {
  const found = new Map<UTCTimestamp, number>();
  for (const point of [...points].sort((a, b) => a.at.localeCompare(b.at))) found.set(seconds(point.at), point.place);
  return [...found].map(([time, value]) => ({ time, value }));
}

function markersOf(marks: readonly Mark[], colours: Colours): SeriesMarker<Time>[] {
  const shaped = marks.map((mark): SeriesMarker<Time> => {
    const buy = mark.side === "buy";
    return { time: seconds(mark.at), position: buy ? "belowBar" : "aboveBar", shape: buy ? "arrowUp" : "arrowDown", color: buy ? colours.up : colours.down };
  });
  return shaped.sort((a, b) => Number(a.time) - Number(b.time));
}

function made(place: HTMLElement, colours: Colours, zone: string, height: number): IChartApi {
  return createChart(place, {
    height,
    autoSize: true,
    layout: { background: { type: ColorType.Solid, color: "transparent" }, textColor: colours.muted, fontFamily: "Inter", fontSize: 11, attributionLogo: true },
    grid: { vertLines: { color: colours.line }, horzLines: { color: colours.line } },
    rightPriceScale: { borderColor: colours.line },
    timeScale: {
      borderColor: colours.line,
      timeVisible: true,
      tickMarkFormatter: (time: Time, kind: TickMarkType) =>
        kind >= TickMarkType.Time ? clockOf(Number(time) * 1000, zone).slice(0, 5) : dayOf(Number(time) * 1000, zone).slice(5),
    },
    localization: { timeFormatter: (time: Time) => `${dayOf(Number(time) * 1000, zone)} ${clockOf(Number(time) * 1000, zone)}` },
  });
}

/** A line over time with our trades on it. */
export function PriceChart({ testid, summary, points, marks = [], baseline = false, height = 240 }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { settings } = useSettings();
  const colours = useColours();
  const look = JSON.stringify([colours, settings.zone, baseline, height]);
  useEffect(() => {
    const at = place.current;
    if (!at) return;
    const chart = made(at, colours, settings.zone, height);
    const series = baseline
      ? chart.addSeries(BaselineSeries, {
          baseValue: { type: "price", price: 0 },
          topLineColor: colours.up,
          topFillColor1: `${colours.up}40`,
          topFillColor2: `${colours.up}08`,
          bottomLineColor: colours.down,
          bottomFillColor1: `${colours.down}08`,
          bottomFillColor2: `${colours.down}40`,
          lineWidth: 2,
        })
      : chart.addSeries(LineSeries, { color: colours.info, lineWidth: 2 });
    series.setData(inOrder(points));
    if (marks.length > 0) createSeriesMarkers(series, markersOf(marks, colours));
    chart.timeScale().fitContent();
    return () => chart.remove();
    // `look` stands for the colours, which are a new object at each drawing.
  }, [points, marks, look]);
  return (
    <figure className="m-0" data-testid={testid}>
      <figcaption className="pb-1 text-2xs text-muted">{summary}</figcaption>
      <div ref={place} style={{ height }} />
    </figure>
  );
}
