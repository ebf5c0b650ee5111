import { expect, it } from "vitest";
import { FLAT } from "@/testing/fixtures";
import { itemsOf } from "./Attention";

const HALT = { halt_id: "h1", scope: "all", target: "", cause: "operator", reason: "a drill", halted_at: "2025-12-04T16:48:40Z", asked: [] };
const ALERT = { name: "order_unknown", severity: "warning", subject: "o1", detail: "fate unknown", raised_at: "2025-12-04T16:48:40Z", runbook: "docs/runbook.md#order_unknown" };

it("says of what a person must look at what it is of, and where to do something about it", () => {
  const [halt, alert] = itemsOf({ ...FLAT, halts: [HALT], alerts: [ALERT] });
  expect([halt?.what, halt?.todo]).toEqual(["all: a drill", { page: "/risk", says: "lift it" }]);
  expect([alert?.word, alert?.todo]).toEqual(["order unknown", { runbook: "docs/runbook.md#order_unknown" }]);
});
