import type { Schemas } from "@/api/types";
import type { Tone } from "@/components/Badge";

/** How each state of a part looks, on its page and wherever else parts are shown. */
export const PART_TONES: Record<Schemas["HealthAnswer"]["parts"][number]["state"], Tone> = { good: "good", late: "warn", bad: "bad", unknown: "unknown" };

const BYTES_OF_A_MB = 1_000_000;
const US_OF_A_MS = 1_000;

/** A measured value in the unit in which it is read: memory in MB, times from a millisecond on in ms. */
export function readable(value: number, unit: string): readonly [value: string, unit: string] {
  if (unit === "bytes") return [(value / BYTES_OF_A_MB).toFixed(1), "MB"];
  if (unit === "us" && value >= US_OF_A_MS) return [(value / US_OF_A_MS).toFixed(1), "ms"];
  return [`${value}`, unit];
}

const LAG_GOOD_S = 30;
const LAG_BAD_S = 300;
type Lag = "good" | "late" | "bad" | "unknown";
export const LAG_TONES: Record<Lag, Tone> = { good: "good", late: "warn", bad: "bad", unknown: "unknown" };

/** How a chain is read: what nobody knows is unknown, and never good. */
export function lagOf({ seconds }: Pick<Schemas["ChainBody"], "seconds">): Lag {
  if (seconds === null) return "unknown";
  return seconds > LAG_BAD_S ? "bad" : seconds > LAG_GOOD_S ? "late" : "good";
}
