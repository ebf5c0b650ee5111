import { useMemo } from "react";
import type { Order } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Moment } from "@/components/Moment";
import { OrderStatus, Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { useUi } from "@/frame/ui";
import { useChannel } from "@/live/channels";

const SHOWN = 12;

/** Orders that may still execute and orders of unknown fate, the unknown first and then the newest. */
export function UnderWay() {
  const orders = useChannel("orders");
  const { show } = useUi();
  const working = useMemo(() => {
    const open = (orders ?? []).filter((order) => order.open);
    const isUnknown = (order: Order): number => (order.status === "unknown" ? 0 : 1);
    return open.sort((a, b) => isUnknown(a) - isUnknown(b) || (b.decided_at ?? "").localeCompare(a.decided_at ?? ""));
  }, [orders]);
  return (
    <Panel title="Under way" testid="under-way" note={working.length > SHOWN ? `${SHOWN} of ${working.length}` : undefined} flush>
      {working.length === 0 && <Empty>nothing works, and nothing is unknown</Empty>}
      <ul className="m-0 list-none p-0">
        {working.slice(0, SHOWN).map((order) => (
          <li key={order.order_id} className="border-b border-line/60 last:border-0">
            <button
              type="button"
              data-testid="under-way-order"
              onClick={() => show({ kind: "chain", ref: `order:${order.order_id}` })}
              className={`flex min-h-9 w-full flex-wrap items-center gap-x-3 px-3 py-1 text-left text-xs hover:bg-s2 ${order.status === "unknown" ? "hatch" : ""}`}
            >
              <span className="w-24 shrink-0">
                <OrderStatus order={order} />
              </span>
              <span className="w-8 shrink-0">
                <Side side={order.side} />
              </span>
              <Amount value={order.leaves} className="w-16 shrink-0 text-right" />
              <span className="w-20 shrink-0 text-right text-text2">{order.limit === null ? "market" : <Amount value={order.limit} />}</span>
              <span className="min-w-0 flex-1 truncate text-text2" title={order.instrument}>{order.instrument}</span>
              <Moment at={order.decided_at} day={false} />
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
