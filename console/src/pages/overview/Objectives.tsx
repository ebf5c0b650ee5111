import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Badge, type Tone } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import { Unknown } from "@/components/Unknown";
import { counted } from "@/format/counted";
import { ageText, spanText } from "@/format/time";

type Body = Schemas["ObjectivesAnswer"];
type Objective = Body["objectives"][number];

const ASK_MS = 5_000;
const TONES: Readonly<Record<Objective["state"], Tone>> = { good: "good", warn: "warn", critical: "bad", unknown: "unknown" };
const NAMES: Readonly<Record<string, string>> = {
  detection_p95: "Fill seen after, p95",
  exposure_window_p95: "Hedged once due, p95",
  errors: "Critical alerts",
  warnings: "Warnings",
  open_exposure_age: "Exposure open for",
  block_lag: "Chain behind by",
};

/** What an objective measures, and what each of its samples is. */
const HELP: Readonly<Record<string, { says: string; sample: string; samples: string }>> = {
  detection_p95: { says: "From when a fill happened until the desk saw it: 95 of 100 fills were seen by then.", sample: "fill", samples: "fills" },
  exposure_window_p95: {
    says: "From when a fill was seen and the hedge of its net was due until its shares were hedged: 95 of 100 hedged shares were by then. A fill may be hedged in parts, each of which is measured. What waits below the threshold of the hedge, such as less than a whole share, waits on purpose, and counts from when the threshold is reached.",
    sample: "part of a fill",
    samples: "parts of fills",
  },
};

const measured = ({ unit }: Objective, value: number): string => (unit === "ms" ? spanText(value) : unit === "s" ? ageText(value) : bound(value, unit));
const bound = (value: number, unit: string): string => (unit === "alerts" ? `${value}` : unit === "ms" ? `${value / 1000} s` : `${value} ${unit}`);

/** From where on an objective is good, and beyond which it is critical. */
export function boundsText({ good_max: good, critical_above: critical, unit }: Objective): string {
  return `good up to ${bound(good, unit)}, critical above ${bound(critical, unit)}`;
}

function Card({ objective }: { objective: Objective }) {
  const { name, value, state, samples } = objective;
  const help = HELP[name];
  return (
    <li className="flex min-w-44 flex-1 flex-col gap-0.5 px-3 py-2" data-testid="objective" data-name={name} data-state={state} title={help?.says}>
      <span className="truncate text-2xs text-muted">{NAMES[name] ?? name.replaceAll("_", " ")}</span>
      <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
        <span className="num text-base font-semibold">{value === null ? <Unknown /> : measured(objective, value)}</span>
        {value !== null && <Badge tone={TONES[state]}>{state}</Badge>}
      </span>
      <span className="text-2xs text-text2">{boundsText(objective)}</span>
      {samples !== null && <span className="text-2xs text-muted">{samples === 0 ? "none measured of late" : `${counted(samples, help?.sample ?? "sample", help?.samples)} measured`}</span>}
    </li>
  );
}

/** What the desk should hold to, each with its value and its bounds. What was not measured of late is unknown, never good. */
export function Objectives() {
  const found = useRead<Body>("/objectives", {}, { every: ASK_MS });
  return (
    <Panel title="Objectives" testid="objectives" note="over the last 24 hours" flush>
      <Answer query={found} lines={1}>
        {(body) => (
          <ul className="m-0 flex list-none flex-wrap divide-x divide-line p-0">
            {body.objectives.map((objective) => (
              <Card key={objective.name} objective={objective} />
            ))}
          </ul>
        )}
      </Answer>
    </Panel>
  );
}
