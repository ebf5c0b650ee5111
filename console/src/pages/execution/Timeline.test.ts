import { expect, it } from "vitest";
import type { Execution } from "@/api/types";
import { stepsOf } from "./Timeline";

it("orders the known instants of a hedge and leaves out the others", () => {
  const execution = {
    caused_at: "2025-12-02T20:45:19Z",
    seen_at: "2025-12-02T20:45:26.626Z",
    decided_at: "2025-12-02T20:45:26.626Z",
    accepted_at: null,
    unknown_since: "2025-12-02T20:45:31.626Z",
    first_filled_at: "2025-12-02T20:46:00Z",
    last_filled_at: "2025-12-02T20:46:00Z",
  } as Execution;
  const steps = stepsOf(execution);
  expect(steps.map((step) => step.name)).toEqual(["caused", "seen", "decided", "unknown", "first filled", "filled"]);
  expect((steps[5]?.at ?? 0) - (steps[0]?.at ?? 0)).toBe(41000);
});
