import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Segments } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { partOf } from "@/format/parts";
import { useKept } from "@/view/address";

type Groups = Schemas["GroupsAnswer"];
type Group = Groups["groups"][number];
type Account = Schemas["AccountPnlBody"];

const BY = ["hour", "weekday", "session", "week"] as const;
const CHOICES = [...BY.map((value) => ({ value, label: value })), { value: "venue", label: "venue" }];

const GROUPS: readonly Column<Group>[] = [
  { id: "name", head: "When it closed, New York", text: (row) => row.name, cell: (row) => <span className="font-medium">{row.name}</span> },
  { id: "closed", head: "Closed", align: "right", sort: "amount", text: (row) => `${row.closed}`, cell: (row) => <span className="num">{row.closed}</span> },
  { id: "lost", head: "At a loss", align: "right", sort: "amount", text: (row) => `${row.lost}`, cell: (row) => <span className="num text-text2">{row.lost}</span> },
  { id: "unpriced", head: "Without a value", align: "right", sort: "amount", text: (row) => `${row.unpriced}`, cell: (row) => (row.unpriced === 0 ? <span className="text-muted">—</span> : <span className="num text-warn">{row.unpriced}</span>) },
  { id: "in_kind", head: "Of it taken in kind", align: "right", sort: "amount", text: (row) => row.in_kind_usd, cell: (row) => <span title={partOf("in_kind").says}><Amount value={row.in_kind_usd} places={2} unit="USD" tone="pnl" /></span> },
  { id: "gross", head: "Gross, before costs", align: "right", sort: "amount", text: (row) => row.gross_usd, cell: (row) => <Amount value={row.gross_usd} places={2} unit="USD" tone="pnl" className="font-semibold" /> },
];

const ACCOUNTS: readonly Column<Account>[] = [
  { id: "account", head: "Account", text: (row) => row.account ?? "of no trade", cell: (row) => <span className="font-medium">{row.account ?? "of no trade"}</span> },
  { id: "gross", head: "Gross", align: "right", sort: "amount", text: (row) => row.gross_usd, cell: (row) => <Amount value={row.gross_usd} places={2} tone="pnl" /> },
  { id: "cost", head: "Costs", align: "right", sort: "amount", text: (row) => row.cost_usd, cell: (row) => <Amount value={row.cost_usd} places={2} /> },
  { id: "net", head: "Net", align: "right", sort: "amount", text: (row) => row.net_usd, cell: (row) => <Amount value={row.net_usd} places={2} unit="USD" tone="pnl" className="font-semibold" /> },
];

function ByTime({ by }: { by: string }) {
  const groups = useRead<Groups>("/pnl/groups", { by });
  return (
    <Answer query={groups} lines={4}>
      {(body) => <DataTable testid="groups-table" label={`results by ${by}`} columns={GROUPS} rows={body.groups} rowKey={(row) => row.name} tools={false} height={body.groups.length > 9 ? "20rem" : undefined} empty={<Empty icon="reports">nothing was closed yet</Empty>} />}
    </Answer>
  );
}

function ByVenue() {
  const pnl = useRead<Schemas["PnlAnswer"]>("/pnl");
  return (
    <Answer query={pnl} lines={4}>
      {(body) => <DataTable testid="groups-table" label="results by venue" columns={ACCOUNTS} rows={body.accounts} rowKey={(row) => row.account ?? ""} tools={false} empty={<Empty icon="reports">nothing was closed yet</Empty>} />}
    </Answer>
  );
}

/** The same results put together otherwise; every sum is made by the desk. */
export function Groups() {
  const [kept, keep] = useKept("by");
  const by = CHOICES.some(({ value }) => value === kept) ? kept : "week";
  return (
    <Panel title="Results by" testid="groups" actions={<Segments value={by} choices={CHOICES} label="By what results are put together" testid="groups-by" onChange={keep} />} flush>
      {by === "venue" ? <ByVenue /> : <ByTime by={by} />}
    </Panel>
  );
}
