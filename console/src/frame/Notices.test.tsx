import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { ToastProvider } from "@/components/Toasts";
import { FLAT } from "@/testing/fixtures";
import { draw } from "@/testing/harness";
import { isWanted, Notices } from "./Notices";

const HALT = { halt_id: "halt-1", scope: "all", target: null, cause: "operator", reason: "news", halted_at: "2025-12-11T18:52:27Z" };
const OLD = { ...HALT, halt_id: "halt-0", reason: "from before" };

it("says what newly needs a person, and not what stood there when the console was opened", async () => {
  const { desk } = draw(
    <ToastProvider>
      <Notices />
    </ToastProvider>,
  );
  desk.snapshot({ status: { ...FLAT, halts: [OLD] } });
  expect(screen.queryByTestId("toast")).toBeNull();
  desk.delta("status", { body: { ...FLAT, halts: [OLD, HALT] } });
  expect((await screen.findByTestId("toast")).textContent).toContain("news");
  expect(screen.getAllByTestId("toast")).toHaveLength(1);
});

it("lets pop up what was chosen", () => {
  const notice = { key: "k", title: "t", text: "x", critical: false };
  expect(isWanted(notice, "all")).toBe(true);
  expect(isWanted(notice, "critical")).toBe(false);
  expect(isWanted({ ...notice, critical: true }, "critical")).toBe(true);
  expect(isWanted({ ...notice, critical: true }, "none")).toBe(false);
});
