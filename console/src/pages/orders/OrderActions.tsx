import { DropdownMenu } from "radix-ui";
import type { Order } from "@/api/types";
import { Icon } from "@/components/Icon";
import { useUi, type Wanted } from "@/frame/ui";

function actsOf(order: Order): Wanted[] {
  const body = { order_id: order.order_id };
  const recheck: Wanted = {
    verb: "recheck",
    title: "Ask the venue again",
    says: `Asks ${order.account} what became of this order. Nothing is sent anew.`,
    body,
    cli: `flatbook order recheck ${order.order_id} --reason "..."`,
    danger: false,
  };
  const cancel: Wanted = {
    verb: "cancel",
    title: "Cancel the order",
    says: `Takes what is left of this order back from ${order.account}.`,
    body,
    cli: `flatbook order cancel ${order.order_id} --reason "..."`,
    danger: true,
  };
  return order.open ? [cancel, recheck] : [];
}

/** What can be done with an order that may still execute; a finished one has nothing to do. */
export function OrderActions({ order }: { order: Order }) {
  const { show } = useUi();
  const acts = actsOf(order);
  if (acts.length === 0) return null;
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger
        data-row-actions
        data-testid="order-actions"
        aria-label={`Acts on order ${order.order_id}`}
        onClick={(event) => event.stopPropagation()}
        className="inline-flex size-7 items-center justify-center rounded text-text2 hover:bg-s3 hover:text-text"
      >
        <Icon name="more" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" className="z-50 rounded-md border border-line bg-s2 p-1 shadow-xl" onClick={(event) => event.stopPropagation()}>
          {acts.map((wanted) => (
            <DropdownMenu.Item
              key={wanted.verb}
              data-testid={`order-${wanted.verb}`}
              onSelect={() => show({ kind: "act", wanted })}
              className="flex h-8 items-center gap-2 rounded px-2.5 text-xs text-text2 outline-none data-[highlighted]:bg-s3 data-[highlighted]:text-text"
            >
              {wanted.title}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
