import { useMemo } from "react";
import { ROOT, useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { LineChart, type Line } from "@/components/LineChart";
import { Figure, Facts } from "@/components/Panel";
import { PriceChart, type Mark } from "@/components/PriceChart";
import { Answer, Empty } from "@/components/States";
import { shown, toPixels } from "@/format/decimal";
import { counted } from "@/format/counted";
import { courseOf } from "@/format/course";

type Sheet = Schemas["TearsheetAnswer"];
type Traded = Sheet["traded"][number];
type Report = Record<string, unknown>;

/** The figures that stand first, by their path in the report. */
const FIRST = [
  ["net, USD", "total_usd.net"],
  ["turned over, USD", "turnover.usd"],
  ["Sharpe", "equity.sharpe"],
  ["Sortino", "equity.sortino"],
  ["largest drawdown", "equity.max_drawdown"],
  ["trades won", "trades.win_rate"],
  ["profit factor", "trades.profit_factor"],
  ["filled", "orders.fill_rate"],
  ["made", "orders.maker_share"],
] as const;

/** What stands at a path of a report; null where nothing does. */
export function atPath(report: Report, path: string): string | null {
  const found = path.split(".").reduce<unknown>((inner, name) => (typeof inner === "object" && inner !== null ? (inner as Report)[name] : undefined), report);
  if (typeof found === "number") return Number.isInteger(found) ? `${found}` : found.toFixed(4);
  return typeof found === "string" ? shown(found, { most: 4 }) : null;
}

function Equity({ sheet }: { sheet: Sheet }) {
  const drawn = useMemo(() => {
    const texts = sheet.points.map((point) => point.equity);
    const line: Line = { name: "equity, USD", places: texts.map(toPixels), texts, colour: "accent" };
    return { times: sheet.points.map((point) => Date.parse(point.at) / 1000), lines: [line], texts };
  }, [sheet]);
  if (sheet.points.length < 2) return <Empty icon="reports">a line needs two points</Empty>;
  return <LineChart testid="equity-chart" summary={`equity went ${courseOf(drawn.texts, "USD", 2)}, in ${counted(sheet.points.length, "point")}`} times={drawn.times} lines={drawn.lines} height={180} />;
}

/** One mark for each stretch and side; its text says for how many executions it stands, where that is more than one. */
export function marksOf({ seen, trades }: Pick<Traded, "seen" | "trades">): Mark[] {
  const found = new Map<string, { at: string; side: string; count: number }>();
  let place = 0;
  for (const { at, side } of trades) {
    while (place + 1 < seen.length && (seen[place + 1]?.at ?? "") <= at) place += 1;
    const start = seen[place]?.at ?? at;
    const mark = found.get(`${start} ${side}`) ?? { at: start, side, count: 0 };
    mark.count += 1;
    found.set(`${start} ${side}`, mark);
  }
  return [...found.values()].map(({ at, side, count }) => ({ at, side, text: count > 1 ? `${count}` : "" }));
}

function Trades({ traded }: { traded: Traded }) {
  const drawn = useMemo(
    () => ({
      kind: "candles" as const,
      candles: traded.seen.map((each) => ({ at: each.at, open: toPixels(each.open), high: toPixels(each.high), low: toPixels(each.low), close: toPixels(each.close) })),
    }),
    [traded],
  );
  const marks = useMemo(() => marksOf(traded), [traded]);
  const twin = useMemo(
    () => ({ heads: ["at", "side", "quantity", "price", "as"], rows: () => traded.trades.map((each) => [each.at, each.side, each.qty, each.price, each.made ?? "unknown"]) }),
    [traded],
  );
  if (traded.seen.length === 0) return <Empty icon="reports">{`no price was seen with the executions of ${traded.instrument}`}</Empty>;
  const left = traded.found > traded.trades.length ? `, the first ${traded.trades.length} of them marked` : "";
  return <PriceChart testid="trades-chart" summary={`${traded.instrument}: ${counted(traded.found, "execution")}${left}, on the middle that was seen with them`} drawn={drawn} marks={marks} twin={twin} height={220} />;
}

/** One backtest on one page: its figures, its equity, its trades on the price, and its tables to save. */
export function Tearsheet({ name, report }: { name: string; report: Report }) {
  const sheet = useRead<Sheet>(`/reports/${encodeURIComponent(name)}/tearsheet`, {}, { follows: false });
  return (
    <div className="flex flex-col gap-3" data-testid="tearsheet">
      <div className="grid grid-cols-3 rounded-lg border border-line" data-testid="tearsheet-figures">
        {FIRST.map(([title, path]) => (
          <Figure key={path} name={title}>
            <span className="num text-sm">{atPath(report, path) ?? <span className="text-muted">not told</span>}</span>
          </Figure>
        ))}
      </div>
      <Answer query={sheet} lines={8}>
        {(body) => (
          <>
            <Equity sheet={body} />
            {body.traded.map((each) => <Trades key={each.instrument} traded={each} />)}
            <Facts
              rows={[
                [
                  "to save",
                  <span key="files" className="flex flex-wrap gap-3">
                    {body.files.map((file) => (
                      <a key={file} className="num inline-flex min-h-6 items-center text-accent underline" href={`${ROOT}/reports/${encodeURIComponent(name)}/files/${file}`} download data-testid="report-file">
                        {file}
                      </a>
                    ))}
                  </span>,
                ],
              ]}
            />
          </>
        )}
      </Answer>
    </div>
  );
}
