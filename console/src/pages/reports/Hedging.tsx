import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Figure, Panel } from "@/components/Panel";
import { Answer } from "@/components/States";
import { partOf } from "@/format/parts";

type Report = Schemas["ReportBody"];

/** What each part of the result came from, and what stood open meanwhile. */
export function Hedging() {
  const report = useRead<Report>("/report");
  return (
    <Panel
      title="Where it came from"
      testid="hedging"
      flush
      actions={report.data && <Badge tone={report.data.adds_up ? "good" : "bad"}>{report.data.adds_up ? "the parts add up" : "the parts do not add up"}</Badge>}
    >
      <Answer query={report} lines={2}>
        {(body) => (
          <div className="flex flex-wrap divide-x divide-line">
            {Object.entries(body.parts_usd).map(([part, usd]) => (
              <Figure key={part} name={partOf(part).name} says={partOf(part).says} testid={`part-${part}`}>
                <Amount value={usd} places={2} tone="pnl" />
              </Figure>
            ))}
            <Figure name="exposure, most" testid="exposure-max">
              <Amount value={body.exposure.usd_max} places={2} unit="USD" />
            </Figure>
            <Figure name="exposure, mean" testid="exposure-mean">
              <Amount value={body.exposure.usd_mean} places={2} unit="USD" />
            </Figure>
          </div>
        )}
      </Answer>
    </Panel>
  );
}
