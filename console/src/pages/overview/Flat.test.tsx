import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { FLAT, NET } from "@/testing/fixtures";
import { draw } from "@/testing/harness";
import { Flat, reasonsOf, verdictOf } from "./Flat";
import { stateOf } from "./Nets";

it("says flat only when everything is known and nothing stands open", () => {
  expect(verdictOf(FLAT, false).word).toBe("flat");
  expect(verdictOf({ ...FLAT, flat: false }, false).word).toBe("not flat");
  expect(verdictOf({ ...FLAT, known: false }, false).word).toBe("unknown");
});

it("says unknown, and what was last seen, while the line is down", () => {
  expect(verdictOf(FLAT, true)).toMatchObject({ word: "unknown", says: "last seen: flat" });
});

it("names what stands in the way, the unknown first", () => {
  const status = {
    ...FLAT,
    flat: false,
    known: false,
    nets: [{ ...NET, net: "6.68", flat: false }],
    orders: { open: 2, unknown: 1, executions_missing: 0, foreign: 0 },
  };
  expect(reasonsOf(status)).toEqual(["1 order of unknown fate", "open: COIN", "2 orders may still execute"]);
});

it("follows the desk", () => {
  const { desk } = draw(<Flat />);
  desk.snapshot({ status: FLAT });
  desk.tick("2025-12-11T18:52:28Z");
  expect(screen.getByTestId("am-i-flat").dataset["verdict"]).toBe("flat");
  desk.delta("status", { body: { ...FLAT, flat: false, open_usd: "1804.2" } });
  expect(screen.getByTestId("am-i-flat").dataset["verdict"]).toBe("not flat");
  expect(screen.getByTestId("flat-open-usd").textContent).toContain("1,804.20");
});

it("calls a net that a grid holds by that name, and flat only what is zero or below its threshold", () => {
  const grid = { ...NET, flat: true, kept_by: "grid" as const };
  expect(stateOf({ ...grid, net: "0.0122" })).toBe("held by grid");
  expect(stateOf({ ...grid, net: "0" })).toBe("flat");
  expect(stateOf({ ...grid, net: "0.0122", kept_by: "owner" as const })).toBe("left unhedged");
  expect(stateOf({ ...NET, net: "0.1", flat: true })).toBe("flat");
  expect(stateOf({ ...NET, net: "7", flat: false })).toBe("open");
});
