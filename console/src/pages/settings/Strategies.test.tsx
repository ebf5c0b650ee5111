import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { SessionProvider } from "@/api/session";
import { answering, draw } from "@/testing/harness";
import { boundsOf, changesOf, StrategiesPanel } from "./Strategies";

const FIELD = {
  name: "collar_bps",
  key: "hedges.desk.COIN.collar_bps",
  kind: "whole" as const,
  meaning: "How far",
  unit: "bps",
  least: "1",
  above: null,
  most: "5000",
  pattern: null,
  choices: [],
  required: true,
  usual: null,
  running: "100",
  stated: "90",
  origin: "flatbook.toml:7",
  waits: true,
  command: null,
};
const ANSWER = { path: "flatbook.toml", digest: "a", digest_of_files: "b", refused: [], strategies: [{ key: "hedges.desk.COIN", kind: "hedges", fields: [FIELD] }] };
const SESSION = { actor: "operator", scope: "admin", scopes: ["read"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };
const CHANGE = { ok: true, problems: [], toml: "[hedges.desk.COIN]\ncollar_bps = 80\n", digest: "c" };

it("shows what runs, what waits in the files, and a change as the text that makes it", async () => {
  const asked = answering({ "/api/v1/session": SESSION, "/api/v1/strategies": ANSWER, "/api/v1/strategies/check": CHANGE });
  draw(
    <SessionProvider>
      <StrategiesPanel />
    </SessionProvider>,
  );
  expect((await screen.findByTestId("strategy-table")).textContent).toContain("90 at the next start");
  fireEvent.change(screen.getByTestId("field-collar_bps"), { target: { value: "80" } });
  fireEvent.click(screen.getByTestId("strategy-check"));
  expect((await screen.findByTestId("strategy-toml")).textContent).toBe(CHANGE.toml);
  const sent = asked.find(({ path }) => path.endsWith("/check"));
  expect(JSON.parse(sent?.init.body as string)).toEqual({ key: "hedges.desk.COIN", changes: [{ name: "collar_bps", to: "80" }] });
  expect((sent?.init.headers as Record<string, string>)["x-csrf-token"]).toBe("c1");
});

it("names bounds, and takes an empty value as left out and one as it is for no change", () => {
  expect(boundsOf(FIELD)).toBe("from 1 to 5000");
  expect(boundsOf({ ...FIELD, above: "0", least: null })).toBe("above 0 to 5000");
  expect(changesOf([FIELD], { collar_bps: "90" })).toEqual([]);
  expect(changesOf([FIELD], { collar_bps: "" })).toEqual([{ name: "collar_bps", to: null }]);
});
