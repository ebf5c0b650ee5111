import { expect, it } from "vitest";
import { courseOf, endsOf } from "./course";

it("finds the ends of amounts by their value and not by their letters", () => {
  expect(endsOf(["9.5", null, "10", "-3"])).toEqual({ first: "9.5", last: "-3", low: "-3", high: "10" });
  expect(endsOf([null])).toBeNull();
});

it("says a course in words", () => {
  expect(courseOf(["91250.5", "91000", "91300.123456789"], "USDT", 2)).toBe("from 91,250.5 to 91,300.12 USDT, between 91,000 and 91,300.12");
  expect(courseOf([])).toBe("nothing is known");
});
