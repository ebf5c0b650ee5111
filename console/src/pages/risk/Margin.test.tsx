import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import { MarginPanel, rungsOf } from "./Margin";

const CONTRACT = { instrument: "BTC", qty: "40", entry: "90", price: "100", worth: "4000", unrealised: "400", forced_at: "68.4", away_pct: "31.57" };
const MARGIN = { account: "perp", asset: "USDT", cash: "1000", equity: "1400", worth: "4000", needed: "200", used_pct: "14.28", maintenance_pct: "5", contracts: [CONTRACT] };
const UNKNOWN = { ...MARGIN, account: "live", needed: null, used_pct: null, maintenance_pct: null, contracts: [{ ...CONTRACT, instrument: "ETH", forced_at: null, away_pct: null }] };
const AS_OF = { seq: 1, at: "2025-12-11T18:52:27Z" };

it("shows the nearest to its forced price first, and what nobody states as unknown", async () => {
  answering({ "/api/v1/margin": { as_of: AS_OF, margins: [MARGIN, UNKNOWN] } });
  draw(<MarginPanel />);
  const table = await screen.findByTestId("margin-table");
  expect(table.textContent).toContain("not stated by its venue");
  expect(screen.getByTestId("margin-ladder").textContent).toContain("31.57 %");
  expect(rungsOf([UNKNOWN, MARGIN]).map((rung) => rung.instrument)).toEqual(["BTC", "ETH"]);
});

it("is not there where nothing is traded on margin", async () => {
  answering({ "/api/v1/margin": { as_of: AS_OF, margins: [] } });
  const { container } = draw(<MarginPanel />);
  await screen.findByTestId("waiting");
  await expect.poll(() => container.querySelector("[data-testid=margin]")).toBeNull();
});
