import { useLook, type CheckName, type Look } from "@/api/checks";
import { ageText, spanText } from "@/format/time";
import { Button } from "./Button";

/** When a look was taken, by whom, and how long it took: `4 min 10 s ago by console:ann, in 0.8 s`. */
export function saidOfLook({ state, actor, age_s, took_ms }: Look): string {
  if (state === "never") return "not looked at since the API began";
  if (state === "running") return `${actor ?? "somebody"} asked, it is under way`;
  const when = `${ageText(age_s ?? 0)} ago by ${actor ?? "somebody"}`;
  return took_ms === null ? when : `${when}, in ${spanText(took_ms)}`;
}

const LOOK_IDS: Record<CheckName, string> = { doctor: "doctor-look", journal: "journal-look" };

/** The act of looking now, for those who may. */
export function LookNow({ name, look, says }: { name: CheckName; look: Look; says: string }) {
  const { may, look: asking } = useLook(name);
  if (!may) return null;
  return (
    <Button small icon="retry" disabled={look.state === "running" || asking.isPending} onClick={() => asking.mutate()} data-testid={LOOK_IDS[name]}>
      {look.state === "running" ? "Under way" : says}
    </Button>
  );
}
