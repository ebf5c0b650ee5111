import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { FLAT } from "@/testing/fixtures";
import { draw } from "@/testing/harness";
import { Prices } from "./Prices";

const READ_LATER = { underlying: "COIN", source: "tcoin-pool", price: "268.25", happened_at: "2025-12-11T18:49:41Z", seen_at: "2025-12-11T18:52:40Z", age_s_max: 120 };

it("counts the age of a price from when its source stated it, however lately it was read", () => {
  const { desk } = draw(<Prices prices={[READ_LATER]} />);
  desk.snapshot({ status: FLAT });
  desk.tick("2025-12-11T18:52:41Z");
  const age = screen.getByTestId("price-age");
  expect(age.textContent).toBe("3 min 00 s");
  expect(age.dataset["late"]).toBe("true");
});
