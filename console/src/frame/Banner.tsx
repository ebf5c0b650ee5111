import { Button } from "@/components/Button";
import { Icon } from "@/components/Icon";
import { ageText } from "@/format/time";
import { useLine, useSecond, useStream } from "@/live/live";

/** Says that the line is down, since when, and when it is tried again. The last picture stays below, greyed out. */
export function Banner() {
  useSecond();
  const stream = useStream();
  const line = useLine();
  if (line.phase === "live" || (line.phase === "connecting" && line.attempt === 0)) return null;
  const now = performance.now();
  const left = line.retryAt === null ? null : Math.max(0, Math.ceil((line.retryAt - now) / 1000));
  return (
    <div role="alert" data-testid="banner" className="flex shrink-0 items-center gap-3 border-b border-warn/50 bg-s3 px-4 py-1.5 text-xs text-warn">
      <Icon name="warn" />
      <span>
        The line to the desk is down{line.heardAt > 0 ? ` for ${ageText((now - line.heardAt) / 1000)}` : ""}. What you see is the past.
      </span>
      {line.phase === "outdated" && (
        <Button small icon="retry" onClick={() => window.location.reload()} data-testid="banner-reload">
          The API is of another version: load this page anew
        </Button>
      )}
      {line.phase !== "outdated" && (
        <>
          <span className="num text-text2" data-testid="banner-countdown">
            {left === null ? "trying…" : `next try in ${left} s`}
          </span>
          <Button small icon="retry" onClick={() => stream.retry()} data-testid="banner-retry">
            Try now
          </Button>
        </>
      )}
    </div>
  );
}
