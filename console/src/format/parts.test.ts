import { expect, it } from "vitest";
import { CAPTURED, SLIPPAGE_COST, partOf } from "./parts";

it("has one name for each part of a result, and says which way its sign goes", () => {
  expect(partOf("edge").name).toBe("edge at the fill");
  expect(partOf("slippage")).toEqual({ name: "slippage, as result", says: "the hedge against the price that it was decided on; below zero when worse" });
  expect(partOf("broker_fee").name).toBe("broker fee");
});

it("names what is no part of a result by other words", () => {
  expect(CAPTURED).toContain("edge at the fill, drift and slippage together");
  expect(SLIPPAGE_COST).toContain("above zero when worse");
});
