/** What a report says, for whoever reads it: in sections with a title, each number under its words. */
import { spanText } from "@/format/time";

export type Section = { title: string; rows: readonly (readonly [string, string])[] };
type Report = Readonly<Record<string, unknown>>;

const NS_PER_MS = 1_000_000;

/** The sections that a report of our own has; one that is not named here goes under the words of its key. */
const TITLES: Report = {
  run: "The run",
  parts: "Result, in the quote",
  total_usd: "Result, USD",
  orders: "Orders",
  held: "Held back",
  queue: "Waits of what made the market",
  equity: "Equity",
  trades: "Closed trades, USD",
  exposure_usd: "Exposure, USD",
  turnover: "Turnover",
};

/** Words for keys whose own words would not say enough. */
const WORDS: Report = {
  schema: "form of the report",
  from: "first instant",
  to: "last instant",
  is_whole: "came to the end of the tape",
  rows: "rows of the tape",
  adds_up: "the parts add up",
  without_middle: "executions without a middle",
  no_orders: "why there were no orders",
  not_annualised: "why nothing is said of a year",
  std_sample: "deviation of returns",
  max_drawdown_duration_periods: "longest drawdown, steps",
  cagr: "growth a year",
  change: "change of worth",
  of_mean_equity: "of the mean equity",
};

const isPlain = (value: unknown): boolean => typeof value !== "object" || value === null;

/** The words of a key, its unit behind a comma. */
export function wordsOf(key: string): string {
  const known = WORDS[key];
  if (typeof known === "string") return known;
  return key
    .replace(/_(ns|periods)$/, "")
    .replace(/_(usd|bps|s)$/, (_, unit: string) => `, ${unit === "usd" ? "USD" : unit}`)
    .replace(/(^|_)max(?=_|$)/, "$1largest")
    .replaceAll("_95", ", 19 of 20")
    .replaceAll("_", " ");
}

function textOf(key: string, value: unknown): string {
  if (value === null || value === undefined) return "not told";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && key.endsWith("_ns")) return spanText(value / NS_PER_MS);
  return String(value);
}

function rowsOf(found: Report, lead = ""): [string, string][] {
  return Object.entries(found).flatMap(([key, value]): [string, string][] => {
    const words = lead === "" ? wordsOf(key) : `${lead}: ${wordsOf(key)}`;
    if (isPlain(value)) return [[words, textOf(key, value)]];
    if (Array.isArray(value)) return value.length === 0 ? [] : [[words, value.map((each) => (isPlain(each) ? textOf(key, each) : rowsOf(each as Report).map((row) => row.join(" ")).join(", "))).join("; ")]];
    return rowsOf(value as Report, words);
  });
}

const titleOf = (key: string): string => (TITLES[key] as string | undefined) ?? wordsOf(key);

/** Every number of a report once: what stands alone with the run, then each part of it, and of a list each item. */
export function sectionsOf(report: Report): Section[] {
  const isList = (value: unknown): value is Report[] => Array.isArray(value) && value.some((each) => !isPlain(each));
  const alone = Object.fromEntries(Object.entries(report).filter(([, value]) => isPlain(value) || (Array.isArray(value) && !isList(value))));
  const { run, ...parts } = Object.fromEntries(Object.entries(report).filter(([key]) => !(key in alone)));
  const found: Section[] = [{ title: titleOf("run"), rows: [...rowsOf(alone), ...rowsOf((run ?? {}) as Report)] }];
  for (const [key, value] of Object.entries(parts)) {
    if (!isList(value)) found.push({ title: titleOf(key), rows: rowsOf(value as Report) });
    else for (const { instrument, owner, ...rest } of value) found.push({ title: [titleOf(key), owner, instrument].filter(Boolean).join(" · "), rows: rowsOf(rest) });
  }
  return found.filter(({ rows }) => rows.length > 0);
}
