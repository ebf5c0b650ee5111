import { useState } from "react";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Button } from "@/components/Button";
import { AMOUNT, AMOUNT_SAYS, Field } from "./Field";
import { FormLayer } from "./FormLayer";
import { useUi } from "./ui";

type Limit = Schemas["LimitBody"];
const CONFIGURED = "configured";

/** A limit is only ever made tighter than it is configured, or set back to that. It is previewed before it is sent. */
export function LimitForm({ limit, onClose }: { limit: Limit; onClose: () => void }) {
  const { show } = useUi();
  const [to, setTo] = useState("");
  const prepare = (next: string): void =>
    show({
      kind: "act",
      wanted: {
        verb: "set-limit",
        title: next === CONFIGURED ? "Set the limit back" : "Tighten the limit",
        says: `${limit.name.replaceAll("_", " ")}: ${next === CONFIGURED ? "as it is configured" : `at most ${next} ${limit.unit}`}`,
        body: { name: limit.name, to: next },
        cli: `flatbook limit set ${limit.name} ${next} --reason "..."`,
        danger: true,
      },
    });
  return (
    <FormLayer
      title={limit.name.replaceAll("_", " ")}
      says="It can be made tighter than it is configured, not looser."
      testid="limit-form"
      onClose={onClose}
      onSubmit={() => prepare(to)}
      acts={
        <>
          <Button onClick={() => prepare(CONFIGURED)} data-testid="limit-configured">
            As configured
          </Button>
          <Button type="submit" look="primary" data-testid="limit-preview">
            See what it will do
          </Button>
        </>
      }
    >
      <p className="m-0 flex items-center gap-3 text-text2">
        now at most <Amount value={limit.limit} unit={limit.unit} />
      </p>
      <Field name={`At most, ${limit.unit}`} required pattern={AMOUNT} title={AMOUNT_SAYS} value={to} onChange={(event) => setTo(event.target.value)} data-testid="limit-to" />
    </FormLayer>
  );
}
