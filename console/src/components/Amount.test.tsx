import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draw } from "@/testing/harness";
import { Amount } from "./Amount";

it("shows a loss with a minus in the colour of losses, and a gain with a plus", () => {
  draw(
    <>
      <Amount value="-12.504" places={2} tone="pnl" testid="loss" />
      <Amount value="12.504" places={2} tone="pnl" testid="gain" />
    </>,
  );
  const [loss, gain] = [screen.getByTestId("loss"), screen.getByTestId("gain")];
  expect([loss.textContent, gain.textContent]).toEqual(["\u221212.50", "+12.50"]);
  expect([loss.className.includes("text-down"), gain.className.includes("text-up")]).toEqual([true, true]);
});

it("never shows what is unknown as a number", () => {
  draw(<Amount value={null} testid="amount" />);
  expect(screen.getByTestId("amount").textContent).toBe("unknown");
});

it("keeps the exact amount in its title", () => {
  draw(<Amount value="3604.929247256446234765" places={2} unit="USD" testid="amount" />);
  expect(screen.getByTestId("amount").title).toBe("3604.929247256446234765\u00a0USD");
});
