import { Link } from "@tanstack/react-router";
import { Amount } from "@/components/Amount";
import { Figure, Panel } from "@/components/Panel";
import { Sparkline } from "@/components/Sparkline";
import { Waiting } from "@/components/States";
import { directionOf, toPixels } from "@/format/decimal";
import { useChannel } from "@/live/channels";

const DAYS_SHOWN = 30;

/** What was earned, in all and on the last day, and what it came from. */
export function Earnings() {
  const pnl = useChannel("pnl");
  if (!pnl) {
    return (
      <Panel title="Earned" testid="earnings">
        <Waiting lines={1} />
      </Panel>
    );
  }
  const days = pnl.days.slice(-DAYS_SHOWN);
  const buckets = Object.entries(pnl.total.buckets_usd).filter(([, usd]) => directionOf(usd) !== 0);
  const costs = Object.entries(pnl.total.costs).filter(([, cost]) => directionOf(cost.usd) !== 0 || cost.missing > 0);
  return (
    <Panel
      title="Earned"
      testid="earnings"
      seen={pnl.as_of}
      flush
      actions={
        <Link to="/reports" className="text-2xs text-text2 hover:text-text" data-testid="earnings-more">
          by day, owner and asset
        </Link>
      }
    >
      <div className="flex flex-wrap items-stretch divide-x divide-line">
        <Figure name="net, in all" testid="earned-net">
          <Amount value={pnl.total.net_usd} places={2} unit="USD" tone="pnl" />
        </Figure>
        <Figure name={pnl.day === null ? "net, last day" : `net, ${pnl.day}`} testid="earned-day">
          {pnl.today === null ? <span className="text-muted">—</span> : <Amount value={pnl.today.net_usd} places={2} unit="USD" tone="pnl" />}
        </Figure>
        {buckets.map(([bucket, usd]) => (
          <Figure key={bucket} name={bucket.replaceAll("_", " ")} testid={`earned-${bucket}`}>
            <Amount value={usd} places={2} tone="pnl" />
          </Figure>
        ))}
        {costs.map(([kind, cost]) => (
          <Figure key={kind} name={kind.replaceAll("_", " ")} sub={cost.missing > 0 ? `${cost.missing} without a value` : undefined} testid={`earned-cost-${kind}`}>
            <Amount value={cost.usd} places={2} />
          </Figure>
        ))}
        <div className="ml-auto flex items-center px-3" data-testid="earned-days">
          <Sparkline places={days.map((day) => toPixels(day.running_net_usd))} says={`net earnings so far, over the last ${days.length} days`} />
        </div>
      </div>
    </Panel>
  );
}
