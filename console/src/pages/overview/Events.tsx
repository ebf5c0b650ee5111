import { Link } from "@tanstack/react-router";
import { useChannel } from "@/live/channels";
import { Icon } from "@/components/Icon";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { cx } from "@/components/cx";
import { sentenceOf, toneOfEvent, TONE_TEXT, wordsOf } from "@/frame/events";
import { useUi } from "@/frame/ui";

const SHOWN = 20;

/** The latest events of the journal, the newest on top. */
export function LatestEvents() {
  const events = useChannel("events") ?? [];
  const { show } = useUi();
  const latest = events.slice(-SHOWN).reverse();
  return (
    <Panel
      title="Latest events"
      testid="latest-events"
      flush
      actions={
        <Link to="/events" className="inline-flex min-h-6 items-center text-2xs text-text2 hover:text-text" data-testid="latest-events-all">
          all events
        </Link>
      }
    >
      {latest.length === 0 && <Empty icon="events">nothing has happened yet</Empty>}
      <ol className="m-0 list-none p-0" aria-live="polite">
        {latest.map((line) => (
          <li key={`${line.seq} ${line.type}`} className="border-b border-line/60 last:border-0">
            <button
              type="button"
              data-testid="latest-event"
              data-seq={line.seq}
              onClick={() => show({ kind: "chain", ref: line.subject })}
              className="flex h-8 w-full items-center gap-2 px-3 text-left hover:bg-s2"
            >
              <span className="shrink-0 text-xs whitespace-nowrap"><Moment at={line.at} /></span>
              <span className={cx("w-36 shrink-0 truncate text-xs font-medium", TONE_TEXT[toneOfEvent(line.type)])}>{wordsOf(line.type)}</span>
              <span className="min-w-0 flex-1 truncate text-xs text-text2">{sentenceOf(line)}</span>
              <Icon name="right" size={10} />
            </button>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
