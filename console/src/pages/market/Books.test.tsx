import { expect, it } from "vitest";
import { spreadText } from "./Books";

it("never says of two prices that differ that they are none apart", () => {
  expect(spreadText({ bid: "61664.5", ask: "61664.51", spread_bps: "0" })).toBe("<0.01");
  expect(spreadText({ bid: "100", ask: "100.2", spread_bps: "20" })).toBe("20");
  expect(spreadText({ bid: "100", ask: "100.0", spread_bps: "0" })).toBe("0");
  expect(spreadText({ bid: null, ask: null, spread_bps: null })).toBeNull();
});
