import { expect, it } from "vitest";
import { csvOf, ordered, type Column } from "./table";

type Row = { name: string; amount: string | null };
const columns: readonly Column<Row>[] = [
  { id: "name", head: "Name", text: (row) => row.name },
  { id: "amount", head: "Amount, USD", text: (row) => row.amount, sort: "amount" },
];

it("saves every amount exactly as it arrived", () => {
  const rows = [{ name: 'a "b"', amount: "-3604.929247256446234765" }, { name: "c", amount: null }];
  expect(csvOf(columns, rows)).toBe('Name,"Amount, USD"\r\n"a ""b""",-3604.929247256446234765\r\nc,\r\n');
});

it("saves no column that has no name, for it only holds acts", () => {
  const acts: Column<Row> = { id: "acts", head: "", text: () => null };
  expect(csvOf([...columns, acts], [{ name: "c", amount: "1" }])).toBe('Name,"Amount, USD"\r\nc,1\r\n');
});

it("saves no cell that a spreadsheet would compute", () => {
  expect(csvOf(columns, [{ name: "=HYPERLINK(1)", amount: "-1" }])).toContain("'=HYPERLINK(1),-1");
  expect(csvOf(columns, [{ name: "\uff1dA1", amount: "-1" }])).toContain("'\uff1dA1,-1");
});

it("orders amounts by value and puts what is missing last", () => {
  const amounts = ["10", "9", null, "-1"].map((amount) => ({ name: "", amount }));
  const sorted = [...amounts].sort((a, b) => ordered(a, b, columns[1] as Column<Row>));
  expect(sorted.map((row) => row.amount)).toEqual(["-1", "9", "10", null]);
});
