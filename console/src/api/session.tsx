/** Who sits before the console. The one-time link carries its secret behind `#`, where no server sees it. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { ask, Refused, whenLoggedOut } from "./client";
import type { Schemas } from "./types";

export type Session = Schemas["SessionAnswer"];
export type Standing = { state: "asking" } | { state: "in"; session: Session } | { state: "out"; why: string } | { state: "silent"; why: string };

type Held = { standing: Standing; enter: (once: string) => Promise<void>; leave: () => Promise<void>; again: () => Promise<void> };

const PATH = "/api/v1/session";
const Context = createContext<Held | null>(null);

/** The secret of a one-time link, if the address holds one. */
export function onceIn(hash: string): string | null {
  return /^#once=([\w.~-]+)$/.exec(hash)?.[1] ?? null;
}

function standingOf(error: unknown, used: boolean): Standing {
  if (error instanceof Refused && error.status > 0 && error.status < 500) {
    return { state: "out", why: used ? error.message : "Nobody is logged in in this browser." };
  }
  return { state: "silent", why: error instanceof Error ? error.message : String(error) };
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [standing, setStanding] = useState<Standing>({ state: "asking" });

  const enter = useCallback(async (once: string) => {
    try {
      setStanding({ state: "in", session: await ask<Session>(PATH, { method: "POST", body: { once } }) });
    } catch (error) {
      const held = await ask<Session>(PATH).catch(() => null); // who is in already needs no link
      setStanding(held === null ? standingOf(error, true) : { state: "in", session: held });
    }
  }, []);

  const again = useCallback(async () => {
    try {
      setStanding({ state: "in", session: await ask<Session>(PATH) });
    } catch (error) {
      setStanding(standingOf(error, false));
    }
  }, []);

  const leave = useCallback(async () => {
    if (standing.state !== "in") return;
    await ask(PATH, { method: "DELETE", headers: csrfOf(standing) });
    setStanding({ state: "out", why: "You logged out." });
  }, [standing]);

  useEffect(() => {
    const once = onceIn(window.location.hash);
    if (once) {
      window.history.replaceState(null, "", window.location.pathname + window.location.search);
      void enter(once);
    } else {
      void again();
    }
    whenLoggedOut(() => setStanding((old) => (old.state === "in" ? { state: "out", why: "The session ended." } : old)));
  }, [enter, again]);

  const held = useMemo(() => ({ standing, enter, leave, again }), [standing, enter, leave, again]);
  return <Context.Provider value={held}>{children}</Context.Provider>;
}

export function useSession(): Held {
  const held = useContext(Context);
  if (!held) throw new Error("a part that asks who is there stands outside of SessionProvider");
  return held;
}

/** The header by which a change proves that it comes from this very page. */
export function csrfOf(standing: Standing): Record<string, string> {
  return standing.state === "in" && standing.session.csrf !== null ? { "x-csrf-token": standing.session.csrf } : {};
}

/** Whether the one who is logged in may do acts of a scope. */
export function useMay(scope: string): boolean {
  const { standing } = useSession();
  return standing.state === "in" && standing.session.scopes.includes(scope);
}
