import { expect, it } from "vitest";
import { namedOf } from "./Limits";
import { askedOf, liftOf } from "./Page";

const HALT = { halt_id: "h1", scope: "all", target: "", cause: "operator", reason: "a drill", halted_at: "2025-12-04T16:48:40Z" };

it.each([
  ["all", "", "New orders are allowed again for the whole desk."],
  ["owner", "hedge", "New orders are allowed again for hedge."],
])("names what goes on once a halt of %s %s is lifted", (scope, target, says) => {
  expect(liftOf({ ...HALT, scope, target } as Parameters<typeof liftOf>[0]).says).toBe(says);
});

it("names everybody who asked for a halt, and the engine where nobody did", () => {
  const asked = [
    { actor: "console:ann", asked_at: "2025-12-04T16:48:40Z", reason: "a drill" },
    { actor: "cli:bob", asked_at: "2025-12-04T16:49:40Z", reason: "the feed is odd" },
  ];
  expect(askedOf({ asked })).toBe("console:ann: a drill; cli:bob: the feed is odd");
  expect(askedOf({ asked: [] })).toBe("nobody: the engine");
});

it("names limits by what they bound", () => {
  expect(["second_bps_max", "order_shares_max", "residue_usd_max", "new_limit_max"].map(namedOf)).toEqual(["distance from the second price", "shares of an order", "unhedged value", "new limit"]);
});
