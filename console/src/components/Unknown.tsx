import { clockOf } from "@/format/time";
import { useZone } from "@/settings/settings";
import { Icon } from "./Icon";

/** A value that nobody knows, with the moment since when. It is a value of its own: never zero, never the last one. */
export function Unknown({ since, testid }: { since?: string | null | undefined; testid?: string | undefined }) {
  const zone = useZone();
  return (
    <span
      className="hatch inline-flex items-center gap-1 rounded px-1 text-unknown"
      data-testid={testid}
      data-unknown="true"
      title={since ?? undefined}
    >
      <Icon name="unknown" size={11} />
      unknown{since ? ` since ${clockOf(since, zone)}` : ""}
    </span>
  );
}
