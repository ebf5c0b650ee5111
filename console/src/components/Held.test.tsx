import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draw } from "@/testing/harness";
import { HeldLots } from "./Held";

const LOT = { owner: "grid", underlying: "BTC", qty: "0.30000000", lots: 3, cost_usd: "27300.00", price_usd: "91500.12345", price_from: "book", price_at: "2025-12-11T18:50:00Z", value_usd: "27450.03", unrealised_usd: "150.03" };

it("shows what each owner still holds with its lots, and what has no price as unknown", () => {
  draw(<HeldLots held={[LOT, { ...LOT, underlying: "COIN", lots: 1, price_usd: null, price_from: null, price_at: null, value_usd: null, unrealised_usd: null }]} />);
  const cell = (row: number, col: string): string => screen.getAllByTestId("lots-table-row")[row]?.querySelector(`[data-col=${col}]`)?.textContent ?? "";
  expect([cell(0, "qty"), cell(0, "lots"), cell(0, "cost"), cell(0, "value"), cell(0, "unrealised")]).toEqual(["+0.3", "3", "27,300.00USD", "27,450.03USD", "+150.03USD"]);
  expect([cell(1, "value"), cell(1, "unrealised")]).toEqual(["unknown", "unknown"]);
});

it("says so where nothing is held", () => {
  draw(<HeldLots held={[]} />);
  expect(screen.getByText("no lot is open")).toBeTruthy();
});
