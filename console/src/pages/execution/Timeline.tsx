import type { Execution } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Moment } from "@/components/Moment";
import { OrderStatus, Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { Empty, Waiting } from "@/components/States";
import { spanOf, spanText } from "@/format/time";

type Step = { name: string; at: number; colour: string };

/** The instants of a hedge that are known, in their order in time, from the fill that caused it. */
export function stepsOf(execution: Execution): Step[] {
  const named: [string, string | null, string][] = [
    ["caused", execution.caused_at, "var(--accent)"],
    ["seen", execution.seen_at, "var(--text-2)"],
    ["decided", execution.decided_at, "var(--info)"],
    ["accepted", execution.accepted_at, "var(--warn)"],
    ["unknown", execution.unknown_since, "var(--unknown)"],
    ["first filled", execution.first_filled_at, "var(--buy)"],
    ["filled", execution.last_filled_at, "var(--buy)"],
  ];
  return named
    .filter((entry): entry is [string, string, string] => entry[1] !== null)
    .map(([name, at, colour]) => ({ name, at: Date.parse(at), colour }))
    .sort((a, b) => a.at - b.at);
}

const QUICK_MS = 200;

/** Where on a line of 100 an instant stands: by the logarithm, so that milliseconds and hours both have a place. */
export function placeOf(ms: number, longest: number): number {
  return longest <= 0 ? 0 : (Math.log1p(ms / QUICK_MS) / Math.log1p(longest / QUICK_MS)) * 100;
}

const COLUMNS = "grid-cols-[8.5rem_2.5rem_5.5rem_8.5rem_6.5rem_minmax(8rem,1fr)_4.5rem_4.5rem_4.5rem_4.5rem]";

function Span({ ms }: { ms: string | null }) {
  return <span className="num text-right text-2xs text-text2">{spanOf(ms)}</span>;
}

type RowProps = { execution: Execution; longest: number; chosen: boolean; onChoose: (orderId: string) => void };

function Row({ execution, longest, chosen, onChoose }: RowProps) {
  const steps = stepsOf(execution);
  const first = steps[0];
  const last = steps[steps.length - 1];
  if (!first || !last) return null;
  const said = steps.slice(1).map((step) => `${step.name} after ${spanText(step.at - first.at)}`);
  return (
    <li className="border-b border-line/60 last:border-0">
      <button
        type="button"
        data-testid="timeline-order"
        data-order={execution.order_id}
        aria-pressed={chosen}
        onClick={() => onChoose(execution.order_id)}
        className={`grid h-9 w-full ${COLUMNS} items-center gap-3 px-3 text-left text-xs hover:bg-s2 aria-pressed:bg-s3`}
      >
        <Moment at={execution.decided_at} />
        <Side side={execution.side} />
        <span className="text-right">
          <Amount value={execution.qty} />
        </span>
        <span className="truncate text-text2">{execution.instrument}</span>
        <span>
          <OrderStatus order={execution} />
        </span>
        <span className="relative mx-1 h-4" title={said.join(", ")}>
          <span className="sr-only">{said.join(", ")}</span>
          <span className="absolute top-1/2 h-px -translate-y-1/2 bg-field" style={{ width: `${placeOf(last.at - first.at, longest)}%` }} />
          {steps.map((step) => (
            <span
              key={step.name}
              className="absolute top-1/2 size-2 -translate-x-1/2 -translate-y-1/2 rounded-full"
              style={{ left: `${placeOf(step.at - first.at, longest)}%`, background: step.colour }}
            />
          ))}
        </span>
        <Span ms={execution.seen_ms} />
        <Span ms={execution.decided_ms} />
        <Span ms={execution.executed_ms} />
        <Span ms={execution.total_ms} />
      </button>
    </li>
  );
}

const LEGEND = [
  ["caused", "var(--accent)"],
  ["seen", "var(--text-2)"],
  ["decided", "var(--info)"],
  ["accepted", "var(--warn)"],
  ["unknown", "var(--unknown)"],
  ["filled", "var(--buy)"],
] as const;

type Props = { executions: readonly Execution[]; waiting: boolean; owner: string | undefined; chosen: string | undefined; onChoose: (orderId: string) => void };

/** The latest orders as lines in time, from the fill that caused them to their last execution. A row chooses the cycle that is shown. */
export function Timeline({ executions, waiting, owner, chosen, onChoose }: Props) {
  const longest = executions.reduce((most, execution) => {
    const steps = stepsOf(execution);
    return Math.max(most, (steps[steps.length - 1]?.at ?? 0) - (steps[0]?.at ?? 0));
  }, 0);
  return (
    <Panel
      title="Latest orders in time"
      testid="timeline"
      note={owner && `of ${owner}`}
      flush
      actions={LEGEND.map(([name, colour]) => (
        <span key={name} className="inline-flex items-center gap-1 px-1 text-2xs text-text2">
          <span className="size-2 rounded-full" style={{ background: colour }} />
          {name}
        </span>
      ))}
    >
      {waiting && <Waiting lines={6} />}
      {!waiting && executions.length === 0 && <Empty icon="execution">no order was ever decided</Empty>}
      {executions.length > 0 && (
        <div className="overflow-x-auto" role="region" aria-label="the latest orders, one a row">
          <div className="min-w-[66rem]">
            <div className={`grid ${COLUMNS} gap-3 border-b border-line px-3 py-1.5 text-2xs text-muted`} aria-hidden="true">
              <span>decided</span>
              <span>side</span>
              <span className="text-right">quantity</span>
              <span>instrument</span>
              <span>status</span>
              <span>from cause to fill</span>
              <span className="text-right">seen</span>
              <span className="text-right">decided</span>
              <span className="text-right">executed</span>
              <span className="text-right">in all</span>
            </div>
            <ol className="m-0 list-none p-0">
              {executions.map((execution) => (
                <Row key={execution.order_id} execution={execution} longest={longest} chosen={execution.order_id === chosen} onChoose={onChoose} />
              ))}
            </ol>
          </div>
        </div>
      )}
    </Panel>
  );
}
