import type { Execution, Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Unknown } from "@/components/Unknown";
import { cx } from "@/components/cx";
import { compared } from "@/format/decimal";
import { ageText, spanOf } from "@/format/time";
import { useChannel } from "@/live/channels";
import { PART_TONES } from "@/pages/health/tones";

type Parts = Schemas["PartsAnswer"];
type Part = Parts["parts"][number];
type Budget = Parts["budgets"][number];

const VENUES_SHOWN = 3;
const FULL = 100;
const WORST = ["unknown", "bad", "late", "good"];

/** The worst of what is known of an account: how old its statement is, and the books at it. */
export function worstOf(account: Part, parts: readonly Part[]): Part {
  const books = parts.filter((part) => part.kind === "book" && part.name.endsWith(`@${account.name}`));
  return [account, ...books].sort((a, b) => WORST.indexOf(a.state) - WORST.indexOf(b.state))[0] ?? account;
}

/** `weight_1m: 812 of 6000 in 1 min 00 s`. */
export function wordsOfBudget({ name, used, most, window_s }: Budget): string {
  return `${name}: ${used} of ${most} in ${ageText(window_s)}`;
}

const partOf = ({ used, most }: Budget): number => (most === 0 ? FULL : Math.min(FULL, (used / most) * FULL));

/** How much of one limit of its venue an account has used, as a bar: full is where only cancels and exits go out. */
function Used({ budget }: { budget: Budget }) {
  return (
    <span className="h-1.5 w-8 overflow-hidden rounded-full bg-field/50" role="img" aria-label={`used of the limit ${wordsOfBudget(budget)}`} data-testid={`budget-${budget.account}-${budget.name}`}>
      <span className={cx("block h-full", budget.state === "good" ? "bg-info" : "bg-warn")} style={{ width: `${partOf(budget)}%` }} />
    </span>
  );
}

/** The age of the oldest book at an account, null where it has none or one was never seen. */
function oldestOf(account: Part, parts: readonly Part[]): number | null {
  const ages = parts.filter((part) => part.kind === "book" && part.name.endsWith(`@${account.name}`)).map((part) => part.age_s);
  return ages.length === 0 || ages.includes(null) ? null : Math.max(...ages.map((age) => age ?? 0));
}

const NEWEST = 20;

/** How long the newest orders at an account took until its venue had accepted them: the middle of them, in words. */
export function acceptedIn(account: string, executions: readonly Execution[]): string | null {
  const times = executions.filter((row) => row.account === account && row.accepted_ms !== null).slice(-NEWEST);
  const ordered = times.sort((a, b) => compared(a.accepted_ms ?? "", b.accepted_ms ?? ""));
  const middle = ordered[Math.floor(ordered.length / 2)]?.accepted_ms;
  return middle == null ? null : spanOf(middle);
}

function Pill({ account, told, accepted }: { account: Part; told: Parts; accepted: string | null }) {
  const worst = worstOf(account, told.parts);
  const budgets = told.budgets.filter((budget) => budget.account === account.name);
  const [nearest] = [...budgets].sort((a, b) => partOf(b) - partOf(a));
  const stands = `${worst.kind} ${worst.name}: ${worst.state}${worst.age_s === null ? "" : `, ${ageText(worst.age_s)} old`}`;
  const stream = oldestOf(account, told.parts);
  const acceptedWords = accepted === null ? [] : [`orders accepted in ${accepted}, the middle of the newest`];
  return (
    <Badge tone={PART_TONES[worst.state]} title={[stands, ...acceptedWords, ...budgets.map(wordsOfBudget)].join("\n")} testid={`venue-${account.name}`}>
      {account.name}
      {stream !== null && <span className="num font-normal" data-testid={`stream-age-${account.name}`}>{ageText(stream)}</span>}
      {accepted !== null && <span className="num font-normal text-text2" data-testid={`accepted-${account.name}`}>{accepted}</span>}
      {nearest && <Used budget={nearest} />}
    </Badge>
  );
}

/** How all accounts stand in one word, where there is no room to name each: the worst of them, and how many there are. */
export function VenuesInShort() {
  const told = useChannel("parts");
  if (!told) return <Unknown />;
  const worst = told.parts.filter((part) => part.kind === "account").map((account) => ({ account: account.name, state: worstOf(account, told.parts).state }));
  const [first] = [...worst].sort((a, b) => WORST.indexOf(a.state) - WORST.indexOf(b.state));
  if (first === undefined) return <span className="text-muted">none</span>;
  const alike = worst.filter(({ state }) => state === first.state).length;
  return (
    <Badge tone={PART_TONES[first.state]} title={worst.map(({ account, state }) => `${account}: ${state}`).join("\n")} testid="venues-short">
      {first.state === "good" ? `${alike} good` : `${alike} of ${worst.length} ${first.state}`}
    </Badge>
  );
}

/** Each account, how it stands, how old its oldest book is, how long its venue takes to accept, and how much is used of the limit of its venue that is nearest to its end. */
export function Venues() {
  const told = useChannel("parts");
  const executions = useChannel("executions") ?? [];
  if (!told) return <Unknown />;
  const accounts = told.parts.filter((part) => part.kind === "account");
  return (
    <span className="flex items-center gap-1">
      {accounts.slice(0, VENUES_SHOWN).map((account) => (
        <Pill key={account.name} account={account} told={told} accepted={acceptedIn(account.name, executions)} />
      ))}
      {accounts.length > VENUES_SHOWN && <span className="text-2xs text-muted">and {accounts.length - VENUES_SHOWN} more</span>}
    </span>
  );
}
