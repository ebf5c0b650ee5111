/** Verbs of the command line that the API runs in processes of their own: begun once, looked at until they are over. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ask, Refused } from "./client";
import { useRead } from "./queries";
import { csrfOf, useSession } from "./session";
import type { Schemas } from "./types";

export type Task = Schemas["TaskBody"];
export type Tasks = Schemas["TasksAnswer"];
export type TaskKind = Task["kind"];

const LOOK_MS = 500;
const LISTS = ["/tasks", "/reports"] as const;

export type Begun = {
  begin: (body?: object) => void;
  /** Ends the process of the task that runs. */
  stop: () => void;
  /** The task of this part, null before it was begun. */
  task: Task | null;
  isRunning: boolean;
  error: Error | null;
};

/** The task of a kind that runs, or ran last, although another page or person began it; undefined where none did. */
function useUnderWay(kind: TaskKind): string | undefined {
  const listed = useRead<Tasks>("/tasks", {}, { follows: false });
  const running = listed.data?.tasks.find((each) => each.kind === kind && each.state === "running")?.id;
  const [last, setLast] = useState(running);
  if (running !== undefined && running !== last) setLast(running);
  return running ?? last;
}

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
  const underWay = useUnderWay(kind);
  const id = begin.data?.id ?? underWay;
  const stop = useMutation({
    mutationFn: (running: string) =>
      ask<Task>(`/api/v1/tasks/${encodeURIComponent(running)}/stop`, { method: "POST", headers: { ...csrfOf(standing), "idempotency-key": crypto.randomUUID() } }),
    onSuccess: (stopped) => client.setQueryData(["task", stopped.id], stopped),
  });
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
    stop: () => { if (id !== undefined) stop.mutate(id); },
    task,
    isRunning: begin.isPending || (task !== null && !over),
    error: begin.error ?? stop.error ?? followed.error,
  };
}
