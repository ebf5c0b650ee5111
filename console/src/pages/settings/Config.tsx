import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import type { Column } from "@/components/table";

type Config = Schemas["ConfigAnswer"];
type Setting = Config["settings"][number];

const COLUMNS: readonly Column<Setting>[] = [
  { id: "key", head: "Key", text: (row) => row.key, cell: (row) => <span className="num">{row.key}</span> },
  { id: "value", head: "Value", text: (row) => row.value, cell: (row) => <span className="num text-text2">{row.value}</span> },
  { id: "source", head: "From", text: (row) => row.source, className: "text-muted" },
];

/** What the desk runs with, each value with where it comes from; secrets are never shown. */
export function ConfigPanel() {
  const config = useRead<Config>("/config", {}, { follows: false });
  return (
    <Panel title="Configuration" note="read only: it is changed in flatbook.toml" testid="config" flush>
      <Answer query={config} lines={5}>
        {(body) => <DataTable testid="config-table" label="configuration" columns={COLUMNS} rows={body.settings} rowKey={(row) => row.key} height="24rem" />}
      </Answer>
    </Panel>
  );
}
