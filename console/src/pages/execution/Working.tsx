import type { Order } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { OrderStatus, Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { Empty, Failed, Waiting } from "@/components/States";
import { Unknown } from "@/components/Unknown";
import type { Column } from "@/components/table";
import { useUi } from "@/frame/ui";
import { OrderActions } from "@/pages/orders/OrderActions";

/** More orders than these are scrolled, so that the panels below stay in sight. */
const ROWS_SHOWN = 8;

const COLUMNS: readonly Column<Order>[] = [
  { id: "status", head: "Status", text: (order) => order.status, cell: (order) => <OrderStatus order={order} /> },
  { id: "side", head: "Side", text: (order) => order.side, cell: (order) => <Side side={order.side} /> },
  { id: "instrument", head: "Instrument", text: (order) => order.instrument },
  { id: "qty", head: "Asked", align: "right", sort: "amount", text: (order) => order.qty, cell: (order) => <Amount value={order.qty} /> },
  {
    id: "filled",
    head: "Filled",
    align: "right",
    sort: "amount",
    text: (order) => order.filled,
    cell: (order) => (order.status === "unknown" ? <Unknown since={order.unknown_since} /> : <Amount value={order.filled} />),
  },
  { id: "leaves", head: "May still fill", align: "right", sort: "amount", text: (order) => order.leaves, cell: (order) => <Amount value={order.leaves} /> },
  { id: "limit", head: "Limit", align: "right", sort: "amount", text: (order) => order.limit, cell: (order) => (order.limit === null ? "market" : <Amount value={order.limit} />) },
  { id: "decided", head: "Decided", text: (order) => order.decided_at, cell: (order) => <Moment at={order.decided_at} millis /> },
  { id: "until", head: "Good until", text: (order) => order.good_until, cell: (order) => <Moment at={order.good_until} /> },
  { id: "account", head: "Account", text: (order) => order.account, className: "text-text2" },
  { id: "actions", head: "", text: () => null, sort: "none", align: "right", cell: (order) => <OrderActions order={order} /> },
];

type Props = { orders: readonly Order[]; error: unknown; waiting: boolean; again: () => void };

/** Orders that may still execute, those of unknown fate among them: each counts as exposure until a venue says otherwise. */
export function Working({ orders, error, waiting, again }: Props) {
  const { show } = useUi();
  return (
    <Panel title="Under way" testid="working" note="orders that may still execute, and orders of unknown fate" flush>
      {error !== null && orders.length === 0 && <Failed error={error} again={again} />}
      {waiting && error === null ? (
        <Waiting />
      ) : (
        <DataTable
          testid="working-table"
          label="orders under way"
          columns={COLUMNS}
          rows={orders}
          rowKey={(order) => order.order_id}
          onOpen={(order) => show({ kind: "chain", ref: `order:${order.order_id}` })}
          rowTone={(order) => (order.status === "unknown" ? "hatch" : undefined)}
          tools={orders.length > 8}
          height={orders.length > ROWS_SHOWN ? `${ROWS_SHOWN * 2.25 + 2}rem` : undefined}
          empty={<Empty>nothing works, and nothing is unknown</Empty>}
        />
      )}
    </Panel>
  );
}
