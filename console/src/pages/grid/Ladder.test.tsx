import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import type { BookBody } from "@/pages/market/Books";
import { Ladder, type Slot } from "./Ladder";

const slot = (index: number, price: string, more: Partial<Slot> = {}): Slot => ({
  owner: "maker",
  instrument: "BTC/USDT@exchange",
  slot: `1:${index}`,
  price,
  qty: "0",
  cost: "0",
  cycles: 0,
  profit: "0",
  rejects: 0,
  order: null,
  ...more,
});
const BOOK: BookBody = { instrument: "BTC/USDT@exchange", unfit: null, bid: "61664.5", bid_qty: "1", ask: "61664.51", ask_qty: "2", mid: "61664.505", spread_bps: "0", seen_at: null, age_ms_max: 3000, bids: [], asks: [] };

it("has the decimals of the tick in each price, whatever stands in its slots", async () => {
  answering({ "/api/v1/instruments": { instruments: [{ instrument: "BTC/USDT@exchange", tick: "0.01" }] } });
  draw(<Ladder slots={[slot(0, "61652"), slot(1, "61664.5")]} book={BOOK} />);
  expect(await screen.findByText("61,652.00")).toBeTruthy();
  expect(screen.getByText("61,664.50", { selector: "[data-col=price] *" })).toBeTruthy();
});

it("stands from the highest price to the lowest, with the market between its slots", () => {
  draw(<Ladder slots={[slot(0, "61652"), slot(2, "61676", { qty: "0.0324" }), slot(1, "61664", { profit: "0.189193354604" })]} book={BOOK} />);
  const lines = [...screen.getByTestId("ladder-table").querySelectorAll("tbody tr")].map((row) => row.getAttribute("data-testid") === "ladder-table-line" ? "market" : row.querySelector("[data-col=slot]")?.textContent);
  expect(lines).toEqual(["2", "market", "1", "0"]);
  expect(within(screen.getByTestId("ladder-touch")).getByText("61,664.5")).toBeTruthy();
  expect(screen.getByText("+0.19").title).toBe("0.189193354604");
});
