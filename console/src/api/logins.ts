/** Logins that a person makes at a venue. What is pasted is sent on once, and kept only as long as its dialog is open. */
import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { useRef } from "react";
import { ask } from "./client";
import { ROOT } from "./queries";
import { csrfOf, useSession } from "./session";
import type { Schemas } from "./types";

export type LoginAddress = Schemas["LoginAddress"];
export type LoginRenewed = Schemas["LoginRenewed"];

/** A process of the desk starts, and the venue is asked: longer than other answers take. */
const RENEWED_MS = 60_000;
const OF_PARTS = ["/parts"];

const pathOf = (account: string): string => `${ROOT}/logins/${encodeURIComponent(account)}`;

/** Where a person logs in for an account; asked for once, for it stays the same. */
export function useLoginAddress(account: string): UseQueryResult<LoginAddress> {
  return useQuery({
    queryKey: ["login", account],
    queryFn: ({ signal }) => ask<LoginAddress>(`${pathOf(account)}/address`, { signal, limitMs: RENEWED_MS }),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
}

/** Renews a login with the address that the browser ended at. The same address is the same act, however often it is sent. */
export function useRenewal(account: string): UseMutationResult<LoginRenewed, Error, string> {
  const { standing } = useSession();
  const client = useQueryClient();
  const act = useRef({ redirected: "", key: "" });
  return useMutation({
    mutationFn: (redirected) => {
      if (act.current.redirected !== redirected) act.current = { redirected, key: crypto.randomUUID() };
      return ask<LoginRenewed>(pathOf(account), { method: "POST", body: { redirected }, headers: { ...csrfOf(standing), "idempotency-key": act.current.key }, limitMs: RENEWED_MS });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: OF_PARTS }),
    gcTime: 0,
  });
}
