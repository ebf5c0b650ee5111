import { Amount } from "@/components/Amount";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { cx } from "@/components/cx";
import { placesOf, toPixels } from "@/format/decimal";
import { seenOf, type BookBody } from "./Books";

type Level = BookBody["bids"][number];

const SHOWN = 12;
const MOST = 8;

/** One side of a book. Both prices stand in the middle, and the bars grow away from them. */
function Levels({ levels, side, deepest }: { levels: readonly Level[]; side: "bid" | "ask"; deepest: number }) {
  const isBid = side === "bid";
  const colour = isBid ? "var(--buy)" : "var(--sell)";
  const heads = isBid ? ["total", "size", side] : [side, "size", "total"];
  const [prices, sizes, totals] = (["price", "qty", "total"] as const).map((name) => placesOf(levels.map((level) => level[name]), MOST));
  return (
    <table className="w-full border-separate border-spacing-0 text-xs" data-testid={`book-${side}s`}>
      <caption className="sr-only">{side === "bid" ? "bids, the best first" : "asks, the best first"}</caption>
      <thead>
        <tr className="text-2xs text-muted">
          {heads.map((head) => (
            <th key={head} scope="col" className={isBid ? "px-3 py-1 text-right font-medium" : "px-3 py-1 text-left font-medium"}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {levels.slice(0, SHOWN).map((level) => {
          const part = deepest === 0 ? 0 : (toPixels(level.total) / deepest) * 100;
          const cells = [
            <td key="total" className={cx("h-6 px-3 text-text2", isBid && "text-right")}><Amount value={level.total} places={totals} /></td>,
            <td key="size" className={cx("px-3", isBid && "text-right")}><Amount value={level.qty} places={sizes} /></td>,
            <td key="price" className={isBid ? "px-3 text-right text-buy" : "px-3 text-sell"}><Amount value={level.price} places={prices} /></td>,
          ];
          return (
            <tr
              key={level.price}
              style={{ background: `linear-gradient(to ${isBid ? "left" : "right"}, color-mix(in srgb, ${colour} 14%, transparent) ${part}%, transparent ${part}%)` }}
            >
              {isBid ? cells : cells.reverse()}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The levels of one book on both sides. */
export function Book({ book }: { book: BookBody }) {
  const deepest = Math.max(0, ...[...book.bids.slice(0, SHOWN), ...book.asks.slice(0, SHOWN)].map((level) => toPixels(level.total)));
  return (
    <Panel title={`Depth of ${book.instrument}`} testid="book" seen={seenOf(book)} flush>
      {book.bids.length + book.asks.length === 0 ? (
        <Empty icon="unknown">{book.unfit ?? "the book is empty"}</Empty>
      ) : (
        <div className="grid grid-cols-2">
          <Levels levels={book.bids} side="bid" deepest={deepest} />
          <Levels levels={book.asks} side="ask" deepest={deepest} />
        </div>
      )}
    </Panel>
  );
}
