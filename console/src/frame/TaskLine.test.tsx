import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { SessionProvider } from "@/api/session";
import { useTask, type Task } from "@/api/tasks";
import { answering, draw } from "@/testing/harness";
import { TaskLine } from "./TaskLine";

const SESSION = { actor: "operator", scope: "admin", scopes: ["read", "admin"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };
const RUNS: Task = { id: "backtest-1", kind: "backtest", cli: "flatbook backtest", actor: "operator", began_at: "2025-12-11T18:50:00Z", ended_at: null, state: "running", exit_code: null, progress: "half of the tape", said: "", result: null };
const STOPPED: Task = { ...RUNS, state: "stopped", progress: null, said: "half of the tape\nit was stopped by operator" };
const LISTED = { tasks: [RUNS], backups: [], backups_at: "/desk/backups", tapes: [], exports: [] };

function Part() {
  return <TaskLine begun={useTask("backtest")} testid="backtest-task" />;
}

it("follows a task that was begun before the page was opened, and ends its process when asked to", async () => {
  const asked = answering({ "/api/v1/session": SESSION, "/api/v1/tasks": LISTED, "/api/v1/tasks/backtest-1": RUNS, "/api/v1/tasks/backtest-1/stop": STOPPED });
  draw(<SessionProvider><Part /></SessionProvider>);
  expect((await screen.findByTestId("backtest-task")).textContent).toContain("half of the tape");
  fireEvent.click(await screen.findByTestId("backtest-task-stop"));
  await waitFor(() => expect(screen.getByTestId("backtest-task").dataset["state"]).toBe("stopped"));
  expect(screen.getByTestId("backtest-task").textContent).toContain("it was stopped by operator");
  expect(screen.queryByTestId("backtest-task-stop")).toBeNull();
  const stop = asked.find(({ path }) => path.endsWith("/stop"));
  expect(stop?.init.headers).toMatchObject({ "x-csrf-token": "c1", "idempotency-key": expect.any(String) as string });
});

it("stops nothing for whoever may only look", async () => {
  answering({ "/api/v1/session": { ...SESSION, scope: "read", scopes: ["read"] }, "/api/v1/tasks": LISTED, "/api/v1/tasks/backtest-1": RUNS });
  draw(<SessionProvider><Part /></SessionProvider>);
  expect((await screen.findByTestId("backtest-task")).dataset["state"]).toBe("running");
  expect(screen.queryByTestId("backtest-task-stop")).toBeNull();
});
