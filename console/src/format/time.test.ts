import { expect, it } from "vitest";
import { ageText, clockOf, millisOf, momentOf, spanText } from "./time";

it("shows one instant in the zone that was chosen", () => {
  expect(momentOf("2025-12-02T20:45:31.626Z", "UTC")).toBe("2025-12-02 20:45:31");
  expect(momentOf("2025-12-02T20:45:31.626Z", "America/New_York")).toBe("2025-12-02 15:45:31");
  expect(clockOf("2025-12-02T00:00:00Z", "UTC")).toBe("00:00:00");
});

it("keeps the milliseconds of the text", () => {
  expect([millisOf("2025-12-02T20:45:31.6Z"), millisOf("2025-12-02T20:45:31Z")]).toEqual([".600", ".000"]);
});

it("says ages in one or two units", () => {
  expect([0.84, 12.9, 185, 7830, 356400].map(ageText)).toEqual(["0.8 s", "12 s", "3 min 05 s", "2 h 10 min", "4 d 3 h"]);
  expect([85, 1400, 41000, 185000].map(spanText)).toEqual(["85 ms", "1.4 s", "41.0 s", "3 min 05 s"]);
});
