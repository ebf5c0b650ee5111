import type { Order } from "@/api/types";
import { Badge, type Tone } from "./Badge";
import { cx } from "./cx";

const TONES: Record<string, Tone> = {
  intended: "info",
  submitted: "info",
  accepted: "info",
  partially_filled: "info",
  pending_cancel: "warn",
  unknown: "unknown",
  filled: "good",
  canceled: "plain",
  expired: "plain",
  rejected: "bad",
  denied: "bad",
};

export function OrderStatus({ order }: { order: Pick<Order, "status" | "unknown_since"> }) {
  return (
    <Badge tone={TONES[order.status] ?? "plain"} title={order.unknown_since ?? undefined}>
      {order.status.replaceAll("_", " ")}
    </Badge>
  );
}

/** The side as a word in its colour; the word alone says it too. */
export function Side({ side }: { side: string }) {
  return <span className={cx("font-medium", side === "buy" ? "text-buy" : "text-sell")}>{side}</span>;
}
