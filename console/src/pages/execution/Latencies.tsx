import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Figure, Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import { ageText } from "@/format/time";

type Report = Schemas["ReportBody"];

/** How long fills waited for their hedge, by session. */
export function Latencies() {
  const report = useRead<Report>("/report");
  return (
    <Panel title="From fill to hedge" testid="latencies" flush>
      <Answer query={report} lines={2}>
        {(body) => (
          <div className="flex flex-wrap divide-x divide-line">
            {body.latency.map((line) => (
              <Figure
                key={line.session}
                name={`session ${line.session}: half of the shares within`}
                testid={`latency-${line.session}`}
                sub={`95 of 100 within ${line.most_s === null ? "—" : ageText(line.most_s)} · ${line.hedged} hedged, ${line.netted} netted, ${line.open} open`}
              >
                <span className="num">{line.half_s === null ? "—" : ageText(line.half_s)}</span>
              </Figure>
            ))}
          </div>
        )}
      </Answer>
    </Panel>
  );
}
