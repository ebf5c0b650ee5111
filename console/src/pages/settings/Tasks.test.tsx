import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { SessionProvider } from "@/api/session";
import { answering, draw } from "@/testing/harness";
import { Backups } from "./Backups";
import { Keys, worstOf } from "./Keys";
import { Notifications } from "./Notifications";

const SESSION = { actor: "operator", scope: "admin", scopes: ["read", "trade", "risk", "admin"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };
const TASK = { id: "t-1", cli: "flatbook doctor", actor: "operator", began_at: "2025-12-11T18:50:00Z", ended_at: "2025-12-11T18:50:02Z", state: "done", exit_code: 0, progress: null, said: "" };
const LISTED = { tasks: [], backups: [{ name: "journal-1.sqlite", written_at: "2025-12-11T18:50:00Z", size: 4096 }], backups_at: "/desk/backups", tapes: [] };
const ACCOUNTS = {
  check: "flatbook doctor",
  accounts: [{ account: "bybit-1", kind: "bybit", environment: "live", real_money: true, keys: [{ field: "key", name: "bybit-key", place: "keyring:flatbook/bybit" }] }],
};

it("shows what the keys of an account may do once it was asked, and where they are kept", async () => {
  const look = { state: "done", actor: "operator", asked_at: null, ended_at: "2025-12-11T18:50:02Z", took_ms: 2, age_s: 3, why: null, cli: "flatbook doctor", ok: true };
  const finding = { check: "account bybit-1", verdict: "ok", found: "its key may read and trade, and may not withdraw", remedy: "" };
  answering({
    "/api/v1/session": SESSION,
    "/api/v1/accounts": ACCOUNTS,
    "/api/v1/checks": { doctor: { ...look, findings: [finding] }, journal: { ...look, state: "never" } },
  });
  draw(
    <SessionProvider>
      <Keys />
    </SessionProvider>,
  );
  const table = await screen.findByTestId("keys-table");
  expect(table.textContent).toContain("bybit-key in keyring");
  await waitFor(() => expect(table.textContent).toContain("in orderits key may read and trade, and may not withdraw"));
});

it("takes the worst of what was found", () => {
  const said = (verdict: "ok" | "warn" | "fail") => ({ check: "c", verdict, found: "f", remedy: "" });
  expect(worstOf([said("ok"), said("fail"), said("warn")])).toBe("fail");
  expect(worstOf([])).toBeNull();
});

it("backs up, and reads a backup back as it is named", async () => {
  const asked = answering({
    "/api/v1/session": SESSION,
    "/api/v1/tasks": LISTED,
    "/api/v1/tasks/check-backup": { ...TASK, kind: "check_backup", cli: "flatbook events verify --backup /desk/backups/journal-1.sqlite", result: { head: { last: 279 } } },
    "/api/v1/tasks/t-1": { ...TASK, kind: "check_backup", cli: "flatbook events verify --backup /desk/backups/journal-1.sqlite", result: { head: { last: 279 } } },
  });
  draw(
    <SessionProvider>
      <Backups />
    </SessionProvider>,
  );
  fireEvent.click(await screen.findByTestId("backup-check"));
  expect((await screen.findByTestId("backup-check-task")).dataset["state"]).toBe("done");
  const sent = asked.find(({ path }) => path.endsWith("check-backup"));
  expect(JSON.parse(sent?.init.body as string)).toEqual({ backup: "journal-1.sqlite" });
});

it("says of each channel whether it took a test message", async () => {
  const channel = { channel: "phone", kind: "telegram", severity: "critical", quiet: "22:00-07:00", keys: [] };
  const result = { channels: [{ channel: "phone", kind: "telegram", taken: false, why: "HTTP 401" }] };
  answering({
    "/api/v1/session": SESSION,
    "/api/v1/channels": { desk: "flatbook", zone: "Europe/Zurich", channels: [channel], bounds_s: { unhedged_s: 300 }, test: "flatbook alerts test" },
    "/api/v1/tasks/test-alerts": { ...TASK, kind: "test_alerts", state: "failed", result },
    "/api/v1/tasks/t-1": { ...TASK, kind: "test_alerts", state: "failed", said: "not taken", result },
  });
  draw(
    <SessionProvider>
      <Notifications />
    </SessionProvider>,
  );
  expect((await screen.findByTestId("channels-table")).textContent).toContain("not sent");
  fireEvent.click(screen.getByTestId("channels-test"));
  expect((await screen.findByText("HTTP 401")).textContent).toBe("HTTP 401");
  expect(screen.getByTestId("channels-table").textContent).toContain("22:00-07:00 Europe/Zurich");
  expect(screen.getByTestId("channels-bounds").textContent).toContain("a net unhedged for 5 min 00 s");
});
