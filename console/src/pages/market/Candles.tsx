import { useMemo } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { PriceChart, type Drawn, type Mark } from "@/components/PriceChart";
import { Select } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { toPixels } from "@/format/decimal";
import { counted } from "@/format/counted";
import { courseOf, endsOf } from "@/format/course";
import { momentOf } from "@/format/time";
import { useUi } from "@/frame/ui";
import { useZone } from "@/settings/settings";

type Body = Schemas["CandlesAnswer"];
type Fill = Body["fills"][number];

/** How often the candle that is still open is asked for anew. */
export const ASK_MS = 5_000;
const HEADS = ["from", "open", "high", "low", "close", "traded"] as const;

const FILLS: readonly Column<Fill>[] = [
  { id: "at", head: "At", text: (fill) => fill.at, cell: (fill) => <Moment at={fill.at} /> },
  { id: "side", head: "We", text: (fill) => fill.side, cell: (fill) => <Side side={fill.side} /> },
  { id: "qty", head: "Quantity", align: "right", sort: "amount", text: (fill) => fill.qty, cell: (fill) => <Amount value={fill.qty} /> },
  { id: "price", head: "Price", align: "right", sort: "amount", text: (fill) => fill.price, cell: (fill) => <Amount value={fill.price} most={4} unit={fill.asset} /> },
  { id: "place", head: "Where", text: (fill) => fill.place, className: "text-text2" },
  { id: "owner", head: "Owner", text: (fill) => fill.owner, className: "text-text2" },
];

/** What the candles show, in one sentence. */
export function sentenceOf(body: Body): string {
  const { candles, fills } = body;
  const ends = endsOf(candles.flatMap((candle) => [candle.open, candle.high, candle.low, candle.close]));
  if (ends === null) return `nothing was seen of ${body.instrument} yet`;
  const buys = fills.filter((fill) => fill.side === "buy").length;
  const ours = `${counted(buys, "buy")} and ${counted(fills.length - buys, "sale")} of ours`;
  return `${body.instrument} went ${courseOf(candles.flatMap((candle) => [candle.open, candle.low, candle.high, candle.close]))}, in ${counted(candles.length, "candle")}, with ${ours}`;
}

/** One mark for each side in a candle, with how many trades it stands for. */
export function marksOf({ candles, fills }: Pick<Body, "candles" | "fills">): Mark[] {
  const found = new Map<string, { at: string; side: string; trades: number }>();
  for (const { at, side } of fills) {
    const candle = candles.findLast((one) => one.at <= at)?.at;
    if (candle === undefined) continue;
    const key = `${candle} ${side}`;
    found.set(key, { at: candle, side, trades: (found.get(key)?.trades ?? 0) + 1 });
  }
  return [...found.values()].map(({ at, side, trades }) => ({ at, side, text: trades > 1 ? `${trades}` : "" }));
}

function Drawing({ body }: { body: Body }) {
  const zone = useZone();
  const drawn = useMemo<Drawn>(
    () => ({
      kind: "candles",
      candles: body.candles.map(({ at, open, high, low, close }) => ({ at, open: toPixels(open), high: toPixels(high), low: toPixels(low), close: toPixels(close) })),
    }),
    [body.candles],
  );
  const marks = useMemo(() => marksOf({ candles: body.candles, fills: body.fills }), [body.candles, body.fills]);
  const twin = {
    heads: HEADS,
    rows: () => body.candles.map((candle) => [momentOf(candle.at, zone), candle.open, candle.high, candle.low, candle.close, candle.volume ?? "unknown"]),
  };
  return <PriceChart testid="candles-chart" summary={sentenceOf(body)} drawn={drawn} marks={marks} twin={twin} height={260} />;
}

function Fills({ fills }: { fills: readonly Fill[] }) {
  const { show } = useUi();
  return (
    <DataTable
      testid="candles-fills"
      label="our trades in this time"
      columns={FILLS}
      rows={fills}
      rowKey={(fill) => fill.ref}
      onOpen={(fill) => show({ kind: "chain", ref: fill.order_id === null ? fill.ref : `order:${fill.order_id}` })}
      tools={false}
      height="18rem"
      empty={<Empty icon="orders">we traded nothing in this time</Empty>}
    />
  );
}

type Props = { instrument: string; instruments: readonly string[]; onChoose: (instrument: string) => void };

/** One instrument minute by minute as the running engine saw it, with what we traded of it. */
export function Candles({ instrument, instruments, onChoose }: Props) {
  const candles = useRead<Body>("/candles", { instrument }, { every: ASK_MS });
  return (
    <Panel
      title="Candles"
      note="since the engine was started"
      testid="candles"
      flush
      actions={instruments.length > 1 && <Select value={instrument} choices={instruments.map((value) => ({ value, label: value }))} label="Candles of" testid="candles-of" onChange={onChoose} />}
    >
      <Answer query={candles} lines={6}>
        {(body) =>
          !body.known ? (
            <Empty icon="unknown">no engine could be asked, so nothing is known of its prices</Empty>
          ) : body.candles.length === 0 ? (
            <Empty icon="clock">nothing was seen of {instrument} yet</Empty>
          ) : (
            <div className="grid gap-0 xl:grid-cols-[1fr_1fr]">
              <div className="min-w-0 border-line p-3 xl:border-r">
                <Drawing key={body.instrument} body={body} />
              </div>
              <Fills fills={[...body.fills].reverse()} />
            </div>
          )
        }
      </Answer>
    </Panel>
  );
}
