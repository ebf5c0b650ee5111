import { expect, it } from "vitest";
import { sectionsOf, wordsOf } from "./numbers";

const REPORT = {
  schema: "flatbook.backtest.v1",
  run: { tape: "t.parquet", names: {}, strategies: ["grid", "other"], stops: { woken: 774 } },
  is_whole: true,
  parts: [{ instrument: "BTC@bybit", quote: "USDT", spread: "2.25", net: null }],
  orders: { filled_in_part: 0, rejected: { post_only: 3 } },
  held: [{ owner: "grid", instrument: "BTC@bybit", times: { no_book: 1 }, says: "the book was unfit" }],
  queue: { waited_median_ns: 30_996_000_000, waited_95_ns: 68_996_000_000 },
  no_orders: [],
};

it("says every number of a report once, in sections, under words and not under keys", () => {
  expect(sectionsOf(REPORT)).toEqual([
    {
      title: "The run",
      rows: [["form of the report", "flatbook.backtest.v1"], ["came to the end of the tape", "yes"], ["tape", "t.parquet"], ["strategies", "grid; other"], ["stops: woken", "774"]],
    },
    { title: "Result, in the quote · BTC@bybit", rows: [["quote", "USDT"], ["spread", "2.25"], ["net", "not told"]] },
    { title: "Orders", rows: [["filled in part", "0"], ["rejected: post only", "3"]] },
    { title: "Held back · grid · BTC@bybit", rows: [["times: no book", "1"], ["says", "the book was unfit"]] },
    { title: "Waits of what made the market", rows: [["waited median", "31.0 s"], ["waited, 19 of 20", "1 min 08 s"]] },
  ]);
});

it("puts the unit of a key behind its words", () => {
  expect(["start_usd", "max_consecutive_losses", "max_drawdown_duration_periods", "max"].map(wordsOf)).toEqual(["start, USD", "largest consecutive losses", "longest drawdown, steps", "largest"]);
});
