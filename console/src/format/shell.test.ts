import { expect, it } from "vitest";
import { inShell } from "./shell";

it("quotes a word of a command line that a shell would split", () => {
  expect(["grafana", "my board", "it's", ""].map(inShell)).toEqual(["grafana", "'my board'", "'it'\\''s'", "''"]);
});
