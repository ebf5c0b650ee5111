import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Waiting } from "@/components/States";
import type { Column } from "@/components/table";
import { ageText } from "@/format/time";
import { reconnectOf } from "@/frame/stops";
import { useUi } from "@/frame/ui";
import { PART_TONES } from "./tones";

type Part = Schemas["PartBody"];

/** An account can have its streams opened anew; nothing else here is a stream that we hold. */
function Reconnect({ part }: { part: Part }) {
  const { show } = useUi();
  if (part.kind !== "account") return null;
  return (
    <Button small data-testid="reconnect" aria-label={`Reconnect ${part.name}`} onClick={() => show({ kind: "act", wanted: reconnectOf(part.name) })}>
      Reconnect
    </Button>
  );
}

const PARTS: readonly Column<Part>[] = [
  { id: "name", head: "Part", text: (part) => part.name, cell: (part) => <span className="font-medium">{part.name}</span> },
  { id: "kind", head: "Kind", text: (part) => part.kind, className: "text-text2" },
  { id: "state", head: "State", text: (part) => part.state, cell: (part) => <Badge tone={PART_TONES[part.state]}>{part.state}</Badge> },
  { id: "age", head: "Age", align: "right", sort: "none", text: (part) => (part.age_s === null ? null : `${part.age_s}`), cell: (part) => (part.age_s === null ? <span className="text-muted">—</span> : <span className="num">{ageText(part.age_s)}</span>) },
  { id: "limit", head: "Fresh for", align: "right", sort: "none", text: (part) => (part.age_s_max === null ? null : `${part.age_s_max}`), cell: (part) => <span className="num text-muted">{part.age_s_max === null ? "—" : ageText(part.age_s_max)}</span> },
  { id: "detail", head: "Detail", text: (part) => part.detail, className: "text-text2" },
  { id: "acts", head: "", align: "right", sort: "none", text: () => null, cell: (part) => <Reconnect part={part} /> },
];

/** What the desk stands on, each with its age; none before they were told. */
export function Parts({ parts }: { parts: readonly Part[] | undefined }) {
  return (
    <Panel title="Parts" testid="parts" flush>
      {parts ? <DataTable testid="parts-table" label="parts" columns={PARTS} rows={parts} rowKey={(part) => `${part.kind} ${part.name}`} tools={false} /> : <Waiting />}
    </Panel>
  );
}
