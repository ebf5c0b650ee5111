import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import { CommandLine } from "./CommandLine";

it("copies a command line with the home of this very desk, and only at its front", async () => {
  answering({ "/api/v1/meta": { called: "flatbook --home '/desks/the $& demo'" } });
  const written: string[] = [];
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: (text: string) => Promise.resolve(written.push(text)) } });
  draw(<CommandLine text={'flatbook kill --reason "flatbook is odd"'} testid="line" />);
  await screen.findByText(/--home/);
  fireEvent.click(screen.getByTestId("line"));
  expect(written).toEqual(["flatbook --home '/desks/the $& demo' kill --reason \"flatbook is odd\""]);
});

it("is the usual command line until the desk has said its home", () => {
  answering({});
  draw(<CommandLine text="flatbook status" testid="line" />);
  expect(screen.getByTestId("line").textContent).toContain("flatbook status");
});
