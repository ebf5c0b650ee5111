import { useRead } from "@/api/queries";
import type { Status } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import { reasonsOf } from "@/pages/overview/Flat";

/** How the desk stood right after an event of the past. */
export function Then({ at }: { at: number }) {
  const status = useRead<Status>("/status", { at }, { follows: false });
  return (
    <Panel title="How it stood then" testid="then">
      <Answer query={status} lines={2}>
        {(body) => (
          <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
            <Badge tone={!body.known ? "unknown" : body.flat ? "good" : "warn"} testid="then-flat">
              {!body.known ? "fate unknown" : body.flat ? "flat" : "not flat"}
            </Badge>
            <span className="text-xs text-text2">{reasonsOf(body).join(" · ") || "nothing stood in the way"}</span>
            {body.nets.map((net) => (
              <span key={`${net.owner} ${net.underlying}`} className="inline-flex gap-2">
                <span className="text-muted">{net.underlying}</span>
                <Amount value={net.net} signed />
                <Amount value={net.usd} places={2} unit="USD" />
              </span>
            ))}
            <span className="ml-auto inline-flex gap-2">
              <span className="text-muted">open exposure</span>
              <Amount value={body.open_usd} places={2} unit="USD" testid="then-open-usd" />
            </span>
          </div>
        )}
      </Answer>
    </Panel>
  );
}
