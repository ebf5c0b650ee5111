import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { useUi } from "@/frame/ui";

type Answered = Schemas["AuditAnswer"];
type Attempt = Answered["attempts"][number];

type Command = Answered["commands"][number];

/** What a command was told, as `name value`, without what stands in other columns. */
export function toldOf({ arguments: told }: Command): string {
  return Object.entries(told).filter(([, value]) => value !== "").map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ");
}

const ACTS: readonly Column<Command>[] = [
  { id: "at", head: "At", text: (row) => row.at, cell: (row) => <Moment at={row.at} /> },
  { id: "actor", head: "Who", text: (row) => row.actor, cell: (row) => <span className="font-medium">{row.actor}</span> },
  { id: "verb", head: "Did", text: (row) => row.verb.replaceAll("_", " "), cell: (row) => <span className="inline-flex items-center gap-2">{row.verb.replaceAll("_", " ")}{!row.accepted && <Badge tone="bad" title={row.why ?? undefined}>refused</Badge>}</span> },
  { id: "told", head: "Told", text: toldOf, cell: (row) => <span className="inline-block max-w-72 truncate align-middle text-text2" title={toldOf(row)}>{toldOf(row)}</span> },
  { id: "before", head: "Old", align: "right", sort: "none", text: (row) => row.before, cell: (row) => <span className="num">{row.before ?? ""}</span> },
  { id: "after", head: "New", align: "right", sort: "none", text: (row) => row.after, cell: (row) => <span className="num">{row.after ?? ""}</span> },
  { id: "reason", head: "Reason", text: (row) => row.reason, cell: (row) => row.reason ?? <span className="text-muted" title={row.why ?? undefined}>{row.why ?? ""}</span> },
  { id: "seq", head: "Event", align: "right", text: (row) => `${row.seq}`, cell: (row) => <span className="num text-muted">{row.seq}</span> },
];

/** What was done at the door and is no refusal. */
const DONE = new Set(["session_opened", "session_ended", "token_made", "token_ended", "task_begun"]);

const ATTEMPTS: readonly Column<Attempt>[] = [
  { id: "at", head: "Last at", text: (row) => row.last_at, cell: (row) => <Moment at={row.last_at} /> },
  { id: "actor", head: "Who", text: (row) => row.actor, cell: (row) => <span className="font-medium">{row.actor}</span> },
  { id: "act", head: "Tried", text: (row) => row.act },
  { id: "code", head: "Came to", text: (row) => row.code, cell: (row) => <Badge tone={DONE.has(row.code) ? "good" : "bad"}>{row.code.replaceAll("_", " ")}</Badge> },
  { id: "detail", head: "Why", text: (row) => row.detail, cell: (row) => <span className="inline-block max-w-xl truncate align-middle text-text2" title={row.detail}>{row.detail}</span> },
  { id: "times", head: "Times", align: "right", sort: "amount", text: (row) => `${row.times}`, cell: (row) => <span className="num">{row.times}</span> },
];

/** A few rows stand as they are; more scroll in their own room. */
const heightOf = (rows: readonly unknown[]): string | undefined => (rows.length > 6 ? "18rem" : undefined);

/** Who did what and why, as it stands in the journal, and what was refused at the door. */
export function Audit() {
  const { show } = useUi();
  const audit = useRead<Answered>("/audit");
  return (
    <div className="flex flex-col gap-3">
      <Panel title="What operators did" testid="audit" flush>
        <Answer query={audit}>
          {(body) => <DataTable testid="audit-table" label="acts of operators" columns={ACTS} rows={body.commands} rowKey={(row) => `${row.seq}`} onOpen={(row) => show({ kind: "chain", ref: row.ref })} height={heightOf(body.commands)} empty={<Empty icon="events">nobody has done anything yet</Empty>} />}
        </Answer>
      </Panel>
      <Panel title="What was tried at the door" note="refusals, logins, tokens and tasks" testid="attempts" flush>
        <Answer query={audit}>
          {(body) => <DataTable testid="attempts-table" label="attempts at the door" columns={ATTEMPTS} rows={body.attempts} rowKey={(row) => `${row.number}`} height={heightOf(body.attempts)} empty={<Empty>nothing was tried</Empty>} />}
        </Answer>
      </Panel>
    </div>
  );
}
