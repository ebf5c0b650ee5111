import { Link } from "@tanstack/react-router";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Waiting } from "@/components/States";
import { ageText } from "@/format/time";
import { useChannel } from "@/live/channels";
import { PART_TONES } from "@/pages/health/tones";

/** How the parts are that all numbers stand on. */
export function Parts() {
  const told = useChannel("parts");
  const parts = told?.parts.filter((part) => part.kind !== "switch");
  return (
    <Panel
      title="Parts"
      testid="overview-parts"
      actions={
        <Link to="/health" className="inline-flex min-h-6 items-center text-2xs text-text2 hover:text-text" data-testid="overview-parts-more">
          health
        </Link>
      }
    >
      {!parts && <Waiting lines={1} />}
      <ul className="m-0 flex list-none flex-wrap gap-x-5 gap-y-2 p-0">
        {parts?.map((part) => (
          <li key={`${part.kind} ${part.name}`} className="inline-flex items-center gap-2 text-xs">
            <span>
              {part.kind !== part.name && <span className="text-muted">{part.kind} </span>}
              {part.name}
            </span>
            <Badge tone={PART_TONES[part.state]} title={part.detail || undefined}>
              {part.state}
            </Badge>
            {part.age_s !== null && <span className="num text-2xs text-muted">{ageText(part.age_s)}</span>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
