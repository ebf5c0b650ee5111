/** The stream for React: one socket of the page, read per channel, and one clock that ticks once a second for all ages. */
import { createContext, useCallback, useContext, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { Stream, type Line, type Outside, type SocketLike } from "./stream";

const STREAM_PATH = "/api/v1/stream";
const SECOND_MS = 1_000;

export const browser: Outside = {
  open: (path) => {
    const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${window.location.host}${path}`);
    const line: SocketLike = { onmessage: null, onclose: null, close: () => socket.close() };
    socket.onmessage = ({ data }) => line.onmessage?.({ data });
    socket.onclose = ({ code }) => line.onclose?.({ code });
    return line;
  },
  clock: () => performance.now(),
  after: (ms, act) => {
    const id = window.setTimeout(act, ms);
    return () => window.clearTimeout(id);
  },
};

const Context = createContext<Stream | null>(null);

export function LiveProvider({ children, stream }: { children: ReactNode; stream?: Stream }) {
  const ours = useMemo(() => stream ?? new Stream(browser, STREAM_PATH), [stream]);
  useEffect(() => {
    if (stream) return;
    ours.start();
    return () => ours.stop();
  }, [ours, stream]);
  return <Context.Provider value={ours}>{children}</Context.Provider>;
}

export function useStream(): Stream {
  const stream = useContext(Context);
  if (!stream) throw new Error("a part that reads the stream stands outside of LiveProvider");
  return stream;
}

/** The latest body of a channel, undefined before it was heard. */
export function useChannelBody(name: string): unknown {
  const stream = useStream();
  const subscribe = useCallback((tell: () => void) => stream.subscribe(name, tell), [stream, name]);
  return useSyncExternalStore(subscribe, () => stream.channel(name));
}

export function useLine(): Line {
  const stream = useStream();
  const subscribe = useCallback((tell: () => void) => stream.subscribe("line", tell), [stream]);
  return useSyncExternalStore(subscribe, () => stream.line);
}

const secondListeners = new Set<() => void>();
let seconds = 0;
let ticking: number | null = null;

function onSecond(tell: () => void): () => void {
  secondListeners.add(tell);
  ticking ??= window.setInterval(() => {
    seconds += 1;
    for (const listener of secondListeners) listener();
  }, SECOND_MS);
  return () => {
    secondListeners.delete(tell);
    if (secondListeners.size === 0 && ticking !== null) {
      window.clearInterval(ticking);
      ticking = null;
    }
  };
}

/** Draws the caller anew each second. */
export function useSecond(): number {
  return useSyncExternalStore(onSecond, () => seconds);
}

/** The instant at the desk in milliseconds since 1970, carried on between ticks; null before the first tick. */
export function useDeskNow(): number | null {
  useSecond();
  const { now, tickAt } = useLine();
  return now === null ? null : Date.parse(now) + (performance.now() - tickAt);
}

/** The age of an instant of the desk in seconds, growing while nothing is heard. */
export function useAge(at: string | null | undefined): number | null {
  const now = useDeskNow();
  return now === null || !at ? null : Math.max(0, (now - Date.parse(at)) / SECOND_MS);
}
