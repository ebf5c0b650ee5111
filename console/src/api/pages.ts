/** Long lists, the newest first, page by page towards older rows. What is shown of them follows the journal. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ask, type Query } from "./client";
import { FOLLOWS, ROOT } from "./queries";

const PAGE_ROWS = 200;
const PAGES_MAX = 25;

type Paged<Name extends string, Row> = { [key in Name]: Row[] } & { next: string | null };

export type Rows<Row> = { rows: readonly Row[]; error: unknown; waiting: boolean; more: () => void; again: () => void };

/** How long a list that nobody looks at is kept: it is the largest of what is asked for. */
const KEPT_MS = 10_000;

// How to ask stands apart from the part that asks: a kept list then holds nothing of a part that is no longer shown.

function nextOf<Name extends string, Row>(page: Paged<Name, Row>, pages: readonly Paged<Name, Row>[]): string | undefined {
  return pages.length < PAGES_MAX ? (page.next ?? undefined) : undefined;
}

function asking<Name extends string, Row>(path: string, query: Query): (how: { signal: AbortSignal; pageParam: string }) => Promise<Paged<Name, Row>> {
  return ({ signal, pageParam }) => ask<Paged<Name, Row>>(ROOT + path, { query: { ...query, limit: PAGE_ROWS, cursor: pageParam }, signal });
}

/** The rows of a list, and how to get older ones. All pages that are shown are asked for anew when the journal moves. */
export function useRows<Name extends string, Row>(path: string, name: Name, keyOf: (row: Row) => string, query: Query = {}): Rows<Row> {
  const found = useInfiniteQuery({
    queryKey: [path, "pages", query],
    queryFn: asking<Name, Row>(path, query),
    initialPageParam: "",
    getNextPageParam: nextOf<Name, Row>,
    gcTime: KEPT_MS,
    placeholderData: keepPreviousData,
    // Rows that are copied field by field to keep those that are the same take five times the memory of those that arrived.
    structuralSharing: false,
    meta: FOLLOWS,
  });
  const rows = useMemo(() => {
    const all = (found.data?.pages ?? []).flatMap((page) => page[name]);
    return [...new Map(all.map((row) => [keyOf(row), row])).values()];
  }, [found.data, name, keyOf]);
  return {
    rows,
    error: found.error,
    waiting: found.data === undefined,
    more: () => void (found.hasNextPage && !found.isFetching && found.fetchNextPage()),
    again: () => void found.refetch(),
  };
}
