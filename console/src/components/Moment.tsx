import { clockOf, dayOf, millisOf } from "@/format/time";
import { useZone } from "@/settings/settings";

/** An instant in the reader's zone; the exact one is in its title. */
export function Moment({ at, millis = false, day = true }: { at: string | null | undefined; millis?: boolean; day?: boolean }) {
  const zone = useZone();
  if (!at) return <span className="text-muted">—</span>;
  return (
    <time dateTime={at} title={`${at} (shown in ${zone})`} className="num text-[0.9em] text-text2">
      {day && <span className="text-muted">{dayOf(at, zone).slice(5)} </span>}
      {clockOf(at, zone)}
      {millis && <span className="text-muted">{millisOf(at)}</span>}
    </time>
  );
}
