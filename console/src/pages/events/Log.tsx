import { useState } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { AboutChip, AboutId } from "@/components/About";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Segments } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { wordsOf } from "@/frame/events";
import { useUi } from "@/frame/ui";
import { useView } from "@/view/address";
import { VIEWS } from "./views";

type Log = Schemas["LogAnswer"];
type Line = Log["lines"][number] & { key: string };

const LINES = 500;
const FOLLOW_MS = 2_000;
const TONES: Record<string, Tone> = { error: "bad", warning: "warn", info: "plain", debug: "plain" };
const LEVELS: Record<Log["level"], string> = { debug: "everything", info: "information", warning: "warnings", error: "errors" };

const fieldsText = (line: Log["lines"][number]): string => Object.entries(line.fields).filter(([name]) => name !== "order_id").map(([name, value]) => `${name} ${value}`).join("  ");

/** The lines with a key each: two that say the same at the same instant are two. */
function keyed(lines: Log["lines"]): Line[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const text = JSON.stringify(line);
    const before = seen.get(text) ?? 0;
    seen.set(text, before + 1);
    return { ...line, key: `${text} ${before}` };
  });
}

const COLUMNS: readonly Column<Line>[] = [
  { id: "at", head: "At", text: (line) => line.at, cell: (line) => <Moment at={line.at} millis /> },
  { id: "level", head: "Level", text: (line) => line.level, cell: (line) => <Badge tone={TONES[line.level] ?? "plain"}>{line.level}</Badge> },
  { id: "event", head: "What", text: (line) => line.event, cell: (line) => <span className="font-medium">{wordsOf(line.event)}</span> },
  { id: "ref", head: "About", text: (line) => line.ref, cell: ({ ref, fields: { order_id } }) => (order_id ?? ref ? <AboutId id={order_id ?? ref ?? ""} testid="log-about" /> : <span className="text-muted">—</span>) },
  { id: "seq", head: "Event", align: "right", sort: "amount", text: (line) => (line.seq === null ? null : `${line.seq}`), cell: (line) => <span className="num text-muted">{line.seq ?? "—"}</span> },
  { id: "says", head: "Says", text: fieldsText, cell: (line) => <span className="num block max-w-[34rem] truncate text-2xs text-text2" title={fieldsText(line)}>{fieldsText(line)}</span> },
];

/** What the engine's process said, by how urgent it is; it follows until somebody holds it. */
export function LogView() {
  const [{ level = "info", about = "" }, change] = useView();
  const { show } = useUi();
  const [held, setHeld] = useState(false);
  const log = useRead<Log>("/log", { level, about, limit: LINES }, { follows: false, ...(held ? {} : { every: FOLLOW_MS }) });
  return (
    <div className="flex h-full flex-col gap-3">
      <PageHead title="Events & logs" cli="flatbook events tail --follow">
        <Segments value="log" choices={VIEWS} label="What is listed" testid="events-view" onChange={(next) => change({ view: next })} />
      </PageHead>
      <Panel
        title="Log of the engine"
        note="kept in log/engine.jsonl of the home, also after it has ended; names, numbers and states alone"
        testid="log"
        flush
        className="min-h-0 flex-1"
        actions={<Button small icon={held ? "right" : "halt"} aria-pressed={held} onClick={() => setHeld(!held)} data-testid="log-hold">{held ? "Follow" : "Hold"}</Button>}
      >
        <Answer query={log} lines={8}>
          {(body) => (
            <DataTable
              testid="log-table"
              label="the log of the engine"
              columns={COLUMNS}
              rows={keyed(body.lines)}
              rowKey={(line) => line.key}
              onOpen={(line) => line.ref !== null && show({ kind: "chain", ref: line.ref })}
              height="max(20rem, calc(100vh - 16rem))"
              empty={<Empty icon="events">nothing of that kind was logged</Empty>}
              filters={
                <>
                  <Segments value={level} choices={Object.entries(LEVELS).map(([value, label]) => ({ value, label }))} label="The least urgent that is shown" testid="log-level" onChange={(next) => change({ level: next })} />
                  <span className="text-2xs text-muted">it writes {LEVELS[body.level]}{body.level === "debug" ? "" : " and worse"}</span>
                  <AboutChip />
                </>
              }
            />
          )}
        </Answer>
      </Panel>
    </div>
  );
}
