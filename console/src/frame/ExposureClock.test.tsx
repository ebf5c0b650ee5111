import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { FLAT } from "@/testing/fixtures";
import { draw } from "@/testing/harness";
import { ExposureClock } from "./ExposureClock";

const SINCE = "2025-12-11T18:50:00Z";
const clock = (): HTMLElement => screen.getByTestId("exposure-clock");

it("counts the seconds for which exposure has been open, and warns when it is long", () => {
  const { desk } = draw(<ExposureClock />);
  desk.snapshot({ status: { ...FLAT, flat: false, open_since: SINCE } });
  desk.tick("2025-12-11T18:50:12Z");
  expect([clock().textContent, clock().className.includes("text-warn")]).toEqual(["12 s", false]);
  desk.tick("2025-12-11T18:52:05Z");
  expect([clock().textContent, clock().className.includes("text-warn")]).toEqual(["2 min 05 s", true]);
});

it("stands still while the desk is flat, and is unknown while nobody says", () => {
  const { desk } = draw(<ExposureClock />);
  expect(clock().textContent).toContain("unknown");
  desk.snapshot({ status: { ...FLAT, open_since: null } });
  desk.tick("2025-12-11T18:50:12Z");
  expect(clock().textContent).toBe("for no time");
  desk.lose();
  expect(clock().textContent).toContain("unknown");
});
