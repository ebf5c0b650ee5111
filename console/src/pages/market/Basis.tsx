import { useMemo } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { LineChart } from "@/components/LineChart";
import { Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import { toPixels } from "@/format/decimal";
import { counted } from "@/format/counted";
import { courseOf } from "@/format/course";
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
            <Empty icon="clock">{body.against === null ? `nothing onchain that ${instrument} hedges was traded in this time` : "no minute was seen of both yet"}</Empty>
          ) : (
            <Drawing key={`${body.instrument} ${body.against}`} body={body} />
          )
        }
      </Answer>
    </Panel>
  );
}
