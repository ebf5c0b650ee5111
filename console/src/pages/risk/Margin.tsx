import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { Unknown } from "@/components/Unknown";
import { compared } from "@/format/decimal";
import { Use } from "./Limits";

type Margins = Schemas["MarginAnswer"];
type Margin = Margins["margins"][number];
type Contract = Margin["contracts"][number];
export type Rung = Contract & { account: string; asset: string };

const EVERY_MS = 2_000;

/** Every position in margin, the nearest to its forced price first; those of which it is unknown stand last. */
export function rungsOf(margins: readonly Margin[]): Rung[] {
  return margins
    .flatMap(({ account, asset, contracts }) => contracts.map((each) => ({ ...each, account, asset })))
    .sort((a, b) => (a.away_pct === null || b.away_pct === null ? (a.away_pct === null ? 1 : 0) - (b.away_pct === null ? 1 : 0) : compared(a.away_pct, b.away_pct)));
}

const ACCOUNTS: readonly Column<Margin>[] = [
  { id: "account", head: "Account", text: (row) => row.account, cell: (row) => <span className="font-medium">{row.account}</span> },
  { id: "cash", head: "Cash", align: "right", sort: "amount", text: (row) => row.cash, cell: (row) => <Amount value={row.cash} places={2} unit={row.asset} /> },
  { id: "equity", head: "Equity", align: "right", sort: "amount", text: (row) => row.equity, cell: (row) => <Amount value={row.equity} places={2} unit={row.asset} /> },
  { id: "worth", head: "Positions", align: "right", sort: "amount", text: (row) => row.worth, cell: (row) => <Amount value={row.worth} places={2} unit={row.asset} /> },
  { id: "needed", head: "Needed to stay", align: "right", sort: "amount", text: (row) => row.needed, cell: (row) => <Amount value={row.needed} places={2} unit={row.asset} /> },
  { id: "used", head: "Of equity", align: "right", sort: "none", text: (row) => row.used_pct, cell: (row) => (row.used_pct === null ? <Unknown /> : <Use percent={row.used_pct} />) },
  { id: "rate", head: "Rate", text: (row) => row.maintenance_pct, cell: (row) => (row.maintenance_pct === null ? <Badge tone="unknown">not stated by its venue</Badge> : <span className="num">{row.maintenance_pct} %</span>) },
];

const RUNGS: readonly Column<Rung>[] = [
  { id: "instrument", head: "Position", text: (row) => row.instrument, cell: (row) => <span className="font-medium">{row.instrument}</span> },
  { id: "account", head: "Account", text: (row) => row.account, className: "text-text2" },
  { id: "qty", head: "Contracts", align: "right", sort: "amount", text: (row) => row.qty, cell: (row) => <Amount value={row.qty} signed /> },
  { id: "entry", head: "Entered at", align: "right", sort: "amount", text: (row) => row.entry, cell: (row) => <Amount value={row.entry} /> },
  { id: "price", head: "Price now", align: "right", sort: "amount", text: (row) => row.price, cell: (row) => <Amount value={row.price} /> },
  { id: "unrealised", head: "Not realised", align: "right", sort: "amount", text: (row) => row.unrealised, cell: (row) => <Amount value={row.unrealised} places={2} unit={row.asset} tone="pnl" /> },
  { id: "forced", head: "Forced at", align: "right", sort: "amount", text: (row) => row.forced_at, cell: (row) => (row.price !== null && row.forced_at === null ? <span className="text-muted" title="no price forces it, or its venue does not state the rate">—</span> : <Amount value={row.forced_at} />) },
  { id: "away", head: "Away", align: "right", sort: "amount", text: (row) => row.away_pct, cell: (row) => (row.away_pct === null ? <span className="text-muted">—</span> : <span className="num">{row.away_pct} %</span>) },
];

/** How far accounts with contracts are from being closed by force, at the prices that the engine sees. */
export function MarginPanel() {
  const margin = useRead<Margins>("/margin", {}, { every: EVERY_MS });
  if (margin.data && margin.data.margins.length === 0) return null;
  return (
    <Panel title="Margin" note="the price at which each position would be closed by force, if no other price moved" testid="margin" flush>
      <Answer query={margin} lines={3}>
        {(body) => (
          <>
            <DataTable testid="margin-table" label="margin of accounts" columns={ACCOUNTS} rows={body.margins} rowKey={(row) => `${row.account} ${row.asset}`} tools={false} />
            <DataTable testid="margin-ladder" label="positions by how far they are from being closed by force" columns={RUNGS} rows={rungsOf(body.margins)} rowKey={(row) => `${row.account} ${row.instrument}`} tools={false} empty={<Empty icon="risk">no position is held in margin</Empty>} />
          </>
        )}
      </Answer>
    </Panel>
  );
}
