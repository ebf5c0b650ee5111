import { useRows } from "@/api/pages";
import { useCalled } from "@/api/queries";
import type { Trade } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { DayRange, isReversed, useDayRange } from "@/components/Days";
import { Moment } from "@/components/Moment";
import { Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { RowActions } from "@/components/RowActions";
import { Empty, Failed, Waiting } from "@/components/States";
import type { Column } from "@/components/table";
import { directionOf } from "@/format/decimal";
import { OwnerSelect } from "@/frame/OwnerSelect";
import { useUi } from "@/frame/ui";
import { useView } from "@/view/address";
import { copyWhy } from "./OrderActions";
import { feesText } from "./OrdersTable";
import { TradesSum } from "./Sums";

const keyOf = (trade: Trade): string => trade.ref;

const LINKS_SHOWN = 1;

const COLUMNS: readonly Column<Trade>[] = [
  { id: "at", head: "At", text: (trade) => trade.at, cell: (trade) => <Moment at={trade.at} millis /> },
  { id: "place", head: "Where", text: (trade) => trade.place, cell: (trade) => <Badge tone={trade.place === "onchain" ? "accent" : "info"}>{trade.place}</Badge> },
  { id: "side", head: "Side", text: (trade) => trade.side, cell: (trade) => <Side side={trade.side} /> },
  { id: "qty", head: "Quantity", align: "right", sort: "amount", text: (trade) => trade.qty, cell: (trade) => <Amount value={trade.qty} /> },
  { id: "instrument", head: "Instrument", text: (trade) => trade.instrument },
  { id: "price_usd", head: "Price, USD", align: "right", sort: "amount", text: (trade) => trade.price_usd, cell: (trade) => <Amount value={trade.price_usd} places={2} /> },
  { id: "money", head: "Money", align: "right", sort: "amount", text: (trade) => trade.money, cell: (trade) => <Amount value={trade.money} places={2} unit={trade.asset} /> },
  {
    id: "open_qty",
    head: "Still open",
    align: "right",
    sort: "amount",
    text: (trade) => trade.open_qty,
    cell: (trade) => <span title={`${trade.matched_qty} of ${trade.qty} matched`}>{directionOf(trade.open_qty) === 0 ? <span className="text-muted">closed</span> : <Amount value={trade.open_qty} />}</span>,
  },
  {
    id: "links",
    head: "Closed against",
    sort: "none",
    text: (trade) => trade.links.map((link) => link.ref).join(" "),
    cell: (trade) => (
      <span className="inline-flex items-center gap-3">
        {trade.links.slice(0, LINKS_SHOWN).map((link) => (
          <span key={link.ref} className="inline-flex items-center gap-1.5">
            <Amount value={link.realised_usd} places={2} tone="pnl" />
            <span className="text-2xs text-muted">{link.bucket.replaceAll("_", " ")}</span>
          </span>
        ))}
        {trade.links.length > LINKS_SHOWN && <span className="text-2xs text-muted">and {trade.links.length - LINKS_SHOWN} more</span>}
      </span>
    ),
  },
  {
    id: "fees",
    head: "Fees",
    align: "right",
    sort: "none",
    text: (trade) => feesText(trade.fees),
    cell: (trade) => <span className="num text-text2" title={chargedText(trade)}>{feesText(trade.fees) || "—"}</span>,
  },
  { id: "session", head: "Session", text: (trade) => trade.session, className: "text-2xs text-text2" },
  { id: "owner", head: "Owner", text: (trade) => trade.owner, className: "text-2xs text-text2" },
  { id: "actions", head: "", text: () => null, sort: "none", align: "right", cell: (trade) => <TradeActions of={trade.ref} /> },
];

function chargedText(trade: Trade): string {
  const amounts = Object.entries(trade.fees).map(([asset, amount]) => `${amount} ${asset}`);
  return amounts.length === 0 ? "nothing was charged" : `${amounts.join(", ")}: ${trade.fees_usd ?? "unknown"} USD`;
}

function TradeActions({ of }: { of: string }) {
  const called = useCalled();
  return <RowActions label={`Acts on trade ${of}`} testid="trade-actions" actions={[copyWhy(of, called)]} />;
}

/** Every fill and execution, the newest first, with what each closed and earned. */
export function TradesTable() {
  const [{ owner }] = useView();
  const { show } = useUi();
  const asked = { owner, ...useDayRange() };
  const asks = !isReversed(asked);
  const { rows, error, waiting, more, again, whole } = useRows<"trades", Trade>("/trades", "trades", keyOf, asked, asks);
  return (
    <Panel title="Trades" testid="trades" flush className="min-h-0 flex-1">
      {error !== null && rows.length === 0 && <Failed error={error} again={again} />}
      {waiting && error === null && <Waiting lines={8} />}
      {(!waiting || error !== null) && (
        <DataTable
          testid="trades-table"
          label="trades"
          tight
          columns={COLUMNS}
          rows={rows}
          rowKey={keyOf}
          onOpen={(trade) => show({ kind: "chain", ref: trade.ref })}
          onEnd={more}
          whole={whole}
          filters={
            <>
              <OwnerSelect />
              <DayRange testid="trades-days" />
            </>
          }
          height="calc(100vh - 18rem)"
          empty={error === null ? <Empty icon="orders">{asks ? "nothing was traded yet" : "there are no such days"}</Empty> : <></>}
        />
      )}
      {asks && <TradesSum query={asked} />}
    </Panel>
  );
}
