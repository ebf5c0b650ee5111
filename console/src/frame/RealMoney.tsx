import { useMeta } from "@/api/queries";
import { useChannel } from "@/live/channels";
import type { Wanted } from "./ui";

const AGREED = "flatbook.real-money";

/** What only stops is never held up by a question. */
const STOPS: ReadonlySet<string> = new Set(["kill", "halt", "cancel", "drain"]);

type Asked = { isAsked: boolean; accounts: readonly string[] };

/** Whether an act on real money asks first for the name of an account: once in each session of the browser. */
export function useRealMoney({ verb, danger }: Pick<Wanted, "verb" | "danger">): Asked {
  const mode = useMeta().data?.mode;
  const parts = useChannel("parts")?.parts ?? [];
  const isAsked = mode === "LIVE" && danger && !STOPS.has(verb) && window.sessionStorage.getItem(AGREED) === null;
  return { isAsked, accounts: parts.filter((part) => part.kind === "account").map((part) => part.name) };
}

/** Remembers that somebody in this session of the browser knew that real money moves. */
export function keepAgreed(): void {
  window.sessionStorage.setItem(AGREED, "yes");
}

type Props = { accounts: readonly string[]; value: string; onChange: (next: string) => void };

/** Asks for the name of an account whose money moves. */
export function RealMoneyField({ accounts, value, onChange }: Props) {
  return (
    <label className="flex flex-col gap-1 text-2xs text-warn">
      <span>
        Real money moves at this desk. Once in this session, type the name of one of its accounts:{" "}
        <span className="num font-semibold !whitespace-normal text-text">{accounts.length === 0 ? "not known yet" : accounts.join(", ")}</span>
      </span>
      <input
        data-testid="act-account"
        value={value}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        className="num h-8 rounded-md border border-field bg-s2 px-2 text-xs text-text"
      />
    </label>
  );
}
