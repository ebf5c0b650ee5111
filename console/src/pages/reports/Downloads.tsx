import { useState } from "react";
import { ROOT, useRead } from "@/api/queries";
import { useMay } from "@/api/session";
import { useTask, type Tasks } from "@/api/tasks";
import type { Schemas } from "@/api/types";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Segments, Select } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { TaskLine } from "@/frame/TaskLine";

type File = Schemas["FileBody"];

const TABLES = ["fills", "hedges", "fees", "gas", "reversals", "activities", "prices"];
const FORMS = ["csv", "parquet"];
const same = (values: readonly string[]): { value: string; label: string }[] => values.map((value) => ({ value, label: value }));

const FILES: readonly Column<File>[] = [
  {
    id: "name",
    head: "File",
    text: (row) => row.name,
    cell: (row) => (
      <a className="num inline-flex min-h-6 items-center text-accent underline" href={`${ROOT}/exports/${encodeURIComponent(row.name)}`} download data-testid="export-file">
        {row.name}
      </a>
    ),
  },
  { id: "written", head: "Written", text: (row) => row.written_at, cell: (row) => <Moment at={row.written_at} /> },
  { id: "size", head: "Bytes", align: "right", sort: "amount", text: (row) => `${row.size}`, cell: (row) => <span className="num text-text2">{row.size}</span> },
];

/** Tables of what moved, one row each, every number exact: written beside the desk and saved from here. */
export function Downloads() {
  const tasks = useRead<Tasks>("/tasks", {}, { follows: false });
  const may = useMay("admin");
  const task = useTask("export");
  const [table, setTable] = useState("fills");
  const [form, setForm] = useState("csv");
  const actions = may && (
    <>
      <Select value={table} choices={same(TABLES)} label="Which table" testid="export-table" onChange={setTable} />
      <Segments value={form} choices={same(FORMS)} label="Form of the file" testid="export-form" onChange={setForm} />
      <Button small icon="save" disabled={task.isRunning} onClick={() => task.begin({ table, form })} data-testid="export-write">
        {task.isRunning ? "writing…" : "Write it"}
      </Button>
    </>
  );
  return (
    <Panel title="Tables to save" note="for a spreadsheet or a tax adviser" testid="exports" actions={actions} flush>
      <Answer query={tasks} lines={2}>
        {(body) => <DataTable testid="exports-table" label="files that were written" columns={FILES} rows={body.exports} rowKey={(row) => row.name} tools={false} height={body.exports.length > 6 ? "16rem" : undefined} empty={<Empty icon="save">no table was written yet</Empty>} />}
      </Answer>
      <TaskLine begun={task} testid="export-task" />
    </Panel>
  );
}
