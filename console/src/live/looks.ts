/** What was seen of each book since the console was opened: a bounded memory, for nothing of a market is kept by the desk. */
import { useEffect, useSyncExternalStore } from "react";
import type { Schemas } from "@/api/types";
import { useChannel } from "./channels";

export const KEPT = 600;
export const BOOKS_MAX = 64;

export type Look = { at: number; mid: string; spread: string };
type Book = Pick<Schemas["BookBody"], "instrument" | "seen_at" | "mid" | "spread_bps">;

const NONE: readonly Look[] = [];

export class Looks {
  readonly #kept = new Map<string, readonly Look[]>();
  readonly #listeners = new Set<() => void>();

  /** Keeps how each book stands, the oldest looks going first; a book that says nothing new is not looked at again. */
  keep(books: readonly Book[]): void {
    for (const { instrument, seen_at, mid, spread_bps } of books) {
      const kept = this.#kept.get(instrument) ?? NONE;
      if (seen_at === null || mid === null || spread_bps === null || (kept.length === 0 && this.#kept.size >= BOOKS_MAX)) continue;
      const at = Date.parse(seen_at) / 1000;
      if (at > (kept[kept.length - 1]?.at ?? 0)) this.#kept.set(instrument, [...kept.slice(1 - KEPT), { at, mid, spread: spread_bps }]);
    }
    for (const tell of this.#listeners) tell();
  }

  of(instrument: string): readonly Look[] {
    return this.#kept.get(instrument) ?? NONE;
  }

  readonly subscribe = (tell: () => void): (() => void) => {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  };
}

const looks = new Looks();

/** Looks at every book that the stream tells of, whichever page is shown. */
export function useLooking(): void {
  const market = useChannel("market");
  useEffect(() => {
    if (market) looks.keep(market.books);
  }, [market]);
}

export function useLooks(instrument: string): readonly Look[] {
  return useSyncExternalStore(looks.subscribe, () => looks.of(instrument));
}
