import type { Schemas } from "@/api/types";
import { useMeta, useRead } from "@/api/queries";
import { Amount } from "@/components/Amount";
import { Badge, type Tone } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Icon } from "@/components/Icon";
import { Moment } from "@/components/Moment";
import { PageHead } from "@/components/PageHead";
import { Facts, Panel } from "@/components/Panel";
import { Empty, Waiting } from "@/components/States";
import { Unknown } from "@/components/Unknown";
import type { Column } from "@/components/table";
import { ageText } from "@/format/time";
import { useChannel } from "@/live/channels";
import { Doctor } from "./Doctor";
import { Parts } from "./Parts";
import { Processes } from "./Processes";
import { lagOf, LAG_TONES, readable } from "./tones";

type Health = Schemas["HealthAnswer"];
type Chain = Schemas["ChainBody"];
type Gauge = Schemas["GaugeBody"];
type Budget = Schemas["BudgetBody"];
type Switch = Schemas["SwitchBody"];

const SWITCH_TONES: Record<string, Tone> = { armed: "good", refused: "bad", none: "warn" };

const CHAINS: readonly Column<Chain>[] = [
  { id: "source", head: "Source", text: (chain) => chain.source },
  { id: "node", head: "Node", text: (chain) => chain.node, cell: (chain) => chain.node ?? <Unknown /> },
  { id: "tag", head: "Read up to", text: (chain) => chain.tag, cell: (chain) => chain.tag ?? "—" },
  { id: "blocks", head: "Behind, blocks", align: "right", sort: "none", text: (chain) => `${chain.blocks ?? ""}`, cell: (chain) => (chain.blocks === null ? <Unknown /> : <span className="num">{chain.blocks}</span>) },
  { id: "state", head: "State", text: lagOf, cell: (chain) => <Badge tone={LAG_TONES[lagOf(chain)]}>{lagOf(chain)}</Badge> },
  { id: "seconds", head: "Behind", align: "right", sort: "none", text: (chain) => `${chain.seconds ?? ""}`, cell: (chain) => (chain.seconds === null ? <Unknown /> : <span className="num">{ageText(chain.seconds)}</span>) },
];

function Engine() {
  const status = useChannel("status");
  if (!status) return <Waiting />;
  const { engine } = status;
  const or = (value: number | string | null): React.ReactNode => (value === null ? <Unknown /> : <span className="num">{value}</span>);
  const yes = (value: boolean | null): React.ReactNode => (value === null ? <Unknown /> : value ? "yes" : "no");
  return (
    <Facts
      testid="engine-facts"
      rows={[
        ["running", yes(engine.running)],
        ["mode", or(engine.mode)],
        ["version", or(engine.version)],
        ["process", or(engine.pid)],
        ["epoch", or(engine.epoch)],
        ["inputs waiting", or(engine.queued)],
        ["effects under way", or(engine.in_flight)],
        ["cancels only", yes(engine.cancel_only)],
        ...(engine.running === false ? [["stopped in order", yes(engine.stopped_in_order)] as const] : []),
      ]}
    />
  );
}

const GAUGE_TONES: Record<Gauge["state"], Tone> = { good: "good", high: "warn", unknown: "unknown" };
function measured(value: number | null, unit: string): React.ReactNode {
  if (value === null) return <Unknown />;
  const [shown, inUnit] = readable(value, unit);
  return <span title={`${value} ${unit}`}><Amount value={shown} unit={inUnit} /></span>;
}

const GAUGES: readonly Column<Gauge>[] = [
  { id: "of", head: "Process", text: (row) => row.of, className: "text-text2" },
  { id: "name", head: "Measured", text: (row) => row.name, className: "!whitespace-normal", cell: (row) => <><span className="font-medium">{row.name.replaceAll("_", " ")}</span>{row.of_which && <span className="ml-2 text-2xs text-muted">{row.of_which}</span>}</> },
  { id: "value", head: "Is", align: "right", sort: "amount", text: (row) => (row.value === null ? null : `${row.value}`), cell: (row) => measured(row.value, row.unit) },
  { id: "most", head: "At most", align: "right", sort: "none", text: (row) => (row.most === null ? null : `${row.most}`), cell: (row) => (row.most === null ? <span className="text-muted">—</span> : measured(row.most, row.unit)) },
  { id: "state", head: "State", text: (row) => row.state, cell: (row) => <Badge tone={GAUGE_TONES[row.state]}>{row.state}</Badge> },
];

