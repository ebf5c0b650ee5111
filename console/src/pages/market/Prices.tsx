import type { Schemas } from "@/api/types";
import { AgeChip, Fresh, type Seen } from "@/components/Age";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import type { Column } from "@/components/table";

type Price = Schemas["PriceBody"];

/** A price is as old as its source says, however lately it was read: so it is bounded in the engine, too. */
const statedOf = ({ happened_at, age_s_max }: Price): Seen => ({ seen_at: happened_at, age_s_max });

const COLUMNS: readonly Column<Price>[] = [
  { id: "underlying", head: "Asset", text: (row) => row.underlying, cell: (row) => <span className="font-medium">{row.underlying}</span> },
  { id: "source", head: "Source", text: (row) => row.source, className: "text-text2" },
  {
    id: "price",
    head: "Price",
    align: "right",
    sort: "amount",
    text: (row) => row.price,
    cell: (row) => (
      <Fresh seen={statedOf(row)}>
        <Amount value={row.price} most={4} unit="USD" />
      </Fresh>
    ),
  },
  { id: "happened", head: "Stated at", align: "right", text: (row) => row.happened_at, cell: (row) => <Moment at={row.happened_at} /> },
  { id: "age", head: "Age", align: "right", sort: "none", text: (row) => row.happened_at, cell: (row) => <AgeChip seen={statedOf(row)} always testid="price-age" /> },
];

/** What each source says that a share costs, and how long that may be hedged on. */
export function Prices({ prices }: { prices: readonly Price[] }) {
  return (
    <Panel title="Prices" testid="prices" flush>
      <DataTable testid="prices-table" label="prices" columns={COLUMNS} rows={prices} rowKey={(row) => `${row.underlying} ${row.source}`} tools={false} empty={<Empty icon="market">no source of prices is asked</Empty>} />
    </Panel>
  );
}
