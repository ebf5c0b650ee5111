import { useRows } from "@/api/pages";
import type { Order } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { OrderStatus, Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Empty, Failed, Waiting } from "@/components/States";
import type { Column } from "@/components/table";
import { shown } from "@/format/decimal";
import { OwnerSelect } from "@/frame/OwnerSelect";
import { useUi } from "@/frame/ui";
import { useView } from "@/view/view";
import { OrderActions } from "./OrderActions";

const keyOf = (order: Order): string => order.order_id;

const STATUSES = ["", "open", "unknown", "filled", "canceled", "expired", "rejected", "denied"].map((value) => ({
  value,
  label: value === "" ? "every status" : value,
}));

function feesText(fees: Order["fees"]): string {
  return Object.entries(fees).map(([asset, amount]) => `${shown(amount, { most: 6 })} ${asset}`).join(", ");
}

const COLUMNS: readonly Column<Order>[] = [
  { id: "decided_at", head: "Decided", text: (order) => order.decided_at, cell: (order) => <Moment at={order.decided_at} millis /> },
  { id: "status", head: "Status", text: (order) => order.status, cell: (order) => <OrderStatus order={order} /> },
  { id: "side", head: "Side", text: (order) => order.side, cell: (order) => <Side side={order.side} /> },
  { id: "instrument", head: "Instrument", text: (order) => order.instrument },
  { id: "qty", head: "Asked", align: "right", sort: "amount", text: (order) => order.qty, cell: (order) => <Amount value={order.qty} /> },
  { id: "filled", head: "Filled", align: "right", sort: "amount", text: (order) => order.filled, cell: (order) => <Amount value={order.filled} /> },
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
  { id: "owner", head: "Owner", text: (order) => order.owner, className: "text-text2" },
  { id: "account", head: "Account", text: (order) => order.account, className: "text-text2" },
  { id: "order_id", head: "Order", text: (order) => order.order_id, cell: (order) => <span className="num text-2xs text-muted">…{order.order_id.slice(-8)}</span> },
  { id: "actions", head: "", text: () => null, sort: "none", align: "right", cell: (order) => <OrderActions order={order} /> },
];

/** Our orders, the newest first; a row opens the whole chain of its events. */
export function OrdersTable() {
  const [{ status = "", owner }, change] = useView();
  const { open, show } = useUi();
  const { rows, error, waiting, more, again } = useRows<"orders", Order>("/orders", "orders", keyOf, { status, owner });
  return (
    <Panel title="Orders" testid="orders" flush className="min-h-0 flex-1">
      {error !== null && rows.length === 0 && <Failed error={error} again={again} />}
      {waiting && error === null && <Waiting lines={8} />}
      {!waiting && (
        <DataTable
          testid="orders-table"
          label="orders"
          columns={COLUMNS}
          rows={rows}
          rowKey={keyOf}
          onOpen={(order) => show({ kind: "chain", ref: `order:${order.order_id}` })}
          openKey={open?.kind === "chain" ? open.ref.replace(/^order:/, "") : null}
          rowTone={(order) => (order.status === "unknown" ? "hatch" : undefined)}
          onEnd={more}
          height="calc(100vh - 15.5rem)"
          empty={<Empty icon="orders">no such order was ever sent</Empty>}
          filters={
            <>
              <Select value={status} choices={STATUSES} label="Status of the orders" testid="orders-status" onChange={(next) => change({ status: next })} />
              <OwnerSelect />
            </>
          }
        />
      )}
    </Panel>
  );
}
