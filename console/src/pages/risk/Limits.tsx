import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { toPixels } from "@/format/decimal";
import { useUi } from "@/frame/ui";

type Risk = Schemas["RiskAnswer"];
type Limit = Risk["limits"][number];

const FULL = 100;
const NEAR = 80;
/** Limits that bound each order and are never used up by several. */
const PER_ORDER = new Set(["order_notional_usd_max", "order_shares_max", "order_qty_max", "collar_bps_max", "second_bps_max", "price_age_s_max"]);

/** What each limit is called, and what it bounds; the unit stands beside its number. */
const BOUNDS: Readonly<Record<string, readonly [words: string, says: string]>> = {
  order_notional_usd_max: ["value of an order", "what one order may be worth at its price"],
  order_shares_max: ["shares of an order", "how many shares one order may buy or sell"],
  order_qty_max: ["size of an order", "how much one order may buy or sell"],
  collar_bps_max: ["collar of an order", "how far the limit of an order may lie from the reference price"],
  second_bps_max: ["distance from the second price", "how far the limit of an order may lie from the price of the second source"],
  price_age_s_max: ["age of a price", "how old the price may be on which an order is decided"],
  open_orders_max: ["open orders", "how many orders may be open at once"],
  orders_per_minute_max: ["orders a minute", "how many orders may be sent within 60 seconds"],
  residue_usd_max: ["unhedged value", "what all nets that should be flat may be worth together, unhedged"],
  inventory_max: ["inventory", "how much a grid may hold of its instrument, either way"],
  day_loss_usd_max: ["loss of the day", "what may be lost in a day before new risk is stopped"],
};

export function namedOf(name: string): string {
  return BOUNDS[name]?.[0] ?? name.replace(/_max$/, "").replaceAll("_", " ");
}

const placesIn = ({ unit }: Limit): number | undefined => (unit === "USD" ? 2 : undefined);

/** A part of a whole as a bar and a number: full from 100 on, near from 80. */
export function Use({ percent }: { percent: string | null }) {
  if (percent === null) return <span className="text-muted">—</span>;
  const part = toPixels(percent);
  const shown = Math.min(FULL, Math.max(0, part));
  return (
    <span className="inline-flex items-center gap-2">
      <span className="h-1.5 w-28 overflow-hidden rounded-full bg-s3" role="img" aria-label={`${percent} % used`}>
        <span className={part >= FULL ? "block h-full bg-danger" : part >= NEAR ? "block h-full bg-warn" : "block h-full bg-accentfill"} style={{ width: `${shown}%` }} />
      </span>
      <span className="num w-12 text-right text-2xs text-text2">{percent} %</span>
    </span>
  );
}

function Change({ limit }: { limit: Limit }) {
  const { show } = useUi();
  if (limit.command === null) return <span className="text-2xs text-muted">by configuration</span>;
  return (
    <Button small onClick={() => show({ kind: "limit", limit })} aria-label={`Tighten ${limit.name.replaceAll("_", " ")} of ${limit.scope}`} data-testid="limit-change">
      Tighten
    </Button>
  );
}

const COLUMNS: readonly Column<Limit>[] = [
  { id: "name", head: "Limit", text: (row) => row.name, cell: (row) => <span className="font-medium" title={`${row.name}: ${BOUNDS[row.name]?.[1] ?? namedOf(row.name)}`}>{namedOf(row.name)}</span> },
  { id: "scope", head: "Of", text: (row) => row.scope, className: "text-text2" },
  { id: "limit", head: "May be", align: "right", sort: "amount", text: (row) => row.limit, cell: (row) => <Amount value={row.limit} places={placesIn(row)} unit={row.unit} /> },
  { id: "current", head: "Is", align: "right", sort: "amount", text: (row) => row.current, cell: (row) => (row.current === null && PER_ORDER.has(row.name) ? <span className="text-muted">per order</span> : <Amount value={row.current} places={placesIn(row)} unit={row.unit} />) },
  { id: "use", head: "Use", align: "right", sort: "none", text: (row) => row.use_pct, cell: (row) => <Use percent={row.use_pct} /> },
  { id: "change", head: "", text: () => null, sort: "none", align: "right", cell: (row) => <Change limit={row} /> },
];

type Breaker = Risk["breakers"][number];

function Left({ row }: { row: Breaker }) {
  return (
    <span className="inline-flex gap-3">
      {row.losses_left !== null && <span className="num">{`${row.losses_left} losses`}</span>}
      {row.drawdown_left_usd !== null && <Amount value={row.drawdown_left_usd} places={2} unit="USD" />}
    </span>
  );
}

const BREAKERS: readonly Column<Breaker>[] = [
  { id: "owner", head: "Owner", text: (row) => row.owner, cell: (row) => <span className="font-medium">{row.owner}</span> },
  { id: "losses", head: "Losses in a row", align: "right", sort: "amount", text: (row) => `${row.losses}`, cell: (row) => <span className="num">{row.losses}</span> },
  { id: "losses_max", head: "Trips at", align: "right", sort: "none", text: (row) => `${row.losses_max ?? ""}`, cell: (row) => <span className="num text-text2">{row.losses_max ?? "—"}</span> },
  { id: "total", head: "Since the reset", align: "right", sort: "amount", text: (row) => row.total_usd, cell: (row) => <Amount value={row.total_usd} places={2} unit="USD" tone="pnl" /> },
  { id: "drawdown", head: "Trips at a drawdown of", align: "right", sort: "amount", text: (row) => row.drawdown_usd_max, cell: (row) => (row.drawdown_usd_max === null ? "—" : <Amount value={row.drawdown_usd_max} unit="USD" />) },
  { id: "left", head: "Left before it trips", align: "right", sort: "none", text: (row) => row.losses_left === null ? null : `${row.losses_left}`, cell: (row) => <Left row={row} /> },
  { id: "state", head: "State", text: (row) => row.tripped?.reason ?? null, cell: (row) => (row.tripped ? <Badge tone="bad" icon="halt" title={row.tripped.halted_at}>{`tripped: ${row.tripped.reason}`}</Badge> : <Badge tone="good">holds</Badge>) },
  { id: "reset", head: "Reset", sort: "none", text: (row) => row.resets_by, cell: (row) => <span className="text-2xs text-muted">{row.resets_by}</span> },
  { id: "unvalued", head: "Known", text: (row) => (row.unvalued ? "no" : "yes"), cell: (row) => <Badge tone={row.unvalued ? "unknown" : "good"}>{row.unvalued ? "not all valued" : "all valued"}</Badge> },
];

/** What each breaker has counted since its reset, and where it halts. */
export function Breakers() {
  const risk = useRead<Risk>("/risk");
  return (
    <Panel title="Breakers" testid="breakers" flush>
      <Answer query={risk} lines={2}>
        {(body) => <DataTable testid="breakers-table" label="breakers" columns={BREAKERS} rows={body.breakers} rowKey={(row) => row.owner} tools={false} empty={<Empty icon="risk">no breaker is set</Empty>} />}
      </Answer>
    </Panel>
  );
}

/** What each limit allows, and how much of it is used. */
export function Limits() {
  const risk = useRead<Risk>("/risk");
  return (
    <Panel title="Limits" testid="limits" flush>
      <Answer query={risk} lines={5}>
        {(body) => <DataTable testid="limits-table" label="limits" columns={COLUMNS} rows={body.limits} rowKey={(row) => `${row.scope} ${row.name}`} tools={body.limits.length > 8} empty={<Empty icon="risk">no limit is set</Empty>} />}
      </Answer>
    </Panel>
  );
}
