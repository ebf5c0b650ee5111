import type { ReactNode } from "react";
import { compared } from "@/format/decimal";

/** A column: what is shown, and the text by which it is sorted, filtered and exported. */
export type Column<Row> = {
  id: string;
  head: string;
  text: (row: Row) => string | null;
  cell?: (row: Row) => ReactNode;
  align?: "left" | "right";
  sort?: "text" | "amount" | "none";
  className?: string;
};

/** All rows that are asked for; `cut` where there are more than are given. */
export type Whole<Row> = { rows: readonly Row[]; cut: boolean };

function quoted(text: string): string {
  // A cell that a spreadsheet would compute is told to be text.
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows as comma separated values, each amount exactly as it arrived. */
export function csvOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  // A column without a name holds only what can be done with a row.
  const named = columns.filter((column) => column.head !== "");
  const lines = [named.map((column) => quoted(column.head))];
  for (const row of rows) lines.push(named.map((column) => quoted(column.text(row) ?? "")));
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

export function ordered<Row>(a: Row, b: Row, column: Column<Row>): number {
  const [x, y] = [column.text(a), column.text(b)];
  if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
  return column.sort === "amount" ? compared(x, y) : x.localeCompare(y);
}

/** One demand on a row: a text that stands in one of its columns, or in a named one, or does not. */
type Term = { text: string; column: string | null; not: boolean };

const TERM = /(!?)(?:(\w+):)?(?:"([^"]*)"|(\S+))/g;

/** The demands of a filter: `buy coin` both, `!filled` not, `side:buy` in that column, `"two words"` together. */
export function termsOf<Row>(filter: string, columns: readonly Column<Row>[]): readonly Term[] {
  const named = (name: string): string | null => columns.find((column) => [column.id, column.head].some((one) => one.toLowerCase() === name))?.id ?? null;
  return [...filter.toLowerCase().matchAll(TERM)].map(([, not, name, together, word]) => {
    const text = together ?? word ?? "";
    const column = name === undefined ? null : named(name);
    return { text: name !== undefined && column === null ? `${name}:${text}` : text, column, not: not === "!" };
  });
}

/** Whether a row is as every demand wants it. */
export function isWanted<Row>(row: Row, columns: readonly Column<Row>[], terms: readonly Term[]): boolean {
  const has = ({ text, column }: Term): boolean => columns.some((one) => (column === null || one.id === column) && (one.text(row) ?? "").toLowerCase().includes(text));
  return terms.every((term) => has(term) !== term.not);
}

/** Goes to the filter of the first table, and from one filter to that of the next table. */
export function toNextFilter(from: Element | null): void {
  const filters = [...document.querySelectorAll<HTMLInputElement>("main [data-filter]")];
  filters[(filters.indexOf(from as HTMLInputElement) + 1) % filters.length]?.focus();
}

/** Lets the browser keep a file under a name. */
export function save(name: string, content: BlobPart, kind: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: kind }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
