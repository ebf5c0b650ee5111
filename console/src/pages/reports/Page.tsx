import { PageHead } from "@/components/PageHead";
import { Backtests } from "./Backtests";
import { Coverage } from "./Coverage";
import { Downloads } from "./Downloads";
import { Earned } from "./Earned";
import { Groups } from "./Groups";
import { Hedging } from "./Hedging";

/** What was earned and why, how well it was hedged, and what the same strategies did on recorded markets. */
export function Page() {
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Backtests & reports" cli="flatbook pnl" />
      <Earned />
      <Groups />
      <Hedging />
      <Coverage />
      <Downloads />
      <Backtests />
    </div>
  );
}
