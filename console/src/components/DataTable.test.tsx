import { act, fireEvent, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { draw } from "@/testing/harness";
import { PAUSE_MS, useView } from "@/view/address";
import { DataTable } from "./DataTable";
import { Panel } from "./Panel";
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

  it.each([
    ["a 10", ["a"]],
    ["!a", ["b", "c"]],
    ["id:b", ["b"]],
    ["amount:-2", ["b"]],
    ["12:30", []],
    ['"9.75"', ["c"]],
    ["!id:a !id:b", ["c"]],
  ])("wants all that %s says", (filter, left) => {
    draw(<DataTable testid="rows" label="rows" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.id} />);
    fireEvent.change(screen.getByTestId("rows-filter"), { target: { value: filter } });
    expect(screen.queryAllByTestId("rows-row").map((row) => row.getAttribute("data-row"))).toEqual(left);
  });

  it("stands as its address says, and its address as it stands", () => {
    vi.useFakeTimers();
    function Address() {
      const [search] = useView();
      return <output data-testid="address">{JSON.stringify(search)}</output>;
    }
    draw(
      <>
        <DataTable testid="rows" label="rows" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.id} />
        <Address />
      </>,
      undefined,
      { "rows.order": "-amount", "rows.filter": "!b" },
    );
    expect(ids()).toEqual(["a", "c"]);
    fireEvent.click(screen.getByTestId("rows-sort-id"));
    fireEvent.change(screen.getByTestId("rows-filter"), { target: { value: "" } });
    act(() => void vi.advanceTimersByTime(PAUSE_MS));
    expect(JSON.parse(screen.getByTestId("address").textContent ?? "")).toEqual({ "rows.order": "id" });
    vi.useRealTimers();
  });

  it("goes from an empty filter to the next one by /", () => {
    draw(
      <main>
        <DataTable testid="rows" label="rows" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.id} />
        <DataTable testid="more" label="more" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.id} />
      </main>,
    );
    fireEvent.keyDown(screen.getByTestId("rows-filter"), { key: "/" });
    expect(document.activeElement).toBe(screen.getByTestId("more-filter"));
  });

  it("is exported from the head of its panel where it has no filter", async () => {
    const copied = vi.fn();
    vi.stubGlobal("navigator", { clipboard: { writeText: copied } });
    draw(
      <Panel title="Rows" testid="panel">
        <DataTable testid="rows" label="rows" columns={COLUMNS} rows={ROWS} rowKey={(row) => row.id} tools={false} />
      </Panel>,
    );
    expect(screen.getByTestId("panel").querySelector("header")?.contains(screen.getByTestId("rows-csv"))).toBe(true);
    fireEvent.click(screen.getByTestId("rows-json"));
    expect(await screen.findByText("copied 3 rows")).toBeTruthy();
    expect(JSON.parse(copied.mock.calls[0]?.[0] as string)).toEqual(ROWS);
    vi.unstubAllGlobals();
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
