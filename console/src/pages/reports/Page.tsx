import { Button } from "@/components/Button";
import { PageHead } from "@/components/PageHead";
import { useSettings } from "@/settings/settings";
import { Backtests } from "./Backtests";
import { Coverage } from "./Coverage";
import { Downloads } from "./Downloads";
import { Earned } from "./Earned";
import { Groups } from "./Groups";
import { Hedging } from "./Hedging";
import { Masthead } from "./Masthead";

/** What was earned and why, how well it was hedged, and what the same strategies did on recorded markets. */
export function Page() {
  const { print } = useSettings();
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Backtests & reports" cli="flatbook pnl">
        <Button small icon="save" onClick={print} data-testid="print">
          Print or save as PDF
        </Button>
      </PageHead>
      <Masthead />
      <Earned />
      <Groups />
      <Hedging />
      <Coverage />
      <div className="contents print:hidden">
        <Downloads />
        <Backtests />
      </div>
    </div>
  );
}
