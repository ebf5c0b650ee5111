import { useRead } from "@/api/queries";
import { useMay } from "@/api/session";
import { useTask } from "@/api/tasks";
import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { CopyText } from "@/components/CopyText";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { ageText } from "@/format/time";
import { TaskLine } from "@/frame/TaskLine";
import { KeyPlaces } from "./Keys";

type Channel = Schemas["ChannelBody"];

/** What is waited for before somebody is told, by the name of its bound. */
const BOUNDS: Readonly<Record<string, string>> = {
  unknown_s: "fate of an order unknown for",
  unhedged_s: "a net unhedged for",
  checkpoint_s: "nothing read of a chain for",
  gone_s: "engine silent for",
  silent_s: "a channel silent for",
  renew_critical_s: "critical told again after",
  renew_warning_s: "all else told again after",
  recover_s: "end told after",
};
type Outcome = { channel: string; taken: boolean; why: string | null };

function outcomesOf(result: Record<string, unknown> | null | undefined): Map<string, Outcome> {
  const told = result?.["channels"];
  return new Map(Array.isArray(told) ? (told as Outcome[]).map((each) => [each.channel, each]) : []);
}

/** Who is told of trouble, from which urgency on, and after how long. A test message goes through every channel. */
export function Notifications() {
  const channels = useRead<Schemas["ChannelsAnswer"]>("/channels", {}, { follows: false });
  const may = useMay("admin");
  const test = useTask("test_alerts");
  const outcomes = outcomesOf(test.task?.result);
  const columns: readonly Column<Channel>[] = [
    { id: "channel", head: "Channel", text: (row) => row.channel, cell: (row) => <span className="font-medium">{row.channel}</span> },
    { id: "kind", head: "Kind", text: (row) => row.kind },
    { id: "severity", head: "From", text: (row) => row.severity, cell: (row) => <Badge>{row.severity}</Badge> },
    { id: "quiet", head: "Quiet", text: (row) => row.quiet, cell: (row) => (row.quiet === null ? <span className="text-muted">never</span> : <span className="num" title="only what is critical is told in these hours; all else waits">{`${row.quiet} ${channels.data?.zone ?? ""}`}</span>) },
    { id: "keys", head: "Keys", text: (row) => row.keys.map((key) => key.name).join(", "), sort: "none", cell: (row) => <KeyPlaces keys={row.keys} /> },
    {
      id: "test",
      head: "Test",
      sort: "none",
      text: (row) => outcomes.get(row.channel)?.why ?? null,
      cell: (row) => {
        const outcome = outcomes.get(row.channel);
        if (!outcome) return <span className="text-muted">not sent</span>;
        return <Badge tone={outcome.taken ? "good" : "bad"}>{outcome.taken ? "taken" : (outcome.why ?? "not taken")}</Badge>;
      },
    },
  ];
  const actions = may && (
    <Button small icon="bell" disabled={test.isRunning || (channels.data?.channels.length ?? 0) === 0} onClick={() => test.begin()} data-testid="channels-test">
      {test.isRunning ? "sending…" : "Send a test"}
    </Button>
  );
  return (
    <Panel title="Notifications" note="who is told, and when" testid="channels" actions={actions} flush>
      <Answer query={channels} lines={2}>
        {(body) => (
          <>
            <DataTable testid="channels-table" label="channels of alerts" columns={columns} rows={body.channels} rowKey={(row) => row.channel} tools={false} empty={<Empty icon="bell">nobody is told: state a channel under [alerts.channels]</Empty>} />
            <p className="m-0 flex flex-wrap gap-x-4 gap-y-1 border-t border-line px-3 py-2 text-2xs text-muted" data-testid="channels-bounds">
              {Object.entries(body.bounds_s).map(([name, seconds]) => (
                <span key={name}>
                  {BOUNDS[name] ?? name.replaceAll("_", " ")} <span className="num text-text2">{ageText(seconds)}</span>
                </span>
              ))}
            </p>
            {body.channels.length === 0 && (
              <div className="px-3 pb-2">
                <CopyText text={'[alerts.channels.log]\nkind = "log"'} testid="channels-toml" />
              </div>
            )}
          </>
        )}
      </Answer>
      <TaskLine begun={test} testid="channels-task" />
    </Panel>
  );
}
