import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draw } from "@/testing/harness";
import { AccountCard } from "./AccountCard";

const ACCOUNT = { account: "exchange", kind: "paper_exchange", balances: [], positions: [], funds: null, open_orders: 9, stated_at: "2025-12-11T18:50:00Z", stated_open_orders: 0, age_s_max: 5400, differences: [] };

it("says of which instant the orders of a statement are, and that it is the holdings that agree", () => {
  draw(<AccountCard account={ACCOUNT} />);
  expect(screen.getByText("holdings agree")).toBeTruthy();
  expect(screen.getByTestId("account-open").textContent).toBe("9 of our orders open now");
  expect(screen.getByTestId("account-stated-open").textContent).toMatch(/^0 in its statement of 12-11 \d\d:50:00$/);
});

it("says of an account that nobody stated what its balances are", () => {
  draw(<AccountCard account={{ ...ACCOUNT, stated_at: null, stated_open_orders: null }} />);
  expect(screen.getByTestId("account-unstated").textContent).toBe("counted from what our books saw");
  expect(screen.queryByTestId("account-stated-open")).toBeNull();
});
