import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import { OrdersTable, acceptedOf } from "./OrdersTable";
import { copyWhy } from "./OrderActions";
import { outcomesText } from "./Sums";
import { TradesTable } from "./TradesTable";

const ORDER = {
  order_id: "fb534plq2uc7ed426k7dketlbg",
  venue_order_id: "P-32",
  owner: "desk",
  account: "paper",
  instrument: "COIN/USD@paper",
  underlying: "COIN",
  side: "sell",
  qty: "1.021",
  limit: "276.3",
  status: "filled",
  outcome: "filled" as const,
  open: false,
  accepted: true,
  filled: "1.021",
  leaves: "0",
  average_price: "279.44",
  fees: { USD: "0.01" },
  slippage_usd: "-0.34714",
  slippage_bps: "-12.18",
  session: "regular",
  attempt: 0,
  because: null,
  why: null,
  decided_at: "2025-12-04T16:48:40.933Z",
  accepted_at: null,
  unknown_since: null,
  first_filled_at: null,
  last_filled_at: null,
  ended_at: null,
  good_until: null,
  evidence: { price: "279.1" },
};
const UNKNOWN = { ...ORDER, order_id: "second", status: "unknown", outcome: "unknown" as const, open: true, accepted: false, filled: "0", slippage_bps: null, slippage_usd: null, unknown_since: "2025-12-04T16:50:00Z" };
const SUMS = { as_of: { seq: 170, at: null }, orders: 2, outcomes: { working: 0, unknown: 1, filled: 1, canceled: 0, failed: 0 }, bought: {}, sold: { USD: "285.30824" }, fees: { BTC: "0.00000216" }, slippage_usd: "-0.34714", decided: 1 };
const TRADE = { ref: "exec:1", at: "2025-12-04T16:49:00Z", owner: "desk", account: "paper", instrument: "COIN/USD@paper", underlying: "COIN", place: "offchain", side: "sell", qty: "1.021", money: "285.30824", asset: "USD", price_usd: "279.44", order_id: null, assumed: false, open_qty: "0", links: [], fees: { USD: "0.01" }, fees_usd: "0.01", matched_qty: "1.021", session: "regular", oracle_usd: null, oracle_bps: null, oracle_doubts: [] };

const cellsOf = (row: HTMLElement): Record<string, string | null> => Object.fromEntries([...row.querySelectorAll("[data-col]")].map((cell) => [cell.getAttribute("data-col") ?? "", cell.textContent]));

it("sets what was asked beside what was accepted and filled, and knows neither of an unknown order", async () => {
  answering({ "/api/v1/orders": { orders: [ORDER, UNKNOWN], next: null }, "/api/v1/sums/orders": SUMS });
  draw(<OrdersTable />);
  const [first, second] = (await screen.findAllByTestId("orders-table-row")).map(cellsOf);
  expect(first).toMatchObject({ outcome: "filled", qty: "1.021", accepted: "1.021", filled: "1.021", fees: "0.01 USD", slippage: "−12.18", session: "regular" });
  expect(second).toMatchObject({ outcome: "unknown", accepted: "unknown since 16:50:00", filled: "unknown since 16:50:00", slippage: "—" });
});

it("has all of an order accepted, nothing of one that was refused, and does not know of others", () => {
  expect(acceptedOf(ORDER)).toBe("1.021");
  expect(acceptedOf({ ...ORDER, accepted: false, outcome: "failed" })).toBe("0");
  expect(acceptedOf({ ...ORDER, accepted: false, outcome: "working" })).toBeNull();
});

it("sums all orders that are asked for, within the days of the address", async () => {
  const asked = answering({ "/api/v1/orders": { orders: [ORDER], next: null }, "/api/v1/sums/orders": SUMS });
  draw(<OrdersTable />, undefined, { first: "2025-12-04", last: "yesterday" });
  expect((await screen.findByTestId("orders-sum-outcomes")).textContent).toBe("2 orders: 1 unknown, 1 filled");
  expect(screen.getByTestId("orders-sum-slippage").textContent).toBe("slippage cost of 1 order−0.35USD");
  expect(screen.queryByTestId("orders-sum-bought")).toBeNull();
  expect(screen.getByTestId("orders-sum-fees").textContent).toBe("fees0.000002BTC");
  expect(asked.map((each) => each.path)).toContain("/api/v1/sums/orders?first=2025-12-04");
  fireEvent.change(screen.getByTestId("orders-days-last"), { target: { value: "2025-12-05" } });
  await screen.findByTestId("orders-sum");
  expect(asked.map((each) => each.path)).toContain("/api/v1/sums/orders?first=2025-12-04&last=2025-12-05");
});

