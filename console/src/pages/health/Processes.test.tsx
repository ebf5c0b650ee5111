import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { SessionProvider } from "@/api/session";
import type { Schemas } from "@/api/types";
import { answering, draw } from "@/testing/harness";
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
const LOGIN: Schemas["LoginBody"] = { account: "schwab", ends_at: "2025-12-12T18:52:27Z", left_s: 86_400, late_s: 172_800, state: "late", renew: "flatbook auth schwab --account schwab", runbook: "docs/runbook.md#login_ending" };

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

const SESSION = { actor: "operator", scope: "admin", scopes: ["read", "trade", "risk", "admin"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };
const ADDRESS = { address: "https://api.example/v1/oauth/authorize?client_id=app-key", callback: "https://127.0.0.1:8182" };
const PASTED = "https://127.0.0.1:8182/?code=C0.b3%40&session=x";

function drawLogin(login: Schemas["LoginBody"]): void {
  draw(
    <SessionProvider>
      <Processes body={{ ...PARTS, logins: [login] }} />
    </SessionProvider>,
  );
}

it("counts a login down, and names how it is renewed", () => {
  answering({ "/api/v1/session": { ...SESSION, scopes: ["read"] } });
  drawLogin(LOGIN);
  expect(screen.getByTestId("login-left").textContent).toBe("1 d 0 h left");
  expect(screen.getByTestId("login-renew-cli").textContent).toContain("flatbook auth schwab --account schwab");
  expect(screen.queryByTestId("login-renew")).toBeNull();
});

it("says where nobody is logged in", () => {
  answering({ "/api/v1/session": SESSION });
  drawLogin({ ...LOGIN, ends_at: null, left_s: null, state: "bad" });
  expect(screen.getByTestId("login-left").textContent).toBe("nobody is logged in");
});

it("renews a login with the address that is pasted, once, and says until when it lasts", async () => {
  const asked = answering({
    "/api/v1/session": SESSION,
    "/api/v1/logins/schwab/address": ADDRESS,
    "/api/v1/logins/schwab": { login_ends_at: "2025-12-18T18:52:27Z", hours_left: 167 },
  });
  drawLogin(LOGIN);
  fireEvent.click(await screen.findByTestId("login-renew"));
  const link = await screen.findByTestId("renew-open");
  expect([link.getAttribute("href"), link.getAttribute("target"), link.getAttribute("rel")]).toEqual([ADDRESS.address, "_blank", "noopener noreferrer"]);
  fireEvent.change(screen.getByTestId("renew-pasted"), { target: { value: ` ${PASTED} ` } });
  fireEvent.click(screen.getByTestId("renew-send"));
  expect((await screen.findByTestId("renew-done")).querySelector("time")?.dateTime).toBe("2025-12-18T18:52:27Z");
  const sent = asked.filter(({ init }) => init.method === "POST");
  expect(sent.map(({ path, init }) => [path, JSON.parse(init.body as string)])).toEqual([["/api/v1/logins/schwab", { redirected: PASTED }]]);
  expect(sent[0]?.init.headers).toMatchObject({ "x-csrf-token": "c1", "idempotency-key": expect.stringMatching(/^[\w-]{36}$/) as string });
  expect(document.body.textContent).not.toContain("C0.b3");
  fireEvent.click(screen.getByTestId("renew-end"));
  await waitFor(() => expect(screen.queryByTestId("renew")).toBeNull());
});

it("says why a login was refused; the same address is the same act, and another one another", async () => {
  const keys: string[] = [];
  answering({ "/api/v1/session": SESSION, "/api/v1/logins/schwab/address": ADDRESS });
  const before = globalThis.fetch;
  globalThis.fetch = ((path: string, init: RequestInit = {}) => {
    if (init.method !== "POST") return before(path, init);
    keys.push((init.headers as Record<string, string>)["idempotency-key"] ?? "");
    return Promise.resolve(new Response(JSON.stringify({ code: "command_refused", detail: "Bad authorization code; log in once more" }), { status: 422 }));
  }) as typeof fetch;
  drawLogin(LOGIN);
  fireEvent.click(await screen.findByTestId("login-renew"));
  for (const [times, pasted] of [PASTED, PASTED, `${PASTED}y`].entries()) {
    fireEvent.change(await screen.findByTestId("renew-pasted"), { target: { value: pasted } });
    fireEvent.click(screen.getByTestId("renew-send"));
    await waitFor(() => expect(keys.length).toBe(times + 1));
    await waitFor(() => expect(screen.getByTestId("renew-send").textContent).toBe("Renew"));
  }
  expect((await screen.findByTestId("failed")).textContent).toContain("Bad authorization code; log in once more");
  expect(new Set(keys).size).toBe(2);
  expect(keys[0]).toBe(keys[1]);
});

it("says what is wrong with an address that is no line without a space", async () => {
  answering({ "/api/v1/session": SESSION, "/api/v1/logins/schwab/address": ADDRESS });
  drawLogin(LOGIN);
  fireEvent.click(await screen.findByTestId("login-renew"));
  fireEvent.change(await screen.findByTestId("renew-pasted"), { target: { value: "https://a b" } });
  expect(screen.getByTestId("renew-pasted-wrong").textContent).toContain("without a space");
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
