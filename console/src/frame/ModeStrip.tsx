import { useEffect } from "react";
import { useMeta } from "@/api/queries";
import { Badge, type Tone } from "@/components/Badge";
import { cx } from "@/components/cx";

export type Mode = "DEMO" | "PAPER" | "LIVE";

const LOOKS: Record<Mode, { strip: string; tone: Tone; says: string; colour: string }> = {
  DEMO: { strip: "bg-info", tone: "info", says: "recorded market, paper broker: no money moves", colour: "#60A5FA" },
  PAPER: { strip: "bg-warn", tone: "warn", says: "live market, paper money", colour: "#F59E0B" },
  LIVE: { strip: "bg-dangerfill", tone: "bad", says: "real money moves", colour: "#DC2626" },
};

function favicon(colour: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0B0F14"/><rect x="6" y="14" width="20" height="4" rx="2" fill="${colour}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** Whose money and which market it is. */
export function saysOf(mode: Mode, recorded: boolean): string {
  return mode === "PAPER" && recorded ? "recorded market, paper money" : LOOKS[mode].says;
}

/** Which kind of money moves, on every page and in the tab of the browser. */
export function ModeStrip() {
  const meta = useMeta().data;
  const mode = meta?.mode as Mode | undefined;
  useEffect(() => {
    if (!mode) return;
    document.getElementById("favicon")?.setAttribute("href", favicon(LOOKS[mode].colour));
    document.title = `${mode} · flatbook`;
  }, [mode]);
  const look = mode ? LOOKS[mode] : null;
  return (
    <aside aria-label="Whose money moves" className="shrink-0" data-testid="mode-strip" data-mode={mode ?? "unknown"}>
      <div className={cx("h-[3px]", look ? look.strip : "hatch bg-unknown")} />
      <div className="flex h-7 items-center gap-2 border-b border-line bg-s2 px-3 text-2xs text-text2">
        <Badge tone={look?.tone ?? "unknown"} icon={null} testid="mode" className="font-semibold tracking-wider">
          {mode ?? "UNKNOWN"}
        </Badge>
        {meta && mode ? saysOf(mode, meta.recorded) : "the API has not said what kind of desk this is"}
      </div>
    </aside>
  );
}
