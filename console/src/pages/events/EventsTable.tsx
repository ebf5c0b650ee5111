import { useMemo } from "react";
import { useRows } from "@/api/pages";
import type { EventLine } from "@/api/types";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Empty, Failed, Waiting } from "@/components/States";
import { cx } from "@/components/cx";
import type { Column } from "@/components/table";
import { sentenceOf, toneOfEvent, TONE_TEXT, wordsOf } from "@/frame/events";
import { useUi } from "@/frame/ui";
import { useView } from "@/view/view";

const keyOf = (line: EventLine): string => `${line.seq}`;

const COLUMNS: readonly Column<EventLine>[] = [
  { id: "seq", head: "Event", align: "right", sort: "amount", text: (line) => `${line.seq}`, cell: (line) => <span className="num text-muted">{line.seq}</span> },
  { id: "at", head: "Happened", text: (line) => line.at, cell: (line) => <Moment at={line.at} millis /> },
  { id: "recorded", head: "Recorded", text: (line) => line.recorded_at, cell: (line) => <Moment at={line.recorded_at} millis day={false} /> },
  { id: "type", head: "Type", text: (line) => line.type, cell: (line) => <span className={cx("font-medium", TONE_TEXT[toneOfEvent(line.type)])}>{wordsOf(line.type)}</span> },
  { id: "says", head: "Says", text: sentenceOf, cell: (line) => <span className="text-text2">{sentenceOf(line)}</span> },
  { id: "subject", head: "About", text: (line) => line.subject, cell: (line) => <span className="num inline-block max-w-72 truncate align-middle text-2xs text-muted">{line.subject}</span> },
];

const TYPES = ["", "vault_filled", "order_intended", "order_accepted", "order_filled", "order_unknown", "order_found", "order_done", "intent_refused", "trading_halted", "alert_raised", "command_accepted"].map(
  (value) => ({ value, label: value === "" ? "every type" : wordsOf(value) }),
);

/** The events up to a moment, the newest first; a row opens the chain that it belongs to. */
export function EventsTable({ at }: { at: number | null }) {
  const [{ type = "" }, change] = useView();
  const { show } = useUi();
  const query = useMemo(() => ({ type, at }), [type, at]);
  const { rows, error, waiting, more, again } = useRows<"events", EventLine>("/events", "events", keyOf, query);
  return (
    <Panel title="Events" testid="events" flush className="min-h-0 flex-1">
      {error !== null && rows.length === 0 && <Failed error={error} again={again} />}
      {waiting && error === null && <Waiting lines={8} />}
      {!waiting && (
        <DataTable
          testid="events-table"
          label="events"
          columns={COLUMNS}
          rows={rows}
          rowKey={keyOf}
          onOpen={(line) => show({ kind: "chain", ref: line.subject })}
          onEnd={more}
          height={at === null ? "calc(100vh - 21rem)" : "calc(100vh - 27rem)"}
          empty={<Empty icon="events">no such event was recorded</Empty>}
          filters={<Select value={type} choices={TYPES} label="Type of the events" testid="events-type" onChange={(next) => change({ type: next })} />}
        />
      )}
    </Panel>
  );
}
