/** A range of days in the address: from which to which one, both included, as days of New York. */
import { useView } from "@/view/address";

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export type Range = { first?: string; last?: string };

/** Whether the last day lies before the first one: no list has such days, and none is asked for. */
export function isReversed({ first, last }: Range): boolean {
  return first !== undefined && last !== undefined && last < first;
}

/** The days that the address names; what is no day counts for nothing. */
export function useDayRange(): Range {
  const [{ first = "", last = "" }] = useView();
  return { ...(DAY.test(first) ? { first } : {}), ...(DAY.test(last) ? { last } : {}) };
}

function Day({ name, label, testid, wrong = false }: { name: "first" | "last"; label: string; testid: string; wrong?: boolean }) {
  const [search, change] = useView();
  return (
    <label className="inline-flex h-7 items-center gap-1.5 rounded-md border border-field bg-s2 px-2 text-2xs text-muted focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-accent">
      {label}
      <input
        type="date"
        data-testid={testid}
        value={search[name] ?? ""}
        aria-invalid={wrong}
        onChange={(event) => change({ [name]: event.target.value })}
        className="num h-6 bg-transparent text-xs text-text outline-none"
      />
    </label>
  );
}

/** From which day to which one a list goes. */
export function DayRange({ testid }: { testid: string }) {
  const reversed = isReversed(useDayRange());
  return (
    <span className="inline-flex flex-wrap items-center gap-1.5" title="days in New York, both included">
      <Day name="first" label="from" testid={`${testid}-first`} />
      <Day name="last" label="to" testid={`${testid}-last`} wrong={reversed} />
      {reversed && (
        <span role="alert" className="text-2xs text-danger" data-testid={`${testid}-wrong`}>
          this day is before the first one
        </span>
      )}
    </span>
  );
}
