import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Badge, type Tone } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import { Unknown } from "@/components/Unknown";
import { ageText } from "@/format/time";

type Body = Schemas["ObjectivesAnswer"];
type Objective = Body["objectives"][number];

const ASK_MS = 5_000;
const TONES: Readonly<Record<Objective["state"], Tone>> = { good: "good", warn: "warn", critical: "bad", unknown: "unknown" };
const NAMES: Readonly<Record<string, string>> = {
  detection_p95: "Fill seen after, p95",
  exposure_window_p95: "Fill hedged after, p95",
  errors: "Critical alerts",
  warnings: "Warnings",
  open_exposure_age: "Exposure open for",
  block_lag: "Chain behind by",
};

const measured = ({ name, unit }: Objective, value: number): string => (name.endsWith("_p95") ? `at most ${ageText(value)}` : unit === "s" ? ageText(value) : bound(value, unit));
const bound = (value: number, unit: string): string => (unit === "alerts" ? `${value}` : `${value} ${unit}`);

/** From where on an objective is good, and beyond which it is critical. */
export function boundsText({ good_max: good, critical_above: critical, unit }: Objective): string {
  return `good up to ${bound(good, unit)}, critical above ${bound(critical, unit)}`;
}

function Card({ objective }: { objective: Objective }) {
  const { name, value, state, samples } = objective;
  return (
    <li className="flex min-w-44 flex-1 flex-col gap-0.5 px-3 py-2" data-testid="objective" data-name={name} data-state={state}>
      <span className="truncate text-2xs text-muted">{NAMES[name] ?? name.replaceAll("_", " ")}</span>
      <span className="flex items-center gap-2">
        <span className="num text-base font-semibold">{value === null ? <Unknown /> : measured(objective, value)}</span>
        {value !== null && <Badge tone={TONES[state]}>{state}</Badge>}
      </span>
      <span className="text-2xs text-text2">{boundsText(objective)}</span>
      {samples !== null && <span className="text-2xs text-muted">{samples === 0 ? "none measured of late" : `${samples} measured`}</span>}
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
