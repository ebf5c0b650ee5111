import { createContext, useContext, type ReactNode } from "react";
import { ageText } from "@/format/time";
import { useAge, useLine } from "@/live/live";
import { Icon } from "./Icon";
import { cx } from "./cx";

/** What a number says about its own age: when it was seen at the desk, and how old it may be. */
export type Seen = { seen_at?: string | null | undefined; age_s_max?: number | null | undefined };

/** Whether the whole picture is too old to trust: the line is down, or the journal was not read to its end for too long. */
export function useIsPast(): boolean {
  const { phase, readAge, readAgeMax } = useLine();
  return phase !== "live" || (readAge !== null && readAgeMax !== null && readAge > readAgeMax);
}

export function useIsLate(seen: Seen | null | undefined): boolean {
  const age = useAge(seen?.seen_at);
  const past = useIsPast();
  return past || (age !== null && seen?.age_s_max != null && age > seen.age_s_max);
}

/** The age of a number, shown once it is older than its limit; with `always` from the start. */
export function AgeChip({ seen, always = false, testid }: { seen: Seen | null | undefined; always?: boolean; testid?: string }) {
  const age = useAge(seen?.seen_at);
  const late = age !== null && seen?.age_s_max != null && age > seen.age_s_max;
  if (age === null || (!late && !always)) return null;
  return (
    <span
      data-testid={testid}
      data-late={late}
      className={cx("num inline-flex items-center gap-1 text-2xs", late ? "text-warn" : "text-muted")}
      title={seen?.age_s_max != null ? `seen ${seen.seen_at}; fresh for ${ageText(seen.age_s_max)}` : `seen ${seen?.seen_at}`}
    >
      <Icon name="clock" size={11} />
      {ageText(age)}
    </span>
  );
}

const LateContext = createContext(false);

/** Greys out what stands in it while it is older than its limit or the line is down. */
export function Fresh({ seen, children, className }: { seen: Seen | null | undefined; children: ReactNode; className?: string }) {
  const own = useIsLate(seen);
  const around = useContext(LateContext);
  const late = own || around;
  return (
    <LateContext.Provider value={late}>
      <div className={cx(className, late && "late")} data-late={late}>
        {children}
      </div>
    </LateContext.Provider>
  );
}
