import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { AgeChip } from "@/components/Age";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Side } from "@/components/order";
import type { Column } from "@/components/table";
import { compared, directionOf, placesOf } from "@/format/decimal";
import { useUi } from "@/frame/ui";
import { seenOf, type BookBody } from "@/pages/market/Books";

export type Slot = Schemas["GridsAnswer"]["slots"][number];

const MOST = 8;
const EARNED_PLACES = 2;

const none = <span className="text-muted">—</span>;
const keyOf = (row: Slot): string => `${row.owner} ${row.instrument} ${row.slot}`;

function columnsOf(slots: readonly Slot[], ticks: readonly string[]): readonly Column<Slot>[] {
  const prices = placesOf(ticks.length > 0 ? ticks : slots.flatMap((slot) => [slot.price, slot.order?.limit]), MOST);
  const sizes = placesOf(slots.map((slot) => slot.order?.qty), MOST);
  return [
    { id: "slot", head: "Slot", align: "right", sort: "amount", text: (row) => row.slot, cell: (row) => <span className="num text-text2">{row.slot.split(":").pop()}</span> },
    { id: "price", head: "Price", align: "right", sort: "amount", text: (row) => row.price, cell: (row) => <Amount value={row.price} places={prices} className="font-semibold" /> },
    { id: "qty", head: "Holds", align: "right", sort: "amount", text: (row) => row.qty, cell: (row) => (directionOf(row.qty) === 0 ? none : <Amount value={row.qty} places={MOST} signed />) },
    { id: "side", head: "Works", text: (row) => row.order?.side ?? null, cell: (row) => (row.order === null ? none : <Side side={row.order.side} />) },
    { id: "size", head: "Size", align: "right", sort: "amount", text: (row) => row.order?.qty ?? null, cell: (row) => (row.order === null ? none : <Amount value={row.order.qty} places={sizes} />) },
    { id: "filled", head: "Filled", align: "right", sort: "amount", text: (row) => row.order?.filled ?? null, cell: (row) => (row.order === null || directionOf(row.order.filled) === 0 ? none : <Amount value={row.order.filled} places={sizes} />) },
    { id: "limit", head: "At", align: "right", sort: "amount", text: (row) => row.order?.limit ?? null, cell: (row) => (row.order === null ? none : row.order.limit === null ? "market" : <Amount value={row.order.limit} places={prices} />) },
    {
      id: "state",
      head: "As",
      text: (row) => (row.order === null ? null : row.order.exit ? "exit" : "entry"),
      cell: (row) =>
        row.order === null ? none : row.order.status === "unknown" ? <Badge tone="unknown">unknown</Badge> : <Badge tone={row.order.exit ? "accent" : "plain"}>{row.order.exit ? "exit" : "entry"}</Badge>,
    },
    { id: "cycles", head: "Cycles", align: "right", sort: "amount", text: (row) => `${row.cycles}`, cell: (row) => (row.cycles === 0 ? none : <span className="num">{row.cycles}</span>) },
    { id: "profit", head: "Earned", align: "right", sort: "amount", text: (row) => row.profit, cell: (row) => (directionOf(row.profit) === 0 ? none : <Amount value={row.profit} places={EARNED_PLACES} tone="pnl" />) },
  ];
}

function Touch({ book, places }: { book: BookBody; places: number | undefined }) {
  return (
    <span className="inline-flex items-center gap-2" data-testid="ladder-touch">
      <span className="text-muted">bid</span>
      <Amount value={book.bid} places={places} className="text-buy" />
      <span className="text-muted">ask</span>
      <Amount value={book.ask} places={places} className="text-sell" />
      <AgeChip seen={seenOf(book)} />
    </span>
  );
}

/** The slots of a grid from the highest price to the lowest, with the market where it stands among them. */
export function Ladder({ slots, book }: { slots: readonly Slot[]; book: BookBody | undefined }) {
  const { open, show } = useUi();
  const rules = useRead<Schemas["InstrumentsAnswer"]>("/instruments", {}, { follows: false });
  const ticks = (rules.data?.instruments ?? []).filter((each) => slots.some((slot) => slot.instrument === each.instrument)).map((each) => each.tick);
  const places = ticks.length > 0 ? placesOf(ticks, MOST) : undefined;
  const sorted = [...slots].sort((a, b) => compared(b.price ?? "", a.price ?? ""));
  const bid = book?.bid ?? null;
  const below = bid === null ? undefined : sorted.find((slot) => slot.price !== null && compared(slot.price, bid) <= 0);
  return (
    <Panel title="Ladder" testid="ladder" note={sorted[0]?.instrument} flush actions={book && below === undefined && <Touch book={book} places={places} />}>
      <DataTable
        testid="ladder-table"
        label="slots of the grid"
        columns={columnsOf(sorted, ticks)}
        rows={sorted}
        rowKey={keyOf}
        onOpen={(row) => row.order !== null && show({ kind: "chain", ref: `order:${row.order.order_id}` })}
        openKey={open?.kind === "chain" ? (sorted.filter((row) => `order:${row.order?.order_id}` === open.ref).map(keyOf)[0] ?? null) : null}
        line={book && below ? { before: keyOf(below), says: <Touch book={book} places={places} /> } : null}
        height="calc(100vh - 24.5rem)"
      />
    </Panel>
  );
}
