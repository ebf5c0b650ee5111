import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draw } from "@/testing/harness";
import { AgeChip, Fresh } from "./Age";

const seen = { seen_at: "2025-12-02T20:45:00Z", age_s_max: 30 };
const part = (
  <>
    <Fresh seen={seen}>
      <span data-testid="number">1</span>
    </Fresh>
    <AgeChip seen={seen} testid="age" />
  </>
);
const isLate = (): string | undefined => screen.getByTestId("number").parentElement?.dataset["late"];

it("greys out a number that is older than its limit, and says its age", () => {
  const { desk } = draw(part);
  desk.snapshot({});
  desk.tick("2025-12-02T20:45:20Z");
  expect([isLate(), screen.queryByTestId("age")]).toEqual(["false", null]);
  desk.tick("2025-12-02T20:45:31Z");
  expect(isLate()).toBe("true");
  expect(screen.getByTestId("age").textContent).toBe("31 s");
});

it("greys out everything while the line is down, and while the journal is not read to its end", () => {
  const { desk } = draw(part);
  expect(isLate()).toBe("true");
  desk.snapshot({});
  desk.tick("2025-12-02T20:45:20Z");
  expect(isLate()).toBe("false");
  desk.tick("2025-12-02T20:45:21Z", { read_age_s: 3 });
  expect(isLate()).toBe("true");
  desk.tick("2025-12-02T20:45:22Z");
  desk.lose();
  expect(isLate()).toBe("true");
});
