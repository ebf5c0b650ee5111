import { fireEvent, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { draw } from "@/testing/harness";
import { LimitForm } from "./LimitForm";

const LIMIT = { name: "order_shares_max", limit: "100", configured: "100", unit: "shares", scope: "order" } as unknown as Parameters<typeof LimitForm>[0]["limit"];

it.each(["abc", "-5", "1,5"])("says which form an amount has where %s was typed", (typed) => {
  draw(<LimitForm limit={LIMIT} onClose={vi.fn()} />);
  fireEvent.change(screen.getByTestId("limit-to"), { target: { value: typed } });
  expect(screen.getByTestId("limit-to-wrong").textContent).toBe("digits and one point, such as 0.5: no sign, no comma, no letters");
});

it("says nothing of an amount that has its form", () => {
  draw(<LimitForm limit={LIMIT} onClose={vi.fn()} />);
  fireEvent.change(screen.getByTestId("limit-to"), { target: { value: "0.5" } });
  expect(screen.queryByTestId("limit-to-wrong")).toBeNull();
});
