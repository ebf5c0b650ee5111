/** A view that can be kept and sent: what a page shows, and how its tables are filtered and sorted, stands in its address. */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

/** What the address of a page may carry. */
export type Search = Readonly<Record<string, string>>;
/** What changes of it; null and the empty text leave it out. */
export type News = Readonly<Record<string, string | null>>;
type View = readonly [Search, (news: News) => void];

/** How long whoever types must pause before the address follows. */
export const PAUSE_MS = 250;

const Context = createContext<View>([{}, () => undefined]);

export function merged(search: Search, news: News): Search {
  return Object.fromEntries(Object.entries({ ...search, ...news }).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== ""));
}

export function ViewProvider({ search, change, children }: { search: Search; change: (news: News) => void; children: ReactNode }) {
  const view = useMemo(() => [search, change] as const, [search, change]);
  return <Context.Provider value={view}>{children}</Context.Provider>;
}

/** A view without an address, for parts that stand alone. */
export function LocalView({ children, from = {} }: { children: ReactNode; from?: Search }) {
  const [search, setSearch] = useState(from);
  const change = useCallback((news: News) => setSearch((old) => merged(old, news)), []);
  return (
    <ViewProvider search={search} change={change}>
      {children}
    </ViewProvider>
  );
}

export function useView(): View {
  return useContext(Context);
}

/** One field of the view that is shown as it is typed; the address follows, and an address that changed is followed. */
export function useKept(name: string): [string, (next: string) => void] {
  const [search, change] = useView();
  const kept = search[name] ?? "";
  const [shown, setShown] = useState(kept);
  const told = useRef(kept);
  useEffect(() => {
    if (kept === told.current) return;
    told.current = kept;
    setShown(kept);
  }, [kept]);
  useEffect(() => {
    if (shown === told.current) return;
    const waiting = window.setTimeout(() => {
      told.current = shown;
      change({ [name]: shown });
    }, PAUSE_MS);
    return () => window.clearTimeout(waiting);
  }, [shown, change, name]);
  return [shown, setShown];
}
