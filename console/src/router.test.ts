import { expect, it } from "vitest";
import { parsed, stated } from "./router";

it("keeps texts in an address as they are, those that look like numbers too", () => {
  expect(stated({ days: "7", "orders-table.filter": "buy coin" })).toBe("?days=7&orders-table.filter=buy+coin");
  expect(parsed("?days=7&at=1e5")).toEqual({ days: "7", at: "1e5" });
  expect(stated({})).toBe("");
});
