import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draw } from "@/testing/harness";
import { recoveryOf, Standing, standingOf, type Grid } from "./Standing";

const GRID: Grid = {
  owner: "maker",
  instrument: "BTC/USDT@exchange",
  quote: "USDT",
  begun: true,
  mode: "long",
  low: "90000",
  high: null,
  flatten: false,
  exits_by: "maker",
  anchor: "95000",
  qty: "0.2",
  cost: "19000",
  average: "95000",
  profit: "12.5",
  cycles: 3,
  rejects: 4,
  entries_open: 5,
  exits_open: 2,
  exits: "0.2",
  older: "0",
  hold: null,
  lock: null,
  stop: null,
};
const STOPPED: Grid = { ...GRID, hold: "stopped", stop: { end: "low", at: "2026-03-02T12:00:00Z", resumes: false } };

it("shows range, earnings by cycles and what was turned down", () => {
  draw(<Standing grid={GRID} />);
  expect(screen.getByTestId("grid-state").textContent).toBe("works");
  expect(screen.getByTestId("grid-range").textContent).toBe("90000 to open");
  expect(screen.getByTestId("grid-rejects").textContent).toBe("4 that would have taken");
  expect(screen.getByTestId("grid-profit").textContent).toContain("12.50");
  expect(screen.getByTestId("grid-average").textContent).toContain("95,000");
});

it("says why a grid stands still: a stop before a lock, a lock before a hold", () => {
  expect(standingOf(STOPPED)).toEqual({ word: "stopped", tone: "bad", why: "the price left the range at its low end" });
  expect(standingOf({ ...GRID, hold: "locked", lock: { until: "2026-03-02T12:00:00Z", times: 2, short: true } }).word).toBe("locked");
  expect(standingOf({ ...GRID, hold: "inventory_full" }).why).toBe("it holds as much as it may");
  expect(standingOf({ ...GRID, begun: false }).word).toBe("not begun");
});

it("says what becomes of what it holds", () => {
  expect(recoveryOf(STOPPED)).toContain("it opens nothing until another range is configured and the price lies within");
  expect(recoveryOf({ ...STOPPED, flatten: true })[0]).toContain("is closed at the touch");
  expect(recoveryOf({ ...GRID, exits: "0" })).toContain("no exit rests now: it comes with the next look at a book that is fit");
  expect(recoveryOf({ ...GRID, qty: "0", exits: "0" })).toEqual([]);
});
