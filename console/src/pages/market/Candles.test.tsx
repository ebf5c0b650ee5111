import { fireEvent, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { answering, draw } from "@/testing/harness";
import { Candles, marksOf, sentenceOf } from "./Candles";

const FILL = { at: "2025-12-03T15:06:10Z", side: "buy", qty: "0.010", price: "91120.5", asset: "USDT", place: "exchange", order_id: "o1", ref: "execution:1", owner: "grid" };
const BODY = {
  known: true,
  instrument: "BTC/USDT@exchange",
  now: "2025-12-03T15:07:01Z",
  every_s: 60,
  candles: [
    { at: "2025-12-03T15:05:00Z", open: "91100.5", high: "91200", low: "91000", close: "91150", volume: "1.5" },
    { at: "2025-12-03T15:06:00Z", open: "91150", high: "91160", low: "90990.25", close: "91010", volume: null },
  ],
  fills: [FILL, { ...FILL, at: "2025-12-03T15:06:50Z", side: "sell", ref: "execution:2" }],
};

it("says in a sentence what the candles show", () => {
  expect(sentenceOf(BODY)).toBe("BTC/USDT@exchange went from 91,100.5 to 91,010, between 90,990.25 and 91,200, in 2 candles, with 1 buy and 1 sale of ours");
  expect(sentenceOf({ ...BODY, candles: [], fills: [] })).toBe("nothing was seen of BTC/USDT@exchange yet");
});

it("marks what was traded in a candle once for each side", () => {
  const fills = [...BODY.fills, { ...FILL, at: "2025-12-03T15:06:59.9Z" }, { ...FILL, at: "2025-12-03T15:04:00Z" }];
  expect(marksOf({ ...BODY, fills })).toEqual([
    { at: "2025-12-03T15:06:00Z", side: "buy", text: "2" },
    { at: "2025-12-03T15:06:00Z", side: "sell", text: "" },
  ]);
});

beforeAll(() => {
  // Nothing is painted here.
  vi.stubGlobal("requestAnimationFrame", () => 0);
  // A canvas wants a colour for each name of the theme, and no style sheet is read here.
  for (const name of ["text-2", "muted", "line", "accent", "info", "warn", "up", "down", "surface-1", "unknown"]) document.documentElement.style.setProperty(`--${name}`, "rgb(18, 52, 86)");
});

it("draws candles with our fills beside, and the same numbers as a table", async () => {
  const asked = answering({ "/api/v1/candles": BODY });
  draw(<Candles instrument="BTC/USDT@exchange" instruments={["BTC/USDT@exchange"]} onChoose={vi.fn()} />);
  fireEvent.click(await screen.findByTestId("candles-chart-twin"));
  const rows = [...screen.getByTestId("candles-chart-table").querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows[1]).toEqual(["2025-12-03 15:06:00", "91150", "91160", "90990.25", "91010", "unknown"]);
  expect(screen.getAllByTestId("candles-fills-row").map((row) => row.getAttribute("data-row"))).toEqual(["execution:2", "execution:1"]);
  expect(asked[0]?.path).toBe("/api/v1/candles?instrument=BTC%2FUSDT%40exchange");
});

it("says that nothing is known where no engine answers", async () => {
  answering({ "/api/v1/candles": { ...BODY, known: false, candles: [], fills: [] } });
  draw(<Candles instrument="BTC/USDT@exchange" instruments={[]} onChoose={vi.fn()} />);
  expect(await screen.findByText(/no engine could be asked/)).toBeTruthy();
});
