import { Link } from "@tanstack/react-router";
import type { Status } from "@/api/types";
import { Badge, type Tone } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Empty, Waiting } from "@/components/States";
import { momentOf } from "@/format/time";
import { useChannel } from "@/live/channels";
import { useZone } from "@/settings/settings";

/** `todo` says what to do: on a page of the console, or where the runbook has it. */
type Todo = { page: "/risk" | "/inventory"; says: string } | { runbook: string } | null;
type Item = { key: string; tone: Tone; word: string; what: string; since: string | null; todo: Todo };

/** What a person should look at: halts first, then alerts, frozen shares and differences to venues. */
export function itemsOf(status: Status): Item[] {
  return [
    ...status.halts.map((halt) => ({
      key: halt.halt_id,
      tone: "bad" as const,
      word: "halt",
      what: `${halt.target || halt.scope}: ${halt.reason}`,
      since: halt.halted_at,
      todo: { page: "/risk" as const, says: "lift it" },
    })),
    ...status.alerts.map((alert) => ({
      key: `${alert.name} ${alert.subject}`,
      tone: alert.severity === "critical" ? ("bad" as const) : ("warn" as const),
      word: alert.name.replaceAll("_", " "),
      what: alert.detail,
      since: alert.raised_at,
      todo: { runbook: alert.runbook },
    })),
    ...status.freezes.map((freeze) => ({ key: freeze.action_id, tone: "warn" as const, word: "frozen", what: `${freeze.underlying}: ${freeze.why}`, since: freeze.since, todo: null })),
    ...status.differences.map((found) => ({
      key: `${found.account} ${found.subject}`,
      tone: "bad" as const,
      word: "differs",
      what: `${found.account} ${found.subject}: ours ${found.ours}, theirs ${found.theirs}`,
      since: null,
      todo: { page: "/inventory" as const, says: "compare" },
    })),
    ...status.drain_waits_for.map((what) => ({ key: what, tone: "info" as const, word: "drain waits", what, since: null, todo: null })),
  ];
}

function Do({ todo }: { todo: NonNullable<Todo> }) {
  if ("runbook" in todo) return <span className="num text-2xs !whitespace-normal break-all text-muted" data-testid="attention-runbook">{todo.runbook}</span>;
  return (
    <Link to={todo.page} className="inline-flex min-h-6 items-center text-2xs text-text2 hover:text-text" data-testid="attention-page">
      {todo.says}
    </Link>
  );
}

export function Attention() {
  const status = useChannel("status");
  const zone = useZone();
  const items = status ? itemsOf(status) : [];
  return (
    <Panel title="Needs a person" testid="attention" id="attention" seen={status?.as_of} note={items.length > 0 ? `${items.length}` : undefined} flush>
      {!status && <Waiting />}
      {status && items.length === 0 && <Empty>no halt, no alert, no difference to a venue</Empty>}
      <ul className="m-0 list-none p-0">
        {items.map((item) => (
          <li key={item.key} className="flex min-h-9 flex-wrap items-center gap-x-3 border-b border-line/60 px-3 py-1 last:border-0" data-testid="attention-item">
            <Badge tone={item.tone}>{item.word}</Badge>
            <span className="min-w-40 flex-1 text-xs text-text2">{item.what}</span>
            {item.todo && <Do todo={item.todo} />}
            {item.since && <span className="num text-2xs text-muted">{momentOf(item.since, zone)}</span>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
