import { useState } from "react";
import { useRead } from "@/api/queries";
import { useMay } from "@/api/session";
import { useTask, type Begun, type Tasks } from "@/api/tasks";
import type { Schemas } from "@/api/types";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { DataTable } from "@/components/DataTable";
import { Layer } from "@/components/Dialog";
import { Moment } from "@/components/Moment";
import { Facts, Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { shown } from "@/format/decimal";
import { TaskLine } from "@/frame/TaskLine";
import { Divergence } from "./Divergence";
import { sectionsOf } from "./numbers";
import { Tearsheet } from "./Tearsheet";

/** So many decimals of a figure are shown; the exact text is in its title. */
const PLACES = 4;

type Run = Schemas["ReportLineBody"];
type Report = Schemas["KeptReport"];

const COLUMNS: readonly Column<Run>[] = [
  { id: "name", head: "Run", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { id: "written", head: "Written", text: (row) => row.written_at, cell: (row) => <Moment at={row.written_at} /> },
  { id: "size", head: "Report, bytes", align: "right", sort: "amount", text: (row) => `${row.size}`, cell: (row) => <span className="num text-text2">{row.size}</span> },
];

/** Every number of a report, in sections. */
function Numbers({ report }: { report: Report["report"] }) {
  return (
    <div className="flex flex-col gap-4" data-testid="backtest-facts">
      {sectionsOf(report).map(({ title, rows }) => (
        <section key={title} className="flex flex-col gap-2 border-t border-line pt-3">
          <h3 className="m-0 text-xs font-semibold text-text2">{title}</h3>
          <Facts rows={rows.map(([words, value]) => [words, <span key={words} className="num !whitespace-normal break-words" title={value}>{shown(value, { most: PLACES })}</span>] as const)} />
        </section>
      ))}
    </div>
  );
}

function Details({ name, onClose }: { name: string; onClose: () => void }) {
  const report = useRead<Report>(`/reports/${encodeURIComponent(name)}`, {}, { follows: false });
  return (
    <Layer open drawer onClose={onClose} title={name} says="What this backtest reported." testid="backtest">
      <div className="p-4">
        <Answer query={report} lines={10}>
          {(body) => (
            <div className="flex flex-col gap-4">
              <Tearsheet name={name} report={body.report} />
              <Numbers report={body.report} />
            </div>
          )}
        </Answer>
      </div>
    </Layer>
  );
}

/** Pairs of names as they are typed, apart by blanks or commas. */
export const namesOf = (typed: string): string[] => typed.split(/[\s,]+/).filter((pair) => pair !== "");

/** Runs the grids of the home over a tape of its folder, in a process of its own that is bounded in time. */
function RunOne({ tapes, begun }: { tapes: readonly Schemas["FileBody"][]; begun: Begun }) {
  const [tape, setTape] = useState("");
  const [names, setNames] = useState("");
  const chosen = tapes.some(({ name }) => name === tape) ? tape : (tapes[0]?.name ?? "");
  if (tapes.length === 0) return <CommandLine text="flatbook data convert RECORDING" testid="backtest-no-tape" />;
  return (
    <>
      <Select value={chosen} choices={tapes.map(({ name }) => ({ value: name, label: name }))} label="Over which tape" testid="backtest-tape" onChange={setTape} />
      <input
        aria-label="Names on the tape, OURS=TAPED"
        data-testid="backtest-names"
        value={names}
        placeholder="OURS=TAPED, where they differ"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setNames(event.target.value)}
        className="num h-7 w-56 rounded-md border border-field bg-s2 px-2 text-xs text-text placeholder:text-muted"
      />
      <Button small icon="retry" disabled={begun.isRunning} onClick={() => begun.begin({ tape: chosen, names: namesOf(names) })} data-testid="backtest-run">
        {begun.isRunning ? "running…" : "Run"}
      </Button>
    </>
  );
}

/** The backtests that were kept under the desk's home; a row opens what one reported. */
export function Backtests() {
  const runs = useRead<Schemas["ReportsAnswer"]>("/reports", {}, { follows: false });
  const tasks = useRead<Tasks>("/tasks", {}, { follows: false });
  const may = useMay("admin");
  const running = useTask("backtest");
  const comparing = useTask("compare");
  const [open, setOpen] = useState<string | null>(null);
  const columns: readonly Column<Run>[] = [
    ...COLUMNS,
    {
      id: "compare",
      head: "",
      text: () => null,
      sort: "none",
      align: "right",
      cell: (row) =>
        may && (
          <Button small disabled={comparing.isRunning} onClick={(event) => { event.stopPropagation(); comparing.begin({ backtest: row.name }); }} data-testid="backtest-compare" aria-label={`Compare what was traded with ${row.name}`}>
            Compare
          </Button>
        ),
    },
  ];
  return (
    <>
      <Panel title="Backtests" note="the grids of this desk over a recorded market" testid="backtests" actions={may && tasks.data && <RunOne tapes={tasks.data.tapes} begun={running} />} flush>
        <Answer query={runs}>
          {(body) => (
            <DataTable
              testid="backtests-table"
              label="backtests"
              columns={columns}
              rows={body.reports}
              rowKey={(row) => row.name}
              onOpen={(row) => setOpen(row.name)}
              openKey={open}
              tools={body.reports.length > 8}
              empty={<Empty icon="reports">no backtest was kept in the desk's home</Empty>}
            />
          )}
        </Answer>
        <TaskLine begun={running} testid="backtest-task" />
        {open !== null && <Details name={open} onClose={() => setOpen(null)} />}
      </Panel>
      <Divergence begun={comparing} />
    </>
  );
}
