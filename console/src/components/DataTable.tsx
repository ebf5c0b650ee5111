import {
  getCoreRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type Row as TableRow,
  type SortingState,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Fragment, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { counted } from "@/format/counted";
import { useSettings } from "@/settings/settings";
import { useKept } from "@/view/address";
import { IconButton } from "./Button";
import { Icon } from "./Icon";
import { usePanelActions } from "./Panel";
import { Empty } from "./States";
import { cx } from "./cx";
import { csvOf, isWanted, ordered, save, termsOf, toNextFilter, type Column, type Whole } from "./table";

const ROW_PX = { dense: 36, wide: 44 } as const;
const OVERSCAN = 12;
const TIGHT = "px-1";

type Props<Row> = {
  testid: string;
  /** What the table shows, for those who cannot see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  onOpen?: (row: Row) => void;
  /** Marks one row as the one whose details are shown. */
  openKey?: string | null;
  rowTone?: (row: Row) => string | undefined;
  /** A line before the row of this key, while the rows stand in the order in which they came. */
  line?: { before: string; says: ReactNode } | null;
  empty?: ReactNode;
  filters?: ReactNode;
  footer?: ReactNode;
  /** Draws its many columns close together; their heads may take two lines. */
  tight?: boolean;
  /** The height of the table in CSS; it grows with its rows when left out. */
  height?: string | undefined;
  /** Whether rows can be filtered; without it only the buttons that export stand in the head of the panel. */
  tools?: boolean;
  onEnd?: () => void;
  /** Gives also the rows that were not scrolled to yet, for what is exported; those that are loaded are all when left out. */
  whole?: () => Promise<Whole<Row>>;
};

/** The order of rows as a text: the name of a column, a minus before it where the largest stands first. */
function sortingOf(text: string, columns: readonly { id: string }[]): SortingState {
  const id = text.replace(/^-/, "");
  return columns.some((column) => column.id === id) ? [{ id, desc: text.startsWith("-") }] : [];
}

function useTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], order: string, setOrder: (next: string) => void) {
  const defs = useMemo<ColumnDef<Row>[]>(
    () =>
      columns.map((column) => ({
        id: column.id,
        accessorFn: (row) => column.text(row) ?? "",
        enableSorting: column.sort !== "none",
        sortingFn: (a: TableRow<Row>, b: TableRow<Row>) => ordered(a.original, b.original, column),
      })),
    [columns],
  );
  const sorting = useMemo(() => sortingOf(order, columns), [order, columns]);
  return useReactTable<Row>({
    data: rows as Row[],
    columns: defs,
    state: { sorting },
    onSortingChange: (change) => {
      const [first] = typeof change === "function" ? change(sorting) : change;
      setOrder(first === undefined ? "" : `${first.desc ? "-" : ""}${first.id}`);
    },
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
}

type Exported<Row> = { testid: string; label: string; columns: readonly Column<Row>[]; rows: () => Promise<Whole<Row>> };

/** All rows that are asked for, as a file and for the clipboard. What they came to is said beside it. */
function Exports<Row>({ testid, label, columns, rows }: Exported<Row>) {
  const [said, setSaid] = useState("");
  function take(what: string, keep: (rows: readonly Row[]) => void | Promise<void>): void {
    const work = async (): Promise<string> => {
      const whole = await rows();
      await keep(whole.rows);
      return `${what} ${counted(whole.rows.length, "row")}${whole.cut ? " of more: ask for fewer days" : ""}`;
    };
    setSaid("asking for all rows");
    void work().catch((error: unknown) => `not ${what}: ${error instanceof Error ? error.message : String(error)}`).then(setSaid);
  }
  return (
    <>
      <span className="text-2xs text-muted" role="status" data-testid={`${testid}-exported`}>
        {said}
      </span>
      <IconButton name="save" label={`Save ${label} as CSV`} data-testid={`${testid}-csv`} onClick={() => take("saved", (all) => save(`${testid}.csv`, csvOf(columns, all), "text/csv"))} />
      <IconButton name="copy" label={`Copy ${label} as JSON`} data-testid={`${testid}-json`} onClick={() => take("copied", (all) => navigator.clipboard.writeText(JSON.stringify(all, null, 2)))} />
    </>
  );
}

function Filter({ testid, label, value, onChange }: { testid: string; label: string; value: string; onChange: (next: string) => void }) {
  function onKey(event: KeyboardEvent<HTMLInputElement>): void {
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "/" || value !== "") return;
    event.preventDefault();
    toNextFilter(event.currentTarget);
  }
  return (
    <label className="inline-flex h-7 items-center gap-1.5 rounded-md border border-field bg-s2 px-2 text-muted focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-accent">
      <Icon name="search" size={13} />
      <span className="sr-only">Filter {label}</span>
      <input
        data-filter
        data-testid={`${testid}-filter`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKey}
        title={'buy coin: both · !filled: not · side:buy: in that column · "two words": together'}
        placeholder="Filter  /"
        className="h-6 w-36 bg-transparent text-xs text-text outline-none placeholder:text-muted"
      />
    </label>
  );
}

/** Rows under sortable heads, drawn only where they are seen. `j` and `k` walk them, Enter opens one. */
export function DataTable<Row>(props: Props<Row>) {
  const { testid, label, columns, rows, rowKey, onOpen, openKey, rowTone, line, empty, filters, footer, tight = false, height, tools = true, onEnd, whole } = props;
  const [filter, setFilter] = useKept(`${testid}.filter`);
  const [order, setOrder] = useKept(`${testid}.order`);
  const scroller = useRef<HTMLDivElement>(null);
  const { settings, onPaper } = useSettings();
  const panelActions = usePanelActions();
  const wanted = useMemo(() => {
    const terms = termsOf(filter, columns);
    return terms.length === 0 ? rows : rows.filter((row) => isWanted(row, columns, terms));
  }, [rows, columns, filter]);
  const table = useTable(columns, wanted, order, setOrder);
  const shown = table.getRowModel().rows;
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX[settings.density],
    overscan: OVERSCAN,
    initialRect: { width: 0, height: 600 },
  });
  const seen = virtual.getVirtualItems();
  const items = onPaper ? shown.map((_, index) => ({ index })) : seen;
  const before = onPaper ? 0 : (seen[0]?.start ?? 0);
  const after = onPaper ? 0 : virtual.getTotalSize() - (seen[seen.length - 1]?.end ?? 0);

  function onKey(event: KeyboardEvent<HTMLTableRowElement>, row: Row): void {
    if (event.key === "Enter" && event.target === event.currentTarget) {
      event.preventDefault();
      onOpen?.(row);
    }
  }

  function onScroll(): void {
    const at = scroller.current;
    if (at && onEnd && at.scrollTop + at.clientHeight > at.scrollHeight - 400) onEnd();
  }

  async function exported(): Promise<Whole<Row>> {
    if (!whole) return { rows: shown.map((row) => row.original), cut: false };
    const all = await whole();
    const terms = termsOf(filter, columns);
    const left = all.rows.filter((row) => isWanted(row, columns, terms));
    const [sorted] = sortingOf(order, columns);
    const column = sorted === undefined ? undefined : byId.get(sorted.id);
    return { rows: column === undefined ? left : left.sort((a, b) => ordered(a, b, column) * (sorted?.desc ? -1 : 1)), cut: all.cut };
  }

  const exports = <Exports testid={testid} label={label} columns={columns} rows={exported} />;
  return (
    <div data-testid={testid} className="flex min-h-0 min-w-0 flex-col">
      {tools && (
        <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-1.5 print:hidden">
          <Filter testid={testid} label={label} value={filter} onChange={setFilter} />
          {filters}
          <span className="ml-auto text-2xs text-muted" data-testid={`${testid}-count`}>
            {shown.length === rows.length ? `${rows.length} rows` : `${shown.length} of ${rows.length} rows`}
          </span>
          {exports}
        </div>
      )}
      {!tools && panelActions && createPortal(exports, panelActions)}
      <div
        ref={scroller}
        onScroll={onScroll}
        className={cx("relative min-h-0", !onPaper && "overflow-auto")}
        style={height && !onPaper ? { height } : undefined}
        tabIndex={shown.length > 0 && !onOpen ? 0 : undefined}
        role="region"
        aria-label={`table of ${label}`}
      >
        <table className="w-full border-separate border-spacing-0 text-left" data-rows>
          <thead>
            <tr>
              {table.getFlatHeaders().map((header) => {
                const column = byId.get(header.id);
                const sorted = header.column.getIsSorted();
                return (
                  <th
                    key={header.id}
                    scope="col"
                    aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : "none"}
                    className={cx(
                      "sticky top-0 z-10 h-8 border-b border-line bg-s1 text-2xs font-medium text-muted",
                      tight ? TIGHT : "px-3 whitespace-nowrap",
                      column?.align === "right" && "text-right",
                    )}
                  >
                    {header.column.getCanSort() ? (
                      <button
                        type="button"
                        data-testid={`${testid}-sort-${header.id}`}
                        onClick={header.column.getToggleSortingHandler()}
                        className={cx("inline-flex min-h-6 min-w-6 items-center gap-1 leading-tight hover:text-text", column?.align === "right" ? "justify-end text-right" : "text-left")}
                      >
                        {column?.head}
                        {sorted && <Icon name={sorted === "asc" ? "up" : "down"} size={10} />}
                      </button>
                    ) : (
                      column?.head || <span className="sr-only">Acts</span>
                    )}
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
            {items.map((item) => {
              const row = shown[item.index];
              if (!row) return null;
              const key = rowKey(row.original);
              const isBelow = line?.before === key && table.getState().sorting.length === 0;
              return (
                <Fragment key={key}>
                {isBelow && (
                  <tr data-testid={`${testid}-line`}>
                    <td colSpan={columns.length} className="h-7 border-y border-accent bg-s2 px-3 text-xs">
                      {line.says}
                    </td>
                  </tr>
                )}
                <tr
                  data-row={key}
                  data-testid={`${testid}-row`}
                  aria-selected={openKey === undefined ? undefined : openKey === key}
                  tabIndex={onOpen && item.index === 0 ? 0 : -1}
                  onClick={onOpen ? () => onOpen(row.original) : undefined}
                  onKeyDown={(event) => onKey(event, row.original)}
                  className={cx(
                    "row-h outline-offset-[-2px] hover:bg-s2 aria-selected:bg-s3",
                    onOpen && "cursor-pointer",
                    rowTone?.(row.original),
                  )}
                >
                  {columns.map((column) => (
                    <td
                      key={column.id}
                      data-col={column.id}
                      className={cx(
                        "border-b border-line/60 whitespace-nowrap",
                        tight ? TIGHT : "px-3",
                        column.align === "right" && "text-right",
                        column.className,
                      )}
                    >
                      {column.cell ? column.cell(row.original) : column.text(row.original)}
                    </td>
                  ))}
                </tr>
                </Fragment>
              );
            })}
            {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
          </tbody>
          {footer}
        </table>
        {shown.length === 0 && (empty ?? <Empty>nothing here</Empty>)}
      </div>
    </div>
  );
}
