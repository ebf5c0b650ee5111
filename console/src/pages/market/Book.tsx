import { Amount } from "@/components/Amount";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { toPixels } from "@/format/decimal";
import { seenOf, type BookBody } from "./Books";

type Level = BookBody["bids"][number];

const SHOWN = 12;

function Levels({ levels, side, deepest }: { levels: readonly Level[]; side: "bid" | "ask"; deepest: number }) {
  return (
    <table className="w-full border-separate border-spacing-0 text-xs" data-testid={`book-${side}s`}>
      <caption className="sr-only">{side === "bid" ? "bids, the best first" : "asks, the best first"}</caption>
      <thead>
        <tr className="text-2xs text-muted">
          <th scope="col" className="px-3 py-1 text-right font-medium">total</th>
          <th scope="col" className="px-3 py-1 text-right font-medium">size</th>
          <th scope="col" className="px-3 py-1 text-right font-medium">{side}</th>
        </tr>
      </thead>
      <tbody>
        {levels.slice(0, SHOWN).map((level) => {
          const part = deepest === 0 ? 0 : (toPixels(level.total) / deepest) * 100;
          const colour = side === "bid" ? "var(--buy)" : "var(--sell)";
          return (
            <tr
              key={level.price}
              style={{ background: `linear-gradient(to left, color-mix(in srgb, ${colour} 16%, transparent) ${part}%, transparent ${part}%)` }}
            >
              <td className="h-6 px-3 text-right text-text2"><Amount value={level.total} /></td>
              <td className="px-3 text-right"><Amount value={level.qty} /></td>
              <td className={side === "bid" ? "px-3 text-right text-buy" : "px-3 text-right text-sell"}><Amount value={level.price} /></td>
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
