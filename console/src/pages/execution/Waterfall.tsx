import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Button } from "@/components/Button";
import { Moment } from "@/components/Moment";
import { OrderStatus, Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import { counted } from "@/format/counted";
import { spanOf } from "@/format/time";
import { useUi } from "@/frame/ui";
import { placeOf } from "./Timeline";

export type Cycle = Schemas["CycleAnswer"];
export type Leg = Cycle["legs"][number];

const STEPS: Readonly<Record<Leg["step"], { name: string; colour: string }>> = {
  happened: { name: "fill onchain", colour: "var(--accent)" },
  seen: { name: "fill seen", colour: "var(--text-2)" },
  intended: { name: "intended", colour: "var(--info)" },
  submitted: { name: "submitted", colour: "var(--info)" },
  acknowledged: { name: "acknowledged", colour: "var(--warn)" },
  filled: { name: "filled", colour: "var(--buy)" },
  hedged: { name: "hedged", colour: "var(--buy)" },
};

export type Bar = Leg & { name: string; colour: string; from: number; to: number };

/** Where each step of a cycle begins and ends on a line of 100: it begins where the step before it that is known ended. */
export function barsOf(legs: readonly Leg[]): Bar[] {
  const ends = legs.map((leg) => (leg.at === null ? null : Date.parse(leg.at)));
  const known = ends.filter((end): end is number => end !== null);
  const first = Math.min(...known);
  const longest = Math.max(...known) - first;
  let from = 0;
  return legs.map((leg, index) => {
    const end = ends[index];
    const to = end === null || end === undefined ? from : placeOf(Math.max(0, end - first), longest);
    const bar = { ...leg, ...STEPS[leg.step], from: Math.min(from, to), to };
    if (end !== null) from = to;
    return bar;
  });
}

/** What a cycle took, in one sentence. */
export function sentenceOf({ legs, closed }: Pick<Cycle, "legs" | "closed">): string {
  const last = legs.findLast((leg) => leg.at !== null);
  const hedged = closed.length === 0 ? "it closed no fill yet" : `it closed ${counted(closed.length, "part of a fill", "parts of fills")}`;
  if (!last || last.total_ms === null) return `nothing but the decision is known; ${hedged}`;
  return `${STEPS[last.step].name} ${spanOf(last.total_ms)} after the first step; ${hedged}`;
}

function Row({ bar }: { bar: Bar }) {
  return (
    <tr data-testid="waterfall-step" data-step={bar.step} className="h-8">
      <th scope="row" className="px-3 text-left text-xs font-normal whitespace-nowrap">
        {bar.name}
      </th>
      <td className="px-3 whitespace-nowrap">{bar.at === null ? <span className="text-2xs text-muted">not known</span> : <Moment at={bar.at} millis day={false} />}</td>
      <td className="num px-3 text-right text-xs whitespace-nowrap">{spanOf(bar.after_ms)}</td>
      <td className="w-full px-3">
        <span className="relative block h-3 rounded-sm bg-s2">
          {bar.at !== null && <span className="absolute inset-y-0 min-w-0.5 rounded-sm" style={{ left: `${bar.from}%`, width: `${bar.to - bar.from}%`, background: bar.colour }} />}
        </span>
      </td>
      <td className="num px-3 text-right text-xs whitespace-nowrap text-text2">{spanOf(bar.total_ms)}</td>
    </tr>
  );
}

function Drawn({ cycle }: { cycle: Cycle }) {
  return (
    <div data-testid="waterfall-cycle" data-order={cycle.execution.order_id}>
      <p className="m-0 px-3 pt-2 text-2xs text-muted" data-testid="waterfall-says">
        {sentenceOf(cycle)}; lengths are by the logarithm, so that milliseconds and hours both have a place
      </p>
      <div className="overflow-x-auto" role="region" aria-label="steps of the cycle" tabIndex={0}>
        <table className="w-full border-separate border-spacing-0">
          <thead>
            <tr className="text-2xs text-muted">
              <th scope="col" className="px-3 py-1 text-left font-medium">step</th>
              <th scope="col" className="px-3 text-left font-medium">at</th>
              <th scope="col" className="px-3 text-right font-medium whitespace-nowrap">after the step before</th>
              <th scope="col" className="px-3 text-left font-medium">when</th>
              <th scope="col" className="px-3 text-right font-medium whitespace-nowrap">in all</th>
            </tr>
          </thead>
          <tbody>
            {barsOf(cycle.legs).map((bar) => (
              <Row key={bar.step} bar={bar} />
            ))}
          </tbody>
        </table>
      </div>
      {cycle.closed.length > 0 && (
        <ul className="m-0 flex list-none flex-wrap gap-x-6 gap-y-1 border-t border-line px-3 py-2 text-2xs">
          {cycle.closed.map((each) => (
            <li key={`${each.fill} ${each.closed_at}`} className="inline-flex items-center gap-2" data-testid="waterfall-closed">
              <span className="text-muted">closed</span>
              <Amount value={each.qty} unit={cycle.execution.underlying} />
              <span className="text-muted">of</span>
              <span className="num text-text2" title={each.fill}>…{each.fill.slice(-8)}</span>
              <Amount value={each.realised_usd} places={2} unit="USD" tone="pnl" />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The cycle of one order, from the fill that caused it until all of that fill is closed: the one that was chosen, else the latest. */
export function Waterfall({ orderId }: { orderId: string | undefined }) {
  const { show } = useUi();
  const cycle = useRead<Cycle>(`/executions/${orderId ?? ""}`, {}, { enabled: orderId !== undefined });
  const execution = cycle.data?.execution;
  return (
    <Panel
      title="From fill to hedge, step by step"
      testid="waterfall"
      note={execution && `order …${execution.order_id.slice(-8)}`}
      flush
      actions={
        execution && (
          <>
            <Side side={execution.side} />
            <Amount value={execution.qty} unit={execution.underlying} className="mx-1" />
            <OrderStatus order={execution} />
            <Button small look="quiet" onClick={() => show({ kind: "chain", ref: `order:${execution.order_id}` })} data-testid="waterfall-why">
              Why
            </Button>
          </>
        )
      }
    >
      {orderId === undefined ? <Empty icon="execution">no order was ever decided</Empty> : <Answer query={cycle} lines={6}>{(body) => <Drawn cycle={body} />}</Answer>}
    </Panel>
  );
}
