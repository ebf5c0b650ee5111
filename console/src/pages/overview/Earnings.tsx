import { Link } from "@tanstack/react-router";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Chart } from "@/components/Chart";
import { Figure, Panel } from "@/components/Panel";
import { Segments } from "@/components/Select";
import { Sparkline } from "@/components/Sparkline";
import { Answer, Empty, Waiting } from "@/components/States";
import { directionOf, shown, toPixels } from "@/format/decimal";
import { partOf, ROUNDED } from "@/format/parts";
import { counted } from "@/format/counted";
import { endsOf } from "@/format/course";
import { dayOf, momentOf } from "@/format/time";
import { useChannel } from "@/live/channels";
import { useZone } from "@/settings/settings";
import { useView } from "@/view/address";

export type Performance = Schemas["PerformanceAnswer"];

export const WINDOWS = [
  { value: "1", label: "1d" },
  { value: "7", label: "7d" },
  { value: "30", label: "30d" },
] as const;

const COSTS: Readonly<Record<string, string>> = { broker_fee: "fees" };

/** The days of the books are those of New York, in whichever zone they are read. */
const DAYS_ZONE = "America/New_York";

const costOf = (kind: string): string => COSTS[kind] ?? kind.replaceAll("_", " ");

/** The days of the address that are one of the windows, the shortest otherwise. */
export function useDays(): string {
  const [{ days = "" }] = useView();
  return WINDOWS.find((window) => window.value === days)?.value ?? WINDOWS[0].value;
}

export function usePerformance(): ReturnType<typeof useRead<Performance>> {
  return useRead<Performance>("/performance", { days: useDays() });
}

/** How the result of a window grew, in one sentence. */
export function sentenceOf({ points, days }: Pick<Performance, "points" | "days">): string {
  const ends = endsOf(points.map((point) => point.running_net_usd));
  if (ends === null) return "nothing was earned in this time yet";
  const [last, low, high] = [ends.last, ends.low, ends.high].map((text) => shown(text, { places: 2 }));
  return `${last} USD after ${counted(points.length, days === 1 ? "hour" : "day")}, between ${low} and ${high} on the way`;
}

function Course({ body }: { body: Performance }) {
  const zone = useZone();
  const named = (at: string): string => (body.days === 1 ? momentOf(at, zone) : dayOf(at, DAYS_ZONE));
  const twin = {
    heads: [body.days === 1 ? "hour from" : "day in New York", "net, USD", "so far, USD"],
    rows: () => body.points.map((point) => [named(point.at), point.net_usd, point.running_net_usd]),
  };
  const summary = sentenceOf(body);
  return (
    <Chart testid="earned-chart" summary={summary} twin={twin}>
      <Sparkline places={[0, ...body.points.map((point) => toPixels(point.running_net_usd))]} says={summary} width={340} height={48} />
    </Chart>
  );
}

function Split({ body }: { body: Performance }) {
  const parts = Object.entries(body.parts_usd).filter(([, usd]) => directionOf(usd) !== 0);
  const costs = Object.entries(body.total?.costs ?? {}).filter(([, cost]) => cost.observations > 0);
  return (
    <>
      {parts.map(([part, usd]) => (
        <Figure key={part} name={partOf(part).name} says={partOf(part).says} testid={`earned-part-${part}`}>
          <Amount value={usd} places={2} tone="pnl" />
        </Figure>
      ))}
      {costs.map(([kind, cost]) => (
        <Figure key={kind} name={`cost: ${costOf(kind)}`} sub={cost.missing > 0 ? `${cost.missing} without a value` : undefined} testid={`earned-cost-${kind}`}>
          <Amount value={cost.usd} places={2} />
        </Figure>
      ))}
    </>
  );
}

function Window({ body }: { body: Performance }) {
  if (body.total === null) return <Empty icon="clock">nothing stands in the journal yet</Empty>;
  const { unpriced } = body.total;
  return (
    <div className="flex flex-wrap items-stretch divide-x divide-line">
      <Figure name={body.days === 1 ? `net, ${body.last}` : `net, ${body.first} to ${body.last}`} sub={unpriced > 0 ? `${counted(unpriced, "closed part")} without a value` : undefined} testid="earned-window-net">
        <Amount value={body.total.net_usd} places={2} unit="USD" tone="pnl" />
      </Figure>
      <Split body={body} />
    </div>
  );
}

/** What was earned: in all, and in the newest days with what that came from and how it grew. */
export function Earned() {
  const pnl = useChannel("pnl");
  const performance = usePerformance();
  return (
    <div className="flex flex-wrap items-stretch gap-y-1">
      {pnl ? (
        <Figure name="net, in all" testid="earned-net">
          <Amount value={pnl.total.net_usd} places={2} unit="USD" tone="pnl" />
        </Figure>
      ) : (
        <Waiting lines={1} />
      )}
      <Answer query={performance} lines={1}>
        {(body) => (
          <>
            <Window body={body} />
            <div className="ml-auto max-w-full min-w-0 px-3">{body.points.length > 0 && <Course body={body} />}</div>
          </>
        )}
      </Answer>
    </div>
  );
}

export function Earnings() {
  const pnl = useChannel("pnl");
  const [, change] = useView();
  return (
    <Panel
      title="Earned"
      testid="earnings"
      note={`realised, after costs; days in New York; ${ROUNDED}`}
      seen={pnl?.as_of}
      flush
      actions={
        <>
          <Segments value={useDays()} choices={WINDOWS} label="How many days" testid="earned-window" onChange={(next) => change({ days: next })} />
          <Link to="/reports" className="inline-flex min-h-6 items-center text-2xs text-text2 hover:text-text" data-testid="earnings-more">
            by day, owner and asset
          </Link>
        </>
      }
    >
      <Earned />
    </Panel>
  );
}
