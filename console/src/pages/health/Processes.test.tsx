import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import type { Schemas } from "@/api/types";
import { draw } from "@/testing/harness";
import { Processes, saidOfSkew } from "./Processes";
import { lagOf, readable } from "./tones";

const PARTS: Schemas["PartsAnswer"] = {
  now: "2025-12-11T18:52:27Z",
  parts: [],
  gauges: [],
  budgets: [],
  processes: [
    { of: "engine", pid: 7, version: "0.1.0", commit: "9c6fa6a9c07e41c3b3736e6bd8f8ef6339c72d3e", up_s: 7_800 },
    { of: "api", pid: 8, version: "0.1.0", commit: null, up_s: 4 },
  ],
  clocks: [
    { account: "bybit", skew_ms: -310, most_ms: 250, read_at: "2025-12-11T18:52:20Z", age_s: 7, state: "bad" },
    { account: "mute", skew_ms: null, most_ms: 250, read_at: null, age_s: null, state: "unknown" },
  ],
  logins: [],
};
const LOGIN: Schemas["LoginBody"] = { account: "schwab", ends_at: "2025-12-12T18:52:27Z", left_s: 86_400, late_s: 172_800, state: "late", renew: "flatbook auth schwab", runbook: "docs/runbook.md#login_ending" };

it("says what each process runs and for how long; what is not known is unknown", () => {
  draw(<Processes body={PARTS} />);
  const [engine, api] = screen.getAllByTestId("processes-table-row");
  expect(engine?.textContent).toBe("engine0.1.09c6fa6a9c072 h 10 min");
  expect(api?.querySelector("[data-col=commit]")?.textContent).toContain("unknown");
});

it("says which way a clock differs, and that one was never shown", () => {
  draw(<Processes body={PARTS} />);
  expect(screen.getAllByTestId("clocks-table-row").map((row) => row.textContent)).toEqual(["bybit310 ms ahead250 ms7.0 s agobad", expect.stringContaining("mute")]);
  expect([saidOfSkew(1_000), saidOfSkew(0)]).toEqual(["1,000 ms behind", "0 ms"]);
});

it("counts a login down, and names how it is renewed", () => {
  const { rerender } = draw(<Processes body={{ ...PARTS, logins: [LOGIN] }} />);
  expect(screen.getByTestId("login-left").textContent).toBe("1 d 0 h left");
  expect(screen.getByTestId("login-renew").textContent).toContain("flatbook auth schwab");
  rerender(<></>);
  draw(<Processes body={{ ...PARTS, logins: [{ ...LOGIN, ends_at: null, left_s: null, state: "bad" }] }} />);
  expect(screen.getByTestId("login-left").textContent).toBe("nobody is logged in");
});

it("shows no logins where nobody has to log in", () => {
  draw(<Processes body={PARTS} />);
  expect(screen.queryByTestId("logins")).toBeNull();
});

it("takes an unread chain for unknown and never for good", () => {
  expect([{ seconds: null }, { seconds: 30 }, { seconds: 31 }, { seconds: 301 }].map(lagOf)).toEqual(["unknown", "good", "late", "bad"]);
});

it("reads memory in MB and longer times in ms", () => {
  expect([readable(123_456_789, "bytes"), readable(850, "us"), readable(100_000, "us"), readable(766, "inputs")]).toEqual([["123.5", "MB"], ["850", "us"], ["100.0", "ms"], ["766", "inputs"]]);
});
