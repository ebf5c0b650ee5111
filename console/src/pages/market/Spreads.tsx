import { useMemo } from "react";
import { LineChart } from "@/components/LineChart";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { toPixels } from "@/format/decimal";
import { counted } from "@/format/counted";
import { courseOf } from "@/format/course";
import { useLooks } from "@/live/looks";
import { seenOf, type BookBody } from "./Books";

/** The middle and the spread of a book since the console was opened: nothing of a market is kept by the desk. */
export function Spreads({ book }: { book: BookBody }) {
  const samples = useLooks(book.instrument);
  const times = useMemo(() => samples.map((sample) => sample.at), [samples]);
  const lines = useMemo(
    () =>
      (["mid", "spread"] as const).map((name) => ({
        name: name === "mid" ? "middle" : "spread, bps",
        places: samples.map((sample) => toPixels(sample[name])),
        texts: samples.map((sample) => sample[name]),
        colour: name === "mid" ? ("info" as const) : ("warn" as const),
      })),
    [samples],
  );
  const [mid, spread] = lines;
  return (
    <Panel title="Spread" testid="spreads" note="since the console was opened" seen={seenOf(book)}>
      {samples.length < 2 || !mid || !spread ? (
        <Empty icon="clock">a line needs two looks at the book</Empty>
      ) : (
        <div className="flex flex-col gap-2">
          <LineChart testid="mid-chart" summary={`the middle of ${book.instrument} went ${courseOf(mid.texts)}, in ${counted(samples.length, "look")}`} times={times} lines={[mid]} height={140} />
          <LineChart testid="spread-chart" summary={`the spread went ${courseOf(spread.texts, "basis points of the middle", 3)}`} times={times} lines={[spread]} height={110} />
        </div>
      )}
    </Panel>
  );
}
