import { useMemo, useState } from "react";
import { useRows } from "@/api/pages";
import { useCalled } from "@/api/queries";
import type { EventLine } from "@/api/types";
import { AboutChip, AboutId } from "@/components/About";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { RowActions } from "@/components/RowActions";
import { Select } from "@/components/Select";
import { Empty, Failed, Waiting } from "@/components/States";
import { cx } from "@/components/cx";
import type { Column } from "@/components/table";
import { sentenceOf, toneOfEvent, TONE_TEXT, wordsOf } from "@/frame/events";
import { useUi } from "@/frame/ui";
import { useView } from "@/view/address";
import { Bundle } from "./Bundle";

const keyOf = (line: EventLine): string => `${line.seq}`;

const COLUMNS: readonly Column<EventLine>[] = [
  { id: "seq", head: "Event", align: "right", sort: "amount", text: (line) => `${line.seq}`, cell: (line) => <span className="num text-muted">{line.seq}</span> },
  { id: "at", head: "Happened", text: (line) => line.at, cell: (line) => <Moment at={line.at} millis /> },
  { id: "recorded", head: "Recorded", text: (line) => line.recorded_at, cell: (line) => <Moment at={line.recorded_at} millis day={false} /> },
  { id: "type", head: "Type", text: (line) => line.type, cell: (line) => <span className={cx("font-medium", TONE_TEXT[toneOfEvent(line.type)])}>{wordsOf(line.type)}</span> },
  { id: "says", head: "Says", text: sentenceOf, cell: (line) => <span className="text-text2">{sentenceOf(line)}</span> },
  { id: "subject", head: "About", text: (line) => line.subject, cell: (line) => <AboutId id={line.subject} testid="event-about" /> },
  { id: "because", head: "Because of", text: (line) => line.fields["because"] ?? null, cell: ({ fields: { because } }) => (because === undefined ? <span className="text-muted">—</span> : <AboutId id={because} testid="event-because" />) },
  { id: "acts", head: "", text: () => null, sort: "none", align: "right", cell: (line) => <EventActions line={line} /> },
];

const TYPES = ["", "vault_filled", "order_intended", "order_accepted", "order_filled", "order_unknown", "order_found", "order_done", "intent_refused", "trading_halted", "alert_raised", "command_accepted"].map(
  (value) => ({ value, label: value === "" ? "every type" : wordsOf(value) }),
);

function EventActions({ line }: { line: EventLine }) {
  const { show } = useUi();
  const called = useCalled();
  const actions = [
    { name: "Why: the chain that it belongs to", testid: "event-why", act: () => show({ kind: "chain", ref: line.subject }) },
    { name: "Copy flatbook why", testid: "event-copy-why", act: () => void navigator.clipboard.writeText(called(`flatbook why ${line.subject}`)) },
    { name: "Copy as JSON", testid: "event-copy", act: () => void navigator.clipboard.writeText(JSON.stringify(line, null, 2)) },
  ];
  return <RowActions label={`Acts on event ${line.seq}`} actions={actions} testid="event-actions" />;
}

/** The events up to a moment, the newest first; a row opens the chain that it belongs to. */
export function EventsTable({ at, last }: { at: number | null; last: number }) {
  const [{ type = "", about = "" }, change] = useView();
  const { show } = useUi();
  const [bundling, setBundling] = useState(false);
  const query = useMemo(() => ({ type, at, about }), [type, at, about]);
  const { rows, error, waiting, more, again, whole } = useRows<"events", EventLine>("/events", "events", keyOf, query);
  return (
    <Panel title="Events" testid="events" flush className="min-h-0 flex-1" actions={<Button small icon="save" onClick={() => setBundling(true)} data-testid="bundle-open">Take a stretch away</Button>}>
      {bundling && <Bundle last={last} onClose={() => setBundling(false)} />}
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
          whole={whole}
          height="max(20rem, calc(100vh - 28.5rem))"
          tight
          empty={<Empty icon="events">no such event was recorded</Empty>}
          filters={
            <>
              <Select value={type} choices={TYPES} label="Type of the events" testid="events-type" onChange={(next) => change({ type: next })} />
              <AboutChip />
            </>
          }
        />
      )}
    </Panel>
  );
}