it("says at the field that the days are reversed, and asks for nothing", async () => {
  const asked = answering({ "/api/v1/orders": { orders: [ORDER], next: null }, "/api/v1/sums/orders": SUMS });
  draw(<OrdersTable />, undefined, { first: "2025-12-09", last: "2025-12-03" });
  expect((await screen.findByTestId("orders-days-wrong")).textContent).toBe("this day is before the first one");
  expect(screen.getByTestId("empty").textContent).toBe("there are no such days");
  expect(asked.map((each) => each.path).filter((path) => path.includes("orders"))).toEqual([]);
  fireEvent.change(screen.getByTestId("orders-days-last"), { target: { value: "2025-12-10" } });
  expect(await screen.findAllByTestId("orders-table-row")).toHaveLength(1);
  expect(screen.queryByTestId("orders-days-wrong")).toBeNull();
});

it("keeps what is asked for at hand where the answer is a refusal", async () => {
  answering({});
  draw(<OrdersTable />, undefined, { first: "2025-12-03" });
  await screen.findAllByTestId("failed");
  expect(screen.getByTestId("orders-days-first")).toHaveProperty("value", "2025-12-03");
  expect(screen.queryByTestId("empty")).toBeNull();
});

it("saves all orders that are asked for, and not only those that were loaded", async () => {
  const asked = answering({});
  const pages: Record<string, unknown> = { "": { orders: [ORDER], next: "older" }, older: { orders: [{ ...ORDER, order_id: "older" }], next: null } };
  globalThis.fetch = ((path: string) => {
    asked.push({ path, init: {} });
    const query = new URL(path, "http://desk").searchParams;
    return Promise.resolve(new Response(JSON.stringify(path.includes("sums") ? SUMS : pages[query.get("cursor") ?? ""])));
  }) as typeof fetch;
  const written: string[] = [];
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: (text: string) => Promise.resolve(written.push(text)) } });
  draw(<OrdersTable />);
  expect(await screen.findAllByTestId("orders-table-row")).toHaveLength(1);
  fireEvent.click(screen.getByTestId("orders-table-json"));
  expect(await screen.findByText("copied 2 rows")).toBeTruthy();
  expect(JSON.parse(written[0] ?? "").map((each: { order_id: string }) => each.order_id)).toEqual([ORDER.order_id, "older"]);
});

it("says of trades what each was charged and in which session, and sums them", async () => {
  answering({ "/api/v1/trades": { trades: [TRADE], next: null }, "/api/v1/sums/trades": { as_of: SUMS.as_of, trades: 1, bought: {}, sold: { USD: "285.30824" }, fees: {}, unpriced: 1 } });
  draw(<TradesTable />);
  expect(cellsOf(await screen.findByTestId("trades-table-row"))).toMatchObject({ fees: "0.01 USD", session: "regular" });
  expect(screen.getByTitle("1.021 of 1.021 matched").textContent).toBe("closed");
  expect(screen.getByTitle("0.01 USD: 0.01 USD")).toBeTruthy();
  expect((await screen.findByTestId("trades-sum")).textContent).toBe("All that are asked for1 tradesold for285.31USD1 trade without money");
});

it("says unknown of what a trade was charged where no mark says what that was worth", async () => {
  const trade = { ...TRADE, fees: { BTC: "0.00000216" }, fees_usd: null };
  answering({ "/api/v1/trades": { trades: [trade], next: null }, "/api/v1/sums/trades": { as_of: SUMS.as_of, trades: 1, bought: {}, sold: {}, fees: {}, unpriced: 0 } });
  draw(<TradesTable />);
  expect(await screen.findByTitle("0.00000216 BTC: unknown USD")).toBeTruthy();
});

it("names how many orders went how, and nothing where there is none", () => {
  expect(outcomesText({ working: 0, filled: 3, failed: 1 })).toBe("3 filled, 1 failed");
  expect(outcomesText({ working: 0 })).toBe("none");
});

it("copies the command line that tells why", async () => {
  const written: string[] = [];
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: (text: string) => Promise.resolve(written.push(text)) } });
  copyWhy("fb534", (cli) => `${cli} of this desk`).act();
  expect(written).toEqual(["flatbook why fb534 of this desk"]);
});
