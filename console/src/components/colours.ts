/** The colours of the theme as a canvas needs them. */
import { useSettings } from "@/settings/settings";

export type Colours = Readonly<Record<"text" | "muted" | "line" | "accent" | "info" | "warn" | "up" | "down" | "surface" | "unknown", string>>;

const NAMES: Record<keyof Colours, string> = {
  text: "--text-2",
  muted: "--muted",
  line: "--line",
  accent: "--accent",
  info: "--info",
  warn: "--warn",
  up: "--up",
  down: "--down",
  surface: "--surface-1",
  unknown: "--unknown",
};

/** Reads them anew at each drawing, and draws anew when the theme changes. */
export function useColours(): Colours {
  useSettings();
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(Object.entries(NAMES).map(([name, css]) => [name, style.getPropertyValue(css).trim()])) as Colours;
}
