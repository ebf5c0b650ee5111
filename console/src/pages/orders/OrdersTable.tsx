import { useRows } from "@/api/pages";
import type { Order } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge, type Tone } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { DayRange, isReversed, useDayRange } from "@/components/Days";
import { Moment } from "@/components/Moment";
import { Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Empty, Failed, Waiting } from "@/components/States";
import { Unknown } from "@/components/Unknown";
import type { Column } from "@/components/table";
import { shown } from "@/format/decimal";
import { OwnerSelect } from "@/frame/OwnerSelect";
import { useUi } from "@/frame/ui";
import { useView } from "@/view/address";
import { OrderActions } from "./OrderActions";
import { OrdersSum } from "./Sums";

const keyOf = (order: Order): string => order.order_id;

const STATUSES = ["", "open", "unknown", "filled", "canceled", "expired", "rejected", "denied"].map((value) => ({
  value,
  label: value === "" ? "every status" : value,
}));

export function feesText(fees: Order["fees"]): string {
  return Object.entries(fees).map(([asset, amount]) => `${shown(amount, { most: 6 })} ${asset}`).join(", ");
}

const OUTCOMES: Readonly<Record<Order["outcome"], Tone>> = { working: "info", unknown: "unknown", filled: "good", canceled: "plain", failed: "bad" };

/** What the venue took of what was asked: all of it, nothing that it refused, and what nobody knows. */
export function acceptedOf(order: Pick<Order, "accepted" | "outcome" | "qty">): string | null {
  if (order.accepted) return order.qty;
  return order.outcome === "failed" ? "0" : null;
}

function Accepted({ order }: { order: Order }) {
  const accepted = acceptedOf(order);
  if (accepted !== null) return <Amount value={accepted} />;
  return order.outcome === "unknown" ? <Unknown since={order.unknown_since} /> : <span className="text-muted">not yet</span>;
}

const COLUMNS: readonly Column<Order>[] = [
  { id: "decided_at", head: "Decided", text: (order) => order.decided_at, cell: (order) => <Moment at={order.decided_at} millis /> },
  { id: "outcome", head: "Outcome", text: (order) => order.outcome, cell: (order) => <Badge tone={OUTCOMES[order.outcome]} title={order.why ?? undefined}>{order.outcome}</Badge> },
  { id: "status", head: "Status", text: (order) => order.status.replaceAll("_", " "), className: "text-2xs text-text2" },
  { id: "side", head: "Side", text: (order) => order.side, cell: (order) => <Side side={order.side} /> },
  { id: "instrument", head: "Instrument", text: (order) => order.instrument, className: "text-xs" },
  { id: "qty", head: "Asked", align: "right", sort: "amount", text: (order) => order.qty, cell: (order) => <Amount value={order.qty} /> },
  { id: "accepted", head: "Accepted", align: "right", sort: "amount", text: (order) => acceptedOf(order), cell: (order) => <Accepted order={order} /> },
  { id: "filled", head: "Filled", align: "right", sort: "amount", text: (order) => order.filled, cell: (order) => (order.status === "unknown" ? <Unknown since={order.unknown_since} /> : <Amount value={order.filled} />) },
  { id: "limit", head: "Limit", align: "right", sort: "amount", text: (order) => order.limit, cell: (order) => (order.limit === null ? <span className="text-muted">market</span> : <Amount value={order.limit} />) },
  {
    id: "average_price",
    head: "Average",
    align: "right",
    sort: "amount",
    text: (order) => order.average_price,
    cell: (order) => (order.average_price === null ? <span className="text-muted">—</span> : <Amount value={order.average_price} />),
  },
  { id: "fees", head: "Fees", align: "right", sort: "none", text: (order) => feesText(order.fees), cell: (order) => <span className="num text-text2" title={Object.entries(order.fees).map(([asset, amount]) => `${amount} ${asset}`).join(", ")}>{feesText(order.fees) || "—"}</span> },
  {
    id: "slippage",
    head: "Slippage cost, bps",
    align: "right",
    sort: "amount",
    text: (order) => order.slippage_bps,
    cell: (order) =>
      order.slippage_bps === null ? (
        <span className="text-muted">—</span>
      ) : (
        <span title={`${order.slippage_usd} USD against the price of the decision, ${order.evidence["price"]}; above zero is worse`}>
          <Amount value={order.slippage_bps} signed />
        </span>
      ),
  },
  { id: "session", head: "Session", text: (order) => order.session, className: "text-2xs text-text2" },
  { id: "owner", head: "Owner", text: (order) => order.owner, className: "text-2xs text-text2" },
  { id: "account", head: "Account", text: (order) => order.account, className: "text-2xs text-text2" },
  { id: "order_id", head: "Order", text: (order) => order.order_id, cell: (order) => <span className="num text-2xs text-muted">…{order.order_id.slice(-6)}</span> },
  { id: "actions", head: "", text: () => null, sort: "none", align: "right", cell: (order) => <OrderActions order={order} /> },
];

/** Our orders, the newest first; a row opens the whole chain of its events. */
export function OrdersTable() {
  const [{ status = "", owner }, change] = useView();
  const { open, show } = useUi();
  const days = useDayRange();
  const asked = { status, owner, ...days };
  const asks = !isReversed(asked);
  const { rows, error, waiting, more, again, whole } = useRows<"orders", Order>("/orders", "orders", keyOf, asked, asks);
  return (
    <Panel title="Orders" testid="orders" flush className="min-h-0 flex-1">
      {error !== null && rows.length === 0 && <Failed error={error} again={again} />}
      {waiting && error === null && <Waiting lines={8} />}
      {(!waiting || error !== null) && (
        <DataTable
          testid="orders-table"
          label="orders"
          tight
          columns={COLUMNS}
          rows={rows}
          rowKey={keyOf}
          onOpen={(order) => show({ kind: "chain", ref: `order:${order.order_id}` })}
          openKey={open?.kind === "chain" ? open.ref.replace(/^order:/, "") : null}
          rowTone={(order) => (order.status === "unknown" ? "hatch" : undefined)}
          onEnd={more}
          whole={whole}
          height="calc(100vh - 18rem)"
          empty={error === null ? <Empty icon="orders">{asks ? "no such order was ever sent" : "there are no such days"}</Empty> : <></>}
          filters={
            <>
              <Select value={status} choices={STATUSES} label="Status of the orders" testid="orders-status" onChange={(next) => change({ status: next })} />
              <OwnerSelect />
              <DayRange testid="orders-days" />
            </>
          }
        />
      )}
      {asks && <OrdersSum query={asked} />}
    </Panel>
  );
}
