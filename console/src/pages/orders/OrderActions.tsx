import type { Order } from "@/api/types";
import { RowActions } from "@/components/RowActions";
import { useUi, type Wanted } from "@/frame/ui";

function actsOf(order: Order): Wanted[] {
  const body = { order_id: order.order_id };
  const cancel: Wanted = {
    verb: "cancel",
    title: "Cancel the order",
    says: `Takes what is left of this order back from ${order.account}.`,
    body,
    cli: `flatbook order cancel ${order.order_id} --reason "..."`,
    danger: true,
  };
  const recheck: Wanted = {
    verb: "recheck",
    title: "Ask the venue again",
    says: `Asks ${order.account} what became of this order. Nothing is sent anew.`,
    body,
    cli: `flatbook order recheck ${order.order_id} --reason "..."`,
    danger: false,
  };
  return order.open ? [cancel, recheck] : [];
}

/** What can be done with an order that may still execute; a finished one has nothing to do. */
export function OrderActions({ order }: { order: Order }) {
  const { show } = useUi();
  const actions = actsOf(order).map((wanted) => ({ name: wanted.title, testid: `order-${wanted.verb}`, act: () => show({ kind: "act", wanted }) }));
  return <RowActions label={`Acts on order ${order.order_id}`} actions={actions} testid="order-actions" />;
}
