import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/theme/tokens.css", "utf8");
const TEXT_MIN = 4.5;
const FIELD_MIN = 3;

function tokensOf(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(selector)).split("}")[0] ?? "";
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]] as [string, string]));
}

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r, g, b] = parts.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const SURFACES = ["app", "surface-1", "surface-2", "surface-3"];
const TEXTS = ["text", "text-2", "muted", "accent", "buy", "sell", "warn", "info", "danger", "unknown"];

describe.each(['[data-theme="dark"]', '[data-theme="light"]'])("the tokens of %s", (selector) => {
  const tokens = tokensOf(selector);
  const pairs = SURFACES.flatMap((surface) => TEXTS.map((text) => [text, surface] as const));

  it.each(pairs)("%s can be read on %s", (text, surface) => {
    expect(contrast(tokens[text] ?? "", tokens[surface] ?? "")).toBeGreaterThanOrEqual(TEXT_MIN);
  });

  it("the texts of filled buttons can be read, and the borders of fields seen", () => {
    expect(contrast(tokens["on-accent"] ?? "", tokens["accent-fill"] ?? "")).toBeGreaterThanOrEqual(TEXT_MIN);
    expect(contrast(tokens["on-danger"] ?? "", tokens["danger-fill"] ?? "")).toBeGreaterThanOrEqual(TEXT_MIN);
    for (const surface of SURFACES) {
      expect(contrast(tokens["field"] ?? "", tokens[surface] ?? "")).toBeGreaterThanOrEqual(FIELD_MIN);
    }
  });
});
