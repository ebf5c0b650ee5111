import { expect, it } from "vitest";
import { counted } from "./counted";

it("counts one thing and several in their own words", () => {
  expect([counted(1, "buy"), counted(3, "buy"), counted(0, "look"), counted(2, "day is", "days are")]).toEqual(["1 buy", "3 buys", "0 looks", "2 days are"]);
});
