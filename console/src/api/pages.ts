/** Long lists, the newest first, page by page towards older rows. What is shown of them follows the journal. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ask, type Query } from "./client";
import { FOLLOWS, ROOT } from "./queries";

const PAGE_ROWS = 200;
const PAGES_MAX = 25;

type Paged<Name extends string, Row> = { [key in Name]: Row[] } & { next: string | null };

export type Rows<Row> = { rows: readonly Row[]; error: unknown; waiting: boolean; more: () => void; again: () => void };

/** The rows of a list, and how to get older ones. All pages that are shown are asked for anew when the journal moves. */
export function useRows<Name extends string, Row>(path: string, name: Name, keyOf: (row: Row) => string, query: Query = {}): Rows<Row> {
  const found = useInfiniteQuery({
    queryKey: [path, "pages", query],
    queryFn: ({ signal, pageParam }) => ask<Paged<Name, Row>>(ROOT + path, { query: { ...query, limit: PAGE_ROWS, cursor: pageParam }, signal }),
    initialPageParam: "",
    getNextPageParam: (page, pages) => (pages.length < PAGES_MAX ? (page.next ?? undefined) : undefined),
    placeholderData: keepPreviousData,
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
