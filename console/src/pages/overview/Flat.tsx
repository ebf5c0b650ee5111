import type { Status } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Fresh, useIsPast } from "@/components/Age";
import { Icon, type IconName } from "@/components/Icon";
import { Waiting } from "@/components/States";
import { cx } from "@/components/cx";
import { directionOf } from "@/format/decimal";
import { useChannel } from "@/live/channels";

type Verdict = { word: string; icon: IconName; tone: string; says: string };

const many = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;

/** What stands in the way of being flat, in the order in which it matters. */
export function reasonsOf(status: Status): string[] {
  const { unknown, open, executions_missing: missing, foreign } = status.orders;
  const open_nets = status.nets.filter((net) => !net.flat);
  return [
    unknown > 0 && many(unknown, "order of unknown fate", "orders of unknown fate"),
    missing > 0 && many(missing, "order lacks executions", "orders lack executions"),
    foreign > 0 && many(foreign, "order is not ours", "orders are not ours"),
    open_nets.length > 0 && `open: ${open_nets.map((net) => net.underlying).join(", ")}`,
    open > 0 && many(open, "order may still execute", "orders may still execute"),
    status.unvalued.length > 0 && `without a price: ${status.unvalued.join(", ")}`,
    status.differences.length > 0 && many(status.differences.length, "difference to a venue", "differences to venues"),
    status.halts.length > 0 && many(status.halts.length, "halt stands", "halts stand"),
  ].filter((reason) => reason !== false);
}

export function verdictOf(status: Status, past: boolean): Verdict {
  const reasons = reasonsOf(status);
  const says = reasons.length > 0 ? reasons.join(" · ") : "every net is below its threshold, no order works, nothing is unknown";
  if (past) return { word: "unknown", icon: "unknown", tone: "text-unknown hatch", says: `last seen: ${status.flat && status.known ? "flat" : says}` };
  if (!status.known) return { word: "unknown", icon: "unknown", tone: "text-unknown hatch", says };
  if (!status.flat) return { word: "not flat", icon: "warn", tone: "text-warn", says };
  return { word: "flat", icon: "ok", tone: "text-buy", says };
}

/** The answer to the one question: are we flat, and if not, why not. */
export function Flat() {
  const status = useChannel("status");
  const past = useIsPast();
  if (!status) return <Waiting lines={2} />;
  const { word, icon, tone, says } = verdictOf(status, past);
  return (
    <section aria-label="Am I flat?" data-testid="am-i-flat" data-verdict={word} className="flex flex-wrap items-stretch rounded-lg border border-line bg-s1">
      <div className={cx("flex min-w-56 items-center gap-3 rounded-l-lg border-r border-line px-5 py-3", tone)}>
        <Icon name={icon} size={28} />
        <div>
          <div className="text-2xs tracking-wide text-text2">Am I flat?</div>
          <div className="text-2xl leading-8 font-semibold uppercase">{word}</div>
        </div>
      </div>
      <div className="flex min-w-64 flex-1 flex-col justify-center gap-0.5 px-5 py-3" role="status">
        <span className="text-text2" data-testid="flat-reasons">
          {says}
        </span>
        <span className="text-2xs text-muted">
          as of event <span className="num">{status.as_of.seq}</span>
        </span>
      </div>
      <Fresh seen={status.as_of} className="ml-auto flex items-stretch">
        <div className="flex flex-col justify-center border-l border-line px-5 py-3 text-right" data-testid="flat-open-usd">
          <span className="text-2xs text-muted">open exposure</span>
          <Amount value={status.open_usd} places={2} unit="USD" className="text-xl font-semibold" />
          {status.flat && directionOf(status.open_usd ?? "0") !== 0 && <span className="text-2xs text-text2">all of it on purpose or below its threshold</span>}
        </div>
      </Fresh>
    </section>
  );
}
