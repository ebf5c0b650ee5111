import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

const PLACE_PX = 600;

// A page without a layout has no sizes: whatever asks how large its place is, such as a table, is told this.
for (const side of ["clientHeight", "clientWidth"]) {
  Object.defineProperty(window.HTMLElement.prototype, side, { configurable: true, get: () => PLACE_PX });
}

afterEach(cleanup);
