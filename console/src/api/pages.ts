/** Long lists: the newest come over the stream or with each move of the journal, older ones page by page. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ask, type Query } from "./client";
import { FOLLOWS, ROOT } from "./queries";

const PAGE_ROWS = 200;

type Paged<Name extends string, Row> = { [key in Name]: Row[] } & { next: string | null };

/** The rows of a list, newest first, and how to get older ones. The first page follows the journal. */
export function useRows<Name extends string, Row>(path: string, name: Name, keyOf: (row: Row) => string, query: Query = {}) {
  const first = useQuery({
    queryKey: [path, "newest", query],
    queryFn: ({ signal }) => ask<Paged<Name, Row>>(ROOT + path, { query: { ...query, limit: PAGE_ROWS }, signal }),
    placeholderData: keepPreviousData,
    meta: FOLLOWS,
  });
  const older = useInfiniteQuery({
    queryKey: [path, "older", query],
    queryFn: ({ signal, pageParam }) => ask<Paged<Name, Row>>(ROOT + path, { query: { ...query, limit: PAGE_ROWS, cursor: pageParam }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const rows = useMemo(() => {
    const newest = first.data?.[name] ?? [];
    const known = new Set(newest.map(keyOf));
    const rest = (older.data?.pages ?? []).flatMap((page) => page[name]).filter((row) => !known.has(keyOf(row)));
    return [...newest, ...rest];
  }, [first.data, older.data, name, keyOf]);
  return {
    rows,
    error: first.error ?? older.error,
    waiting: first.data === undefined && older.data === undefined,
    more: () => older.hasNextPage && !older.isFetchingNextPage && void older.fetchNextPage(),
    again: () => void first.refetch(),
  };
}
