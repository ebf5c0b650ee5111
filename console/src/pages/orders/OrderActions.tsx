import { useCalled } from "@/api/queries";
import type { Order } from "@/api/types";
import { RowActions, type RowAction } from "@/components/RowActions";
import { useUi, type Wanted } from "@/frame/ui";

/** Takes back what is left of an order. */
export function cancelOf(order: Order): Wanted {
  return {
    verb: "cancel",
    title: "Cancel the order",
    says: `Takes what is left of this order back from ${order.account}.`,
    body: { order_id: order.order_id },
    cli: `flatbook order cancel ${order.order_id} --reason "..."`,
    danger: true,
  };
}

/** Asks the venue what became of an order. */
export function recheckOf(order: Order): Wanted {
  return {
    verb: "recheck",
    title: "Ask the venue again",
    says: `Asks ${order.account} what became of this order. Nothing is sent anew.`,
    body: { order_id: order.order_id },
    cli: `flatbook order recheck ${order.order_id} --reason "..."`,
    danger: false,
  };
}

/** Copies the command line that tells the whole story of a reference, as `called` makes it one of this desk. */
export function copyWhy(ref: string, called: (cli: string) => string): RowAction {
  return { name: "Copy the why command", testid: "copy-why", act: () => void navigator.clipboard.writeText(called(`flatbook why ${ref}`)) };
}

function actsOf(order: Order): Wanted[] {
  return order.open ? [cancelOf(order), recheckOf(order)] : [];
}

/** What can be done with an order: one that may still execute can be stopped or asked for, and each says why at the command line. */
export function OrderActions({ order }: { order: Order }) {
  const { show } = useUi();
  const called = useCalled();
  const acts = actsOf(order).map((wanted) => ({ name: wanted.title, testid: `order-${wanted.verb}`, act: () => show({ kind: "act", wanted }) }));
  const actions = [...acts, copyWhy(order.order_id, called)];
  return <RowActions label={`Acts on order ${order.order_id}`} actions={actions} testid="order-actions" />;
}
