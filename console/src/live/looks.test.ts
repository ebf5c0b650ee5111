import { expect, it } from "vitest";
import { BOOKS_MAX, KEPT, Looks } from "./looks";

const book = (seen_at: string | null, mid: string | null = "100.5", instrument = "BTC/USDT@exchange") => ({ instrument, seen_at, mid, spread_bps: "1" });

it("keeps each look at a book once, and none of a book that nobody sees", () => {
  const looks = new Looks();
  for (const seen of ["2025-12-03T15:05:00Z", "2025-12-03T15:05:00Z", "2025-12-03T15:05:01Z", null]) looks.keep([book(seen)]);
  looks.keep([book("2025-12-03T15:05:02Z", null)]);
  expect(looks.of("BTC/USDT@exchange").map((look) => look.at)).toEqual([1764774300, 1764774301]);
});

it("keeps no more than its bounds", () => {
  const looks = new Looks();
  for (let at = 1; at <= KEPT + 50; at += 1) looks.keep([book(new Date(at * 1000).toISOString())]);
  expect([looks.of("BTC/USDT@exchange").length, looks.of("BTC/USDT@exchange")[0]?.at]).toEqual([KEPT, 51]);
  for (let n = 0; n <= BOOKS_MAX; n += 1) looks.keep([book("2025-12-03T15:05:00Z", "1", `book ${n}`)]);
  expect(looks.of(`book ${BOOKS_MAX}`)).toEqual([]);
});
