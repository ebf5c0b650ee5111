import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { answering, draw } from "@/testing/harness";
import { Bundle } from "./Bundle";
import { EventsTable } from "./EventsTable";
import { LogView } from "./Log";

const line = (event: string, level: string, fields: Record<string, string> = {}, ref: string | null = null) => ({ at: "2025-12-04T16:49:00Z", level, event, ref, seq: 169, fields });
const LINES = [line("engine_stopped", "info"), line("order_unknown", "warning", { order_id: "fb1", account: "paper" }, "order:fb1"), line("loop_late", "info"), line("loop_late", "info")];

it("shows the log of the engine, and asks for what is urgent enough", async () => {
  const asked = answering({ "/api/v1/log": { level: "info", lines: LINES } });
  draw(<LogView />);
  expect((await screen.findAllByTestId("log-table-row")).length).toBe(4);
  expect(screen.getByText("it writes information and worse")).toBeTruthy();
  fireEvent.click(screen.getByTestId("log-level-warning"));
  await waitFor(() => expect(asked.at(-1)?.path).toBe("/api/v1/log?level=warning&limit=500"));
});

it("narrows the log to an id, and shows all again", async () => {
  const asked = answering({ "/api/v1/log": { level: "info", lines: LINES } });
  draw(<LogView />);
  fireEvent.click(await screen.findByTestId("log-about"));
  await waitFor(() => expect(asked.at(-1)?.path).toBe("/api/v1/log?level=info&about=fb1&limit=500"));
  fireEvent.click(await screen.findByTestId("about-chosen"));
  await waitFor(() => expect(screen.queryByTestId("about-chosen")).toBeNull());
});

it("holds the log still until it is told to follow", async () => {
  answering({ "/api/v1/log": { level: "info", lines: LINES } });
  draw(<LogView />);
  const hold = await screen.findByTestId("log-hold");
  fireEvent.click(hold);
  expect([hold.textContent, hold.getAttribute("aria-pressed")]).toEqual(["Follow", "true"]);
});

const EVENT = { seq: 41, at: "2025-12-04T16:49:00Z", recorded_at: "2025-12-04T16:49:00Z", type: "order_intended", subject: "order:fb1", fields: { order_id: "fb1", because: "fill:8453:0x6d:11" } };

it("narrows the events to what caused one, by its id", async () => {
  const asked = answering({ "/api/v1/events": { as_of: { seq: 41, at: EVENT.at }, events: [EVENT], next: null } });
  draw(<EventsTable at={null} last={41} />);
  fireEvent.click(await screen.findByTestId("event-because"));
  await waitFor(() => expect(asked.at(-1)?.path).toBe("/api/v1/events?about=fill%3A8453%3A0x6d%3A11&limit=200"));
  expect((await screen.findByTestId("about-chosen")).textContent).toBe("fill:8453:0x6d:11");
});

it("takes a stretch of the journal away under the name that the API gives it", async () => {
  const made: string[] = [];
  globalThis.fetch = ((path: string) => {
    made.push(path);
    return Promise.resolve(new Response("PK", { headers: { "content-disposition": 'attachment; filename="flatbook-events-1-170.zip"' } }));
  }) as typeof fetch;
  const kept = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:1");
  draw(<Bundle last={170} onClose={vi.fn()} />);
  expect(within(screen.getByTestId("bundle-newest")).getByText("all")).toBeTruthy();
  fireEvent.change(screen.getByTestId("bundle-first"), { target: { value: "20" } });
  expect(screen.getByTestId("bundle-cli").textContent).toContain("flatbook events bundle --first 20 --last 170 --to stretch.zip");
  fireEvent.click(screen.getByTestId("bundle-save"));
  expect((await screen.findByTestId("bundle-done")).textContent).toBe("flatbook-events-1-170.zip");
  expect(made.filter((path) => path.includes("bundle"))).toEqual(["/api/v1/events/bundle?first=20&last=170"]);
  expect((kept.mock.calls[0]?.[0] as Blob).size).toBe(2);
});

it("says why there is no such stretch", async () => {
  globalThis.fetch = (() => Promise.resolve(new Response(JSON.stringify({ code: "invalid", detail: "there are no events 5 to 999" }), { status: 422 }))) as typeof fetch;
  draw(<Bundle last={170} onClose={vi.fn()} />);
  fireEvent.click(screen.getByTestId("bundle-save"));
  expect((await screen.findByTestId("failed")).textContent).toContain("there are no events 5 to 999");
});
