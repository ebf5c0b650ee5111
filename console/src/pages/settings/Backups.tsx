import { useRead } from "@/api/queries";
import { useMay } from "@/api/session";
import { useTask, type Task, type Tasks } from "@/api/tasks";
import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { TaskLine } from "@/frame/TaskLine";

type File = Schemas["FileBody"];
type Head = { last?: number; hash?: string };

/** What the newest check of a backup said, of those that the API still knows. */
export function checkOf(tasks: readonly Task[], name: string): Task | undefined {
  return tasks.find((task) => task.kind === "check_backup" && task.state !== "running" && task.cli.endsWith(`/${name}`));
}

function Checked({ task }: { task: Task | undefined }) {
  if (task === undefined) return <Badge tone="unknown">not read back yet</Badge>;
  const head = (task.result?.["head"] ?? {}) as Head;
  return task.state === "done" ? (
    <Badge tone="good" title={head.hash}>{`whole, to event ${head.last ?? "?"}`}</Badge>
  ) : (
    <Badge tone="bad" title={task.said}>cannot be restored</Badge>
  );
}

/** Copies of the journal: made while the engine runs, and read back whole as a restore would. */
export function Backups() {
  const tasks = useRead<Tasks>("/tasks", {}, { follows: false });
  const may = useMay("admin");
  const backup = useTask("backup");
  const check = useTask("check_backup");
  const busy = backup.isRunning || check.isRunning;
  const columns: readonly Column<File>[] = [
    { id: "name", head: "Backup", text: (row) => row.name, cell: (row) => <span className="num">{row.name}</span> },
    { id: "written", head: "Written", text: (row) => row.written_at, cell: (row) => <Moment at={row.written_at} /> },
    { id: "size", head: "Bytes", align: "right", sort: "amount", text: (row) => `${row.size}`, cell: (row) => <span className="num text-text2">{row.size}</span> },
    { id: "checked", head: "Read back", sort: "none", text: (row) => checkOf(tasks.data?.tasks ?? [], row.name)?.state ?? null, cell: (row) => <Checked task={checkOf(tasks.data?.tasks ?? [], row.name)} /> },
    {
      id: "check",
      head: "",
      text: () => null,
      sort: "none",
      align: "right",
      cell: (row) =>
        may && (
          <Button small disabled={busy} onClick={() => check.begin({ backup: row.name })} data-testid="backup-check" aria-label={`Read ${row.name} back`}>
            Read back
          </Button>
        ),
    },
  ];
  const actions = may && (
    <Button small icon="save" disabled={busy} onClick={() => backup.begin()} data-testid="backup-now">
      {backup.isRunning ? "copying…" : "Back up now"}
    </Button>
  );
  return (
    <Panel title="Backups" note="the journal, copied while the engine writes it, and verified" testid="backups" actions={actions} flush>
      <Answer query={tasks} lines={2}>
        {(body) => (
          <>
            <DataTable testid="backups-table" label="backups" columns={columns} rows={body.backups} rowKey={(row) => row.name} tools={false} height={body.backups.length > 6 ? "16rem" : undefined} empty={<Empty icon="save">{`no backup stands in ${body.backups_at}`}</Empty>} />
            {body.backups[0] && (
              <p className="m-0 flex flex-wrap items-center gap-2 border-t border-line px-3 py-2 text-2xs text-muted">
                put back while no engine runs
                <CommandLine text={`flatbook restore ${body.backups_at}/${body.backups[0].name} --force`} testid="backup-restore" />
              </p>
            )}
          </>
        )}
      </Answer>
      <TaskLine begun={backup} testid="backup-task" />
      <TaskLine begun={check} testid="backup-check-task" />
    </Panel>
  );
}
