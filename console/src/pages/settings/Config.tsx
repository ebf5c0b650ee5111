import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import type { Column } from "@/components/table";

type Config = Schemas["ConfigAnswer"];
type Value = Schemas["ValueBody"];

const COLUMNS: readonly Column<Value>[] = [
  { id: "key", head: "Key", text: (row) => row.key, cell: (row) => <span className="num">{row.key}</span> },
  { id: "value", head: "Value", text: (row) => row.value, cell: (row) => <span className="num inline-block max-w-xl truncate align-middle text-text2" title={row.value}>{row.value}</span> },
  { id: "origin", head: "From", text: (row) => row.origin, className: "text-muted" },
];

/** What the desk runs with, each value with where it comes from; secrets are never shown. */
export function ConfigPanel() {
  const config = useRead<Config>("/config", {}, { follows: false });
  return (
    <Panel title="Configuration" note="read only: change the file that a line names, then start the engine anew" testid="config" flush>
      <Answer query={config} lines={5}>
        {(body) => <DataTable testid="config-table" label="configuration" columns={COLUMNS} rows={body.values} rowKey={(row) => row.key} height="24rem" />}
      </Answer>
    </Panel>
  );
}
