import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draw } from "@/testing/harness";
import { Banner } from "./Banner";

it("is there only while the line is down, and counts down to the next try", () => {
  const { desk } = draw(<Banner />);
  desk.snapshot({});
  desk.tick("2025-12-02T20:45:20Z");
  expect(screen.queryByTestId("banner")).toBeNull();
  desk.lose();
  expect(screen.getByTestId("banner-countdown").textContent).toBe("next try in 1 s");
  expect(screen.getByTestId("banner").textContent).toContain("What you see is the past.");
});
