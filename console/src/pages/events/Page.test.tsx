import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import { Page } from "./Page";

it("says once that a moment is behind the end of the journal", async () => {
  answering({});
  const { desk } = draw(<Page />, undefined, { at: "99999999" });
  desk.snapshot({ events: [{ seq: 1733, at: "2025-12-04T20:00:00Z" }] });
  expect((await screen.findByTestId("moment-beyond")).textContent).toBe("there is no event 99999999: the journal ends at event 1733");
  expect(screen.getByTestId("moment-shown").textContent?.trim()).toBe("the journal ends at event 1733");
  expect(screen.queryByTestId("events")).toBeNull();
  expect(screen.queryByTestId("failed")).toBeNull();
});
