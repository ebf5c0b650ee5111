import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { answering, draw } from "@/testing/harness";
import { Report, reportOf } from "./Report";

it("shows the whole text before anything becomes of it, with amounts only where they are chosen", async () => {
  const asked: string[] = [];
  answering({});
  globalThis.fetch = ((path: string) => {
    asked.push(path);
    const amounts = path.endsWith("amounts=true");
    return Promise.resolve(new Response(JSON.stringify({ text: amounts ? "# state\nnet desk COIN 7.5\n" : "# state\nflat yes\n", amounts })));
  }) as typeof fetch;
  draw(<Report onClose={vi.fn()} />);
  await waitFor(() => expect(screen.getByTestId("report-text").textContent).toContain("flat yes"));
  expect(asked.filter((path) => path.includes("diagnostics"))).toEqual(["/api/v1/diagnostics?amounts=false"]);
  fireEvent.change(screen.getByTestId("report-words"), { target: { value: "an order hangs" } });
  expect(screen.getByTestId("report-text").textContent).toMatch(/^# what happened\nan order hangs\n\n# browser\n/);
  fireEvent.click(screen.getByTestId("report-amounts"));
  await waitFor(() => expect(screen.getByTestId("report-text").textContent).toContain("net desk COIN 7.5"));
  fireEvent.click(screen.getByTestId("report-amounts"));
  await waitFor(() => expect(screen.getByTestId("report-text").textContent).not.toContain("7.5"));
});

it("copies just what is shown", async () => {
  answering({ "/api/v1/diagnostics": { text: "# state\nflat yes\n", amounts: false } });
  const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  draw(<Report onClose={vi.fn()} />);
  await waitFor(() => expect(screen.getByTestId("report-text").textContent).toContain("flat yes"));
  fireEvent.click(screen.getByTestId("report-copy"));
  expect(write.mock.calls[0]?.[0]).toBe(screen.getByTestId("report-text").textContent);
});

it("begins with the browser where nobody said what happened", () => {
  expect(reportOf("  ", "# browser\nx\n", "# versions\n")).toBe("# browser\nx\n\n# versions\n");
});
