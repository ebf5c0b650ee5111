import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { useRows } from "@/api/pages";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import type { EventLine } from "@/api/types";
import { useUi } from "@/frame/ui";

type Answered = Schemas["AuditAnswer"];
type Attempt = Answered["attempts"][number];

const keyOf = (line: EventLine): string => `${line.seq}`;
const COMMANDS = { type: "command_accepted" } as const;

const ACTS: readonly Column<EventLine>[] = [
  { id: "at", head: "At", text: (row) => row.at, cell: (row) => <Moment at={row.at} /> },
  { id: "actor", head: "Who", text: (row) => row.fields["actor"] ?? null, cell: (row) => <span className="font-medium">{row.fields["actor"]}</span> },
  { id: "verb", head: "Did", text: (row) => (row.fields["verb"] ?? "").replaceAll("_", " ") },
  { id: "reason", head: "Reason", text: (row) => row.fields["reason"] ?? null },
  { id: "key", head: "Key", text: (row) => row.fields["key"] ?? null, cell: (row) => <span className="num text-2xs text-muted">{row.fields["key"]}</span> },
  { id: "seq", head: "Event", align: "right", text: (row) => `${row.seq}`, cell: (row) => <span className="num text-muted">{row.seq}</span> },
];

const ATTEMPTS: readonly Column<Attempt>[] = [
  { id: "at", head: "Last at", text: (row) => row.last_at, cell: (row) => <Moment at={row.last_at} /> },
  { id: "actor", head: "Who", text: (row) => row.actor, cell: (row) => <span className="font-medium">{row.actor}</span> },
  { id: "act", head: "Tried", text: (row) => row.act },
  { id: "code", head: "Refused as", text: (row) => row.code, cell: (row) => <Badge tone="bad">{row.code.replaceAll("_", " ")}</Badge> },
  { id: "detail", head: "Why", text: (row) => row.detail, className: "text-text2" },
  { id: "times", head: "Times", align: "right", sort: "amount", text: (row) => `${row.times}`, cell: (row) => <span className="num">{row.times}</span> },
];

/** Who did what and why, as it stands in the journal, and what was refused at the door. */
export function Audit() {
  const { show } = useUi();
  const acts = useRows<"events", EventLine>("/events", "events", keyOf, COMMANDS);
  const audit = useRead<Answered>("/audit");
  return (
    <div className="grid gap-3 xl:grid-cols-2">
      <Panel title="What operators did" testid="audit" flush>
        <DataTable testid="audit-table" label="acts of operators" columns={ACTS} rows={acts.rows} rowKey={keyOf} onOpen={(row) => show({ kind: "chain", ref: row.subject })} height="18rem" empty={<Empty icon="events">nobody has done anything yet</Empty>} />
      </Panel>
      <Panel title="What was refused" testid="attempts" flush>
        <Answer query={audit}>
          {(body) => <DataTable testid="attempts-table" label="refused attempts" columns={ATTEMPTS} rows={body.attempts} rowKey={(row) => `${row.number}`} height="18rem" empty={<Empty>nothing was refused</Empty>} />}
        </Answer>
      </Panel>
    </div>
  );
}
