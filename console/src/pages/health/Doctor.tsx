import { useState } from "react";
import { useChecks } from "@/api/checks";
import type { Schemas } from "@/api/types";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { LookNow, saidOfLook } from "@/components/Look";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";

type Doctor = Schemas["DoctorBody"];
type Finding = Schemas["FindingBody"];

const TONES: Record<Finding["verdict"], Tone> = { ok: "good", warn: "warn", fail: "bad" };

const FINDINGS: readonly Column<Finding>[] = [
  { id: "verdict", head: "Is", text: (row) => row.verdict, cell: (row) => <Badge tone={TONES[row.verdict]}>{row.verdict}</Badge> },
  { id: "check", head: "Looked at", text: (row) => row.check, cell: (row) => <span className="font-medium">{row.check}</span> },
  { id: "found", head: "Found", text: (row) => row.found, className: "text-text2 !whitespace-normal break-words" },
  { id: "remedy", head: "What to do", text: (row) => row.remedy, className: "!whitespace-normal break-words" },
];

const WORST: Record<Finding["verdict"], number> = { fail: 0, warn: 1, ok: 2 };

/** What fails first, then what warns; otherwise in the order of the doctor. */
export const worstFirst = (findings: readonly Finding[]): readonly Finding[] => [...findings].sort((a, b) => WORST[a.verdict] - WORST[b.verdict]);

function Verdict({ doctor }: { doctor: Doctor }) {
  if (doctor.ok === null) return <Badge tone="unknown" testid="doctor-ok">unknown</Badge>;
  const warned = doctor.findings.some((each) => each.verdict === "warn");
  return <Badge tone={!doctor.ok ? "bad" : warned ? "warn" : "good"} testid="doctor-ok">{!doctor.ok ? "something fails" : warned ? "nothing fails, something warns" : "nothing fails"}</Badge>;
}

const LOOKS_AT = "at the machine, the files, the journal, and each venue once";

function saidOfNothing(state: Doctor["state"]): string {
  if (state === "done") return "all that was looked at is in order";
  return state === "running" ? `it looks ${LOOKS_AT}` : `the doctor looks ${LOOKS_AT}; it changes nothing`;
}

/** The doctor of the command line, run where the desk runs: each thing that was looked at, how it is, and what to do. */
export function Doctor() {
  const checks = useChecks();
  const [all, setAll] = useState(false);
  const doctor = checks.data?.doctor;
  return (
    <Panel
      title="Doctor"
      testid="doctor"
      flush
      note={<span data-testid="doctor-said">{doctor ? saidOfLook(doctor) : ""}</span>}
      actions={doctor && <><Verdict doctor={doctor} /><LookNow name="doctor" look={doctor} says="Look now" /></>}
    >
      <Answer query={checks}>
        {({ doctor: { state, why, findings } }) => {
          const rows = all ? worstFirst(findings) : worstFirst(findings).filter((row) => row.verdict !== "ok");
          return (
          <>
            {why !== null && <p className="m-0 px-3 py-2 text-warn" data-testid="doctor-why">{why}</p>}
            <DataTable
              testid="doctor-table"
              label="what the doctor found"
              columns={FINDINGS}
              rows={rows}
              rowKey={(row) => `${row.check} ${row.found}`}
              tools={false}
              empty={<Empty icon="health">{saidOfNothing(state)}</Empty>}
            />
            {findings.length > 0 && (
              <div className="px-3 py-1.5">
                <Button small look="quiet" aria-pressed={all} onClick={() => setAll(!all)} data-testid="doctor-all">
                  {all ? "Only what is not in order" : `All ${findings.length} lines`}
                </Button>
              </div>
            )}
          </>
          );
        }}
      </Answer>
    </Panel>
  );
}
