/** The questions of the console. An answer that follows from the journal is asked for anew when the journal moves. */
import { keepPreviousData, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { useStream } from "@/live/live";
import { ask, type Query } from "./client";
import type { Meta } from "./types";

export const ROOT = "/api/v1";
const META_MS = 60_000;
const PROGRAM = "flatbook";
const PROGRAM_FIRST = /^flatbook(?= )/;
const GATHER_MS = 200;
/** How long an answer that nobody looks at is kept: whoever drags the time asks for many moments. */
export const KEPT_MS = 60_000;

/** Marks an answer as one that follows from the journal. */
export const FOLLOWS = { follows: true } as const;

/** Asks anew what follows from the journal when that moved; what moves within GATHER_MS is asked for once. */
export function useFollowing(): void {
  const stream = useStream();
  const client = useQueryClient();
  useEffect(() => {
    let waiting: number | null = null;
    const leave = stream.subscribe("events", () => {
      waiting ??= window.setTimeout(() => {
        waiting = null;
        void client.invalidateQueries({ predicate: (query) => query.meta?.["follows"] === true }, { cancelRefetch: false });
      }, GATHER_MS);
    });
    return () => {
      leave();
      if (waiting !== null) window.clearTimeout(waiting);
    };
  }, [stream, client]);
}

export function useMeta(): UseQueryResult<Meta> {
  return useQuery({ queryKey: ["meta"], queryFn: ({ signal }) => ask<Meta>(`${ROOT}/meta`, { signal }), refetchInterval: META_MS });
}

/** Gives a command line the words by which it finds this very desk, and no other one of the machine. */
export function useCalled(): (cli: string) => string {
  const called = useMeta().data?.called ?? PROGRAM;
  return useCallback((cli: string) => cli.replace(PROGRAM_FIRST, () => called), [called]);
}

type How = {
  /** Whether the answer follows from the journal. */
  follows?: boolean;
  /** After how many milliseconds it is asked for anew in any case. */
  every?: number;
  enabled?: boolean;
};

/** How to ask, apart from the part that asks: a kept answer then holds nothing of a part that is no longer shown. */
function asking<T>(path: string, query: Query): (how: { signal: AbortSignal }) => Promise<T> {
  return ({ signal }) => ask<T>(ROOT + path, { query, signal });
}

/** One answer, the last one kept on the screen while the next is on its way. */
export function useRead<T>(path: string, query: Query = {}, { follows = true, every, enabled = true }: How = {}): UseQueryResult<T> {
  return useQuery({
    queryKey: [path, query],
    queryFn: asking<T>(path, query),
    placeholderData: keepPreviousData,
    enabled,
    ...(follows ? { meta: FOLLOWS } : {}),
    ...(every === undefined ? {} : { refetchInterval: every }),
  });
}
