import type { Schemas } from "@/api/types";
import { useRead } from "@/api/queries";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { HeldLots } from "@/components/Held";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Answer, Empty, Waiting } from "@/components/States";
import type { Column } from "@/components/table";
import { useChannel } from "@/live/channels";
import { AccountCard } from "./AccountCard";

type Positions = Schemas["PositionsAnswer"];
type Position = Schemas["PositionBody"];
type Held = Schemas["HeldFillBody"];
type CapacityLine = Schemas["CapacityBody"];

const POSITIONS: readonly Column<Position>[] = [
  { id: "account", head: "Account", text: (row) => row.account, cell: (row) => <span className="font-medium">{row.account}</span> },
  { id: "instrument", head: "Instrument", text: (row) => row.instrument },
  { id: "underlying", head: "Asset", text: (row) => row.underlying, className: "text-text2" },
  { id: "owner", head: "Owner", text: (row) => row.owner, className: "text-text2" },
  { id: "qty", head: "Quantity", align: "right", sort: "amount", text: (row) => row.qty, cell: (row) => <Amount value={row.qty} signed /> },
  { id: "shares", head: "In shares", align: "right", sort: "amount", text: (row) => row.shares, cell: (row) => <Amount value={row.shares} signed /> },
];

const CAPACITY: readonly Column<CapacityLine>[] = [
  { id: "underlying", head: "Asset", text: (row) => row.underlying, cell: (row) => <span className="font-medium">{row.underlying}</span> },
  { id: "account", head: "Account", text: (row) => row.account },
  { id: "owner", head: "Owner", text: (row) => row.owner, className: "text-text2" },
  { id: "short", head: "Short", text: (row) => (row.shorting ? "may" : "may not"), cell: (row) => <Badge tone={row.shorting ? "good" : "plain"}>{row.shorting ? "may" : "may not"}</Badge> },
  { id: "cash", head: "Cash", align: "right", sort: "amount", text: (row) => row.cash, cell: (row) => <Amount value={row.cash} places={2} unit={row.quote} /> },
  { id: "held", head: "Held", align: "right", sort: "amount", text: (row) => row.held, cell: (row) => <Amount value={row.held} /> },
  { id: "buy", head: "May still buy", align: "right", sort: "amount", text: (row) => row.buy, cell: (row) => <Amount value={row.buy} places={3} /> },
  { id: "sell", head: "May still sell", align: "right", sort: "amount", text: (row) => row.sell, cell: (row) => <Amount value={row.sell} places={3} /> },
];

const HELD: readonly Column<Held>[] = [
  { id: "log", head: "Fill", text: (row) => row.log, cell: (row) => <span className="num">{row.log}</span> },
  { id: "underlying", head: "Asset", text: (row) => row.underlying },
  { id: "side", head: "Side", text: (row) => row.side },
  { id: "shares", head: "Shares", align: "right", sort: "amount", text: (row) => row.shares, cell: (row) => <Amount value={row.shares} /> },
  { id: "reason", head: "Why it is not hedged", text: (row) => row.reason, cell: (row) => `${row.reason.replaceAll("_", " ")} ${row.detail}` },
];

/** What is held where, what each venue says of it, and how much can still be hedged with it. */
export function Page() {
  const live = useChannel("positions");
  const asked = useRead<Positions>("/positions", {}, { enabled: live === undefined });
  const positions = live ?? asked.data;
  const inventory = useRead<Schemas["InventoryAnswer"]>("/inventory");
  const capacity = useRead<Schemas["CapacityAnswer"]>("/capacity");
  const pnl = useChannel("pnl");
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Inventory" cli="flatbook positions" />
      <div className="grid gap-3 md:grid-cols-2 xl:grid-cols-3" data-testid="accounts">
        <Answer query={inventory}>{(body) => body.accounts.map((account) => <AccountCard key={account.account} account={account} />)}</Answer>
      </div>
      <Panel title="Hedge capacity" note="how much can still be hedged, by share and side" testid="capacity" flush>
        <Answer query={capacity}>
          {(body) => (
            <DataTable
              testid="capacity-table"
              label="hedge capacity"
              columns={CAPACITY}
              rows={body.capacity}
              rowKey={(row) => `${row.owner} ${row.underlying} ${row.account}`}
              tools={body.capacity.length > 8}
              empty={<Empty icon="inventory">this desk hedges nothing</Empty>}
            />
          )}
        </Answer>
      </Panel>
      <Panel title="Positions" testid="positions" flush>
        {positions ? (
          <DataTable
            testid="positions-table"
            label="positions"
            columns={POSITIONS}
            rows={positions.positions}
            rowKey={(row) => `${row.owner} ${row.account} ${row.instrument}`}
            empty={<Empty icon="inventory">nothing is held</Empty>}
          />
        ) : (
          <Waiting />
        )}
      </Panel>
      {pnl && <HeldLots held={pnl.held} />}
      {positions && positions.held_fills.length > 0 && (
        <Panel title="Fills that wait for a person" testid="held-fills" flush>
          <DataTable testid="held-table" label="held fills" columns={HELD} rows={positions.held_fills} rowKey={(row) => row.log} tools={false} />
        </Panel>
      )}
    </div>
  );
}
