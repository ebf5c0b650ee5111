import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { SessionProvider } from "@/api/session";
import { answering, draw } from "@/testing/harness";
import { NewToken } from "./NewToken";

const SESSION = { actor: "operator", scope: "admin", scopes: ["read", "trade", "risk", "admin"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };
const MADE = { name: "grafana", scope: "trade", made_at: "2025-12-11T18:50:00Z", ends_at: "2025-12-18T18:50:00Z", over: false, token: "fb_secret" };

async function make(made: object): Promise<{ path: string; init: RequestInit }[]> {
  const asked = answering({ "/api/v1/session": SESSION, "/api/v1/tokens": () => made });
  draw(
    <SessionProvider>
      <NewToken onClose={vi.fn()} />
    </SessionProvider>,
  );
  fireEvent.click(await screen.findByTestId("token-scope-trade"));
  fireEvent.click(screen.getByTestId("token-days-7"));
  fireEvent.change(screen.getByTestId("token-name"), { target: { value: "grafana" } });
  fireEvent.click(screen.getByTestId("token-make"));
  return asked;
}

it("makes a token with a proof of this page and a key of its own, and shows its text once", async () => {
  const asked = await make(MADE);
  expect((await screen.findByTestId("token-text")).textContent).toContain("fb_secret");
  const sent = asked.find(({ init }) => init.method === "POST");
  expect(JSON.parse(sent?.init.body as string)).toEqual({ name: "grafana", scope: "trade", days: 7 });
  const headers = sent?.init.headers as Record<string, string>;
  expect(headers["x-csrf-token"]).toBe("c1");
  expect(headers["idempotency-key"]).toMatch(/^[\w-]{8,64}$/);
});

it("says so where the text of a token that was made did not arrive", async () => {
  await make({ ...MADE, token: null });
  await waitFor(() => expect(screen.getByTestId("token-gone").textContent).toContain("it is told once only"));
});
