import { describe, expect, it } from "vitest";
import { actOf, walkRows } from "./keys";

const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

describe("a key", () => {
  it("after g goes to a page, and alone does not", () => {
    expect(actOf({ ...plain, key: "g" }, false, null)).toBe("leader");
    expect(actOf({ ...plain, key: "o" }, true, null)).toEqual({ kind: "go", key: "o" });
    expect(actOf({ ...plain, key: "o" }, false, null)).toBeNull();
  });

  it("typed into a field is text", () => {
    const field = document.createElement("input");
    expect(actOf({ ...plain, key: "/" }, false, field)).toBeNull();
    expect(actOf({ ...plain, key: "K", shiftKey: true }, false, field)).toBeNull();
  });

  it("with Ctrl opens the palette even from a field", () => {
    expect(actOf({ ...plain, key: "k", ctrlKey: true }, false, document.createElement("input"))).toEqual({ kind: "palette" });
  });

  it("Shift K opens the kill dialog, and k alone walks", () => {
    expect(actOf({ ...plain, key: "K", shiftKey: true }, false, null)).toEqual({ kind: "kill" });
    expect(actOf({ ...plain, key: "k" }, false, null)).toEqual({ kind: "up" });
  });

  it("walks the rows of the page and stays on the last", () => {
    document.body.innerHTML = "<main><table><tbody><tr data-row='a' tabindex='0'></tr><tr data-row='b' tabindex='-1'></tr></tbody></table></main>";
    const seen = [1, 1, 1, -1].map((step) => {
      walkRows(step as 1 | -1);
      return (document.activeElement as HTMLElement).dataset["row"];
    });
    expect(seen).toEqual(["a", "b", "b", "a"]);
  });
});
