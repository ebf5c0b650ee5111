/** A part of a result: its name, and what it is. */
type Part = { name: string; says: string };

const PARTS: Readonly<Record<string, Part>> = {
  edge: { name: "edge at the fill", says: "the fill against the market's price at that moment" },
  waiting: { name: "drift, while waiting", says: "what the market moved from the fill until its hedge was decided, in the same session" },
  gap: { name: "drift, over a pause", says: "what the market moved while the hedge had to wait for another session" },
  slippage: { name: "slippage, as result", says: "the hedge against the price that it was decided on; below zero when worse" },
  unsplit: { name: "edge and drift, unsplit", says: "what lies between fill and hedge where a price between them is not known" },
  netting: { name: "netting", says: "fills that closed fills" },
  in_kind: { name: "taken in kind", says: "what fees took of what was traded: lost in the other parts, and counted as a cost" },
  other: { name: "other trades", says: "all other trades" },
};

/** The part of a result by its name in the report, in the words of whoever trades. */
export function partOf(name: string): Part {
  return PARTS[name] ?? { name: name.replaceAll("_", " "), says: "" };
}

export const CAPTURED = "the fills onchain against the prices of their hedges: edge at the fill, drift and slippage together, before costs";
export const SLIPPAGE_COST = "what executions cost beyond the price that they were decided on; above zero when worse";

/** Amounts of results are read in cents, and their sums were made before that. */
export const ROUNDED = "cents are rounded, each title has all digits";
