import type { Begun } from "@/api/tasks";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Facts, Panel } from "@/components/Panel";
import type { Column } from "@/components/table";
import { TaskLine } from "@/frame/TaskLine";

export type Cause = { cause: string; amount: string; bps: number | null; orders: number };
export type Compared = { orders: Record<string, number>; traded: string; simulated: string; difference: string; turnover: string; decided_later_ms: number | null; causes: Cause[] };

/** What `flatbook compare` answered; null where it did not come to that. */
export function comparedOf(result: Record<string, unknown> | null | undefined): Compared | null {
  return result && Array.isArray(result["causes"]) ? (result as unknown as Compared) : null;
}

const CAUSES: readonly Column<Cause>[] = [
  { id: "cause", head: "Cause", text: (row) => row.cause.replaceAll("_", " "), cell: (row) => <span className="font-medium">{row.cause.replaceAll("_", " ")}</span> },
  { id: "amount", head: "Difference, quote", align: "right", sort: "amount", text: (row) => row.amount, cell: (row) => <Amount value={row.amount} places={2} tone="pnl" /> },
  { id: "bps", head: "bps of turnover", align: "right", sort: "amount", text: (row) => (row.bps === null ? null : row.bps.toFixed(2)), cell: (row) => <span className="num">{row.bps === null ? "—" : row.bps.toFixed(2)}</span> },
  { id: "orders", head: "Orders", align: "right", sort: "amount", text: (row) => `${row.orders}`, cell: (row) => <span className="num">{row.orders}</span> },
];

/** How what was traded differs from a backtest of the same window, by cause; the causes add up to the difference. */
export function Divergence({ begun }: { begun: Begun }) {
  const compared = comparedOf(begun.task?.result);
  if (begun.task === null && begun.error === null) return null;
  return (
    <Panel title="Traded against simulated" testid="divergence" flush>
      {compared && (
        <div className="grid gap-0 xl:grid-cols-[1fr_1.4fr]">
          <div className="p-3">
            <Facts
              testid="divergence-facts"
              rows={[
                ["traded", <Amount key="t" value={compared.traded} places={2} tone="pnl" />],
                ["simulated", <Amount key="s" value={compared.simulated} places={2} tone="pnl" />],
                ["difference", <Amount key="d" value={compared.difference} places={2} tone="pnl" className="font-semibold" />],
                ["turnover", <Amount key="o" value={compared.turnover} places={2} />],
                ["decided later by", <span key="l" className="num">{compared.decided_later_ms === null ? "unknown" : `${compared.decided_later_ms} ms`}</span>],
                ...Object.entries(compared.orders).map(([name, count]) => [`orders ${name.replaceAll("_", " ")}`, <span key={name} className="num">{count}</span>] as const),
              ]}
            />
          </div>
          <DataTable testid="divergence-table" label="difference by cause" columns={CAUSES} rows={compared.causes} rowKey={(row) => row.cause} tools={false} />
        </div>
      )}
      <TaskLine begun={begun} testid="divergence-task" />
    </Panel>
  );
}
