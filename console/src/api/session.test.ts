import { expect, it } from "vitest";
import { onceIn } from "./session";

it("reads the secret of a one-time link and nothing else", () => {
  expect(onceIn("#once=abc-DEF_123")).toBe("abc-DEF_123");
  expect([onceIn(""), onceIn("#once="), onceIn("#twice=abc"), onceIn("#once=<script>")]).toEqual([null, null, null, null]);
});
