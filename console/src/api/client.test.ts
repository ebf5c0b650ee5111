import { afterEach, expect, it, vi } from "vitest";
import { ask, Refused, whenLoggedOut, withQuery } from "./client";

afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: unknown): void {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status })));
}

it("leaves out of an address what is not asked", () => {
  expect(withQuery("/orders", { status: "open", owner: "", at: null, limit: 50 })).toBe("/orders?status=open&limit=50");
});

it("carries the stable code and the words of a problem", async () => {
  answering(409, { code: "stale_version", title: "Conflict", detail: "the desk moved on" });
  const refused = await ask("/x").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Refused);
  expect(refused).toMatchObject({ status: 409, code: "stale_version", message: "the desk moved on" });
});

it("tells that nobody is logged in", async () => {
  const tell = vi.fn();
  whenLoggedOut(tell);
  answering(401, { code: "no_session" });
  await ask("/x").catch(() => undefined);
  expect(tell).toHaveBeenCalledOnce();
});

it("an API that is gone is a refusal with a code of ours", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed")));
  const refused = await ask("/x").catch((error: unknown) => error);
  expect(refused).toMatchObject({ status: 0, code: "no_answer" });
});
