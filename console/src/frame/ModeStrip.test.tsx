import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import { ModeStrip } from "./ModeStrip";

it.each([
  ["PAPER", false, "live market, paper money"],
  ["PAPER", true, "recorded market, paper money"],
  ["LIVE", false, "real money moves"],
])("says of a desk that is %s and recorded: %s whose money and which market it is", async (mode, recorded, says) => {
  answering({ "/api/v1/meta": { mode, recorded, pages: [] } });
  draw(<ModeStrip />);
  expect((await screen.findByText(says)).textContent).toBe(`${mode}${says}`);
});
