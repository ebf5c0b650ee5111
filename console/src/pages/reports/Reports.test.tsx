import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { SessionProvider } from "@/api/session";
import { answering, draw } from "@/testing/harness";
import { Backtests, namesOf } from "./Backtests";
import { Downloads } from "./Downloads";
import { Groups } from "./Groups";
import { atPath, marksOf } from "./Tearsheet";

const SESSION = { actor: "operator", scope: "admin", scopes: ["read", "trade", "risk", "admin"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };
const TASK = { id: "t-1", cli: "flatbook compare", actor: "operator", began_at: "2025-12-11T18:50:00Z", ended_at: "2025-12-11T18:50:02Z", state: "done", exit_code: 0, progress: null, said: "" };
const LISTED = { tasks: [], backups: [], backups_at: "backups", tapes: [{ name: "btc.parquet", written_at: "2025-12-11T18:50:00Z", size: 9 }], exports: [{ name: "fills-1.csv", written_at: "2025-12-11T18:50:00Z", size: 4 }] };
const RUNS = { found: 1, reports: [{ name: "run-1", written_at: "2025-12-11T18:50:00Z", size: 4 }] };
const AS_OF = { seq: 1, at: "2025-12-11T18:52:27Z" };

it("puts results together as is chosen, and asks the desk for each", async () => {
  const group = { name: "regular", gross_usd: "12.50", closed: 3, lost: 1, unpriced: 0 };
  const asked = answering({ "/api/v1/pnl/groups": { as_of: AS_OF, by: "week", groups: [group] } });
  draw(<Groups />);
  expect((await screen.findByTestId("groups-table")).textContent).toContain("12.50");
  fireEvent.click(screen.getByTestId("groups-by-session"));
  await expect.poll(() => asked.some(({ path }) => path.endsWith("by=session"))).toBe(true);
});

it("compares a run with what was traded, and shows the difference by cause", async () => {
  const result = { causes: [{ cause: "queue", amount: "-1.25", bps: -0.4, orders: 2 }], orders: { traded: 4 }, traded: "1", simulated: "2.25", difference: "-1.25", turnover: "300", decided_later_ms: 12 };
  const asked = answering({
    "/api/v1/session": SESSION,
    "/api/v1/reports": RUNS,
    "/api/v1/tasks": LISTED,
    "/api/v1/tasks/compare": { ...TASK, kind: "compare", result },
    "/api/v1/tasks/t-1": { ...TASK, kind: "compare", result },
  });
  draw(
    <SessionProvider>
      <Backtests />
    </SessionProvider>,
  );
  fireEvent.click(await screen.findByTestId("backtest-compare"));
  expect((await screen.findByTestId("divergence-table")).textContent).toContain("queue");
  expect(screen.getByTestId("divergence-facts").textContent).toContain("12 ms");
  expect(screen.queryByTestId("backtest")).toBeNull();
  const sent = asked.find(({ path }) => path.endsWith("tasks/compare"));
  expect(JSON.parse(sent?.init.body as string)).toEqual({ backtest: "run-1" });
});

it("writes the table and the form that were chosen, and offers what was written", async () => {
  const asked = answering({ "/api/v1/session": SESSION, "/api/v1/tasks": LISTED, "/api/v1/tasks/export": { ...TASK, kind: "export", result: {} }, "/api/v1/tasks/t-1": { ...TASK, kind: "export", result: {} } });
  draw(
    <SessionProvider>
      <Downloads />
    </SessionProvider>,
  );
  expect((await screen.findByTestId("export-file")).getAttribute("href")).toBe("/api/v1/exports/fills-1.csv");
  fireEvent.click(screen.getByTestId("export-form-parquet"));
  fireEvent.click(screen.getByTestId("export-write"));
  expect((await screen.findByTestId("export-task")).dataset["state"]).toBe("done");
  const sent = asked.find(({ path }) => path.endsWith("tasks/export"));
  expect(JSON.parse(sent?.init.body as string)).toEqual({ table: "fills", form: "parquet" });
});

it("finds figures in a report by their path, and says nothing of those that are not told", () => {
  const report = { equity: { sharpe: 1.23456 }, total_usd: { net: "12.5" }, orders: { filled: 3 } };
  expect([atPath(report, "equity.sharpe"), atPath(report, "total_usd.net"), atPath(report, "orders.filled"), atPath(report, "equity.sortino")]).toEqual(["1.2346", "12.5", "3", null]);
});

it("takes pairs of names apart as they are typed", () => {
  expect(namesOf(" A=B, C/D@e=f:g ")).toEqual(["A=B", "C/D@e=f:g"]);
  expect(namesOf("")).toEqual([]);
});

it("marks executions of one stretch and side once, with how many they are", () => {
  const seen = ["2026-03-02T00:00:00Z", "2026-03-02T00:10:00Z"].map((at) => ({ at, open: "1", high: "1", low: "1", close: "1" }));
  const trade = (at: string, side: string) => ({ at, side, qty: "1", price: "1", made: null });
  const trades = [trade("2026-03-02T00:00:00Z", "buy"), trade("2026-03-02T00:09:59Z", "buy"), trade("2026-03-02T00:09:59Z", "sell"), trade("2026-03-02T00:10:00Z", "buy")];
  expect(marksOf({ seen, trades })).toEqual([
    { at: "2026-03-02T00:00:00Z", side: "buy", text: "2" },
    { at: "2026-03-02T00:00:00Z", side: "sell", text: "" },
    { at: "2026-03-02T00:10:00Z", side: "buy", text: "" },
  ]);
});
