import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import type { Column } from "@/components/table";

type Offer = Schemas["OfferBody"];

const COLUMNS: readonly Column<Offer>[] = [
  { id: "underlying", head: "Asset", text: (row) => row.underlying, cell: (row) => <span className="font-medium">{row.underlying}</span> },
  { id: "side", head: "We", text: (row) => row.side, cell: (row) => <Side side={row.side} /> },
  { id: "state", head: "State", text: (row) => (row.pulled ? "pulled" : row.stands ? "stands" : "gone"), cell: (row) => <Badge tone={row.pulled ? "warn" : row.stands ? "good" : "plain"}>{row.pulled ? "pulled" : row.stands ? "stands" : "gone"}</Badge> },
  { id: "reasons", head: "Why", text: (row) => row.reasons.join(", "), className: "text-text2" },
  { id: "shares", head: "Shares", align: "right", sort: "amount", text: (row) => row.shares, cell: (row) => <Amount value={row.shares} /> },
  { id: "price", head: "Price", align: "right", sort: "amount", text: (row) => row.price, cell: (row) => <Amount value={row.price} unit={row.dollar} /> },
  { id: "reference", head: "Reference", align: "right", sort: "amount", text: (row) => row.reference_usd, cell: (row) => <Amount value={row.reference_usd} unit="USD" /> },
  { id: "spread", head: "Spread", align: "right", sort: "amount", text: (row) => row.spread_bps, cell: (row) => <Amount value={row.spread_bps} unit="bps" /> },
  { id: "quoted", head: "Quoted", align: "right", text: (row) => row.quoted_at, cell: (row) => <Moment at={row.quoted_at} /> },
];

/** Our own orders on chains and how far their prices are in our favour; nothing where the desk has none. */
export function Offers() {
  const offers = useRead<Schemas["OffersAnswer"]>("/offers");
  if (!offers.data || offers.data.offers.length === 0) return null;
  return (
    <Panel title="Our offers on chains" testid="offers" flush>
      <DataTable testid="offers-table" label="our offers" columns={COLUMNS} rows={offers.data.offers} rowKey={(row) => `${row.chain} ${row.order_hash} ${row.side}`} tools={offers.data.offers.length > 8} />
    </Panel>
  );
}
