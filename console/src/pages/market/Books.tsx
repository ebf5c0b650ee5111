import type { Schemas } from "@/api/types";
import { AgeChip, Fresh } from "@/components/Age";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { compared, shown } from "@/format/decimal";

const SPREAD_PLACES = 2;

export type BookBody = Schemas["BookBody"];

/** How old a book is and may be, in the seconds of every other age. */
export function seenOf(book: BookBody): { seen_at: string | null; age_s_max: number | null } {
  return { seen_at: book.seen_at, age_s_max: book.age_ms_max === null ? null : book.age_ms_max / 1000 };
}

/** The spread of a book in basis points. Two prices that differ are never said to be none apart. */
export function spreadText({ bid, ask, spread_bps }: Pick<BookBody, "bid" | "ask" | "spread_bps">): string | null {
  if (spread_bps === null) return null;
  const text = shown(spread_bps, { most: SPREAD_PLACES });
  return text === "0" && compared(bid ?? "", ask ?? "") !== 0 ? "<0.01" : text;
}

const fresh = (book: BookBody, value: string | null, unit?: string): React.ReactNode => (
  <Fresh seen={seenOf(book)}>
    <Amount value={value} unit={unit} />
  </Fresh>
);

const COLUMNS: readonly Column<BookBody>[] = [
  { id: "instrument", head: "Instrument", text: (book) => book.instrument, cell: (book) => <span className="font-medium">{book.instrument}</span> },
  { id: "state", head: "State", text: (book) => book.unfit ?? "fit", cell: (book) => <Badge tone={book.unfit === null ? "good" : "unknown"}>{book.unfit ?? "fit"}</Badge> },
  { id: "bid_qty", head: "Bid size", align: "right", sort: "amount", text: (book) => book.bid_qty, cell: (book) => fresh(book, book.bid_qty) },
  { id: "bid", head: "Bid", align: "right", sort: "amount", text: (book) => book.bid, cell: (book) => fresh(book, book.bid) },
  { id: "ask", head: "Ask", align: "right", sort: "amount", text: (book) => book.ask, cell: (book) => fresh(book, book.ask) },
  { id: "ask_qty", head: "Ask size", align: "right", sort: "amount", text: (book) => book.ask_qty, cell: (book) => fresh(book, book.ask_qty) },
  { id: "mid", head: "Middle", align: "right", sort: "amount", text: (book) => book.mid, cell: (book) => fresh(book, book.mid) },
  { id: "spread", head: "Spread", align: "right", sort: "amount", text: (book) => book.spread_bps, cell: (book) => fresh(book, spreadText(book), "bps") },
  { id: "age", head: "Age", align: "right", sort: "none", text: (book) => book.seen_at, cell: (book) => <AgeChip seen={seenOf(book)} always testid="books-age" /> },
];

/** The touch of every book that the engine keeps. */
export function Books({ books, chosen, onChoose }: { books: readonly BookBody[]; chosen: string | null; onChoose: (instrument: string) => void }) {
  return (
    <Panel title="Books" testid="books" flush>
      <DataTable
        testid="books-table"
        label="books"
        columns={COLUMNS}
        rows={books}
        rowKey={(book) => book.instrument}
        onOpen={(book) => onChoose(book.instrument)}
        openKey={chosen}
        tools={books.length > 8}
        empty={<Empty icon="market">no strategy of this desk reads an order book</Empty>}
      />
    </Panel>
  );
}
