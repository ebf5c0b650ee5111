import {
  BaselineSeries,
  CandlestickSeries,
  ColorType,
  createChart,
  createSeriesMarkers,
  LineStyle,
  TickMarkType,
  type AutoscaleInfo,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "react";
import { clockOf, dayOf } from "@/format/time";
import { useSettings } from "@/settings/settings";
import { Chart, type Twin } from "./Chart";
import { useColours, type Colours } from "./colours";

/** Places for drawing only, each from the text of an amount. */
export type Point = { at: string; place: number };
export type Candle = { at: string; open: number; high: number; low: number; close: number };
/** `text` says how many trades a mark stands for, where it is more than one. */
export type Mark = { at: string; side: string; text: string };

/** A price across the whole chart, such as that of an order; a dashed one is only held or planned. */
export type Level = { place: number; side: string; text: string; dashed: boolean };

/** A line that is coloured above and below zero, or candles. */
export type Drawn = { kind: "baseline"; points: readonly Point[] } | { kind: "candles"; candles: readonly Candle[] };

type Props = {
  testid: string;
  /** One sentence that says what is drawn. */
  summary: string;
  drawn: Drawn;
  /** Our trades on it. */
  marks?: readonly Mark[];
  /** Prices that stand on it, which are always in sight. */
  levels?: readonly Level[];
  twin: Twin | null;
  height?: number;
};

/** The widest that a candle is drawn, so that two of them are no walls. */
const CANDLE_PX_MAX = 24;
const NO_MARKS: readonly Mark[] = [];
const NO_LEVELS: readonly Level[] = [];

const seconds = (at: string): UTCTimestamp => Math.floor(Date.parse(at) / 1000) as UTCTimestamp;

type Placed = { at: string };

/** What stands at each second in order of time: of several the last. */
function inOrder<Item extends Placed, Out extends { time: UTCTimestamp }>(items: readonly Item[], placed: (item: Item, time: UTCTimestamp) => Out): Out[] {
  const found = new Map<UTCTimestamp, Out>();
  for (const item of [...items].sort((a, b) => a.at.localeCompare(b.at))) found.set(seconds(item.at), placed(item, seconds(item.at)));
  return [...found.values()];
}

function markersOf(marks: readonly Mark[], colours: Colours): SeriesMarker<Time>[] {
  const shaped = marks.map((mark): SeriesMarker<Time> => {
    const buy = mark.side === "buy";
    return { time: seconds(mark.at), position: buy ? "belowBar" : "aboveBar", shape: buy ? "arrowUp" : "arrowDown", color: buy ? colours.up : colours.down, text: mark.text };
  });
  return shaped.sort((a, b) => Number(a.time) - Number(b.time));
}

function made(place: HTMLElement, colours: Colours, zone: string, height: number, maxBarSpacing: number): IChartApi {
  return createChart(place, {
    height,
    autoSize: true,
    layout: { background: { type: ColorType.Solid, color: "transparent" }, textColor: colours.muted, fontFamily: "Inter", fontSize: 11, attributionLogo: true },
    grid: { vertLines: { color: colours.line }, horzLines: { color: colours.line } },
    rightPriceScale: { borderColor: colours.line },
    timeScale: {
      borderColor: colours.line,
      timeVisible: true,
      maxBarSpacing,
      tickMarkFormatter: (time: Time, kind: TickMarkType) =>
        kind >= TickMarkType.Time ? clockOf(Number(time) * 1000, zone).slice(0, 5) : dayOf(Number(time) * 1000, zone).slice(5),
    },
    localization: { timeFormatter: (time: Time) => `${dayOf(Number(time) * 1000, zone)} ${clockOf(Number(time) * 1000, zone)}` },
  });
}

type Series = ISeriesApi<"Baseline"> | ISeriesApi<"Candlestick">;
type Shown = { chart: IChartApi; series: Series; markers: ISeriesMarkersPluginApi<Time>; lines: IPriceLine[] };

function seriesOf(chart: IChartApi, kind: Drawn["kind"], colours: Colours): Series {
  if (kind === "candles") {
    return chart.addSeries(CandlestickSeries, { upColor: colours.up, downColor: colours.down, wickUpColor: colours.up, wickDownColor: colours.down, borderVisible: false });
  }
  return chart.addSeries(BaselineSeries, {
    baseValue: { type: "price", price: 0 },
    topLineColor: colours.up,
    topFillColor1: `${colours.up}40`,
    topFillColor2: `${colours.up}08`,
    bottomLineColor: colours.down,
    bottomFillColor1: `${colours.down}08`,
    bottomFillColor2: `${colours.down}40`,
    lineWidth: 2,
  });
}

/** Draws the levels in the place of those before, and keeps all of them in sight. */
function level(shown: Shown, levels: readonly Level[], colours: Colours): void {
  for (const line of shown.lines) shown.series.removePriceLine(line);
  shown.lines = levels.map(({ place, side, text, dashed }) =>
    shown.series.createPriceLine({
      price: place,
      color: side === "buy" ? colours.up : side === "sell" ? colours.down : colours.accent,
      lineWidth: 1,
      lineStyle: dashed ? LineStyle.Dashed : LineStyle.Solid,
      axisLabelVisible: false,
      title: text,
    }),
  );
  const places = levels.map((one) => one.place);
  shown.series.applyOptions({
    autoscaleInfoProvider: (original: () => AutoscaleInfo | null) => {
      const found = original();
      if (!found?.priceRange || places.length === 0) return found;
      return { ...found, priceRange: { minValue: Math.min(found.priceRange.minValue, ...places), maxValue: Math.max(found.priceRange.maxValue, ...places) } };
    },
  });
}

function fill({ series }: Shown, drawn: Drawn): void {
  if (drawn.kind === "candles") series.setData(inOrder(drawn.candles, ({ open, high, low, close }, time) => ({ time, open, high, low, close })));
  else series.setData(inOrder(drawn.points, ({ place }, time) => ({ time, value: place })));
}

function Drawing({ drawn, marks, levels, height }: { drawn: Drawn; marks: readonly Mark[]; levels: readonly Level[]; height: number }) {
  const place = useRef<HTMLDivElement>(null);
  const shown = useRef<Shown | null>(null);
  const { settings } = useSettings();
  const colours = useColours();
  const look = JSON.stringify([colours, settings.zone, drawn.kind, height]);
  useEffect(() => {
    const at = place.current;
    if (!at) return;
    const chart = made(at, colours, settings.zone, height, drawn.kind === "candles" ? CANDLE_PX_MAX : 0);
    const series = seriesOf(chart, drawn.kind, colours);
    shown.current = { chart, series, markers: createSeriesMarkers(series as ISeriesApi<"Baseline">, []), lines: [] };
    fill(shown.current, drawn);
    chart.timeScale().fitContent();
    return () => {
      shown.current = null;
      chart.remove();
    };
    // `look` stands for the colours, which are a new object at each drawing; new numbers are set below.
  }, [look]);
  useEffect(() => {
    if (!shown.current) return;
    fill(shown.current, drawn);
    shown.current.markers.setMarkers(markersOf(marks, colours));
    level(shown.current, levels, colours);
  }, [drawn, marks, levels, look]);
  return <div ref={place} style={{ height }} />;
}

/** A line or candles over time, with our trades on them and prices across them. */
export function PriceChart({ testid, summary, drawn, marks = NO_MARKS, levels = NO_LEVELS, twin, height = 240 }: Props) {
  return (
    <Chart testid={testid} summary={summary} twin={twin}>
      <Drawing drawn={drawn} marks={marks} levels={levels} height={height} />
    </Chart>
  );
}
