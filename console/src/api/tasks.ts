/** Verbs of the command line that the API runs in processes of their own: begun once, looked at until they are over. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ask, Refused } from "./client";
import { csrfOf, useSession } from "./session";
import type { Schemas } from "./types";

export type Task = Schemas["TaskBody"];
export type Tasks = Schemas["TasksAnswer"];
export type TaskKind = Task["kind"];

const LOOK_MS = 500;
const LISTS = ["/tasks", "/reports"] as const;

export type Begun = {
  begin: (body?: object) => void;
  /** The task of this part, null before it was begun. */
  task: Task | null;
  isRunning: boolean;
  error: Error | null;
};

/** Begins tasks of one kind, and follows the newest of them; whoever lists what tasks leave is told when it is over. */
export function useTask(kind: TaskKind): Begun {
  const { standing } = useSession();
  const client = useQueryClient();
  // A press that was lost on its way is the same press: only one that was answered is followed by another.
  const key = useRef(crypto.randomUUID());
  const begin = useMutation({
    mutationFn: (body: object) =>
      ask<Task>(`/api/v1/tasks/${kind.replaceAll("_", "-")}`, { method: "POST", body, headers: { ...csrfOf(standing), "idempotency-key": key.current } }),
    onSettled: (_, error) => {
      const isLost = error instanceof Refused && error.status === 0;
      key.current = isLost ? key.current : crypto.randomUUID();
    },
  });
  const id = begin.data?.id;
  const followed = useQuery({
    queryKey: ["task", id],
    queryFn: () => ask<Task>(`/api/v1/tasks/${encodeURIComponent(id ?? "")}`),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (state.data && state.data.state !== "running" ? false : LOOK_MS),
  });
  const task = id === undefined ? null : (followed.data ?? begin.data ?? null);
  const over = task !== null && task.state !== "running";
  useEffect(() => {
    if (over) for (const list of LISTS) void client.invalidateQueries({ queryKey: [list] });
  }, [over, client]);
  return {
    begin: (body = {}) => begin.mutate(body),
    task,
    isRunning: begin.isPending || (task !== null && !over),
    error: begin.error ?? followed.error,
  };
}
