import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Side } from "@/components/order";
import type { Column } from "@/components/table";
import { compared, directionOf } from "@/format/decimal";
import { useUi } from "@/frame/ui";

type Slot = Schemas["GridsAnswer"]["slots"][number];
type Book = Schemas["BookBody"];

const COLUMNS: readonly Column<Slot>[] = [
  { id: "slot", head: "Slot", align: "right", sort: "amount", text: (row) => `${row.slot}`, cell: (row) => <span className="num">{row.slot}</span> },
  { id: "price", head: "Price", align: "right", sort: "amount", text: (row) => row.price, cell: (row) => <Amount value={row.price} className="font-semibold" /> },
  {
    id: "qty",
    head: "Holds",
    align: "right",
    sort: "amount",
    text: (row) => row.qty,
    cell: (row) => (directionOf(row.qty) === 0 ? <span className="text-muted">—</span> : <Amount value={row.qty} signed tone="pnl" />),
  },
  {
    id: "order",
    head: "Works",
    sort: "none",
    text: (row) => (row.order === null ? null : `${row.order.side} ${row.order.qty} ${row.order.limit ?? ""}`),
    cell: (row) =>
      row.order === null ? (
        <span className="text-muted">—</span>
      ) : (
        <span className="inline-flex items-center gap-2">
          <Side side={row.order.side} />
          <Amount value={row.order.qty} />
          <span className="text-muted">at</span>
          {row.order.limit === null ? "market" : <Amount value={row.order.limit} />}
          {row.order.exit && <Badge tone="accent">exit</Badge>}
          {row.order.status === "unknown" && <Badge tone="unknown">unknown</Badge>}
        </span>
      ),
  },
  { id: "cycles", head: "Cycles", align: "right", sort: "amount", text: (row) => `${row.cycles}`, cell: (row) => <span className="num">{row.cycles}</span> },
  { id: "profit", head: "Earned", align: "right", sort: "amount", text: (row) => row.profit, cell: (row) => <Amount value={row.profit} tone="pnl" /> },
];

/** The slots of a grid from the highest price to the lowest. */
export function Ladder({ slots, books }: { slots: readonly Slot[]; books: readonly Book[] }) {
  const { show } = useUi();
  const sorted = [...slots].sort((a, b) => compared(b.price ?? "", a.price ?? ""));
  const instrument = sorted[0]?.instrument;
  const book = books.find((one) => one.instrument === instrument);
  return (
    <Panel
      title="Ladder"
      testid="ladder"
      note={instrument}
      flush
      actions={
        book && (
          <span className="inline-flex items-center gap-2 text-xs" data-testid="ladder-touch">
            <span className="text-muted">bid</span>
            <Amount value={book.bid} />
            <span className="text-muted">ask</span>
            <Amount value={book.ask} />
          </span>
        )
      }
    >
      <DataTable
        testid="ladder-table"
        label="slots of the grid"
        columns={COLUMNS}
        rows={sorted}
        rowKey={(row) => `${row.owner} ${row.instrument} ${row.slot}`}
        onOpen={(row) => row.order !== null && show({ kind: "chain", ref: `order:${row.order.order_id}` })}
        height="calc(100vh - 15.5rem)"
      />
    </Panel>
  );
}
