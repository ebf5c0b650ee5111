import { expect, it } from "vitest";
import { linesOf } from "./Backtests";

it("says every number of a report once, by its path, as it came", () => {
  const report = { run: { seed: 7, strategies: ["a", "b"] }, parts: [{ net_usd: "1.250" }, { net_usd: null }], adds_up: true };
  expect(linesOf(report)).toEqual([
    ["run.seed", "7"],
    ["run.strategies", "a, b"],
    ["parts.1.net_usd", "1.250"],
    ["parts.2.net_usd", "unknown"],
    ["adds_up", "true"],
  ]);
});
