import type { Schemas, Status } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import { Tip } from "@/components/Tip";
import type { Column } from "@/components/table";
import { spanOf } from "@/format/time";
import { pauseOf, resumeOf } from "@/frame/stops";
import { useUi } from "@/frame/ui";
import { useChannel } from "@/live/channels";
import { useDays, usePerformance } from "./Earnings";

type Strategy = Schemas["StrategyBody"];
type Pace = Schemas["PaceBody"];
type Halt = Status["halts"][number];

/** Whether a strategy may send new orders: the halts of its own first, then those of the whole desk. */
export function haltsOf(owner: string, halts: readonly Halt[]): { own: Halt | undefined; all: Halt | undefined } {
  return {
    own: halts.find((halt) => halt.scope === "owner" && halt.target === owner),
    all: halts.find((halt) => halt.scope === "all"),
  };
}

/** What is counted as taken of a strategy, of what it saw. */
export function takenText({ kind, seen, taken, netted, open }: Strategy): string {
  if (kind === "grid") return `${taken} of ${seen} orders that it posted executed, at least in part`;
  return `${taken} of ${seen} fills that it saw were hedged, at least in part; ${netted ?? 0} were netted by other fills, ${open ?? 0} are open`;
}

function paceText(pace: Pace | null): string {
  if (pace === null || pace.count === 0) return "—";
  return `${spanOf(pace.p50_ms)} · ${spanOf(pace.p95_ms)}`;
}

function paceColumn(id: string, head: string, of: (row: Strategy) => Pace | null): Column<Strategy> {
  return {
    id,
    head,
    align: "right",
    sort: "none",
    text: (row) => paceText(of(row)),
    cell: (row) => <span className="num" title={`${of(row)?.count ?? 0} measured`}>{paceText(of(row))}</span>,
  };
}

function State({ owner }: { owner: string }) {
  const status = useChannel("status");
  if (!status) return <Badge tone="unknown">unknown</Badge>;
  const { own, all } = haltsOf(owner, status.halts);
  const stands = own ?? all;
  if (stands) return <Badge tone="bad" icon="halt" title={stands.reason} testid={`strategy-state-${owner}`}>{own ? "paused" : "halted"}</Badge>;
  return <Badge tone={status.engine.running ? "good" : "unknown"} testid={`strategy-state-${owner}`}>{status.engine.running ? "running" : "unknown"}</Badge>;
}

function Steer({ owner }: { owner: string }) {
  const status = useChannel("status");
  const { show } = useUi();
  const { own, all } = haltsOf(owner, status?.halts ?? []);
  const why = all && `all is halted already: ${all.reason}`;
  return own ? (
    <Button small onClick={() => show({ kind: "act", wanted: resumeOf(owner, own.halt_id) })} data-testid={`resume-${owner}`}>
      Resume
    </Button>
  ) : (
    <Button small icon="halt" disabled={all !== undefined} title={why} onClick={() => show({ kind: "act", wanted: pauseOf(owner) })} data-testid={`pause-${owner}`}>
      Pause
    </Button>
  );
}

const COLUMNS: readonly Column<Strategy>[] = [
  { id: "owner", head: "Strategy", text: (row) => row.owner, cell: (row) => <span className="font-medium">{row.owner}</span> },
  { id: "kind", head: "Does", text: (row) => row.kind, className: "text-text2" },
  { id: "state", head: "State", text: () => null, sort: "none", cell: (row) => <State owner={row.owner} /> },
  { id: "net", head: "Net, USD", align: "right", sort: "amount", text: (row) => row.net_usd, cell: (row) => <Amount value={row.net_usd} places={2} tone="pnl" /> },
  { id: "seen", head: "Seen", align: "right", sort: "amount", text: (row) => `${row.seen}`, cell: (row) => <span className="num">{row.seen}</span> },
  { id: "taken", head: "Taken", align: "right", sort: "amount", text: (row) => `${row.taken}`, cell: (row) => <span className="num">{row.taken}</span> },
  {
    id: "rate",
    head: "Capture rate",
    align: "right",
    sort: "amount",
    text: (row) => row.rate_pct,
    cell: (row) => (
      <Tip says={takenText(row)}>
        <span tabIndex={0} data-testid={`capture-${row.owner}`} aria-label={takenText(row)}>
          {row.rate_pct === null ? <span className="text-muted">nothing seen</span> : <Amount value={row.rate_pct} unit="%" />}
        </span>
      </Tip>
    ),
  },
  paceColumn("detection", "Fill seen after, p50 · p95", (row) => row.detection),
  paceColumn("hedging", "Hedged after, p50 · p95", (row) => row.hedging),
  paceColumn("acknowledging", "Order acknowledged after, p50 · p95", (row) => row.acknowledging),
  { id: "actions", head: "", text: () => null, sort: "none", align: "right", cell: (row) => <Steer owner={row.owner} /> },
];

/** Each strategy of the desk: how much it took of what it saw, how fast, and whether it may go on. */
export function Strategies() {
  const performance = usePerformance();
  const days = useDays();
  return (
    <Panel title="Strategies" testid="strategies" note={days === "1" ? "on the last day" : `over the last ${days} days`} flush>
      <Answer query={performance}>
        {(body) => (
          <DataTable
            testid="strategies-table"
            label="strategies"
            columns={COLUMNS}
            rows={body.strategies}
            rowKey={(row) => `${row.owner} ${row.kind}`}
            tools={false}
            empty={<Empty icon="execution">no strategy is configured, or the journal is empty</Empty>}
          />
        )}
      </Answer>
    </Panel>
  );
}
