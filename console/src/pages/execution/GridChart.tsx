import { useMemo } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { PriceChart, type Drawn, type Level } from "@/components/PriceChart";
import { Answer, Empty } from "@/components/States";
import { Side } from "@/components/order";
import type { Column } from "@/components/table";
import { compared, directionOf, shown, toPixels } from "@/format/decimal";
import { counted } from "@/format/counted";
import { endsOf } from "@/format/course";
import { momentOf } from "@/format/time";
import { ASK_MS } from "@/pages/market/Candles";
import { useZone } from "@/settings/settings";

type Candles = Schemas["CandlesAnswer"];
type Slot = Schemas["SlotBody"];

/** A level of a grid that is drawn: the order that works there, or what its slot holds. */
export type Rung = { key: string; price: string; side: string | null; qty: string | null; as: string };

const HEADS = ["from", "open", "high", "low", "close"] as const;

/** The levels of a grid at which an order works or something is held, the highest first. */
export function rungsOf(slots: readonly Slot[]): Rung[] {
  const rungs = slots.flatMap((slot): Rung[] => {
    const order = slot.order;
    if (order !== null && order.limit !== null) return [{ key: slot.slot, price: order.limit, side: order.side, qty: order.qty, as: order.exit ? "exit" : "entry" }];
    return slot.price !== null && directionOf(slot.qty) !== 0 ? [{ key: slot.slot, price: slot.price, side: null, qty: slot.qty, as: "holds" }] : [];
  });
  return rungs.sort((a, b) => compared(b.price, a.price));
}

function rangeOf(rungs: readonly Rung[], side: string): string {
  const own = rungs.filter((rung) => rung.side === side);
  const ends = endsOf(own.map((rung) => rung.price));
  if (ends === null) return `no ${side} order`;
  return `${counted(own.length, `${side} order`)} ${own.length === 1 ? `at ${shown(ends.low)}` : `from ${shown(ends.low)} to ${shown(ends.high)}`}`;
}

/** What the ladder on the candles shows, in one sentence. */
export function sentenceOf(instrument: string, rungs: readonly Rung[], candles: Candles["candles"]): string {
  const last = candles[candles.length - 1];
  const held = rungs.filter((rung) => rung.as === "holds").length;
  const around = last === undefined ? "whose price nobody saw yet" : `last seen at ${shown(last.close)}`;
  return `${rangeOf(rungs, "buy")} and ${rangeOf(rungs, "sell")} on ${instrument}, ${around}${held > 0 ? `; ${counted(held, "slot")} held without an order` : ""}`;
}

const COLUMNS: readonly Column<Rung>[] = [
  { id: "price", head: "Level", align: "right", sort: "amount", text: (rung) => rung.price, cell: (rung) => <Amount value={rung.price} /> },
  { id: "side", head: "Works", text: (rung) => rung.side, cell: (rung) => (rung.side === null ? <span className="text-muted">—</span> : <Side side={rung.side} />) },
  { id: "qty", head: "Size", align: "right", sort: "amount", text: (rung) => rung.qty, cell: (rung) => <Amount value={rung.qty} most={8} /> },
  { id: "as", head: "As", text: (rung) => rung.as, className: "text-text2" },
];

function Picture({ body, rungs }: { body: Candles; rungs: readonly Rung[] }) {
  const zone = useZone();
  const drawn = useMemo<Drawn>(
    () => ({
      kind: "candles",
      candles: body.candles.map(({ at, open, high, low, close }) => ({ at, open: toPixels(open), high: toPixels(high), low: toPixels(low), close: toPixels(close) })),
    }),
    [body.candles],
  );
  const levels = useMemo<Level[]>(() => rungs.map((rung) => ({ place: toPixels(rung.price), side: rung.side ?? "", text: "", dashed: rung.side === null })), [rungs]);
  const twin = { heads: HEADS, rows: () => body.candles.map((candle) => [momentOf(candle.at, zone), candle.open, candle.high, candle.low, candle.close]) };
  return <PriceChart testid="grid-chart" summary={sentenceOf(body.instrument, rungs, body.candles)} drawn={drawn} levels={levels} twin={twin} height={280} />;
}

/** The ladder of a grid drawn on the candles of its instrument, and its levels as a table beside. */
export function GridChart({ instrument, slots }: { instrument: string; slots: readonly Slot[] }) {
  const candles = useRead<Candles>("/candles", { instrument }, { every: ASK_MS });
  const rungs = useMemo(() => rungsOf(slots), [slots]);
  return (
    <Panel title="Ladder on the candles" testid="grid-on-candles" note={instrument} flush>
      <Answer query={candles} lines={6}>
        {(body) =>
          !body.known ? (
            <Empty icon="unknown">no engine could be asked, so nothing is known of its prices</Empty>
          ) : (
            <div className="grid xl:grid-cols-[2fr_1fr]">
              <div className="min-w-0 border-line p-3 xl:border-r">
                <Picture key={instrument} body={body} rungs={rungs} />
              </div>
              <DataTable testid="grid-levels" label="levels of the ladder" columns={COLUMNS} rows={rungs} rowKey={(rung) => rung.key} tools={false} height="19rem" empty={<Empty icon="grid">no order of this grid works, and nothing is held</Empty>} />
            </div>
          )
        }
      </Answer>
    </Panel>
  );
}
