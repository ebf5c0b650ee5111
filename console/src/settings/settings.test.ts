import { expect, it } from "vitest";
import { USUAL, readSettings } from "./settings";

it("keeps what it knows and replaces the rest by the usual", () => {
  const kept = readSettings('{"theme":"light","pnl":"rainbow","zone":"Mars/Olympus","density":"wide","narrow":1}');
  expect(kept).toEqual({ theme: "light", pnl: "green-up", density: "wide", notices: "all", zone: "UTC", narrow: null });
});

it("starts as usual on what cannot be read", () => {
  expect([readSettings(null), readSettings("{"), readSettings("null")]).toEqual([USUAL, USUAL, USUAL]);
});
