import type { Schemas } from "@/api/types";
import { AgeChip } from "./Age";
import { Amount } from "./Amount";
import { DataTable } from "./DataTable";
import { Panel } from "./Panel";
import { Empty } from "./States";
import type { Column } from "./table";

type Held = Schemas["HeldBody"];

const COLUMNS: readonly Column<Held>[] = [
  { id: "underlying", head: "Asset", text: (row) => row.underlying, cell: (row) => <span className="font-medium">{row.underlying}</span> },
  { id: "owner", head: "Owner", text: (row) => row.owner, className: "text-text2" },
  { id: "qty", head: "Held", align: "right", sort: "amount", text: (row) => row.qty, cell: (row) => <Amount value={row.qty} signed /> },
  { id: "lots", head: "Open lots", align: "right", sort: "amount", text: (row) => `${row.lots}`, cell: (row) => <span className="num">{row.lots}</span> },
  { id: "cost", head: "Cost", align: "right", sort: "amount", text: (row) => row.cost_usd, cell: (row) => <Amount value={row.cost_usd} places={2} unit="USD" /> },
  {
    id: "price",
    head: "Valued at",
    align: "right",
    sort: "amount",
    text: (row) => row.price_usd,
    cell: (row) => (
      <span className="inline-flex items-center gap-2">
        <Amount value={row.price_usd} most={4} unit="USD" />
        {row.price_from && <span className="text-2xs text-muted">{row.price_from}</span>}
        <AgeChip seen={{ seen_at: row.price_at }} always />
      </span>
    ),
  },
  { id: "value", head: "Worth", align: "right", sort: "amount", text: (row) => row.value_usd, cell: (row) => <Amount value={row.value_usd} places={2} unit="USD" /> },
  { id: "unrealised", head: "Unrealised", align: "right", sort: "amount", text: (row) => row.unrealised_usd, cell: (row) => <Amount value={row.unrealised_usd} places={2} unit="USD" tone="pnl" className="font-semibold" /> },
];

/** What is still held by lot, what it cost and what it is worth: no sum of results has it. */
export function HeldLots({ held }: { held: readonly Held[] }) {
  return (
    <Panel title="Held" note="open lots, first in first out; in no result until they are closed" testid="lots" flush>
      <DataTable testid="lots-table" label="what is held" columns={COLUMNS} rows={held} rowKey={(row) => `${row.owner} ${row.underlying}`} tools={held.length > 8} empty={<Empty icon="inventory">no lot is open</Empty>} />
    </Panel>
  );
}
