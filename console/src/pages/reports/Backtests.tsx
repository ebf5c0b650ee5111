import { useState } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { DataTable } from "@/components/DataTable";
import { Layer } from "@/components/Dialog";
import { Moment } from "@/components/Moment";
import { Facts, Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";

type Run = Schemas["ReportLineBody"];
type Report = Schemas["KeptReport"];

const COLUMNS: readonly Column<Run>[] = [
  { id: "name", head: "Run", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { id: "written", head: "Written", text: (row) => row.written_at, cell: (row) => <Moment at={row.written_at} /> },
  { id: "size", head: "Report, bytes", align: "right", sort: "amount", text: (row) => `${row.size}`, cell: (row) => <span className="num text-text2">{row.size}</span> },
];

/** What a report says, one line per number, the names of what holds them joined by points. */
export function linesOf(found: unknown, under = ""): [string, string][] {
  if (Array.isArray(found)) {
    const plain = found.every((item) => typeof item !== "object" || item === null);
    return plain ? [[under, found.join(", ")]] : found.flatMap((item, index) => linesOf(item, `${under}.${index + 1}`));
  }
  if (typeof found === "object" && found !== null) {
    return Object.entries(found).flatMap(([name, value]) => linesOf(value, under === "" ? name : `${under}.${name}`));
  }
  return [[under, found === null ? "unknown" : String(found)]];
}

function Details({ name, onClose }: { name: string; onClose: () => void }) {
  const report = useRead<Report>(`/reports/${encodeURIComponent(name)}`, {}, { follows: false });
  return (
    <Layer open drawer onClose={onClose} title={name} says="What this backtest reported." testid="backtest">
      <div className="p-4">
        <Answer query={report} lines={10}>
          {(body) => (
            <Facts
              testid="backtest-facts"
              rows={linesOf(body.report).map(([key, value]) => [key, <span key={key} className="num !whitespace-normal break-all">{value}</span>] as const)}
            />
          )}
        </Answer>
      </div>
    </Layer>
  );
}

/** The backtests that were kept under the desk's home; a row opens what one reported. */
export function Backtests() {
  const runs = useRead<Schemas["ReportsAnswer"]>("/reports", {}, { follows: false });
  const [open, setOpen] = useState<string | null>(null);
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
            onOpen={(row) => setOpen(row.name)}
            openKey={open}
            tools={body.reports.length > 8}
            empty={<Empty icon="reports">no backtest was kept in the desk's home</Empty>}
          />
        )}
      </Answer>
      {open !== null && <Details name={open} onClose={() => setOpen(null)} />}
    </Panel>
  );
}
