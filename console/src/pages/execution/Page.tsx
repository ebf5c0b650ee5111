import type { Execution, Order, Schemas } from "@/api/types";
import { useRows } from "@/api/pages";
import { PageHead } from "@/components/PageHead";
import { Select } from "@/components/Select";
import { OwnerSelect } from "@/frame/OwnerSelect";
import { useChannel } from "@/live/channels";
import { Book } from "@/pages/market/Book";
import { useView } from "@/view/address";
import { useMemo } from "react";
import { GridChart } from "./GridChart";
import { Latencies } from "./Latencies";
import { Timeline } from "./Timeline";
import { Unsure } from "./Unsure";
import { Waterfall } from "./Waterfall";
import { Working } from "./Working";

const keyOf = (order: { order_id: string }): string => order.order_id;
const LATEST = 40;

/** Where we work: the book that was chosen, else the first in which an order of ours stands, and the ladder of a grid there. */
function Where({ orders }: { orders: readonly Order[] }) {
  const [{ instrument = "", owner }, change] = useView();
  const books = useChannel("market")?.books ?? [];
  const slots: readonly Schemas["SlotBody"][] = useChannel("grids")?.slots ?? [];
  const worked = books.find((book) => orders.some((order) => order.instrument === book.instrument));
  const book = books.find((one) => one.instrument === instrument) ?? worked ?? books[0];
  const rungs = useMemo(() => slots.filter((slot) => slot.instrument === book?.instrument && (owner === undefined || slot.owner === owner)), [slots, book?.instrument, owner]);
  if (!book) return null;
  return (
    <>
      {books.length > 1 && (
        <div className="flex justify-end">
          <Select value={book.instrument} choices={books.map((one) => ({ value: one.instrument, label: one.instrument }))} label="Which book" testid="execution-book" onChange={(next) => change({ instrument: next })} />
        </div>
      )}
      {rungs.length > 0 && <GridChart instrument={book.instrument} slots={rungs} />}
      <Book book={book} own={orders.filter((order) => order.instrument === book.instrument)} />
    </>
  );
}

/** What is under way now, and how the latest hedges went, step by step. */
export function Page() {
  const [{ owner, cycle }, change] = useView();
  const open = useRows<"orders", Order>("/orders", "orders", keyOf, { status: "open", owner });
  const status = useChannel("status");
  // Without a choice it is the hedges that are drawn: the orders of a grid have no fill that caused them.
  const hedger = status?.nets.find((net) => net.kept_by === null)?.owner;
  const drawn = owner ?? hedger;
  const { rows, waiting } = useRows<"executions", Execution>("/executions", "executions", keyOf, { owner: drawn });
  const latest = useMemo(() => rows.slice(0, LATEST), [rows]);
  const chosen = cycle || latest[0]?.order_id;
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Execution" cli="flatbook orders --open">
        <OwnerSelect />
      </PageHead>
      <Working orders={open.rows} error={open.error} waiting={open.waiting} again={open.again} />
      <Unsure orders={open.rows} waiting={open.waiting} />
      <Waterfall orderId={chosen} />
      <Latencies />
      <Where orders={open.rows} />
      <Timeline executions={latest} waiting={waiting} owner={drawn} chosen={chosen} onChoose={(next) => change({ cycle: next })} />
    </div>
  );
}
