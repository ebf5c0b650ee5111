import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { onceIn, SessionProvider, useSession } from "./session";

const SESSION = { actor: "operator", scope: "admin", scopes: ["read", "admin"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };
const USED = { code: "unauthenticated", detail: "this link was used, is over, or is none" };

/** Answers a look at the session, and refuses every link. */
function refusing(look: { status: number; body: object }): void {
  globalThis.fetch = ((_: string, init: RequestInit = {}) => {
    const { status, body } = init.method === "POST" ? { status: 401, body: USED } : look;
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  }) as typeof fetch;
}

function Standing() {
  const { standing } = useSession();
  return <p data-testid="standing">{`${standing.state}: ${"why" in standing ? standing.why : ""}`}</p>;
}

it("reads the secret of a one-time link and nothing else", () => {
  expect(onceIn("#once=abc-DEF_123")).toBe("abc-DEF_123");
  expect([onceIn(""), onceIn("#once="), onceIn("#twice=abc"), onceIn("#once=<script>")]).toEqual([null, null, null, null]);
});

it.each([
  ["lets in by a link that was used whoever is in already", { status: 200, body: SESSION }, "in: "],
  ["keeps out by a link that was used whoever is not, and says why", { status: 401, body: { code: "unauthenticated", detail: "no session" } }, `out: ${USED.detail}`],
])("%s", async (_, look, standing) => {
  refusing(look);
  window.location.hash = "#once=abc";
  render(<SessionProvider><Standing /></SessionProvider>);
  expect((await screen.findByText(standing.trim(), { exact: false })).textContent).toBe(standing);
  expect(window.location.hash).toBe("");
});
