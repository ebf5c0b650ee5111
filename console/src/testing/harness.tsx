/** A console without a browser's network: a stream that a test speaks through, and the providers around a part. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, type RenderResult } from "@testing-library/react";
import type { ReactNode } from "react";
import { LiveProvider } from "@/live/live";
import { Stream, type SocketLike } from "@/live/stream";
import { SettingsProvider } from "@/settings/settings";
import { TipProvider } from "@/components/Tip";
import { UiProvider } from "@/frame/ui";
import { LocalView, type Search } from "@/view/address";

export class Desk {
  readonly stream: Stream;
  #socket: SocketLike | null = null;
  #seq = 0;

  constructor() {
    this.stream = new Stream(
      {
        open: () => {
          this.#socket = { onmessage: null, onclose: null, close: () => undefined };
          return this.#socket;
        },
        clock: () => performance.now(),
        after: () => () => undefined,
      },
      "/stream",
    );
    this.stream.start();
  }

  #say(message: object): void {
    act(() => this.#socket?.onmessage?.({ data: JSON.stringify(message) }));
  }

  snapshot(state: Record<string, unknown>): void {
    this.#say({ type: "snapshot", stream: "s", seq: this.#seq, state });
  }

  delta(channel: string, change: object): void {
    this.#seq += 1;
    this.#say({ type: "delta", seq: this.#seq, channel, ...change });
  }

  tick(now: string, more: object = {}): void {
    this.#say({ type: "tick", seq: this.#seq, now, as_of: { seq: 1, at: now }, live: true, read_age_s: 0, age_s_max: 2, ...more });
  }

  lose(): void {
    act(() => this.#socket?.onclose?.({ code: 1006 }));
  }
}

/** Draws a part of the console over a desk, with what its address carries. */
export function draw(part: ReactNode, desk: Desk = new Desk(), from: Search = {}): RenderResult & { desk: Desk } {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const drawn = render(
    <SettingsProvider>
      <QueryClientProvider client={client}>
        <LiveProvider stream={desk.stream}>
          <UiProvider>
            <TipProvider>
              <LocalView from={from}>{part}</LocalView>
            </TipProvider>
          </UiProvider>
        </LiveProvider>
      </QueryClientProvider>
    </SettingsProvider>,
  );
  return { ...drawn, desk };
}

/** Answers each address with a body, in the place of `fetch`; what was asked is kept. */
export function answering(bodies: Record<string, unknown | ((init: RequestInit) => unknown)>): { path: string; init: RequestInit }[] {
  const asked: { path: string; init: RequestInit }[] = [];
  globalThis.fetch = ((path: string, init: RequestInit = {}) => {
    asked.push({ path, init });
    const found = bodies[path.split("?")[0] ?? path];
    if (found === undefined) return Promise.resolve(new Response(JSON.stringify({ code: "not_found", detail: `no ${path}` }), { status: 404 }));
    const body = typeof found === "function" ? (found as (init: RequestInit) => unknown)(init) : found;
    return Promise.resolve(new Response(JSON.stringify(body), { status: 200 }));
  }) as typeof fetch;
  return asked;
}
