import { useChecks } from "@/api/checks";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Badge, type Tone } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { LookNow, saidOfLook } from "@/components/Look";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";

type Account = Schemas["AccountKeysBody"];
type Finding = Schemas["FindingBody"];

const TONES: Record<Finding["verdict"], Tone> = { ok: "good", warn: "warn", fail: "bad" };
const RANK = ["ok", "warn", "fail"];

/** The worst of what was found; nothing where nothing was. */
export function worstOf(findings: readonly Finding[]): Finding["verdict"] | null {
  return findings.reduce<Finding["verdict"] | null>((worst, { verdict }) => (RANK.indexOf(verdict) > RANK.indexOf(worst ?? "") ? verdict : worst), null);
}

export function KeyPlaces({ keys }: { keys: Account["keys"] }) {
  if (keys.length === 0) return <span className="text-muted">needs none</span>;
  return (
    <span className="inline-flex flex-wrap gap-x-3">
      {keys.map((key) => (
        <span key={key.field} title={key.place} className="text-xs">
          <span className="text-muted">{key.field}</span> <span className="num">{key.name}</span> <span className="text-2xs text-muted">in {key.place.split(":")[0]}</span>
        </span>
      ))}
    </span>
  );
}

function Said({ findings }: { findings: readonly Finding[] }) {
  const worst = worstOf(findings);
  if (worst === null) return <Badge tone="unknown">not checked yet</Badge>;
  const said = findings.map(({ found, remedy }) => (remedy ? `${found}: ${remedy}` : found)).join("; ");
  return (
    <span className="inline-flex items-center gap-2" title={said}>
      <Badge tone={TONES[worst]}>{worst === "ok" ? "in order" : worst === "warn" ? "look at it" : "fails"}</Badge>
      <span className="max-w-xl truncate text-xs text-text2">{said}</span>
    </span>
  );
}

/** Each account, where its keys are kept, and what its venue says that they may do. The keys themselves are never shown. */
export function Keys() {
  const accounts = useRead<Schemas["AccountKeysAnswer"]>("/accounts", {}, { follows: false });
  const checks = useChecks();
  const doctor = checks.data?.doctor;
  const findings = doctor?.findings ?? [];
  const columns: readonly Column<Account>[] = [
    { id: "account", head: "Account", text: (row) => row.account, cell: (row) => <span className="font-medium">{row.account}</span> },
    { id: "kind", head: "Venue", text: (row) => row.kind.replaceAll("_", " ") },
    { id: "environment", head: "Where", text: (row) => row.environment ?? "this machine", className: "text-text2" },
    { id: "money", head: "Money", text: (row) => (row.real_money ? "real" : "none"), cell: (row) => <Badge tone={row.real_money ? "warn" : "plain"}>{row.real_money ? "real money" : "no real money"}</Badge> },
    { id: "keys", head: "Keys", text: (row) => row.keys.map((key) => `${key.field} ${key.name}`).join(", "), sort: "none", cell: (row) => <KeyPlaces keys={row.keys} /> },
    {
      id: "rights",
      head: "Rights, by the last check",
      sort: "none",
      text: (row) => findings.filter(({ check }) => check === `account ${row.account}`).map(({ found }) => found).join("; ") || null,
      cell: (row) => (row.environment === null ? <span className="text-muted">played here</span> : <Said findings={findings.filter(({ check }) => check === `account ${row.account}`)} />),
    },
  ];
  return (
    <Panel title="Venues & keys" note={doctor?.ended_at ? saidOfLook(doctor) : "asked read only: what the keys may do, and that they may not withdraw"} testid="venue-keys" actions={doctor && <LookNow name="doctor" look={doctor} says="Check now" />} flush>
      <Answer query={accounts} lines={2}>
        {(body) => <DataTable testid="keys-table" label="accounts and keys" columns={columns} rows={body.accounts} rowKey={(row) => row.account} tools={false} empty={<Empty icon="link">no account is configured</Empty>} />}
      </Answer>
    </Panel>
  );
}
