import type { Schemas } from "@/api/types";
import type { Tone } from "@/components/Badge";

/** How each state of a part looks, on its page and wherever else parts are shown. */
export const PART_TONES: Record<Schemas["HealthAnswer"]["parts"][number]["state"], Tone> = { good: "good", late: "warn", bad: "bad", unknown: "unknown" };

const LAG_GOOD_S = 30;
const LAG_BAD_S = 300;
type Lag = "good" | "late" | "bad" | "unknown";
export const LAG_TONES: Record<Lag, Tone> = { good: "good", late: "warn", bad: "bad", unknown: "unknown" };

/** How a chain is read: what nobody knows is unknown, and never good. */
export function lagOf({ seconds }: Pick<Schemas["ChainBody"], "seconds">): Lag {
  if (seconds === null) return "unknown";
  return seconds > LAG_BAD_S ? "bad" : seconds > LAG_GOOD_S ? "late" : "good";
}
