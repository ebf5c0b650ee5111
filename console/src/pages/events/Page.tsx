import { useState } from "react";
import { useChannel } from "@/live/channels";
import { Button } from "@/components/Button";
import { Moment } from "@/components/Moment";
import { LogView } from "./Log";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Segments } from "@/components/Select";
import { Empty } from "@/components/States";
import { Slider } from "@/components/Slider";
import { useView } from "@/view/address";
import { useLine } from "@/live/live";
import { EventsTable } from "./EventsTable";
import { Then } from "./Then";
import { VIEWS } from "./views";
import { Whole } from "./Whole";

/** Every event, live or up to any past moment, and how the desk stood then. */
export function Page() {
  const [{ at, view = "events" }, change] = useView();
  const { asOf } = useLine();
  const events = useChannel("events");
  const last = asOf?.seq ?? events?.[events.length - 1]?.seq ?? 0;
  const [dragged, setDragged] = useState<number | null>(null);
  const chosen = at === undefined ? null : Number(at);
  const shown = dragged ?? chosen ?? last;
  const isLast = shown >= last;
  const isBeyond = chosen !== null && last > 0 && !(chosen <= last);
  const moment = events?.findLast((line) => line.seq <= shown)?.at ?? null;
  if (view === "log") return <LogView />;
  const settle = (value: number): void => {
    setDragged(null);
    change({ at: value >= last ? null : String(value) });
  };
  return (
    <div className="flex h-full flex-col gap-3">
      <PageHead title="Events & logs" cli={chosen === null ? "flatbook events tail --follow" : `flatbook events tail --at ${chosen}`}>
        <Segments value={view} choices={VIEWS} label="What is listed" testid="events-view" onChange={(next) => change({ view: next })} />
      </PageHead>
      <Panel title="Moment" testid="moment" note="the book as it stood after any event">
        <div className="flex flex-wrap items-center gap-4">
          <Slider value={isBeyond ? last : shown} min={Math.min(1, last)} max={last} label="Moment, as the number of an event" valueText={isBeyond ? `the journal ends at event ${last}` : `event ${shown} of ${last}`} testid="time-slider" onChange={setDragged} onSettle={settle} />
          <span className="num w-64 text-xs text-text2" data-testid="moment-shown">
            {isBeyond ? `the journal ends at event ${last}` : `event ${shown} of ${last}`} {!isBeyond && moment && <Moment at={moment} />}
          </span>
          <Button small icon="left" aria-label="One event earlier" disabled={shown <= 1} onClick={() => settle(shown - 1)} data-testid="moment-back" />
          <Button small icon="right" aria-label="One event later" disabled={isLast} onClick={() => settle(shown + 1)} data-testid="moment-on" />
          <Button small look={chosen === null ? "plain" : "primary"} disabled={chosen === null} onClick={() => change({ at: null })} data-testid="moment-now">
            Now
          </Button>
        </div>
      </Panel>
      {isBeyond ? (
        <Empty icon="unknown" testid="moment-beyond">
          {`there is no event ${at ?? ""}: the journal ends at event ${last}`}
        </Empty>
      ) : (
        <>
          {chosen !== null ? <Then at={chosen} /> : <Whole />}
          <EventsTable at={chosen} last={last} />
        </>
      )}
    </div>
  );
}
