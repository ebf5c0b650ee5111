/** Long lists, the newest first, page by page towards older rows. What is shown of them follows the journal. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Whole } from "@/components/table";
import { ask, type Query } from "./client";
import { FOLLOWS, ROOT } from "./queries";

const PAGE_ROWS = 200;
const PAGES_MAX = 25;
/** So many pages are asked for at most where a list is wanted whole, as for a file. */
const WHOLE_PAGES_MAX = 100;
const WHOLE_MS_MAX = 60_000;

type Paged<Name extends string, Row> = { [key in Name]: Row[] } & { next: string | null };

export type Rows<Row> = { rows: readonly Row[]; error: unknown; waiting: boolean; more: () => void; again: () => void; whole: () => Promise<Whole<Row>> };

/** How long a list that nobody looks at is kept: it is the largest of what is asked for. */
const KEPT_MS = 10_000;

// How to ask stands apart from the part that asks: a kept list then holds nothing of a part that is no longer shown.

function nextOf<Name extends string, Row>(page: Paged<Name, Row>, pages: readonly Paged<Name, Row>[]): string | undefined {
  return pages.length < PAGES_MAX ? (page.next ?? undefined) : undefined;
}

function asking<Name extends string, Row>(path: string, query: Query): (how: { signal: AbortSignal; pageParam: string }) => Promise<Paged<Name, Row>> {
  return ({ signal, pageParam }) => ask<Paged<Name, Row>>(ROOT + path, { query: { ...query, limit: PAGE_ROWS, cursor: pageParam }, signal });
}

const onceEach = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] => [...new Map(rows.map((row) => [keyOf(row), row])).values()];

/** All rows of a list, asked for page by page, and whether there are more than that many pages hold. */
async function wholeOf<Name extends string, Row>(path: string, name: Name, keyOf: (row: Row) => string, query: Query): Promise<Whole<Row>> {
  const signal = AbortSignal.timeout(WHOLE_MS_MAX);
  const rows: Row[] = [];
  let cursor: string | null = "";
  for (let page = 0; cursor !== null && page < WHOLE_PAGES_MAX; page += 1) {
    const found: Paged<Name, Row> = await asking<Name, Row>(path, query)({ signal, pageParam: cursor });
    rows.push(...found[name]);
    cursor = found.next;
  }
  return { rows: onceEach(rows, keyOf), cut: cursor !== null };
}

/** The rows of a list, and how to get older ones. All pages that are shown are asked for anew when the journal moves. Nothing is asked for without `asks`. */
export function useRows<Name extends string, Row>(path: string, name: Name, keyOf: (row: Row) => string, query: Query = {}, asks = true): Rows<Row> {
  const found = useInfiniteQuery({
    queryKey: [path, "pages", query],
    queryFn: asking<Name, Row>(path, query),
    initialPageParam: "",
    getNextPageParam: nextOf<Name, Row>,
    enabled: asks,
    gcTime: KEPT_MS,
    placeholderData: keepPreviousData,
    // Rows that are copied field by field to keep those that are the same take five times the memory of those that arrived.
    structuralSharing: false,
    meta: FOLLOWS,
  });
  const rows = useMemo(() => (asks ? onceEach((found.data?.pages ?? []).flatMap((page) => page[name]), keyOf) : []), [found.data, name, keyOf, asks]);
  return {
    rows,
    error: asks ? found.error : null,
    waiting: asks && found.data === undefined,
    more: () => void (found.hasNextPage && !found.isFetching && found.fetchNextPage()),
    again: () => void found.refetch(),
    whole: () => wholeOf<Name, Row>(path, name, keyOf, query),
  };
}
