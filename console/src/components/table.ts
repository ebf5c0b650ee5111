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

function quoted(text: string): string {
  // A cell that a spreadsheet would compute is told to be text.
  const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows as comma separated values, each amount exactly as it arrived. */
export function csvOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map((column) => quoted(column.head))];
  for (const row of rows) lines.push(columns.map((column) => quoted(column.text(row) ?? "")));
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

export function ordered<Row>(a: Row, b: Row, column: Column<Row>): number {
  const [x, y] = [column.text(a), column.text(b)];
  if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
  return column.sort === "amount" ? compared(x, y) : x.localeCompare(y);
}

export function save(name: string, text: string, kind: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
