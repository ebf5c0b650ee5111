import { describe, expect, it } from "vitest";
import { compared, directionOf, placesOf, shown } from "./decimal";

describe("an amount", () => {
  it.each([
    ["185.0169439", { places: 2 }, "185.02"],
    ["-697.219", { places: 1 }, "−697.2"],
    ["0.999", { places: 2 }, "1.00"],
    ["9999.995", { places: 2 }, "10,000.00"],
    ["-0.004", { places: 2 }, "0.00"],
    ["1005446.130975", {}, "1,005,446.130975"],
    ["20.0380", {}, "20.038"],
    ["3", { places: 2, signed: true }, "+3.00"],
    ["0", { signed: true }, "0"],
    ["1E-7", {}, "0.0000001"],
    ["1.25E+3", {}, "1,250"],
    ["3604.929247256446234765", {}, "3,604.929247256446234765"],
    ["61594.864877436159821387", { most: 2 }, "61,594.86"],
    ["61688", { most: 2 }, "61,688"],
    ["unknown", {}, "unknown"],
  ])("%s is shown whole or shortened, never computed", (text, shape, expected) => {
    expect(shown(text, shape)).toBe(expected);
  });

  it("keeps the digits that a float would lose", () => {
    expect(shown("12345678901234567890.123456789", { places: 9 })).toBe("12,345,678,901,234,567,890.123456789");
  });

  it("stands digit under digit with those beside it, up to a bound", () => {
    expect(placesOf(["0.0324", "0.03245", "1", null], 8)).toBe(5);
    expect(placesOf(["0.189193354604", "1.20"], 4)).toBe(4);
  });

  it("points up, down or nowhere by its text", () => {
    expect([directionOf("0.00"), directionOf("-0.1"), directionOf("2")]).toEqual([0, -1, 1]);
  });

  it("is ordered by value", () => {
    const sorted = ["10", "9.5", "-3", "-20", "0", "9.50001", "n/a"].sort(compared);
    expect(sorted).toEqual(["-20", "-3", "0", "9.5", "9.50001", "10", "n/a"]);
  });
});
