import { useChecks } from "@/api/checks";
import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { CopyText } from "@/components/CopyText";
import { LookNow, saidOfLook } from "@/components/Look";
import { Moment } from "@/components/Moment";
import { Facts, Panel } from "@/components/Panel";
import { Answer } from "@/components/States";

type Check = Schemas["JournalCheckBody"];

function Verdict({ check }: { check: Check }) {
  if (check.whole === null) return <Badge tone="unknown" testid="whole-is">unknown</Badge>;
  return check.whole ? <Badge tone="good" testid="whole-is">whole</Badge> : <Badge tone="bad" testid="whole-is">not whole</Badge>;
}

/** How far the chain of hashes was checked: as the journal is followed, and all of it anew when somebody asked. */
export function Whole() {
  const checks = useChecks();
  const check = checks.data?.journal;
  return (
    <Panel
      title="Chain of hashes"
      testid="whole"
      note={<span data-testid="whole-said">{check ? saidOfLook(check) : ""}</span>}
      actions={check && <><Verdict check={check} /><LookNow name="journal" look={check} says="Verify now" /></>}
    >
      <Answer query={checks} lines={2}>
        {({ journal: { read, head, why, events, rows, segments, missing_segments } }) => (
          <Facts
            testid="whole-facts"
            rows={[
              [
                "checked as it is read",
                <span key="read" className="inline-flex max-w-full flex-wrap items-center gap-2" data-testid="whole-read">
                  {read.fault === null ? <>up to event <span className="num">{read.seq}</span></> : <span className="text-danger">{read.fault}</span>}
                  <Moment at={read.at} /> <CopyText text={read.hash} testid="whole-read-hash" />
                </span>,
              ],
              ...(head === null
                ? []
                : [
                    [
                      "verified from the beginning",
                      <span key="head" className="inline-flex max-w-full flex-wrap items-center gap-2" data-testid="whole-head">
                        <span>up to event <span className="num">{head.last}</span>, row <span className="num">{head.rows}</span></span> <CopyText text={head.hash} testid="whole-head-hash" />
                      </span>,
                    ] as const,
                    ["what was read", <span key="n" className="num">{`${events} events in ${rows} rows, ${segments} archived segments`}</span>] as const,
                  ]),
              ...(missing_segments.length > 0 ? [["not there to be read", <span key="m" className="text-warn">{missing_segments.join(", ")}</span>] as const] : []),
              ...(why === null ? [] : [["found", <span key="w" className="text-danger" data-testid="whole-why">{why}</span>] as const]),
            ]}
          />
        )}
      </Answer>
    </Panel>
  );
}
