import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { useUi } from "@/frame/ui";
import { draw } from "@/testing/harness";
import { Parts } from "./Parts";

const PARTS = [
  { name: "engine", kind: "engine", state: "good", age_s: 0, age_s_max: 2, detail: "" },
  { name: "bybit", kind: "account", state: "late", age_s: 90, age_s_max: 60, detail: "" },
] as const;

function Wanted() {
  const { open } = useUi();
  return <output data-testid="wanted">{open?.kind === "act" ? `${open.wanted.cli} ${JSON.stringify(open.wanted.body)}` : ""}</output>;
}

it("opens the streams of an account anew, and of nothing else", () => {
  draw(<><Parts parts={PARTS} /><Wanted /></>);
  expect(screen.getAllByTestId("reconnect").map((button) => button.getAttribute("aria-label"))).toEqual(["Reconnect bybit"]);
  fireEvent.click(screen.getByTestId("reconnect"));
  expect(screen.getByTestId("wanted").textContent).toBe('flatbook reconnect bybit --reason "..." {"account":"bybit"}');
});
