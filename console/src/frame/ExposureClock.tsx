import { useIsPast } from "@/components/Age";
import { Unknown } from "@/components/Unknown";
import { cx } from "@/components/cx";
import { ageText } from "@/format/time";
import { useChannel } from "@/live/channels";
import { useAge } from "@/live/live";

const OPEN_LONG_S = 60;

/** For how long exposure has been open without a break: seconds that count on, and nothing while the desk is flat. */
export function ExposureClock() {
  const status = useChannel("status");
  const past = useIsPast();
  const open = useAge(status?.open_since);
  if (!status || past || status.open_since === undefined) return <Unknown testid="exposure-clock" />;
  if (status.open_since === null) return <span className="sr-only" data-testid="exposure-clock">for no time</span>;
  if (open === null) return <Unknown testid="exposure-clock" />;
  return (
    <span className={cx("num", open > OPEN_LONG_S ? "text-warn" : "text-text2")} title={`since ${status.open_since}`} data-testid="exposure-clock" data-since={status.open_since}>
      {ageText(open)}
    </span>
  );
}
