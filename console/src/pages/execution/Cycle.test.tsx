import { fireEvent, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { Execution, Order } from "@/api/types";
import { answering, draw } from "@/testing/harness";
import { Book, elsewhere, ownAt } from "@/pages/market/Book";
import { rungsOf, sentenceOf as ladderSays } from "./GridChart";
import { Timeline } from "./Timeline";
import { releaseOf, Unsure } from "./Unsure";
import { barsOf, sentenceOf, Waterfall, type Leg } from "./Waterfall";

const leg = (step: Leg["step"], at: string | null, after_ms: string | null, total_ms: string | null): Leg => ({ step, at, after_ms, total_ms });
const LEGS: Leg[] = [
  leg("happened", "2025-12-04T16:48:35Z", null, null),
  leg("seen", "2025-12-04T16:48:40.933Z", "5933", "5933"),
  leg("intended", "2025-12-04T16:48:40.933Z", "0", "5933"),
  leg("submitted", null, null, null),
  leg("acknowledged", "2025-12-04T16:48:40.992Z", "59", "5992"),
  leg("filled", "2025-12-04T16:49:00Z", "19008", "25000"),
  leg("hedged", "2025-12-04T16:49:00Z", "0", "25000"),
];
const ORDER = {
  order_id: "fb534plq2uc7ed426k7dketlbg",
  owner: "desk",
  account: "paper",
  instrument: "COIN/USD@paper",
  underlying: "COIN",
  side: "buy",
  qty: "1.021",
  filled: "0",
  leaves: "1.021",
  limit: "61652",
  status: "unknown",
  open: true,
  unknown_since: "2025-12-04T16:48:45Z",
  decided_at: "2025-12-04T16:48:40.933Z",
} as Order;
const CLOSED = { fill: "fill:8453:0xd5:11@0x745fe30b", qty: "0.629", realised_usd: "1.4014749", opened_at: "2025-12-04T16:48:35Z", closed_at: "2025-12-04T16:49:00Z" };
const CYCLE = { as_of: { seq: 170, at: null }, execution: { ...ORDER, status: "filled", unknown_since: null }, legs: LEGS, closed: [CLOSED] };
const HELD = { log: "8453:0xab12:7", owner: "desk", underlying: "COIN", side: "sell", shares: "3", shares_assumed: false, reason: "second_price", detail: "", seen_at: "2025-12-04T16:40:00Z" };

it("begins each step where the known step before it ended", () => {
  const bars = barsOf(LEGS);
  expect(bars.map((bar) => bar.name)).toEqual(["fill onchain", "fill seen", "intended", "submitted", "acknowledged", "filled", "hedged"]);
  expect([bars[0]?.from, bars[0]?.to, bars[1]?.from, bars[6]?.to]).toEqual([0, 0, 0, 100]);
  expect(bars[4]?.from).toBe(bars[1]?.to);
  expect(bars[3]?.from).toBe(bars[3]?.to);
});

it("says in a sentence what a cycle took", () => {
  expect(sentenceOf(CYCLE)).toBe("hedged 25.0 s after the first step; it closed 1 part of a fill");
  expect(sentenceOf({ legs: [leg("intended", "2025-12-04T16:48:35Z", null, null)], closed: [] })).toBe("nothing but the decision is known; it closed no fill yet");
});

it("labels each step of the chosen cycle with its time, and what nobody told as not known", async () => {
  const asked = answering({ [`/api/v1/executions/${ORDER.order_id}`]: CYCLE });
  draw(<Waterfall orderId={ORDER.order_id} />);
  const steps = (await screen.findAllByTestId("waterfall-step")).map((row) => row.textContent);
  expect(steps[1]).toBe("fill seen16:48:40.9335.9 s5.9 s");
  expect(steps[3]).toBe("submittednot known——");
  expect(steps[4]).toBe("acknowledged16:48:40.99259 ms6.0 s");
  expect(screen.getByTestId("waterfall-closed").textContent).toContain("+1.40USD");
  expect(asked).toHaveLength(1);
});

it("asks for nothing where there is no order yet", () => {
  const asked = answering({});
  draw(<Waterfall orderId={undefined} />);
  expect(screen.getByText("no order was ever decided")).toBeTruthy();
  expect(asked).toEqual([]);
});

it("chooses the cycle whose row is pressed", () => {
  const choose = vi.fn();
  draw(<Timeline executions={[{ ...CYCLE.execution, seen_ms: null, decided_ms: null, executed_ms: null, total_ms: null } as unknown as Execution]} waiting={false} owner="desk" chosen={undefined} onChoose={choose} />);
  fireEvent.click(screen.getByTestId("timeline-order"));
  expect(choose).toHaveBeenCalledWith(ORDER.order_id);
});

it("lists orders of unknown fate and held fills with what can be done", () => {
  const { desk } = draw(<Unsure orders={[ORDER, { ...ORDER, order_id: "other", status: "accepted" }]} waiting={false} />);
  desk.snapshot({ positions: { held_fills: [HELD, { ...HELD, log: "8453:0xab12:8", shares_assumed: true }] } });
  expect(screen.getAllByTestId("unsure-orders-row")).toHaveLength(1);
  expect(screen.getAllByTestId("unsure-recheck")).toHaveLength(1);
  expect(screen.getAllByTestId("unsure-release")).toHaveLength(1);
  expect(screen.getByText("waits for its value")).toBeTruthy();
});

it("releases a fill to its hedge, or leaves it unhedged, with the same words as the command line", () => {
  expect(releaseOf(HELD, true)).toMatchObject({ verb: "release", body: { log: "8453:0xab12:7", hedge: true }, cli: 'flatbook fill release 8453:0xab12:7 --reason "..."' });
  expect(releaseOf(HELD, false)).toMatchObject({ body: { hedge: false }, cli: 'flatbook fill release 8453:0xab12:7 --unhedged --reason "..."' });
});

it("marks our orders in the book where they stand, and lists the deeper ones nearest first", () => {
  const level = (price: string): { price: string; qty: string; total: string } => ({ price, qty: "1", total: "1" });
  const own = ["61652.00", "61600", "61640"].map((limit) => ({ ...ORDER, order_id: limit, limit }));
  expect(ownAt(own, "61652").map((order) => order.order_id)).toEqual(["61652.00"]);
  expect(elsewhere(own, [level("61652")]).map((order) => order.limit)).toEqual(["61640", "61600"]);
  const book = { instrument: "BTC", unfit: null, bid: "61652", bid_qty: "1", ask: "61653", ask_qty: "1", mid: "61652.5", spread_bps: "0.1", seen_at: null, age_ms_max: null, bids: [level("61652")], asks: [level("61653")] };
  draw(<Book book={book} own={own} />);
  expect(screen.getAllByTestId("book-own").map((mark) => mark.getAttribute("title"))).toEqual(["ours: buy 1.021", "ours: buy 1.021", "ours: buy 1.021"]);
  expect(screen.getAllByTestId("book-deeper")).toHaveLength(2);
  expect(screen.getByTestId("book-own-says").textContent).toBe("3 orders of ours work here, 1 at the levels that are seen");
});

it("draws a level for each order of a grid, and for what a slot holds without one", () => {
  const slot = { owner: "maker", instrument: "BTC", slot: "0:1", price: "61640", qty: "0", cost: "0", cycles: 0, profit: "0", rejects: 0, order: null };
  const order = { order_id: "a", side: "buy", qty: "0.03", filled: "0", limit: "61640", slot: "0:1", exit: false, status: "accepted" };
  const rungs = rungsOf([{ ...slot, order }, { ...slot, slot: "0:2", price: "61652", qty: "0.02" }, { ...slot, slot: "0:3", price: "61664" }, { ...slot, slot: "0:4", order: { ...order, side: "sell", limit: "61676", exit: true } }]);
  expect(rungs.map((rung) => [rung.price, rung.side, rung.as])).toEqual([["61676", "sell", "exit"], ["61652", null, "holds"], ["61640", "buy", "entry"]]);
  expect(ladderSays("BTC", rungs, [])).toBe("1 buy order at 61,640 and 1 sell order at 61,676 on BTC, whose price nobody saw yet; 1 slot held without an order");
});
