import { fireEvent, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { draw } from "@/testing/harness";
import { DataTable } from "./DataTable";
import type { Column } from "./table";

type Row = { id: string; amount: string };
const COLUMNS: readonly Column<Row>[] = [
  { id: "id", head: "Id", text: (row) => row.id },
  { id: "amount", head: "Amount", text: (row) => row.amount, sort: "amount", align: "right" },
];
const ROWS = [
  { id: "a", amount: "10" },
  { id: "b", amount: "-2.5" },
  { id: "c", amount: "9.75" },
];
const ids = (): (string | null)[] => screen.getAllByTestId("rows-row").map((row) => row.getAttribute("data-row"));

describe("a table", () => {
  it("sorts amounts by value, up and then down", () => {
    draw(<DataTable testid="rows" label="rows" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.id} />);
    fireEvent.click(screen.getByTestId("rows-sort-amount"));
    const once = ids();
    fireEvent.click(screen.getByTestId("rows-sort-amount"));
    expect([once, ids()]).toEqual([
      ["b", "c", "a"],
      ["a", "c", "b"],
    ]);
  });

  it("filters by the text of every column and says how many are left", () => {
    draw(<DataTable testid="rows" label="rows" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.id} />);
    fireEvent.change(screen.getByTestId("rows-filter"), { target: { value: "9.7" } });
    expect(ids()).toEqual(["c"]);
    expect(screen.getByTestId("rows-count").textContent).toBe("1 of 3 rows");
  });

  it("opens a row by Enter, and by Enter in a field within it does not", () => {
    const open = vi.fn();
    const columns: readonly Column<Row>[] = [...COLUMNS, { id: "field", head: "", text: () => null, sort: "none", cell: () => <input data-testid="field" /> }];
    draw(<DataTable testid="rows" label="rows" columns={columns} rows={ROWS.slice(0, 1)} rowKey={(row) => row.id} onOpen={open} />);
    fireEvent.keyDown(screen.getByTestId("field"), { key: "Enter" });
    expect(open).not.toHaveBeenCalled();
    fireEvent.keyDown(screen.getByTestId("rows-row"), { key: "Enter" });
    expect(open).toHaveBeenCalledWith(ROWS[0]);
  });

  it("draws a part of many rows only", () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ id: `${index}`, amount: "1" }));
    draw(<DataTable testid="rows" label="rows" columns={COLUMNS} rows={many} rowKey={(row) => row.id} height="400px" />);
    expect(ids().length).toBeLessThan(60);
    expect(screen.getByTestId("rows-count").textContent).toBe("5000 rows");
  });

  it("says why it is empty", () => {
    draw(<DataTable testid="rows" label="rows" columns={COLUMNS} rows={[]} rowKey={(row) => row.id} empty={<p>nothing was sent</p>} />);
    expect(screen.getByText("nothing was sent")).toBeTruthy();
  });
});
