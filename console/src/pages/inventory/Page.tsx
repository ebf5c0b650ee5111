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

type Wallet = Schemas["InventoryAnswer"]["wallets"][number];

const WALLETS: readonly Column<Wallet>[] = [
  { id: "wallet", head: "Wallet", text: (row) => row.wallet, cell: (row) => <span className="num" title={row.wallet}>{`${row.wallet.slice(0, 10)}…`}</span> },
  { id: "chain", head: "Chain", text: (row) => row.chain, className: "text-text2" },
  { id: "account", head: "Account", text: (row) => row.account },
  { id: "gas", head: "Gas", align: "right", sort: "amount", text: (row) => row.gas, cell: (row) => <Amount value={row.gas} unit={row.coin} /> },
  { id: "low", head: "Low below", align: "right", sort: "amount", text: (row) => row.low, cell: (row) => <Amount value={row.low} unit={row.coin} /> },
  { id: "is", head: "Is", text: (row) => (row.is_low === null ? "unknown" : row.is_low ? "low" : "enough"), cell: (row) => <Badge tone={row.is_low === null ? "unknown" : row.is_low ? "warn" : "good"}>{row.is_low === null ? "unknown" : row.is_low ? "low" : "enough"}</Badge> },
  { id: "calls", head: "Under way", align: "right", sort: "amount", text: (row) => `${row.calls_open}`, cell: (row) => <span className="num">{row.calls_open}</span> },
  { id: "today", head: "Calls today", align: "right", sort: "amount", text: (row) => `${row.calls_today}`, cell: (row) => <span className="num">{`${row.calls_today} of ${row.calls_day_max}`}</span> },
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
      {inventory.data && inventory.data.wallets.length > 0 && (
        <Panel title="Wallets" note="what sends transactions, and its gas" testid="wallets" flush>
          <DataTable testid="wallets-table" label="wallets" columns={WALLETS} rows={inventory.data.wallets} rowKey={(row) => `${row.chain} ${row.wallet}`} tools={false} />
        </Panel>
      )}
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
      <Panel title="Positions" note="what fills and executions added since our books began; what an account had before is in its balance above, not here" testid="positions" flush>
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
