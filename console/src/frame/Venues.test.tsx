import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import type { Execution } from "@/api/types";
import { draw } from "@/testing/harness";
import { Venues, VenuesInShort } from "./Venues";

const part = (kind: string, name: string, state: string) => ({ kind, name, state, age_s: 3, age_s_max: 30, detail: "" });
const budget = (name: string, used: number, most: number, state = "good") => ({ account: "binance", name, used, most, window_s: 60, full_at: null, state });

it("shows an account with the worst of it and with the limit of its venue that is nearest to its end", () => {
  const { desk } = draw(<Venues />);
  desk.snapshot({
    parts: {
      parts: [part("account", "binance", "good"), part("book", "BTC/USDT@binance", "late"), part("account", "paper", "good")],
      gauges: [],
      budgets: [budget("weight_1m", 1500, 6000), budget("orders_10s", 60, 50, "high")],
    },
  });
  expect(screen.getByTestId("venue-binance").title).toBe("book BTC/USDT@binance: late, 3.0 s old\nweight_1m: 1500 of 6000 in 1 min 00 s\norders_10s: 60 of 50 in 1 min 00 s");
  expect((screen.getByTestId("budget-binance-orders_10s").firstElementChild as HTMLElement).style.width).toBe("100%");
  expect(screen.queryByTestId("budget-binance-weight_1m")).toBeNull();
  expect(screen.getByTestId("venue-paper").querySelector("[role=img]")).toBeNull();
});

const execution = (account: string, accepted_ms: string | null) => ({ account, accepted_ms, order_id: `${account} ${accepted_ms}` }) as Execution;

it("says how long a venue takes to accept, and how old the oldest book at it is", () => {
  const { desk } = draw(<Venues />);
  const executions = [execution("binance", "90"), execution("binance", "1400"), execution("binance", "120"), execution("binance", null), execution("paper", null)];
  desk.snapshot({
    parts: { parts: [part("account", "binance", "good"), { ...part("book", "BTC/USDT@binance", "good"), age_s: 0 }, { ...part("book", "ETH/USDT@binance", "late"), age_s: 7 }, part("account", "paper", "good")], gauges: [], budgets: [] },
    executions,
  });
  expect(screen.getByTestId("accepted-binance").textContent).toBe("120 ms");
  expect(screen.getByTestId("stream-age-binance").textContent).toBe("7.0 s");
  expect(screen.queryByTestId("accepted-paper")).toBeNull();
  expect(screen.queryByTestId("stream-age-paper")).toBeNull();
});

it("says in one word how all accounts stand: the worst of them", () => {
  const { desk } = draw(<VenuesInShort />);
  const accounts = [part("account", "binance", "good"), part("account", "paper", "good")];
  desk.snapshot({ parts: { parts: accounts, gauges: [], budgets: [] } });
  expect(screen.getByTestId("venues-short").textContent).toBe("2 good");
  desk.snapshot({ parts: { parts: [...accounts, part("book", "BTC/USDT@binance", "late")], gauges: [], budgets: [] } });
  expect(screen.getByTestId("venues-short").textContent).toBe("1 of 2 late");
  expect(screen.getByTestId("venues-short").title).toBe("binance: late\npaper: good");
});

it("knows nothing before it was told", () => {
  draw(<Venues />);
  expect(screen.queryByTestId("venue-paper")).toBeNull();
});
