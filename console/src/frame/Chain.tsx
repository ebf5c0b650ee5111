import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { CommandLine } from "@/components/CommandLine";
import { Layer } from "@/components/Dialog";
import { Answer, Empty } from "@/components/States";
import { Icon } from "@/components/Icon";
import { millisOf, momentOf, spanText } from "@/format/time";
import { useZone } from "@/settings/settings";
import { toneOfEvent, TONE_TEXT, wordsOf } from "./events";
import { cx } from "@/components/cx";

type Why = Schemas["StoryAnswer"];
type Line = Why["events"][number];

const LONG = 40;
const HIDDEN = new Set(["happened_at", "seen_at"]);

function EventStep({ line, last }: { line: Line; last: boolean }) {
  const zone = useZone();
  const fields = Object.entries(line.fields).filter(([name]) => !HIDDEN.has(name));
  return (
    <li className="relative flex gap-3 pb-4" data-testid="chain-event" data-type={line.type}>
      {!last && <span className="absolute top-5 bottom-0 left-[9px] w-px bg-line" />}
      <span className={cx("z-10 mt-0.5 grid size-5 shrink-0 place-items-center rounded-full border border-line bg-s2", TONE_TEXT[toneOfEvent(line.type)])}>
        <Icon name={toneOfEvent(line.type) === "plain" ? "right" : toneOfEvent(line.type) === "good" ? "ok" : toneOfEvent(line.type) === "unknown" ? "unknown" : "warn"} size={10} />
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-baseline gap-x-3">
          <span className="font-semibold">{wordsOf(line.type)}</span>
          <span className="num text-2xs text-text2">
            {momentOf(line.at, zone)}
            {millisOf(line.at)}
          </span>
          <span className="num ml-auto text-2xs text-muted">#{line.seq}</span>
        </div>
        <dl className="m-0 mt-1 flex flex-wrap gap-x-4 gap-y-0.5 text-2xs">
          {fields.map(([name, value]) => (
            <div key={name} className={cx("flex min-w-0 gap-1.5", value.length > LONG && "basis-full")}>
              <dt className="shrink-0 text-muted">{name}</dt>
              <dd className="num m-0 min-w-0 !whitespace-normal break-all text-text2">{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </li>
  );
}

function Matched({ rows }: { rows: Why["slices"] }) {
  if (rows.length === 0) return null;
  return (
    <section className="border-t border-line px-4 py-3" data-testid="chain-matched">
      <h3 className="m-0 mb-2 text-xs font-semibold text-text2">What was matched</h3>
      <table className="w-full text-2xs">
        <thead>
          <tr className="text-left text-muted">
            <th className="font-medium">side</th>
            <th className="text-right font-medium">quantity</th>
            <th className="text-right font-medium">opened at</th>
            <th className="text-right font-medium">closed at</th>
            <th className="text-right font-medium">earned</th>
            <th className="pl-3 font-medium">bucket</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.opening} ${row.closing}`}>
              <td>{row.side}</td>
              <td className="text-right">
                <Amount value={row.qty} />
              </td>
              <td className="text-right">
                <Amount value={row.opening_price} />
              </td>
              <td className="text-right">
                <Amount value={row.closing_price} />
              </td>
              <td className="text-right">
                <Amount value={row.realised_usd} places={2} unit="USD" tone="pnl" />
              </td>
              <td className="pl-3 text-text2">{row.bucket.replaceAll("_", " ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const SPANS = [
  ["fill to seen", "seen_ms"],
  ["to decided", "decided_ms"],
  ["to accepted", "accepted_ms"],
  ["to executed", "executed_ms"],
  ["fill to hedged", "total_ms"],
] as const;

function Spans({ rows }: { rows: Why["latencies"] }) {
  if (rows.length === 0) return null;
  return (
    <section className="border-t border-line px-4 py-3" data-testid="chain-latencies">
      <h3 className="m-0 mb-2 text-xs font-semibold text-text2">How long it took</h3>
      {rows.map((row) => (
        <div key={row.order} className="flex flex-wrap gap-6">
          {SPANS.map(([name, field]) => (
            <div key={field}>
              <div className="text-2xs text-muted">{name}</div>
              <div className="num">{row[field] === null ? "—" : spanText(Number(row[field]))}</div>
            </div>
          ))}
        </div>
      ))}
    </section>
  );
}

/** The story of one thing, from the fill that began it to the last cent: every event that led to it and followed from it. */
export function Chain({ reference, onClose }: { reference: string; onClose: () => void }) {
  const why = useRead<Why>("/story", { ref: reference });
  return (
    <Layer open drawer onClose={onClose} title={reference} says="The full chain of events, oldest first." testid="chain">
      <div className="border-b border-line px-4 py-2">
        <CommandLine text={`flatbook why ${reference}`} testid="chain-cli" />
      </div>
      <Answer query={why} lines={8}>
        {(body) => (
          <>
            <ol className="m-0 list-none px-4 pt-4">
              {body.events.length === 0 && <Empty icon="unknown">nothing is known of it</Empty>}
              {body.events.map((line, index) => (
                <EventStep key={line.seq} line={line} last={index === body.events.length - 1} />
              ))}
            </ol>
            <Matched rows={body.slices} />
            <Spans rows={body.latencies} />
          </>
        )}
      </Answer>
    </Layer>
  );
}
