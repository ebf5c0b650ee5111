/** The course of a row of amounts, as a sentence: what a chart shows, for those who do not see it. Amounts are compared as texts. */
import { compared, shown } from "./decimal";

export type Ends = { first: string; last: string; low: string; high: string };

/** The first, the last, the lowest and the highest of some amounts; null where there is none. */
export function endsOf(texts: readonly (string | null)[]): Ends | null {
  const known = texts.filter((text): text is string => text !== null);
  const [first] = known;
  const last = known[known.length - 1];
  if (first === undefined || last === undefined) return null;
  const low = known.reduce((least, text) => (compared(text, least) < 0 ? text : least));
  const high = known.reduce((most, text) => (compared(text, most) > 0 ? text : most));
  return { first, last, low, high };
}

/** From what to what some amounts went, and between what they stood. */
export function courseOf(texts: readonly (string | null)[], unit = "", most = 8): string {
  const ends = endsOf(texts);
  if (ends === null) return "nothing is known";
  const [first, last, low, high] = [ends.first, ends.last, ends.low, ends.high].map((text) => shown(text, { most }));
  return `from ${first} to ${last}${unit && ` ${unit}`}, between ${low} and ${high}`;
}
