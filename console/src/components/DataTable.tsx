import {
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type Row as TableRow,
  type SortingState,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Fragment, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useSettings } from "@/settings/settings";
import { IconButton } from "./Button";
import { Icon } from "./Icon";
import { Empty } from "./States";
import { cx } from "./cx";
import { csvOf, ordered, save, type Column } from "./table";

const ROW_PX = { dense: 36, wide: 44 } as const;
const OVERSCAN = 12;

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
  /** The height of the table in CSS; it grows with its rows when left out. */
  height?: string | undefined;
  tools?: boolean;
  onEnd?: () => void;
};

function useTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], filter: string) {
  const [sorting, setSorting] = useState<SortingState>([]);
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
  return useReactTable<Row>({
    data: rows as Row[],
    columns: defs,
    state: { sorting, globalFilter: filter },
    onSortingChange: setSorting,
    globalFilterFn: (row, id, wanted: string) => String(row.getValue(id)).toLowerCase().includes(wanted.toLowerCase()),
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
  });
}

/** Rows under sortable heads, drawn only where they are seen. `j` and `k` walk them, Enter opens one. */
export function DataTable<Row>(props: Props<Row>) {
  const { testid, label, columns, rows, rowKey, onOpen, openKey, rowTone, line, empty, filters, footer, height, tools = true, onEnd } = props;
  const [filter, setFilter] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const { settings } = useSettings();
  const table = useTable(columns, rows, filter);
  const shown = table.getRowModel().rows;
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX[settings.density],
    overscan: OVERSCAN,
    initialRect: { width: 0, height: 600 },
  });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items[items.length - 1]?.end ?? 0);

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

  const originals = (): Row[] => shown.map((row) => row.original);
  return (
    <div data-testid={testid} className="flex min-h-0 min-w-0 flex-col">
      {tools && (
        <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-1.5">
          <label className="inline-flex h-7 items-center gap-1.5 rounded-md border border-field bg-s2 px-2 text-muted focus-within:border-accent">
            <Icon name="search" size={13} />
            <span className="sr-only">Filter {label}</span>
            <input
              data-filter
              data-testid={`${testid}-filter`}
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
              placeholder="Filter  /"
              className="w-36 bg-transparent text-xs text-text outline-none placeholder:text-muted"
            />
          </label>
          {filters}
          <span className="ml-auto text-2xs text-muted" data-testid={`${testid}-count`}>
            {shown.length === rows.length ? `${rows.length} rows` : `${shown.length} of ${rows.length} rows`}
          </span>
          <IconButton
            name="save"
            label={`Save ${label} as CSV`}
            data-testid={`${testid}-csv`}
            onClick={() => save(`${testid}.csv`, csvOf(columns, originals()), "text/csv")}
          />
          <IconButton
            name="copy"
            label={`Copy ${label} as JSON`}
            data-testid={`${testid}-json`}
            onClick={() => void navigator.clipboard.writeText(JSON.stringify(originals(), null, 2))}
          />
        </div>
      )}
      <div
        ref={scroller}
        onScroll={onScroll}
        className="min-h-0 overflow-auto"
        style={height ? { height } : undefined}
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
                      "sticky top-0 z-10 h-8 border-b border-line bg-s1 px-3 text-2xs font-medium whitespace-nowrap text-muted",
                      column?.align === "right" && "text-right",
                    )}
                  >
                    {header.column.getCanSort() ? (
                      <button
                        type="button"
                        data-testid={`${testid}-sort-${header.id}`}
                        onClick={header.column.getToggleSortingHandler()}
                        className="inline-flex h-6 items-center gap-1 hover:text-text"
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
                  tabIndex={onOpen ? (item.index === 0 ? 0 : -1) : undefined}
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
                        "border-b border-line/60 px-3 whitespace-nowrap",
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
