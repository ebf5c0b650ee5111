import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Refused } from "@/api/client";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";

/** What stands where there is nothing: why, and what to do. */
export function Empty({ icon = "ok", children, testid }: { icon?: IconName; children: ReactNode; testid?: string }) {
  return (
    <div className="flex items-center justify-center gap-2 px-3 py-6 text-muted" data-testid={testid ?? "empty"}>
      <Icon name={icon} />
      <span>{children}</span>
    </div>
  );
}

export function Waiting({ lines = 3 }: { lines?: number }) {
  return (
    <div className="flex flex-col gap-2 p-3" aria-busy="true" data-testid="waiting">
      <span className="sr-only">loading</span>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className="h-4 rounded bg-s3" style={{ width: `${90 - i * 17}%` }} />
      ))}
    </div>
  );
}

export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const code = error instanceof Refused ? error.code : "no_answer";
  const text = error instanceof Error ? error.message : String(error);
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 p-3 text-text2" data-testid="failed" data-code={code}>
      <span className="inline-flex items-center gap-1.5 text-danger">
        <Icon name="warn" />
        {text}
      </span>
      <span className="num text-2xs text-muted">{code}</span>
      {again && (
        <Button small icon="retry" onClick={again} data-testid="try-again">
          Try again
        </Button>
      )}
    </div>
  );
}

/** The three states of an answer: on its way, refused, here. An answer that was here once stays while the next is asked for. */
export function Answer<T>({ query, children, lines }: { query: UseQueryResult<T>; children: (body: T) => ReactNode; lines?: number }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failed error={query.error} again={() => void query.refetch()} />;
  return <Waiting {...(lines === undefined ? {} : { lines })} />;
}
