import { expect, it } from "vitest";
import { liftOf } from "./Page";

const HALT = { halt_id: "h1", scope: "all", target: "", cause: "operator", reason: "a drill", halted_at: "2025-12-04T16:48:40Z" };

it.each([
  ["all", "", "New orders are allowed again for the whole desk."],
  ["owner", "hedge", "New orders are allowed again for hedge."],
])("names what goes on once a halt of %s %s is lifted", (scope, target, says) => {
  expect(liftOf({ ...HALT, scope, target } as Parameters<typeof liftOf>[0]).says).toBe(says);
});
