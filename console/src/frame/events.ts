/** What kinds of events look like. */
import type { Tone } from "@/components/Badge";

const BAD = /(rejected|refused|halted|broken|failed|reversed|removed|mismatch|unparsed|foreign|denied)/;
const WARN = /(alert_raised|held|expired|canceled|cancelled|overdue|differ|frozen|late|locked|not_sent)/;
const GOOD = /(filled|lifted|found|settled|cleared|agreed)/;

export function toneOfEvent(type: string): Tone {
  if (type.includes("unknown")) return "unknown";
  if (BAD.test(type)) return "bad";
  if (WARN.test(type)) return "warn";
  return GOOD.test(type) ? "good" : "plain";
}

export const TONE_TEXT: Record<Tone, string> = {
  good: "text-buy",
  warn: "text-warn",
  bad: "text-danger",
  info: "text-info",
  unknown: "text-unknown",
  plain: "text-text2",
  accent: "text-accent",
};

/** `order_filled` as words. */
export function wordsOf(type: string): string {
  return type.replaceAll("_", " ");
}

const TOLD = [
  "side",
  "qty",
  "shares",
  "token_amount",
  "instrument",
  "underlying",
  "price",
  "limit",
  "reason",
  "name",
  "detail",
  "scope",
  "account",
  "mode",
  "end",
  "filled_qty",
  "venue_order_id",
  "slot",
  "order_id",
] as const;
const SAID: Record<string, (text: string) => string> = {
  price: (text) => `at ${text}`,
  limit: (text) => `limit ${text}`,
  filled_qty: (text) => `with ${text} filled`,
  venue_order_id: (text) => `as ${text}`,
  slot: (text) => `slot ${text}`,
  reason: (text) => text.replaceAll("_", " "),
};
const ONE_OF = [
  ["qty", "shares", "token_amount"],
  ["instrument", "underlying"],
] as const;

/** The fields of an event that say most, in one line; of fields that say the same thing only the first. */
export function sentenceOf({ fields }: { fields: Readonly<Record<string, string>> }): string {
  const there = (name: string): boolean => fields[name] !== undefined && fields[name] !== "None" && fields[name] !== "";
  const dropped = new Set(ONE_OF.flatMap((names) => names.filter(there).slice(1) as readonly string[]));
  const told = TOLD.filter((name) => there(name) && !dropped.has(name));
  const words = told.map((name) => SAID[name]?.(fields[name] ?? "") ?? fields[name]);
  return (told.length > 1 ? words.filter((_, index) => told[index] !== "order_id") : words).join(" ");
}
