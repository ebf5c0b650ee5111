import type { Schemas } from "@/api/types";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Badge } from "@/components/Badge";
import { Empty, Waiting } from "@/components/States";
import type { Column } from "@/components/table";
import { useChannel } from "@/live/channels";
import { DRAIN, FLATTEN, HALT, KILL } from "@/frame/stops";
import { useUi, type Wanted } from "@/frame/ui";
import { Audit } from "./Audit";
import { Breakers, Limits } from "./Limits";
import { MarginPanel } from "./Margin";

type Halt = Schemas["HaltBody"];

export function liftOf(halt: Halt): Wanted {
  return {
    verb: "lift",
    title: "Lift the halt",
    says: `New orders are allowed again for ${halt.target || (halt.scope === "all" ? "the whole desk" : halt.scope)}.`,
    body: { halt_id: halt.halt_id },
    cli: `flatbook lift ${halt.halt_id} --reason "..."`,
    danger: true,
  };
}

/** Who asked for a halt and why, the first and then the newest; a halt that nobody asked for is the engine's own. */
export function askedOf({ asked }: Pick<Halt, "asked">): string {
  return asked.length === 0 ? "nobody: the engine" : asked.map(({ actor, reason }) => `${actor}: ${reason}`).join("; ");
}

function Halts() {
  const status = useChannel("status");
  const { show } = useUi();
  const columns: readonly Column<Halt>[] = [
    { id: "scope", head: "Scope", text: (halt) => halt.scope, cell: (halt) => <Badge tone="bad" icon="halt">{halt.scope}</Badge> },
    { id: "target", head: "Of", text: (halt) => halt.target || "everything" },
    { id: "cause", head: "Cause", text: (halt) => halt.cause.replaceAll("_", " "), className: "text-text2" },
    { id: "reason", head: "Reason", text: (halt) => halt.reason, className: "!whitespace-normal" },
    { id: "asked", head: "Asked for by", text: askedOf, cell: (halt) => <span className="text-text2" data-testid="halt-asked">{askedOf(halt)}</span>, className: "!whitespace-normal" },
    { id: "since", head: "Since", text: (halt) => halt.halted_at, cell: (halt) => <Moment at={halt.halted_at} /> },
    {
      id: "lift",
      head: "",
      text: () => null,
      sort: "none",
      align: "right",
      cell: (halt) => (
        <Button small onClick={() => show({ kind: "act", wanted: liftOf(halt) })} data-testid="lift">
          Lift
        </Button>
      ),
    },
  ];
  return (
    <Panel title="Halts" testid="halts" flush>
      {status ? (
        <DataTable testid="halts-table" label="halts" columns={columns} rows={status.halts} rowKey={(halt) => halt.halt_id} tools={false} empty={<Empty>nothing is halted</Empty>} />
      ) : (
        <Waiting />
      )}
    </Panel>
  );
}

const STOPS: readonly { wanted: Wanted; word: string }[] = [
  { wanted: KILL, word: "Kill" },
  { wanted: HALT, word: "Halt" },
  { wanted: FLATTEN, word: "Flatten" },
  { wanted: DRAIN, word: "Drain" },
];

function Stop() {
  const { show } = useUi();
  return (
    <Panel title="Stop" testid="stop" note="each shows first what it will do">
      <div className="grid gap-2 sm:grid-cols-2 xl:grid-cols-4">
        {STOPS.map(({ wanted, word }) => (
          <div key={wanted.verb} className="flex items-center gap-3 rounded-md border border-line bg-s2 p-3">
            <Button look={wanted.verb === "kill" ? "danger" : "plain"} icon={wanted.verb === "kill" ? "kill" : "halt"} onClick={() => show({ kind: "act", wanted })} data-testid={`stop-${wanted.verb}`}>
              {word}
            </Button>
            <span className="text-2xs text-text2">{wanted.says}</span>
          </div>
        ))}
      </div>
    </Panel>
  );
}

/** What may be done, what is halted, how to stop, and who did what. */
export function Page() {
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Risk & limits" cli="flatbook status" />
      <Stop />
      <Halts />
      <Limits />
      <MarginPanel />
      <Breakers />
      <Audit />
    </div>
  );
}
