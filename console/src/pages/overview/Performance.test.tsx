import { fireEvent, screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { FLAT } from "@/testing/fixtures";
import { answering, draw } from "@/testing/harness";
import { Earned, sentenceOf } from "./Earnings";
import { boundsText, Objectives } from "./Objectives";
import { Strategies, takenText } from "./Strategies";

const PACE = { count: 54, p50_ms: "5461", p95_ms: "9341.5" };
const HEDGE = { owner: "desk", kind: "hedge" as const, net_usd: "114.85", seen: 54, taken: 40, netted: 12, open: 2, rate_pct: "74", detection: PACE, hedging: PACE, acknowledging: { count: 31, p50_ms: "54", p95_ms: "60" } };
const GRID = { owner: "maker", kind: "grid" as const, net_usd: "0", seen: 0, taken: 0, netted: null, open: null, rate_pct: null, detection: null, hedging: null, acknowledging: { count: 0, p50_ms: null, p95_ms: null } };
const POINTS = [
  { at: "2025-12-03T05:00:00Z", net_usd: "120", running_net_usd: "120" },
  { at: "2025-12-04T05:00:00Z", net_usd: "-5.145", running_net_usd: "114.855" },
];
const COST = { usd: "0.18", observations: 18, missing: 2 };
const NO_COST = { usd: "0", observations: 0, missing: 0 };
const BODY = {
  as_of: { seq: 170, at: "2025-12-04T20:00:00Z" },
  days: 7,
  first: "2025-11-28",
  last: "2025-12-04",
  total: { net_usd: "114.855", gross_usd: "115.035", cost_usd: "0.18", buckets_usd: {}, costs: { broker_fee: COST, gas: NO_COST }, slices: 54, unpriced: 1 },
  parts_usd: { edge: "119.5", waiting: "-4.465", gap: "0" },
  points: POINTS,
  strategies: [HEDGE, GRID],
};
const HALT = { halt_id: "h1", scope: "owner", target: "desk", cause: "operator", reason: "looks odd", halted_at: "2025-12-04T19:00:00Z" };
const OBJECTIVE = { name: "detection_p95", value: 951_400, unit: "ms", good_max: 30_000, critical_above: 120_000, state: "warn" as const, samples: 54 };

it("says in a sentence how the result of a window grew", () => {
  expect(sentenceOf(BODY)).toBe("114.86 USD after 2 days, between 114.86 and 120.00 on the way");
  expect(sentenceOf({ points: POINTS.slice(0, 1), days: 1 })).toBe("120.00 USD after 1 hour, between 120.00 and 120.00 on the way");
  expect(sentenceOf({ points: [], days: 30 })).toBe("nothing was earned in this time yet");
});

it("splits what a window earned into parts and costs, and names what has no value", async () => {
  const asked = answering({ "/api/v1/performance": BODY });
  draw(<Earned />, undefined, { days: "7" });
  expect((await screen.findByTestId("earned-window-net")).textContent).toBe("net, 2025-11-28 to 2025-12-04+114.86USD1 closed part without a value");
  expect(screen.getByTestId("earned-part-edge").textContent).toBe("edge at the fill+119.50");
  expect(screen.getByTestId("earned-part-waiting").textContent).toBe("drift, while waiting−4.47");
  expect(screen.queryByTestId("earned-part-gap")).toBeNull();
  expect(screen.getByTestId("earned-cost-broker_fee").textContent).toBe("cost: fees0.182 without a value");
  expect(screen.queryByTestId("earned-cost-gas")).toBeNull();
  expect(asked[0]?.path).toBe("/api/v1/performance?days=7");
});

it("has the numbers of its line as a table, each day named as in New York", async () => {
  answering({ "/api/v1/performance": BODY });
  draw(<Earned />, undefined, { days: "7" });
  fireEvent.click(await screen.findByTestId("earned-chart-twin"));
  const rows = [...screen.getByTestId("earned-chart-table").querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows).toEqual([["2025-12-03", "120", "120"], ["2025-12-04", "-5.145", "114.855"]]);
});

it("asks for the last day where the address names no window that there is", async () => {
  const asked = answering({ "/api/v1/performance": BODY });
  draw(<Earned />, undefined, { days: "9" });
  await screen.findByTestId("earned-window-net");
  expect(asked[0]?.path).toBe("/api/v1/performance?days=1");
});

it("says what is counted as taken of what was seen", () => {
  expect(takenText(HEDGE)).toBe("40 of 54 fills that it saw were hedged, at least in part; 12 were netted by other fills, 2 are open");
  expect(takenText(GRID)).toBe("0 of 0 orders that it posted executed, at least in part");
});

it("knows no rate where nothing was seen, and pauses what runs", async () => {
  answering({ "/api/v1/performance": BODY });
  const { desk } = draw(<Strategies />);
  desk.snapshot({ status: FLAT });
  expect((await screen.findByTestId("capture-desk")).textContent).toBe("74%");
  expect(screen.getByTestId("capture-maker").textContent).toBe("nothing seen");
  const [hedge, grid] = screen.getAllByTestId("strategies-table-row");
  expect(within(hedge as HTMLElement).getByText("5.5 s · 9.3 s", { selector: "[data-col=hedging] *" })).toBeTruthy();
  expect(grid?.querySelector("[data-col=acknowledging]")?.textContent).toBe("—");
  expect(screen.getByTestId("strategy-state-desk").textContent).toBe("running");
  expect(screen.getByTestId("pause-desk")).toBeTruthy();
});

it("resumes only the strategy that is paused", async () => {
  answering({ "/api/v1/performance": BODY });
  const { desk } = draw(<Strategies />);
  desk.snapshot({ status: { ...FLAT, halts: [HALT] } });
  expect((await screen.findByTestId("strategy-state-desk")).textContent).toBe("paused");
  expect(screen.getByTestId("resume-desk")).toBeTruthy();
  expect(screen.getByTestId("strategy-state-maker").textContent).toBe("running");
  desk.delta("status", { body: { ...FLAT, halts: [{ ...HALT, scope: "all", target: null }] } });
  expect(screen.getByTestId("strategy-state-maker").textContent).toBe("halted");
  expect(screen.queryByTestId("resume-desk")).toBeNull();
  const pause = screen.getByTestId<HTMLButtonElement>("pause-desk");
  expect([pause.disabled, pause.title]).toEqual([true, "all is halted already: looks odd"]);
});

it("states the bounds of an objective, and shows what was not measured as unknown", async () => {
  expect(boundsText(OBJECTIVE)).toBe("good up to 30 s, critical above 120 s");
  answering({ "/api/v1/objectives": { now: "2025-12-04T20:00:00Z", window_s: 86400, objectives: [OBJECTIVE, { ...OBJECTIVE, name: "errors", unit: "alerts", good_max: 30, critical_above: 120, value: null, state: "unknown", samples: 0 }] } });
  draw(<Objectives />);
  const [first, second] = await screen.findAllByTestId("objective");
  expect(first?.textContent).toBe("Fill seen after, p9515 min 51 swarngood up to 30 s, critical above 120 s54 fills measured");
  expect(second?.textContent).toBe("Critical alertsunknowngood up to 30, critical above 120none measured of late");
  expect(second?.getAttribute("data-state")).toBe("unknown");
});
