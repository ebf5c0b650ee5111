/** What of the frame is open, and which act is being prepared. */
import type { Act } from "@/api/acts";
import type { Net, Schemas } from "@/api/types";
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";

/** An act that somebody wants to do: nothing is sent before it was previewed, confirmed and given a reason. */
export type Wanted = Act & { title: string; says: string; /** The same at the command line. */
  cli: string; danger: boolean };

export type Open = { kind: "palette" } | { kind: "keys" } | { kind: "report" } | { kind: "act"; wanted: Wanted } | { kind: "chain"; ref: string } | { kind: "trade"; net: Net } | { kind: "limit"; limit: Schemas["LimitBody"] } | null;

type Held = { open: Open; show: (open: Open) => void };
const Context = createContext<Held>({ open: null, show: () => undefined });

export function UiProvider({ children }: { children: ReactNode }) {
  const [open, show] = useState<Open>(null);
  return <Context.Provider value={useMemo(() => ({ open, show }), [open])}>{children}</Context.Provider>;
}

export function useUi(): Held {
  return useContext(Context);
}
