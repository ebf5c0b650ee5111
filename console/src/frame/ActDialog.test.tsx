import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { answering, Desk, draw } from "@/testing/harness";
import { ActDialog } from "./ActDialog";
import { FLATTEN, KILL, reconnectOf } from "./stops";

vi.mock("@/api/session", () => ({
  useSession: () => ({ standing: { state: "in", session: { actor: "op", scopes: ["risk"], csrf: "token-1", expires_at: "" } } }),
}));

const PREVIEW = {
  verb: "kill",
  effect: {
    orders: [{ order_id: "fb-018c-4711aa01", account: "paper", instrument: "COIN/USD@paper", side: "buy", leaves: "1.4", limit: "270.25", status: "accepted" }],
    nets: [{ owner: "desk", underlying: "COIN", net: "-1.4", usd: "-380.1" }],
    warnings: ["the net stays open"],
  },
  version: "digest-1",
  confirm: "kill",
};
let asked: { path: string; init: RequestInit }[];
const send = (): HTMLButtonElement => screen.getByTestId("act-send");
const fill = (testid: string, value: string): boolean => fireEvent.change(screen.getByTestId(testid), { target: { value } });

beforeEach(() => {
  asked = answering({
    "/api/v1/previews/kill": PREVIEW,
    "/api/v1/commands/kill": { actor: "op", verb: "kill", key: "k", repeated: false, seq: 280, job: "j1" },
    "/api/v1/jobs/j1": {
      id: "j1",
      verb: "kill",
      state: "done",
      confirmed: true,
      confirmed_at: null,
      account: null,
      actor: "op",
      given_at: "2025-12-02T20:45:19Z",
      seq: 280,
      venues: [{ account: "paper", open_before: 1, open_orders: 0, confirmed: true, stated_at: null }],
      open_orders: [],
    },
  });
});

it("cannot be sent before its effect was shown, its reason given and its word typed", async () => {
  draw(<ActDialog wanted={KILL} onClose={() => undefined} />);
  expect(send().disabled).toBe(true);
  await screen.findByText("the net stays open");
  fill("act-reason", "drill");
  expect(send().disabled).toBe(true);
  fill("act-confirm", "kil");
  expect(send().disabled).toBe(true);
  fill("act-confirm", "kill");
  expect(send().disabled).toBe(false);
});

it("tells that another one stands already, in the words of the engine", async () => {
  const note = 'already killed since 20:45 because "first"';
  answering({
    "/api/v1/previews/kill": PREVIEW,
    "/api/v1/commands/kill": { actor: "op", verb: "kill", key: "k", repeated: false, seq: 281, job: null, note },
  });
  draw(<ActDialog wanted={KILL} onClose={() => undefined} />);
  await screen.findByTestId("act-confirm");
  fill("act-reason", "drill");
  fill("act-confirm", "kill");
  fireEvent.click(send());
  expect((await screen.findByTestId("act-note")).textContent).toBe(note);
});

it("pressed twice is sent once, with its key, its reason and what was previewed", async () => {
  draw(<ActDialog wanted={KILL} onClose={() => undefined} />);
  await screen.findByTestId("act-confirm");
  fill("act-reason", "drill");
  fill("act-confirm", "kill");
  fireEvent.click(send());
  fireEvent.submit(send().form as HTMLFormElement);
  await screen.findByTestId("act-job");
  const sent = asked.filter(({ path }) => path.includes("/commands/"));
  expect(sent.length).toBe(1);
  expect(JSON.parse(String(sent[0]?.init.body))).toEqual({ reason: "drill", expected_version: "digest-1" });
  const headers = sent[0]?.init.headers as Record<string, string>;
  expect(headers["x-csrf-token"]).toBe("token-1");
  expect(headers["idempotency-key"]).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
});

it("says that a kill is over only with what the venues confirm", async () => {
  draw(<ActDialog wanted={KILL} onClose={() => undefined} />);
  await screen.findByTestId("act-confirm");
  fill("act-reason", "drill");
  fill("act-confirm", "kill");
  fireEvent.click(send());
  await waitFor(() => expect(screen.getByTestId("kill-verdict").dataset["confirmed"]).toBe("true"));
  expect(screen.getByTestId("kill-verdict").textContent).toContain("1 of 1 venues confirm that no order is open");
});

it("says of orders that an act leaves alone that they work, and not that they are cancelled", async () => {
  answering({ "/api/v1/previews/reconnect": { ...PREVIEW, verb: "reconnect", confirm: "reconnect" }, "/api/v1/previews/kill": PREVIEW });
  const { unmount } = draw(<ActDialog wanted={reconnectOf("paper")} onClose={() => undefined} />);
  expect((await screen.findByTestId("act-preview")).textContent).not.toContain("canceled");
  expect(await screen.findByText("1 order works there:")).toBeTruthy();
  unmount();
  draw(<ActDialog wanted={KILL} onClose={() => undefined} />);
  expect(await screen.findByText("1 order is canceled:")).toBeTruthy();
});

it("tells orders that are alike apart by their limit and their id", async () => {
  const [order] = PREVIEW.effect.orders;
  const orders = [order, { ...order, order_id: "fb-018c-4711aa02", limit: null }];
  answering({ "/api/v1/previews/kill": { ...PREVIEW, effect: { ...PREVIEW.effect, orders } } });
  draw(<ActDialog wanted={KILL} onClose={() => undefined} />);
  const rows = [...(await screen.findByRole("region", { name: "the orders" })).querySelectorAll("li")].map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows).toEqual([
    ["buy", "1.4", "270.25", "COIN/USD@paper", "paper", "…4711aa01"],
    ["buy", "1.4", "—", "COIN/USD@paper", "paper", "…4711aa02"],
  ]);
});

it("asks once a session for the name of an account before real money is moved, and never before a stop", async () => {
  window.sessionStorage.clear();
  const preview = { ...PREVIEW, verb: "flatten", confirm: "flatten" };
  answering({
    "/api/v1/meta": { mode: "LIVE" },
    "/api/v1/previews/kill": PREVIEW,
    "/api/v1/previews/flatten": preview,
    "/api/v1/commands/flatten": { actor: "op", verb: "flatten", key: "k", repeated: false, seq: 281, job: null, note: null },
  });
  const desk = new Desk();
  const parts = [{ name: "alpaca", kind: "account", state: "good", age_s: 1, age_s_max: 60, detail: "" }];
  const flatten = draw(<ActDialog wanted={FLATTEN} onClose={() => undefined} />, desk);
  desk.snapshot({ parts: { parts } });
  await screen.findByTestId("act-account");
  await screen.findByTestId("act-confirm");
  fill("act-reason", "drill");
  fill("act-confirm", "flatten");
  fill("act-account", "other");
  expect(send().disabled).toBe(true);
  fill("act-account", "alpaca");
  fireEvent.click(send());
  await screen.findByTestId("act-done");
  flatten.unmount();
  for (const wanted of [FLATTEN, KILL]) {
    if (wanted === KILL) window.sessionStorage.clear();
    const { unmount } = draw(<ActDialog wanted={wanted} onClose={() => undefined} />, desk);
    await screen.findByTestId("act-confirm");
    fill("act-reason", "drill");
    fill("act-confirm", wanted.verb);
    expect(screen.queryByTestId("act-account")).toBeNull();
    await waitFor(() => expect(send().disabled).toBe(false));
    unmount();
  }
});
