import { useState } from "react";
import { useMay } from "@/api/session";
import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Unknown } from "@/components/Unknown";
import type { Column } from "@/components/table";
import { ageText } from "@/format/time";
import { RenewLogin } from "./RenewLogin";
import { PART_TONES } from "./tones";

type Parts = Schemas["PartsAnswer"];
type Run = Parts["processes"][number];
type Clock = Parts["clocks"][number];
type Login = Parts["logins"][number];

const COMMIT_SHOWN = 10;

const known = (value: string | number | null): React.ReactNode => (value === null ? <Unknown /> : <span className="num">{value}</span>);

const RUNS: readonly Column<Run>[] = [
  { id: "of", head: "Process", text: (row) => row.of, cell: (row) => <span className="font-medium">{row.of}</span> },
  { id: "version", head: "Version", text: (row) => row.version, cell: (row) => known(row.version) },
  { id: "commit", head: "Commit", text: (row) => row.commit, cell: ({ commit }) => (commit === null ? <Unknown /> : <span className="num" title={commit}>{commit.slice(0, COMMIT_SHOWN)}</span>) },
  { id: "pid", head: "Number", align: "right", sort: "none", text: (row) => (row.pid === null ? null : `${row.pid}`), cell: (row) => known(row.pid) },
  { id: "up", head: "Runs for", align: "right", sort: "none", text: (row) => (row.up_s === null ? null : `${row.up_s}`), cell: (row) => (row.up_s === null ? <Unknown /> : <span className="num">{ageText(row.up_s)}</span>) },
];

/** `41 ms ahead`, `0 ms`, `1,000 ms behind`: where our clock is, seen from the venue's. */
export function saidOfSkew(ms: number): string {
  const size = Math.abs(ms).toLocaleString("en-US");
  return ms === 0 ? "0 ms" : `${size} ms ${ms < 0 ? "ahead" : "behind"}`;
}

const CLOCKS: readonly Column<Clock>[] = [
  { id: "account", head: "Account", text: (row) => row.account, cell: (row) => <span className="font-medium">{row.account}</span> },
  { id: "skew", head: "Ours is at least", align: "right", sort: "none", text: (row) => (row.skew_ms === null ? null : saidOfSkew(row.skew_ms)), cell: (row) => (row.skew_ms === null ? <Unknown /> : <span className="num">{saidOfSkew(row.skew_ms)}</span>) },
  { id: "most", head: "At most", align: "right", sort: "none", text: (row) => `${row.most_ms}`, cell: (row) => <span className="num text-muted">{row.most_ms} ms</span> },
  { id: "age", head: "Shown", align: "right", sort: "none", text: (row) => (row.age_s === null ? null : `${row.age_s}`), cell: (row) => <span className="num text-text2">{row.age_s === null ? "never" : `${ageText(row.age_s)} ago`}</span> },
  { id: "state", head: "State", text: (row) => row.state, cell: (row) => <Badge tone={PART_TONES[row.state]}>{row.state}</Badge> },
];

function Left({ login }: { login: Login }) {
  if (login.state === "unknown") return <Unknown />;
  if (login.left_s === null || login.left_s <= 0) return <Badge tone="bad" testid="login-left">nobody is logged in</Badge>;
  return <Badge tone={PART_TONES[login.state]} testid="login-left">{ageText(login.left_s)} left</Badge>;
}

const LOGINS: readonly Column<Login>[] = [
  { id: "account", head: "Account", text: (row) => row.account, cell: (row) => <span className="font-medium">{row.account}</span> },
  { id: "left", head: "Lasts", text: (row) => row.ends_at, cell: (row) => <Left login={row} /> },
  { id: "until", head: "Until", text: (row) => row.ends_at, cell: (row) => <Moment at={row.ends_at} /> },
  { id: "renew", head: "Renewed by", text: (row) => row.renew, cell: (row) => <CommandLine text={row.renew} testid="login-renew-cli" /> },
  { id: "runbook", head: "Says more", text: (row) => row.runbook, cell: (row) => <span className="num text-2xs text-muted">{row.runbook}</span> },
];

/** Until when persons are logged in; whoever may do everything renews a login right here. */
function Logins({ logins }: { logins: readonly Login[] }) {
  const may = useMay("admin");
  const [renewed, renew] = useState<Login | null>(null);
  const acts: Column<Login> = {
    id: "act",
    head: "",
    text: () => null,
    sort: "none",
    align: "right",
    cell: (row) => (
      <Button small icon="retry" onClick={() => renew(row)} data-testid="login-renew" aria-label={`Renew the login of ${row.account}`}>
        Renew
      </Button>
    ),
  };
  return (
    <Panel title="Logins that persons make" note="nothing new is sent once one is over; a new login needs no start" testid="logins" flush>
      <DataTable testid="logins-table" label="logins" columns={may ? [...LOGINS, acts] : LOGINS} rows={logins} rowKey={(row) => row.account} tools={false} />
      {renewed && <RenewLogin login={renewed} onClose={() => renew(null)} />}
    </Panel>
  );
}

/** What runs and since when; how far the clocks of venues differ from ours; until when persons are logged in. */
export function Processes({ body }: { body: Parts }) {
  return (
    <>
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <Panel title="Processes" testid="processes" flush>
          <DataTable testid="processes-table" label="processes" columns={RUNS} rows={body.processes} rowKey={(row) => row.of} tools={false} />
        </Panel>
        <Panel title="Clocks of venues" note="beyond the bound nothing new is sent there" testid="clocks" flush>
          <DataTable testid="clocks-table" label="clocks of venues" columns={CLOCKS} rows={body.clocks} rowKey={(row) => row.account} tools={false} empty={<Empty icon="clock">no venue has shown its clock</Empty>} />
        </Panel>
      </div>
      {body.logins.length > 0 && <Logins logins={body.logins} />}
    </>
  );
}
