import { useState } from "react";
import type { Net } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Button } from "@/components/Button";
import { Side } from "@/components/order";
import { directionOf } from "@/format/decimal";
import { AMOUNT, AMOUNT_SAYS, Field } from "./Field";
import { FormLayer } from "./FormLayer";
import { useUi, type Wanted } from "./ui";

const GOOD_S = "60";

type Typed = { qty: string; limit: string; good: string };

function wanted(net: Net, side: "buy" | "sell", { qty, limit, good }: Typed): Wanted {
  const { owner, underlying } = net;
  return {
    verb: "trade",
    title: `${side === "buy" ? "Buy" : "Sell"} ${qty} ${underlying} by hand`,
    says: "An order that brings this net nearer to zero, through all checks of its hedge.",
    body: { owner, underlying, side, qty, limit, good_s: Number.parseInt(good, 10) },
    cli: `flatbook order place ${owner} ${underlying} --side ${side} --qty ${qty} --limit ${limit} --good-s ${good} --reason "..."`,
    danger: true,
  };
}

/** What a person trades by hand: only towards zero, at a limit. It is previewed before it is sent. */
export function TradeForm({ net, onClose }: { net: Net; onClose: () => void }) {
  const { show } = useUi();
  const side = directionOf(net.net) < 0 ? "buy" : "sell";
  const [typed, setTyped] = useState<Typed>({ qty: net.net.replace(/^[+-]/, ""), limit: "", good: GOOD_S });
  return (
    <FormLayer
      title={`Trade ${net.underlying} by hand`}
      says="Only towards zero, and only at a limit."
      testid="trade-form"
      onClose={onClose}
      onSubmit={() => show({ kind: "act", wanted: wanted(net, side, typed) })}
      acts={
        <>
          <Button onClick={onClose} data-testid="trade-leave">
            Leave it
          </Button>
          <Button type="submit" look="primary" data-testid="trade-preview">
            See what it will do
          </Button>
        </>
      }
    >
      <p className="m-0 flex items-center gap-3">
        <Side side={side} />
        <span className="text-text2">the net of {net.owner} is</span>
        <Amount value={net.net} unit={net.underlying} signed />
      </p>
      <div className="grid grid-cols-3 gap-3">
        <Field name="Quantity" required pattern={AMOUNT} title={AMOUNT_SAYS} value={typed.qty} onChange={(event) => setTyped({ ...typed, qty: event.target.value })} data-testid="trade-qty" />
        <Field name="Limit, per share" required pattern={AMOUNT} title={AMOUNT_SAYS} value={typed.limit} onChange={(event) => setTyped({ ...typed, limit: event.target.value })} data-testid="trade-limit" />
        <Field name="Good for, seconds" required pattern="[1-9][0-9]{0,3}" title="a whole number from 1 to 9999" value={typed.good} onChange={(event) => setTyped({ ...typed, good: event.target.value })} data-testid="trade-good" />
      </div>
    </FormLayer>
  );
}
