/** How this browser shows things. Nothing here changes the desk; it is kept in the browser alone. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

export const THEMES = ["dark", "light"] as const;
export const PNL_COLOURS = ["green-up", "red-up", "blue-orange"] as const;
export const DENSITIES = ["dense", "wide"] as const;
/** Which alerts and halts pop up on every page when they come; the bell counts them in any case. */
export const NOTICES = ["all", "critical", "none"] as const;
export const ZONES = ["UTC", "America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Asia/Tokyo", "Asia/Hong_Kong"] as const;

export type Settings = {
  theme: (typeof THEMES)[number];
  pnl: (typeof PNL_COLOURS)[number];
  density: (typeof DENSITIES)[number];
  notices: (typeof NOTICES)[number];
  zone: string;
  /** Whether the navigation shows no names; null: as the window has room. */
  narrow: boolean | null;
};

export const USUAL: Settings = { theme: "dark", pnl: "green-up", density: "dense", notices: "all", zone: "UTC", narrow: null };
const KEY = "flatbook.settings";

function isZone(zone: unknown): zone is string {
  try {
    return typeof zone === "string" && new Intl.DateTimeFormat("en", { timeZone: zone }) !== null;
  } catch {
    return false;
  }
}

/** What was kept, field by field; a field that is missing or unknown has its usual value. */
export function readSettings(text: string | null): Settings {
  let kept: Partial<Record<keyof Settings, unknown>> = {};
  try {
    kept = (JSON.parse(text ?? "{}") ?? {}) as typeof kept;
  } catch {
    return USUAL;
  }
  const among = <T extends string>(choices: readonly T[], value: unknown, usual: T): T =>
    choices.includes(value as T) ? (value as T) : usual;
  return {
    theme: among(THEMES, kept.theme, USUAL.theme),
    pnl: among(PNL_COLOURS, kept.pnl, USUAL.pnl),
    density: among(DENSITIES, kept.density, USUAL.density),
    notices: among(NOTICES, kept.notices, USUAL.notices),
    zone: isZone(kept.zone) ? kept.zone : USUAL.zone,
    narrow: typeof kept.narrow === "boolean" ? kept.narrow : USUAL.narrow,
  };
}

type Held = {
  /** On paper everything is light, whatever is kept. */
  settings: Settings;
  change: (news: Partial<Settings>) => void;
  /** Whether the page is drawn for paper: all rows, nothing that scrolls. */
  onPaper: boolean;
  print: () => void;
};
const Context = createContext<Held>({ settings: USUAL, change: () => undefined, onPaper: false, print: () => undefined });

/** Puts the looks on the page itself, before anything is drawn that reads colours from it. */
function put(settings: Settings): Settings {
  const root = document.documentElement;
  root.dataset["theme"] = settings.theme;
  root.dataset["pnl"] = settings.pnl;
  root.dataset["density"] = settings.density;
  return settings;
}

export function SettingsProvider({ children }: { children: ReactNode }) {
  const [settings, setSettings] = useState(() => put(readSettings(window.localStorage.getItem(KEY))));
  useEffect(() => window.localStorage.setItem(KEY, JSON.stringify(settings)), [settings]);
  const [onPaper, setOnPaper] = useState(false);
  useEffect(() => {
    if (!onPaper) return;
    const back = (): void => {
      put(settings);
      setOnPaper(false);
    };
    window.addEventListener("afterprint", back);
    // Charts are drawn anew in the colours of paper in the first of two frames, and seen in the second.
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => window.print()));
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("afterprint", back);
    };
  }, [onPaper, settings]);
  const held = useMemo(
    () => ({
      settings: onPaper ? { ...settings, theme: "light" as const } : settings,
      change: (news: Partial<Settings>) => setSettings((old) => put({ ...old, ...news })),
      onPaper,
      print: () => {
        put({ ...settings, theme: "light" });
        setOnPaper(true);
      },
    }),
    [settings, onPaper],
  );
  return <Context.Provider value={held}>{children}</Context.Provider>;
}

export function useSettings(): Held {
  return useContext(Context);
}

export function useZone(): string {
  return useContext(Context).settings.zone;
}
