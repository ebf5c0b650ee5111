import type { Schemas } from "@/api/types";
import type { Tone } from "@/components/Badge";

/** How each state of a part looks, on its page and wherever else parts are shown. */
export const PART_TONES: Record<Schemas["HealthAnswer"]["parts"][number]["state"], Tone> = { good: "good", late: "warn", bad: "bad", unknown: "unknown" };
