import type { Begun } from "@/api/tasks";
import { useMay } from "@/api/session";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { Failed } from "@/components/States";

const TONES: Record<string, Tone> = { running: "info", done: "good", failed: "bad", stopped: "bad" };

/** How a task goes on or ended, with the words that do the same in a terminal; one that runs can be stopped. */
export function TaskLine({ begun, testid }: { begun: Begun; testid: string }) {
  const { task, error } = begun;
  const may = useMay("admin");
  if (error !== null) return <Failed error={error} />;
  if (task === null) return null;
  return (
    <div className="flex flex-col gap-1.5 border-t border-line px-3 py-2" role="status" data-testid={testid} data-state={task.state}>
      <p className="m-0 flex flex-wrap items-center gap-2 text-xs">
        <Badge tone={TONES[task.state] ?? "plain"}>{task.state}</Badge>
        <span className="text-text2">{task.progress ?? (task.state === "running" ? "it runs in a process of its own" : task.said.split("\n").at(-1))}</span>
        {may && task.state === "running" && (
          <Button small icon="close" className="ml-auto" onClick={begun.stop} data-testid={`${testid}-stop`}>
            Stop
          </Button>
        )}
      </p>
      <div>
        <CommandLine text={task.cli} testid={`${testid}-cli`} />
      </div>
    </div>
  );
}
