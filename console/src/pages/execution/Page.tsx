import type { Execution, Order } from "@/api/types";
import { useRows } from "@/api/pages";
import { PageHead } from "@/components/PageHead";
import { OwnerSelect } from "@/frame/OwnerSelect";
import { useChannel } from "@/live/channels";
import { useView } from "@/view/view";
import { useMemo } from "react";
import { Latencies } from "./Latencies";
import { Timeline } from "./Timeline";
import { Working } from "./Working";

const keyOf = (order: { order_id: string }): string => order.order_id;
const LATEST = 40;

/** What is under way now, and how the latest hedges went, step by step. */
export function Page() {
  const [{ owner }] = useView();
  const open = useRows<"orders", Order>("/orders", "orders", keyOf, { status: "open", owner });
  const status = useChannel("status");
  // Without a choice it is the hedges that are drawn: the orders of a grid have no fill that caused them.
  const hedger = status?.nets.find((net) => !net.hedged_from?.startsWith("never"))?.owner;
  const drawn = owner ?? hedger;
  const { rows, waiting } = useRows<"executions", Execution>("/executions", "executions", keyOf, { owner: drawn });
  const latest = useMemo(() => rows.slice(0, LATEST), [rows]);
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Execution" cli="flatbook orders --open">
        <OwnerSelect />
      </PageHead>
      <Working orders={open.rows} error={open.error} waiting={open.waiting} again={open.again} />
      <Latencies />
      <Timeline executions={latest} waiting={waiting} owner={drawn} />
    </div>
  );
}
