import type { Order } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { cx } from "@/components/cx";
import { compared, placesOf, shown, toPixels } from "@/format/decimal";
import { counted } from "@/format/counted";
import { seenOf, type BookBody } from "./Books";

type Level = BookBody["bids"][number];

const SHOWN = 12;
const MOST = 8;
/** Of our orders beyond the levels that are seen, so many of each side are listed. */
const DEEPER_SHOWN = 6;
const NO_ORDERS: readonly Order[] = [];

/** The orders of ours that stand at a price. */
export function ownAt(own: readonly Order[], price: string): readonly Order[] {
  return own.filter((order) => order.limit !== null && compared(order.limit, price) === 0);
}

/** Our orders that stand at none of the levels that are shown, the nearest to the market first. */
export function elsewhere(own: readonly Order[], levels: readonly Level[]): readonly Order[] {
  const deep = own.filter((order) => order.limit === null || !levels.some((level) => compared(level.price, order.limit ?? "") === 0));
  return deep.sort((a, b) => compared(a.limit ?? "", b.limit ?? "") * (a.side === "buy" ? -1 : 1));
}

/** Marks a level at which orders of ours stand, in words too. */
function Ours({ orders }: { orders: readonly Order[] }) {
  const [first] = orders;
  if (!first) return null;
  const says = orders.map((order) => `ours: ${order.side} ${order.leaves}`).join(", ");
  return (
    <Badge tone="accent" title={says} testid="book-own" className="mx-1.5 align-middle">
      {orders.length > 1 ? `${orders.length} ours` : `ours ${shown(first.leaves, { most: MOST })}`}
    </Badge>
  );
}

/** One side of a book. Both prices stand in the middle, and the bars grow away from them. */
function Levels({ levels, side, deepest, own }: { levels: readonly Level[]; side: "bid" | "ask"; deepest: number; own: readonly Order[] }) {
  const deep = elsewhere(own, levels.slice(0, SHOWN)).slice(0, DEEPER_SHOWN);
  const isBid = side === "bid";
  const colour = isBid ? "var(--buy)" : "var(--sell)";
  const heads = isBid ? ["total", "size", side] : [side, "size", "total"];
  const [prices, sizes, totals] = (["price", "qty", "total"] as const).map((name) => placesOf(levels.map((level) => level[name]), MOST));
  return (
    <table className="w-full self-start border-separate border-spacing-0 text-xs" data-testid={`book-${side}s`}>
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
          const ours = ownAt(own, level.price);
          const cells = [
            <td key="total" className={cx("h-7 px-3 py-0 text-text2", isBid && "text-right")}><Amount value={level.total} places={totals} /></td>,
            <td key="size" className={cx("px-3 py-0", isBid && "text-right")}>{isBid && <Ours orders={ours} />}<Amount value={level.qty} places={sizes} />{!isBid && <Ours orders={ours} />}</td>,
            <td key="price" className={isBid ? "px-3 py-0 text-right text-buy" : "px-3 py-0 text-sell"}><Amount value={level.price} places={prices} /></td>,
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
        {deep.map((order) => {
          const cells = [
            <td key="total" className={cx("h-7 px-3 py-0 text-2xs text-muted", isBid && "text-right")}>deeper</td>,
            <td key="size" className={cx("px-3 py-0", isBid && "text-right")}><Ours orders={[order]} /></td>,
            <td key="price" className={isBid ? "px-3 py-0 text-right text-buy" : "px-3 py-0 text-sell"}>{order.limit === null ? "market" : <Amount value={order.limit} places={prices} />}</td>,
          ];
          return (
            <tr key={order.order_id} data-testid="book-deeper">
              {isBid ? cells : cells.reverse()}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The levels of one book on both sides, with our own orders marked where they stand. */
export function Book({ book, own = NO_ORDERS }: { book: BookBody; own?: readonly Order[] }) {
  const deepest = Math.max(0, ...[...book.bids.slice(0, SHOWN), ...book.asks.slice(0, SHOWN)].map((level) => toPixels(level.total)));
  const deep = elsewhere(own, [...book.bids.slice(0, SHOWN), ...book.asks.slice(0, SHOWN)]);
  return (
    <Panel title={`Depth of ${book.instrument}`} testid="book" seen={seenOf(book)} flush>
      {book.bids.length + book.asks.length === 0 ? (
        <Empty icon="unknown">{book.unfit ?? "the book is empty"}</Empty>
      ) : (
        <>
          <div className="grid sm:grid-cols-2">
            <Levels levels={book.bids} side="bid" deepest={deepest} own={own.filter((order) => order.side === "buy")} />
            <Levels levels={book.asks} side="ask" deepest={deepest} own={own.filter((order) => order.side === "sell")} />
          </div>
          {own.length > 0 && (
            <p className="m-0 border-t border-line px-3 py-1.5 text-2xs text-text2" data-testid="book-own-says">
              {`${counted(own.length, "order")} of ours ${own.length === 1 ? "works" : "work"} here, ${own.length - deep.length} at the levels that are seen`}
            </p>
          )}
        </>
      )}
    </Panel>
  );
}