const BUDGETS: readonly Column<Budget>[] = [
  { id: "account", head: "Account", text: (row) => row.account, cell: (row) => <span className="font-medium">{row.account}</span> },
  { id: "name", head: "Limit", text: (row) => row.name, className: "text-text2" },
  { id: "used", head: "Used", align: "right", sort: "amount", text: (row) => `${row.used}`, cell: (row) => <Amount value={`${row.used}`} /> },
  { id: "most", head: "At most", align: "right", sort: "amount", text: (row) => `${row.most}`, cell: (row) => <Amount value={`${row.most}`} className="text-text2" /> },
  { id: "window", head: "Within", align: "right", sort: "none", text: (row) => `${row.window_s}`, cell: (row) => <span className="num text-text2">{ageText(row.window_s)}</span> },
  { id: "full", head: "All free at", align: "right", sort: "none", text: (row) => row.full_at, cell: (row) => <Moment at={row.full_at} day={false} /> },
  { id: "state", head: "State", text: (row) => row.state, cell: (row) => <Badge tone={GAUGE_TONES[row.state]}>{row.state}</Badge> },
];

const SWITCHES: readonly Column<Switch>[] = [
  { id: "account", head: "Account", text: (row) => row.account, cell: (row) => <span className="font-medium">{row.account}</span> },
  { id: "state", head: "Switch", text: (row) => row.state, cell: (row) => <Badge tone={SWITCH_TONES[row.state] ?? "unknown"}>{row.state}</Badge> },
  { id: "detail", head: "Once the desk is gone", text: (row) => row.detail, className: "text-text2 !whitespace-normal" },
];

/** Is everything there, and how old is what it says. What does not answer is unknown and never good. */
export function Page() {
  const live = useChannel("health");
  const asked = useRead<Health>("/health", {}, { follows: false });
  const health = live ?? asked.data;
  const told = useChannel("parts");
  const all = useRead<Schemas["PartsAnswer"]>("/parts", {}, { follows: false });
  const body = told ?? all.data;
  const parts = body?.parts.filter((part) => part.kind !== "switch");
  // Switches have a panel of their own, and count as much as every other part.
  const worse = body?.parts.filter((part) => part.state !== "good").length ?? 0;
  const status = useChannel("status");
  const meta = useMeta();
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Health" cli="flatbook doctor">
        {meta.data?.grafana != null && (
          <a href={meta.data.grafana} target="_blank" rel="noreferrer" data-testid="grafana" className="inline-flex min-h-6 items-center gap-1.5 text-xs">
            <Icon name="link" size={13} /> Metrics over time
          </a>
        )}
        {health && <Badge tone={!health.ok ? "bad" : worse === 0 ? "good" : "warn"} testid="health-ok">{health.ok && worse === 0 ? "all parts good" : `${worse} ${worse === 1 ? "part is" : "parts are"} not good`}</Badge>}
      </PageHead>
      <Parts parts={parts} />
      <Doctor />
      {body && <Processes body={body} />}
      <Panel title="Measured" testid="gauges" flush>
        {body ? <DataTable testid="gauges-table" label="what is measured" columns={GAUGES} rows={body.gauges} rowKey={(gauge) => `${gauge.of} ${gauge.name}`} tools={false} empty={<Empty icon="health">nothing is measured yet</Empty>} /> : <Waiting />}
      </Panel>
      <Panel title="Limits of venues" note="what each key may still ask; at the end of a limit only cancels and exits go out" testid="budgets" flush>
        {body ? <DataTable testid="budgets-table" label="limits of venues" columns={BUDGETS} rows={body.budgets} rowKey={(row) => `${row.account} ${row.name}`} tools={false} empty={<Empty icon="health">no venue of this desk counts what is asked</Empty>} /> : <Waiting />}
      </Panel>
      <div className="grid items-start gap-3 lg:grid-cols-2 2xl:grid-cols-[1fr_1fr_1.6fr]">
        <Panel title="Engine" testid="engine-panel">
          <Engine />
        </Panel>
        <Panel title="Open orders once the desk is gone" testid="switches" flush>
          {status && <DataTable testid="switches-table" label="switches" columns={SWITCHES} rows={status.engine.switches} rowKey={(row) => row.account} tools={false} empty={<Empty icon="health">no account says what becomes of them</Empty>} />}
        </Panel>
        <Panel title="Chains" testid="chains" flush>
          {status && <DataTable testid="chains-table" label="chains" columns={CHAINS} rows={status.engine.chains} rowKey={(chain) => chain.source} tools={false} empty={<Empty icon="health">no chain is read now</Empty>} />}
        </Panel>
      </div>
    </div>
  );
}
