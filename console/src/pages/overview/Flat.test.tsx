import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { FLAT, NET } from "@/testing/fixtures";
import { draw } from "@/testing/harness";
import { Flat, reasonsOf, verdictOf } from "./Flat";

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
