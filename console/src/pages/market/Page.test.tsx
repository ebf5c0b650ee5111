import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import { Page } from "./Page";

const MARKET = { known: true, now: "2025-12-03T15:07:01Z", books: [], prices: [], instruments: ["BTC/USDT@exchange", "COIN/USD@paper"] };
const CANDLES = { known: true, instrument: "COIN/USD@paper", now: "2025-12-03T15:07:01Z", every_s: 60, candles: [], fills: [] };

it("chooses among the instruments whose prices are known, and begins with the one that its address names", async () => {
  const asked = answering({ "/api/v1/market": MARKET, "/api/v1/candles": CANDLES });
  draw(<Page />, undefined, { candles: "COIN/USD@paper" });
  expect((await screen.findByTestId("candles-of")).textContent).toBe("COIN/USD@paper");
  expect(await screen.findByText(/nothing was seen of COIN\/USD@paper yet/)).toBeTruthy();
  expect(asked.map((one) => one.path)).toContain("/api/v1/candles?instrument=COIN%2FUSD%40paper");
});

it("takes another one where the price of the one that its address names is not known", async () => {
  answering({ "/api/v1/market": MARKET, "/api/v1/candles": CANDLES });
  draw(<Page />, undefined, { candles: "ETH/USDT@exchange" });
  expect((await screen.findByTestId("candles-of")).textContent).toBe("BTC/USDT@exchange");
});

it("shows no candles where no price is known yet, whatever its address names", async () => {
  answering({ "/api/v1/market": { ...MARKET, instruments: [] } });
  draw(<Page />, undefined, { candles: "COIN/USD@paper" });
  expect(await screen.findByText("what the running engine sees")).toBeTruthy();
  expect(screen.queryByTestId("candles")).toBeNull();
});
