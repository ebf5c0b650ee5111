import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";

type Runs = Schemas["ReportsAnswer"];
type Run = Runs["reports"][number];

const COLUMNS: readonly Column<Run>[] = [
  { id: "name", head: "Run", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { id: "strategies", head: "Strategies", text: (row) => row.strategies.join(", ") },
  { id: "from", head: "From", text: (row) => row.began_at, cell: (row) => <Moment at={row.began_at} /> },
  { id: "to", head: "To", text: (row) => row.ended_at, cell: (row) => <Moment at={row.ended_at} /> },
  { id: "net", head: "Net, USD", align: "right", sort: "amount", text: (row) => row.net_usd, cell: (row) => <Amount value={row.net_usd} places={2} tone="pnl" /> },
];

/** The backtests that were kept under the desk's home. */
export function Backtests() {
  const runs = useRead<Runs>("/reports", {}, { follows: false });
  return (
    <Panel title="Backtests" testid="backtests" flush>
      <Answer query={runs}>
        {(body) => (
          <DataTable
            testid="backtests-table"
            label="backtests"
            columns={COLUMNS}
            rows={body.reports}
            rowKey={(row) => row.name}
            tools={body.reports.length > 8}
            empty={<Empty icon="reports">no backtest was kept: `flatbook backtest PLAN.toml --data TAPE` makes one</Empty>}
          />
        )}
      </Answer>
    </Panel>
  );
}
