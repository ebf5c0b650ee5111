/** Long looks at the desk: each runs beside it, bounded in time, and changes nothing. */
import { useMutation, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { ask } from "./client";
import { ROOT, useRead } from "./queries";
import { csrfOf, useMay, useSession } from "./session";
import type { Schemas } from "./types";

export type ChecksAnswer = Schemas["ChecksAnswer"];
export type Look = Pick<Schemas["DoctorBody"], "state" | "actor" | "age_s" | "took_ms" | "why" | "cli">;
export type CheckName = keyof ChecksAnswer;

const PATH = "/checks";
const WHILE_RUNNING_MS = 1_000;
const USUAL_MS = 5_000;

const isRunning = (told: ChecksAnswer | undefined): boolean => told?.doctor.state === "running" || told?.journal.state === "running";

/** What the newest looks found. One that is under way is asked for each second. */
export function useChecks(): UseQueryResult<ChecksAnswer> {
  const client = useQueryClient();
  const known = client.getQueryData<ChecksAnswer>([PATH, {}]);
  return useRead<ChecksAnswer>(PATH, {}, { follows: false, every: isRunning(known) ? WHILE_RUNNING_MS : USUAL_MS });
}

/** Begins a look, or joins the one that is under way. */
export function useLook(name: CheckName): { may: boolean; look: UseMutationResult<ChecksAnswer, Error, void> } {
  const { standing } = useSession();
  const client = useQueryClient();
  const look = useMutation({
    mutationFn: () => ask<ChecksAnswer>(`${ROOT}${PATH}/${name}`, { method: "POST", headers: csrfOf(standing) }),
    onSuccess: (told) => client.setQueryData([PATH, {}], told),
  });
  return { may: useMay("trade"), look };
}
