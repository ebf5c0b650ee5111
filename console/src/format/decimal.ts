/**
 * Amounts arrive as texts and stay texts: the browser groups and shortens their digits for the eye and computes nothing.
 */

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const NO_BREAK = "\u00a0";
const MINUS = "\u2212";

type Parts = { negative: boolean; whole: string; fraction: string };

function plain(whole: string, fraction: string, exponent: number): [string, string] {
  if (exponent === 0) return [whole, fraction];
  if (exponent > 0) {
    const padded = fraction.padEnd(exponent, "0");
    return [whole + padded.slice(0, exponent), padded.slice(exponent)];
  }
  const padded = whole.padStart(1 - exponent, "0");
  return [padded.slice(0, exponent), padded.slice(exponent) + fraction];
}

function partsOf(text: string): Parts | null {
  const found = DECIMAL.exec(text.trim());
  if (!found) return null;
  const [whole, fraction] = plain(found[2] ?? "0", found[3] ?? "", Number(found[4] ?? "0"));
  return { negative: found[1] === "-", whole: whole.replace(/^0+(?=\d)/, ""), fraction };
}

/** Adds one to the last digit of a row of digits, and carries. */
function carried(digits: string): string {
  const kept = digits.replace(/9+$/, "");
  const nines = digits.length - kept.length;
  const last = kept.slice(-1);
  const head = last === "" ? "1" : kept.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1);
  return head + "0".repeat(nines);
}

function shortened(parts: Parts, places: number): Parts {
  if (parts.fraction.length <= places) return { ...parts, fraction: parts.fraction.padEnd(places, "0") };
  const kept = parts.whole + parts.fraction.slice(0, places);
  const digits = (parts.fraction[places] ?? "0") >= "5" ? carried(kept) : kept;
  const cut = digits.length - places;
  return { ...parts, whole: digits.slice(0, cut), fraction: digits.slice(cut) };
}

function grouped(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

export type Shape = {
  /** Digits after the point that are shown; all of them, without closing zeros, when left out. */
  places?: number | undefined;
  /** At most so many digits after the point, without closing zeros. */
  most?: number | undefined;
  /** Whether a gain carries a plus. */
  signed?: boolean | undefined;
};

/** The amount as a person reads it: grouped by thousands, with a true minus. A text that is no amount stays as it is. */
export function shown(text: string, { places, most, signed = false }: Shape = {}): string {
  const parts = partsOf(text);
  if (parts === null) return text;
  const cut = most !== undefined && parts.fraction.length > most ? shortened(parts, most) : parts;
  const short = places === undefined ? { ...cut, fraction: cut.fraction.replace(/0+$/, "") } : shortened(parts, places);
  const zero = /^0*$/.test(short.whole + short.fraction);
  const sign = zero ? "" : short.negative ? MINUS : signed ? "+" : "";
  return sign + grouped(short.whole) + (short.fraction === "" ? "" : `.${short.fraction}`);
}

/** The most digits after the point that any of the amounts needs, so that they stand digit under digit. */
export function placesOf(texts: readonly (string | null | undefined)[], most: number): number {
  return Math.min(most, Math.max(0, ...texts.map((text) => partsOf(text ?? "")?.fraction.replace(/0+$/, "").length ?? 0)));
}

/** Which way an amount points: -1, 0 or 1, read from its text. */
export function directionOf(text: string): -1 | 0 | 1 {
  const parts = partsOf(text);
  if (parts === null || /^0*$/.test(parts.whole + parts.fraction)) return 0;
  return parts.negative ? -1 : 1;
}

/** The place of an amount on a chart. For drawing only: nothing that is read off this number is shown as an amount. */
export function toPixels(text: string): number {
  return Number(text);
}

export function withUnit(amount: string, unit: string | null | undefined): string {
  return unit ? `${amount}${NO_BREAK}${unit}` : amount;
}

/** Orders two amounts by value, digit by digit; texts that are no amounts come last. */
export function compared(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (left === null || right === null) return left === right ? a.localeCompare(b) : left === null ? 1 : -1;
  const [up, down] = [directionOf(a), directionOf(b)];
  if (up !== down) return up - down;
  const places = Math.max(left.fraction.length, right.fraction.length);
  const digits = Math.max(left.whole.length, right.whole.length);
  const [x, y] = [left, right].map((p) => p.whole.padStart(digits, "0") + p.fraction.padEnd(places, "0")) as [string, string];
  const size = x < y ? -1 : x > y ? 1 : 0;
  return up < 0 ? -size : size;
}
