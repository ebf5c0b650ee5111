import { useMemo } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { HeldLots } from "@/components/Held";
import { Figure, Panel } from "@/components/Panel";
import { PriceChart } from "@/components/PriceChart";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { toPixels } from "@/format/decimal";
import { CAPTURED, ROUNDED, SLIPPAGE_COST, partOf } from "@/format/parts";
import { counted } from "@/format/counted";
import { courseOf } from "@/format/course";

type Pnl = Schemas["PnlAnswer"];
type Line = Pnl["lines"][number];
type Day = Pnl["days"][number];

const LINES: readonly Column<Line>[] = [
  { id: "owner", head: "Owner", text: (row) => row.owner },
  { id: "underlying", head: "Asset", text: (row) => row.underlying, cell: (row) => <span className="font-medium">{row.underlying}</span> },
  { id: "hedged", head: "Hedged", align: "right", sort: "amount", text: (row) => row.hedged_qty, cell: (row) => <Amount value={row.hedged_qty} /> },
  { id: "edge", head: "Spread captured", align: "right", sort: "amount", text: (row) => row.edge_usd, cell: (row) => <span title={CAPTURED}><Amount value={row.edge_usd} places={2} tone="pnl" /></span> },
  { id: "slippage", head: "Slippage cost", align: "right", sort: "amount", text: (row) => row.slippage_usd, cell: (row) => (row.hedges === 0 ? <span className="text-muted">—</span> : <span title={SLIPPAGE_COST}><Amount value={row.slippage_usd} places={2} /></span>) },
  { id: "gross", head: "Gross", align: "right", sort: "amount", text: (row) => row.gross_usd, cell: (row) => <Amount value={row.gross_usd} places={2} tone="pnl" /> },
  { id: "cost", head: "Costs", align: "right", sort: "amount", text: (row) => row.cost_usd, cell: (row) => <Amount value={row.cost_usd} places={2} /> },
  { id: "net", head: "Net", align: "right", sort: "amount", text: (row) => row.net_usd, cell: (row) => <Amount value={row.net_usd} places={2} tone="pnl" className="font-semibold" /> },
];

const DAYS: readonly Column<Day>[] = [
  { id: "day", head: "Day", text: (row) => row.day, cell: (row) => <span className="num">{row.day}</span> },
  { id: "gross", head: "Gross", align: "right", sort: "amount", text: (row) => row.gross_usd, cell: (row) => <Amount value={row.gross_usd} places={2} tone="pnl" /> },
  { id: "cost", head: "Costs", align: "right", sort: "amount", text: (row) => row.cost_usd, cell: (row) => <Amount value={row.cost_usd} places={2} /> },
  { id: "net", head: "Net", align: "right", sort: "amount", text: (row) => row.net_usd, cell: (row) => <Amount value={row.net_usd} places={2} tone="pnl" /> },
  { id: "running", head: "So far", align: "right", sort: "amount", text: (row) => row.running_net_usd, cell: (row) => <Amount value={row.running_net_usd} places={2} tone="pnl" className="font-semibold" /> },
];

function Totals({ pnl }: { pnl: Pnl }) {
  return (
    <div className="flex flex-wrap divide-x divide-line border-b border-line">
      <Figure name="net, all days" testid="pnl-net">
        <Amount value={pnl.total.net_usd} places={2} unit="USD" tone="pnl" />
      </Figure>
      <Figure name={`net, ${pnl.day ?? "today"}`} testid="pnl-today">
        <Amount value={pnl.today?.net_usd ?? "0"} places={2} unit="USD" tone="pnl" />
      </Figure>
      {Object.entries(pnl.total.buckets_usd).map(([bucket, usd]) => (
        <Figure key={bucket} name={partOf(bucket).name} testid={`pnl-bucket-${bucket}`}>
          <Amount value={usd} places={2} tone="pnl" />
        </Figure>
      ))}
      {Object.entries(pnl.total.costs).map(([kind, cost]) => (
        <Figure key={kind} name={kind.replaceAll("_", " ")} sub={cost.missing > 0 ? `${cost.missing} without a value` : undefined} testid={`pnl-cost-${kind}`}>
          <Amount value={cost.usd} places={2} />
        </Figure>
      ))}
    </div>
  );
}

function courseOfDays(days: readonly Day[]): string {
  return `net earnings so far went ${courseOf(days.map((day) => day.running_net_usd), "USD", 2)}, in ${counted(days.length, "day")}`;
}

/** Net earnings day by day, apart by owner and asset; every sum is made by the desk. */
export function Earned() {
  const pnl = useRead<Pnl>("/pnl");
  const days = pnl.data?.days;
  const drawn = useMemo(
    () => ({ kind: "baseline" as const, points: (days ?? []).map((day) => ({ at: `${day.day}T00:00:00Z`, place: toPixels(day.running_net_usd) })) }),
    [days],
  );
  return (
    <>
      <Panel title="Earned" testid="earned" note={`realised, after costs; days in New York; ${ROUNDED}`} flush>
        <Answer query={pnl} lines={6}>
          {(body) => (
            <>
              <Totals pnl={body} />
              <div className="grid gap-0 xl:grid-cols-[1.2fr_1fr]">
                <div className="border-line p-3 xl:border-r">
                  {body.days.length > 1 ? <PriceChart testid="pnl-chart" summary={courseOfDays(body.days)} drawn={drawn} twin={null} height={260} /> : <Empty icon="reports">a line needs two days</Empty>}
                </div>
                <DataTable testid="pnl-days" label="earnings by day" columns={DAYS} rows={body.days} rowKey={(row) => row.day} tools={false} height="18rem" empty={<Empty icon="reports">nothing was earned or lost yet</Empty>} />
              </div>
            </>
          )}
        </Answer>
      </Panel>
      <Panel title="By owner and asset" testid="pnl-lines" note={`in USD; ${ROUNDED}`} flush>
        <Answer query={pnl}>
          {(body) => <DataTable testid="pnl-lines-table" label="earnings by owner and asset" columns={LINES} rows={body.lines} rowKey={(row) => `${row.owner} ${row.underlying}`} tools={body.lines.length > 8} />}
        </Answer>
      </Panel>
      {pnl.data && <HeldLots held={pnl.data.held} />}
    </>
  );
}
