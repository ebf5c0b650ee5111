import { useMemo } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Button } from "@/components/Button";
import { LineChart } from "@/components/LineChart";
import { Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import { toPixels } from "@/format/decimal";
import { counted } from "@/format/counted";
import { courseOf } from "@/format/course";
import { clockOf } from "@/format/time";
import { useZone } from "@/settings/settings";
import { useView } from "@/view/address";
import { ASK_MS } from "./Candles";

type Body = Schemas["BasisAnswer"];

/** What the basis shows, in one sentence. */
export function sentenceOf({ against, instrument, points }: Body): string {
  const course = courseOf(points.map((point) => point.basis_bps), "basis points", 2);
  return against === null
    ? `our ${counted(points.length, "fill")} onchain lay ${course} from the price of ${instrument} in their minute`
    : `${against} stood ${course} from ${instrument}, over ${counted(points.length, "minute")}`;
}

function Drawing({ body }: { body: Body }) {
  const times = useMemo(() => body.points.map((point) => Date.parse(point.at) / 1000), [body.points]);
  const lines = useMemo(
    () => [
      {
        name: "basis, bps",
        places: body.points.map((point) => toPixels(point.basis_bps)),
        texts: body.points.map((point) => point.basis_bps),
        colour: "accent" as const,
      },
    ],
    [body.points],
  );
  return <LineChart testid="basis-chart" summary={sentenceOf(body)} times={times} lines={lines} height={140} />;
}

/** Why there is no basis to draw, and what would bring one. */
function Nothing({ body: { instrument, against, hedges, since } }: { body: Body }) {
  const zone = useZone();
  const [, change] = useView();
  if (against !== null) return <Empty icon="clock">no minute was seen of both yet</Empty>;
  if (hedges.includes(instrument)) {
    return <Empty icon="clock">{`no fill onchain since ${since === null ? "the engine was started" : clockOf(since, zone)}, the first minute that the engine remembers: the next one is drawn here; what older ones earned stands under Backtests & reports`}</Empty>;
  }
  const [first] = hedges;
  return (
    <Empty icon="unknown">
      {`${instrument} hedges nothing that we trade onchain, and nothing else here is of the same asset`}
      {first !== undefined && (
        <Button small className="ml-3" onClick={() => change({ candles: first, against: null })} data-testid="basis-elsewhere">
          {`Look at ${first}`}
        </Button>
      )}
    </Empty>
  );
}

/** How far our fills lie from the market, or one instrument from another of the same underlying: what is earned before it is hedged. */
export function Basis({ instrument }: { instrument: string }) {
  const [{ against = "" }, change] = useView();
  const found = useRead<Body>("/basis", against === "" ? { instrument } : { instrument, against }, { every: ASK_MS });
  const choices = [{ value: "", label: "our fills onchain" }, ...(found.data?.choices ?? []).map((value) => ({ value, label: value }))];
  return (
    <Panel
      title="Basis"
      testid="basis"
      note={`to ${instrument}, since the engine was started`}
      actions={choices.length > 1 && <Select value={against} choices={choices} label="Basis of" testid="basis-of" onChange={(next) => change({ against: next })} />}
    >
      <Answer query={found} lines={3}>
        {(body) =>
          !body.known ? (
            <Empty icon="unknown">no engine could be asked, so nothing is known of its prices</Empty>
          ) : body.points.length === 0 ? (
            <Nothing body={body} />
          ) : (
            <Drawing key={`${body.instrument} ${body.against}`} body={body} />
          )
        }
      </Answer>
    </Panel>
  );
}
